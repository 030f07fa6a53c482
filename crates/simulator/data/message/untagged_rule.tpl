{"id":{{rule_id}},"tag":null}
{"id":{{rule_id}},"tag":""}
{"id":{{rule_id}}}
