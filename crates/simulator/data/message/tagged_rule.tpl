{"id":{{rule_id}},"tag":{{tag}}}
