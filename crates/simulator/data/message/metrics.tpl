{
  "retweet_count":{{0..899}},
  "reply_count":{{0..89}},
  "like_count":{{0..3999}},
  "quote_count":{{0..39}},
  "bookmark_count":{{0..19}},
  "impression_count":{{0..89999}}
}
