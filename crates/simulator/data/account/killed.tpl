{
  "data":{
    "successful_kills":{{successful}},
    "failed_kills":{{failed}},
    "results":[{{results}}]
  }
}
