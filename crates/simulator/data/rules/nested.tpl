{
  "data":{"rules":[{{rules}}]},
  "errors":[{{errors}}]
}
