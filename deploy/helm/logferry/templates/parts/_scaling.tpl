{{/*
How many pods of a consumer group there are: by its lag (KEDA) or by CPU (HPA). Takes root, component, sink, values,
group and topics (in full; a pattern's lag cannot be asked for).
*/}}
{{- define "logferry.scaling" -}}
{{- $scaling := .values.autoscaling -}}
{{- if eq $scaling.kind "hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "logferry.metadata" . | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "logferry.componentName" . }}}
  minReplicas: {{ int $scaling.minReplicas }}
  maxReplicas: {{ int $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ int $scaling.hpa.targetCPUUtilizationPercentage }}}
  behavior:
    {{- toYaml $scaling.behavior | nindent 4 }}
{{- else if eq $scaling.kind "keda" -}}
{{- include "logferry.kedaObject" . -}}
{{- end }}
{{- end }}

{{- define "logferry.kedaObject" -}}
{{- $scaling := .values.autoscaling -}}
{{- $name := include "logferry.componentName" . -}}
{{- $kafka := .root.Values.config.kafka -}}
{{- $reference := $scaling.keda.authenticationRef -}}
{{- if and (not $reference) $scaling.keda.secretTargetRef }}{{ $reference = dict "name" $name }}{{ end -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "logferry.metadata" . | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $name }}}
  minReplicaCount: {{ int $scaling.minReplicas }}
  maxReplicaCount: {{ int $scaling.maxReplicas }}
  pollingInterval: {{ int $scaling.keda.pollingInterval }}
  # Where the lag cannot be asked for, as many as are enough on most days.
  fallback: {failureThreshold: 4, replicas: {{ int $scaling.minReplicas }}}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml $scaling.behavior | nindent 8 }}
  triggers:
    {{- $of := . }}
    {{- range .topics }}
    - type: kafka
      metadata:
        bootstrapServers: {{ $scaling.keda.bootstrapServers | default (include "logferry.servers" $of.root) | quote }}
        consumerGroup: {{ $of.group | quote }}
        topic: {{ . | quote }}
        lagThreshold: {{ int $scaling.keda.lagThreshold | quote }}
        # A new group reads from the beginning, so what it has not committed yet is lag as well.
        offsetResetPolicy: earliest
        {{- include "logferry.kedaSecurity" $kafka | nindent 8 }}
      {{- with $reference }}
      authenticationRef:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
{{- if and $scaling.keda.secretTargetRef (not $scaling.keda.authenticationRef) }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  {{- include "logferry.metadata" . | nindent 2 }}
spec:
  secretTargetRef:
    {{- toYaml $scaling.keda.secretTargetRef | nindent 4 }}
{{- end }}
{{- end }}

{{- define "logferry.servers" -}}
{{- $servers := (.Values.config.kafka).bootstrap_servers | default "localhost:9092" -}}
{{- kindIs "slice" $servers | ternary (join "," $servers) $servers -}}
{{- end }}

{{/* librdkafka's words -> KEDA's. */}}
{{- define "logferry.kedaSecurity" -}}
{{- $properties := .properties | default dict -}}
{{- $protocol := index $properties "security.protocol" | default "plaintext" | lower -}}
tls: {{ ternary "enable" "disable" (has $protocol (list "ssl" "sasl_ssl")) }}
{{- if hasPrefix "sasl" $protocol }}
{{- $mechanisms := dict "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512" "OAUTHBEARER" "oauthbearer" }}
sasl: {{ get $mechanisms (index $properties "sasl.mechanism" | default (index $properties "sasl.mechanisms") | default "PLAIN" | upper) | default "plaintext" }}
{{- end }}
{{- end }}
