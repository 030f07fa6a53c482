{
  "uuid":{{id}},
  "success":{{success}},
  "error_message":{{wrong}}
}
