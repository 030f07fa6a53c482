{
  "media_key":"{{key}}",
  "type":"photo",
  "width":1200,
  "height":675,
  "url":"https://pbs.example/media/{{hex}}.jpg",
  "alt_text":"A harbour in the rain, seen from a bakery"
}
