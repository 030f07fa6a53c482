{
  "id":"{{id}}",
  {{places}},
  "place_type":"city",
  "geo":{"type":"Feature","bbox":[-71.70,-33.11,-71.44,-32.98],"properties":{}}
}
