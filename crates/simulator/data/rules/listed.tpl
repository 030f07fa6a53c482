{
  "data":[{{data}}],
  "meta":{
    "sent":"{{sent}}",
    "result_count":{{count}},
    "next_token":"{{next}}"
  }
}
