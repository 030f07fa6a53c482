{
  "data":[{{data}}],
  "meta":{
    "sent":"{{sent}}",
    "summary":{"created":{{created}},"not_created":{{not_created}},"valid":{{created}},"invalid":{{not_created}}}
  },
  "errors":[{{errors}}]
}
