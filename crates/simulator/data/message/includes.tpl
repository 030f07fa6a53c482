{
  "users":[{{users}}],
  "tweets":[{{tweets}}],
  "media":[{{media}}],
  "places":[{{places}}],
  "polls":[{{polls}}]
}
