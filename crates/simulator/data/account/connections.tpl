{
  "data":[{{data}}],
  "meta":{
    "result_count":{{count}},
    "next_token":"{{next}}"
  }
}
