{{/* What the values of the chart logferry need for these servers. */}}
{{- define "servers.logferryValues" -}}
{{- $values := dict "config" (dict) -}}
{{- if .Values.kafka.enabled -}}
{{- $_ := merge $values (include "servers.kafkaValues" . | fromYaml) -}}
{{- end -}}
{{- if .Values.elasticsearch.enabled -}}
{{- if not (has "logferry_read" .Values.elasticsearch.users.sinks.roles) -}}
{{- $_ := set $values "tests" (dict "search" false) -}}
{{- end -}}
{{- range $name, $sink := include "servers.sinks" . | fromYaml -}}
{{- if eq ($sink.type | default "") "elasticsearch" -}}
{{- $made := include "servers.sinkValues" (dict "root" $ "sink" $name) | fromYaml -}}
{{- $mounts := concat (dig "sinks" $name "secretMounts" list $values) (dig "sinks" $name "secretMounts" list $made) -}}
{{- $_ := mergeOverwrite $values $made (dict "sinks" (dict $name (dict "secretMounts" $mounts))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $values -}}
{{- end }}

{{- define "servers.kafkaValues" -}}
config:
  kafka:
    bootstrap_servers: {{ include "servers.bootstrap" . }}
    properties:
      ssl.ca.location: /etc/logferry/kafka-ca/ca.crt
      {{- if eq .Values.kafka.authentication "tls" }}
      security.protocol: ssl
      ssl.certificate.location: /etc/logferry/kafka/user.crt
      ssl.key.location: /etc/logferry/kafka/user.key
      {{- else }}
      security.protocol: sasl_ssl
      sasl.mechanism: SCRAM-SHA-512
      sasl.password: {file: /etc/logferry/kafka/password}
      {{- end }}
  topics:
    replication_factor: {{ int .Values.kafka.replicationFactor }}
secretMounts:
  - {secret: {{ .Values.kafka.name }}-cluster-ca-cert, path: /etc/logferry/kafka-ca}
{{- if .Values.kafka.topics }}
topics:
  # They are described by KafkaTopic resources.
  enabled: false
{{- else }}
topics:
  {{- include "servers.component" (dict "root" . "stage" "topics") | nindent 2 }}
{{- end }}
producer:
  {{- include "servers.component" (dict "root" . "stage" "producer") | nindent 2 }}
pods:
  {{- include "servers.component" (dict "root" . "stage" "pods") | nindent 2 }}
streams:
  {{- include "servers.component" (dict "root" . "stage" "stream") | nindent 2 }}
  {{- include "servers.scaler" . | nindent 2 }}
{{- with include "servers.sinks" . | fromYaml }}
sinks:
  {{- with include "servers.scaler" $ }}
  defaults:
    {{- . | nindent 4 }}
  {{- end }}
  {{- range $name, $_ := . }}
  {{ $name }}:
    {{- include "servers.component" (dict "root" $ "stage" (printf "sink-%s" $name)) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What KEDA shows Kafka, where something is scaled by it. A password's Secret has no name in it, so with certificates only. */}}
{{- define "servers.scaler" -}}
{{- if and (eq .Values.kafka.authentication "tls") (has "scaler" .Values.kafka.users.stages) -}}
{{- $user := include "servers.user" (dict "root" . "stage" "scaler") -}}
autoscaling:
  keda:
    secretTargetRef:
      - {parameter: ca, name: {{ .Values.kafka.name }}-cluster-ca-cert, key: ca.crt}
      - {parameter: cert, name: {{ $user }}, key: user.crt}
      - {parameter: key, name: {{ $user }}, key: user.key}
{{- end -}}
{{- end }}

{{/* Who a component is at Kafka; takes root and stage. */}}
{{- define "servers.component" -}}
{{- $user := include "servers.user" . -}}
secretMounts:
  - {secret: {{ $user }}, path: /etc/logferry/kafka}
{{- if ne .root.Values.kafka.authentication "tls" }}
env:
  # In the settings it would be one for all.
  - {name: LOGFERRY_KAFKA__PROPERTIES__SASL_USERNAME, value: {{ $user }}}
{{- end }}
{{- end }}

{{- define "servers.sinkValues" -}}
{{- $user := .root.Values.elasticsearch.users.sinks -}}
config:
  sinks:
    {{ .sink }}:
      hosts: [{{ include "servers.elasticsearchUrl" .root | quote }}]
      ca_file: /etc/logferry/elasticsearch-ca/ca.crt
      username: {{ $user.name }}
      password: {file: /etc/logferry/elasticsearch/password}
sinks:
  {{ .sink }}:
    secretMounts:
      - {secret: {{ .root.Values.elasticsearch.name }}-es-http-certs-public, path: /etc/logferry/elasticsearch-ca}
      - {secret: {{ include "servers.elasticsearchSecret" $user }}, path: /etc/logferry/elasticsearch}
{{- end }}
