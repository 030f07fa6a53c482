{
  "meta":{
    "sent":"{{sent}}",
    "summary":{"deleted":{{deleted}},"not_deleted":{{not_deleted}}}
  },
  "errors":[{{errors}}]
}
