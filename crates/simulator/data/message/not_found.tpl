{
  "resource_id":"{{id}}",
  "parameter":"referenced_tweets.id",
  "resource_type":"tweet",
  "section":"includes",
  "title":"Not Found Error",
  "value":"{{id}}",
  "detail":"Could not find tweet with referenced_tweets.id: [{{id}}].",
  "type":"https://api.twitter.com/2/problems/resource-not-found"
}
