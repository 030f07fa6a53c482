{
  "value":{{value}},
  "tag":{{tag}},
  "id":{{id}}
}
