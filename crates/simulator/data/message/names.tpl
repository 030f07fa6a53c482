Mira Holm
Tomás Água
灯台もと
Юля Б.
ليلى
Old Mill Bakery
k e s t r e l
Núria 🌊
Jonas \"Jo\" Berg
바다지기
harbour/news
नदी
