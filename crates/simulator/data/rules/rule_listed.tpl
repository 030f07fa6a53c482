{
  "id":{{id}},
  "value":{{value}},
  "tag":{{tag}}
}
