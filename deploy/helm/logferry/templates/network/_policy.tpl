{{/* Takes root, component, sink, ingress (rules beside that for metrics) and egress (rules beside DNS and Kafka). */}}
{{- define "logferry.policy" -}}
{{- $policy := .root.Values.networkPolicy -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "logferry.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "logferry.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- $ingress := list }}
  {{- if not (has .component (list "topics" "test")) }}
  {{- $from := $policy.metricsFrom }}
  {{- if and $from .root.Values.tests.enabled }}
  {{- $test := include "logferry.selectorLabels" (dict "root" .root "component" "test") | fromYaml }}
  {{- $from = append $from (dict "podSelector" (dict "matchLabels" $test)) }}
  {{- end }}
  {{- $ingress = append $ingress (dict "ports" (list (dict "port" "metrics" "protocol" "TCP")) "from" $from) }}
  {{- end }}
  ingress:
    {{- include "logferry.rules" (concat $ingress (.ingress | default list)) | nindent 4 }}
  {{- $dns := list }}
  {{- /* 5353 is the port of OpenShift's DNS pods, and policies look at a pod's own port. */}}
  {{- range list 53 5353 }}
  {{- $dns = concat $dns (list (dict "port" . "protocol" "UDP") (dict "port" . "protocol" "TCP")) }}
  {{- end }}
  egress:
    {{- $kafka := dict "to" $policy.kafkaTo "ports" (include "logferry.kafkaPorts" .root | fromYamlArray) }}
    {{- include "logferry.rules" (concat (list (dict "ports" $dns) $kafka) (.egress | default list) $policy.extraEgress) | nindent 4 }}
{{- end }}

{{/* Rules without what is empty in them: an empty `from` or `to` is anybody, as one that is left out. */}}
{{- define "logferry.rules" -}}
{{- $rules := list -}}
{{- range . -}}
{{- $rule := dict -}}
{{- range $key, $value := . -}}{{- if $value }}{{ $_ := set $rule $key $value }}{{ end -}}{{- end -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end }}

{{/* A list of addresses -> a YAML list of ports. */}}
{{- define "logferry.portsOf" -}}
{{- $numbers := list -}}
{{- range . -}}{{- $numbers = append $numbers (include "logferry.portOf" (dict "address" .)) -}}{{- end -}}
{{- range $numbers | uniq | sortAlpha }}
- {port: {{ . }}, protocol: TCP}
{{- end }}
{{- end }}

{{/* Kafka's, and those of what is asked beside it: a schema registry, an identity provider. */}}
{{- define "logferry.kafkaPorts" -}}
{{- $kafka := .Values.config.kafka | default dict -}}
{{- $addresses := splitList "," (include "logferry.servers" .) -}}
{{- with ($kafka.schema_registry).url }}{{ $addresses = append $addresses . }}{{ end -}}
{{- range $key, $value := $kafka.properties -}}
{{- if eq $key "sasl.oauthbearer.token.endpoint.url" }}{{ $addresses = append $addresses $value }}{{ end -}}
{{- end -}}
{{- range .Values.networkPolicy.kafkaPorts }}{{ $addresses = append $addresses (printf "kafka:%d" (int .)) }}{{ end -}}
{{- include "logferry.portsOf" $addresses -}}
{{- end }}

{{/* Addresses of a sink's destination. */}}
{{- define "logferry.destinations" -}}
{{- $addresses := list -}}
{{- if eq .type "elasticsearch" -}}
{{- $addresses = ternary (list "https://cloud") (kindIs "string" .hosts | ternary (splitList "," (toString .hosts)) (.hosts | default (list "http://localhost:9200"))) (not (empty .cloud_id)) -}}
{{- else if eq .type "http" -}}
{{- $addresses = list .url -}}
{{- else if eq .type "otlp" -}}
{{- $addresses = list (.url | default "http://localhost:4318") -}}
{{- else if eq .type "kafka" -}}
{{- $servers := .kafka.bootstrap_servers | default "localhost:9092" -}}
{{- $addresses = kindIs "slice" $servers | ternary $servers (splitList "," (toString $servers)) -}}
{{- else if eq .type "object_storage" -}}
{{- if not (hasPrefix "file:" .url) -}}
{{- $addresses = list (((.options).endpoint) | default "https://store") -}}
{{- end -}}
{{- else if eq .type "cloudwatch" -}}
{{- $addresses = list (.endpoint_url | default "https://logs") "https://sts" -}}
{{- else if eq .type "google_cloud" -}}
{{- $addresses = list (.endpoint | default "https://logging") "https://oauth2" -}}
{{- end -}}
{{- toYaml $addresses -}}
{{- end }}

{{/*
Rules for a sink's destination, as a YAML list: its ports, where destinationsTo says; and for what is in a cloud the
machine's own place for credentials, on port 80, or 988 where GKE's metadata server looks like that to policies. Where
destinations may be anywhere, so may that: plugins that take the machine for no address see no 169.254.0.0/16.
Takes settings and to.
*/}}
{{- define "logferry.destinationRules" -}}
{{- $rules := list -}}
{{- with include "logferry.portsOf" (include "logferry.destinations" .settings | fromYamlArray) | fromYamlArray -}}
{{- $rules = append $rules (dict "ports" . "to" $.to) -}}
{{- end -}}
{{- $store := and (eq .settings.type "object_storage") (not (hasPrefix "file:" (.settings.url | default ""))) -}}
{{- if or $store (has .settings.type (list "cloudwatch" "google_cloud")) -}}
{{- $here := list (dict "ipBlock" (dict "cidr" "169.254.0.0/16")) (dict "ipBlock" (dict "cidr" "fd00:ec2::/32")) -}}
{{- $ports := list (dict "port" 80 "protocol" "TCP") (dict "port" 988 "protocol" "TCP") -}}
{{- $rules = append $rules (dict "ports" $ports "to" (ternary $here list (not (empty .to)))) -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end }}
