tide-tables.example
news.harbour.example
пример.example
rye-and-salt.example
