{
  "errors":[{"parameters":{{{parameter}}:[{{values}}]},"message":{{message}}}],
  "title":"Invalid Request",
  "detail":"One or more parameters to your request was invalid.",
  "type":"https://api.twitter.com/2/problems/invalid-request"
}
