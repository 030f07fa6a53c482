{
  "id":"{{id}}",
  "options":[{"position":1,"label":"rye","votes":{{0..899}}},{"position":2,"label":"wheat 🥖","votes":{{0..899}}}],
  "duration_minutes":1440,
  "voting_status":"open"
}
