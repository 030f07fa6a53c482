{
  "id":"0a1b2c3d4e5f6{{id}}",
  "created_at":"{{created_at}}",
  "liked_tweet_id":"{{old_id}}",
  "tweet_author_id":"{{author}}",
  "timestamp_ms":{{1000000000000..1799999999999}}
}
