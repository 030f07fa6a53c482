Twitter for iPhone
Twitter for Android
Twitter Web App
Harbour Bot
TideTable, the app
