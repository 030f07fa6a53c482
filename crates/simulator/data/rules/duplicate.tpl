{
  "value":{{value}},
  "id":"{{id}}",
  "title":"DuplicateRule",
  "type":"https://api.twitter.com/2/problems/duplicate-rules"
}
