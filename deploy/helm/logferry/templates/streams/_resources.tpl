{{/* A worker is a process that uses one core, so a pod of several asks for several times as much. */}}
{{- define "logferry.streamResources" -}}
{{- $workers := int .Values.streams.workers -}}
{{- $each := .Values.streams.resourcesPerWorker -}}
requests:
  cpu: {{ mul $workers $each.cpuMillis }}m
  memory: {{ mul $workers $each.memoryMi }}Mi
  ephemeral-storage: {{ .Values.streams.ephemeralStorage }}
limits:
  memory: {{ mul $workers $each.memoryLimitMi }}Mi
  ephemeral-storage: {{ .Values.streams.ephemeralStorage }}
{{- end }}
