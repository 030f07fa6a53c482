{"start":{{start}},"end":{{end}},"tag":"{{tags}}"}
