{
  "annotations":[{{annotations}}],
  "hashtags":[{{hashtags}}],
  "mentions":[{"start":0,"end":13,"username":"someone_else","id":"{{old_id}}"}],
  "urls":[{{link}}]
}
