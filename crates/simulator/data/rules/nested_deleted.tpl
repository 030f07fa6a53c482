{
  "data":{"deleted":{{deleted}},"not_deleted":{{not_deleted}}}
}
