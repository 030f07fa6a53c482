{
  "value":{{value}},
  "details":[{{details}}],
  "title":"UnprocessableEntity",
  "type":"https://api.twitter.com/2/problems/invalid-rules"
}
