{{- define "servers.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: logferry
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of one object; takes root, name and, where wanted, labels and annotations. */}}
{{- define "servers.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "servers.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A name for Kubernetes that no other name becomes; the same as resource_name in deploy/strimzi.py. */}}
{{- define "servers.resourceName" -}}
{{- $plain := regexReplaceAll "[-.]*\\.[-.]*" (regexReplaceAll "[^a-z0-9.-]" (lower .) "-") "." | trimAll "-." -}}
{{- if and (eq $plain .) (le (len .) 253) -}}
{{- . -}}
{{- else -}}
{{- $kept := trunc 244 $plain | trimAll "-." -}}
{{- $mark := sha256sum . | trunc 8 -}}
{{- ternary (printf "%s-%s" $kept $mark) $mark (ne $kept "") -}}
{{- end -}}
{{- end }}

{{/* Name of a stage's user; takes root and stage. */}}
{{- define "servers.user" -}}
{{- $name := include "servers.resourceName" (replace "{stage}" .stage .root.Values.kafka.users.name) -}}
{{- if and (eq .root.Values.kafka.authentication "tls") (gt (len $name) 64) -}}
{{- fail (printf "kafka.users.name: %s has %d characters, and a certificate's name at most 64. Shorten it, or the name of the sink" $name (len $name)) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{/* Affinity of the pods that have these labels; takes mode (required, preferred, none) and labels. */}}
{{- define "servers.affinity" -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" .labels) -}}
{{- if eq .mode "required" -}}
podAntiAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    {{- toYaml (list $term) | nindent 4 }}
{{- else if eq .mode "preferred" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    {{- toYaml (list (dict "weight" 100 "podAffinityTerm" $term)) | nindent 4 }}
{{- end -}}
{{- end }}

{{/* Over zones; takes key and labels. */}}
{{- define "servers.zones" -}}
- maxSkew: 1
  topologyKey: {{ .key }}
  whenUnsatisfiable: DoNotSchedule
  labelSelector:
    matchLabels:
      {{- toYaml .labels | nindent 6 }}
{{- end }}

{{- define "servers.bootstrap" -}}
{{- printf "%s-kafka-bootstrap.%s.svc:9093" .Values.kafka.name .Release.Namespace -}}
{{- end }}

{{- define "servers.elasticsearchUrl" -}}
{{- printf "https://%s-es-http.%s.svc:9200" .Values.elasticsearch.name .Release.Namespace -}}
{{- end }}

{{/* Secret of one of Elasticsearch's users. */}}
{{- define "servers.elasticsearchSecret" -}}
{{- .existingSecret | default (printf "%s-elasticsearch" .name) -}}
{{- end }}

{{/* Sinks of the settings. null takes that of an example away, which Helm does for a chart's own defaults only. */}}
{{- define "servers.sinks" -}}
{{- $found := dict -}}
{{- range $name, $sink := .Values.config.sinks -}}
{{- if $sink }}{{ $_ := set $found $name $sink }}{{ end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end }}
