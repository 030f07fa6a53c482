{
  "start":{{start}},
  "end":{{end}},
  "url":"https://t.example/{{short}}",
  "expanded_url":"{{target}}",
  "display_url":"{{host}}/2026…",
  "status":200,
  "title":"Tides, bread and other news of the week",
  "unwound_url":"{{target}}"
}
