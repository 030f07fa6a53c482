{
  "title":"RulesCapExceeded",
  "detail":"Your account is limited to {{cap}} rules.",
  "type":"https://api.twitter.com/2/problems/rule-cap"
}
