{"start":{{start}},"end":{{end}},"probability":0.{{3000..9999}},{{subjects}}}
