{{- /* What the check and the daemon have in common: resources, what they may do, and what they see. */ -}}
{{- define "birdfeed.container" -}}
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
volumeMounts:
  - { name: data, mountPath: /var/lib/birdfeed }
  - { name: config, mountPath: /etc/birdfeed, readOnly: true }
  {{- if .Values.rules }}
  - { name: rules, mountPath: /etc/birdfeed-rules, readOnly: true }
  {{- end }}
  # The whole folder: a file mounted by subPath would keep the token that it had at the start.
  - { name: x-token, mountPath: /run/secrets/birdfeed, readOnly: true }
  {{- range $at, $secret := .Values.secrets }}
  - { name: secret-{{ $at }}, mountPath: {{ $secret.mountPath }}, readOnly: true }
  {{- end }}
{{- end -}}
