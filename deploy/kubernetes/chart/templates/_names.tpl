{{- /* The name of everything: the release's, with the chart's unless it is part of it. */ -}}
{{- define "birdfeed.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end -}}

{{- define "birdfeed.selector" -}}
app.kubernetes.io/name: birdfeed
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "birdfeed.labels" -}}
{{ include "birdfeed.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "birdfeed.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}
