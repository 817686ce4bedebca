{{- define "logferry.sinkVolumes" -}}
{{- $persistence := .settings.values.persistence -}}
{{- if not .settings.single -}}
[]
{{- else if $persistence.enabled -}}
- name: folder
  persistentVolumeClaim:
    claimName: {{ $persistence.existingClaim | default (include "logferry.componentName" .) }}
{{- else -}}
- name: folder
  emptyDir: {}
{{- end -}}
{{- end }}

{{/* What a sink prints is a container's log again: taken up once more it would go round for ever. */}}
{{- define "logferry.sinkAnnotations" -}}
{{- if eq .type "stdout" -}}
logferry.io/exclude: "true"
{{- else -}}
{}
{{- end -}}
{{- end }}
