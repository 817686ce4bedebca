{{/* Names that sinks of type elasticsearch write to, with a star for what differs from day to day. */}}
{{- define "servers.indices" -}}
{{- $found := list -}}
{{- range include "servers.sinks" . | fromYaml -}}
{{- if eq (.type | default "") "elasticsearch" -}}
{{- $index := .index | default "logstash-%Y.%m.%d" -}}
{{- $found = append $found (.data_stream | default (printf "%s*" (regexFind "^[^%]*" $index))) -}}
{{- end -}}
{{- end -}}
{{- toYaml ($found | uniq | default (list "logstash-*")) -}}
{{- end }}

{{/* The roles of docs/elasticsearch.md. */}}
{{- define "servers.roles" -}}
{{- $indices := include "servers.indices" . | fromYamlArray -}}
logferry:
  cluster: [monitor, manage_index_templates, manage_ilm]
  indices:
    - names:
        {{- toYaml $indices | nindent 8 }}
      privileges: [create_doc, auto_configure, manage]
logferry_read:
  cluster: [monitor]
  indices:
    - names:
        {{- toYaml $indices | nindent 8 }}
      privileges: [read, view_index_metadata]
{{- end }}
