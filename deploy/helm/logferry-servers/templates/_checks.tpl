{{/* What a schema cannot tell. Each message says what is wrong, where, and what to do. */}}
{{- define "servers.check" -}}
{{- if and .Values.kafka.enabled .Values.kafka.create -}}
{{- include "servers.check.kafka" . -}}
{{- end -}}
{{- if .Values.elasticsearch.enabled -}}
{{- include "servers.check.elasticsearch" . -}}
{{- end -}}
{{- if and .Values.kibana.enabled (not .Values.elasticsearch.enabled) -}}
{{- fail "kibana.enabled: Kibana needs the Elasticsearch of this chart. Enable elasticsearch, or disable kibana" -}}
{{- end -}}
{{- end }}

{{- define "servers.check.kafka" -}}
{{- $brokers := 0 -}}
{{- $controllers := 0 -}}
{{- range .Values.kafka.pools -}}
{{- if has "broker" .roles }}{{ $brokers = add $brokers (int .replicas) }}{{ end -}}
{{- if has "controller" .roles }}{{ $controllers = add $controllers (int .replicas) }}{{ end -}}
{{- end -}}
{{- $copies := int .Values.kafka.replicationFactor -}}
{{- if lt $brokers $copies -}}
{{- fail (printf "kafka.replicationFactor: %d copies need as many brokers, and kafka.pools has %d. Add brokers, or keep fewer copies" $copies $brokers) -}}
{{- end -}}
{{- if eq (mod $controllers 2) 0 -}}
{{- fail (printf "kafka.pools: %d controllers; with an odd number (1, 3, 5) as many may fail with one less. Change replicas of the pool with the role controller" $controllers) -}}
{{- end -}}
{{- $given := (.Values.config.topics).replication_factor -}}
{{- if and $given (ne (int $given) $copies) -}}
{{- fail (printf "config.topics.replication_factor is %d, kafka.replicationFactor %d: say the same in both places" (int $given) $copies) -}}
{{- end -}}
{{- range .Values.kafka.topics -}}
{{- if gt (int .replicas) $brokers -}}
{{- fail (printf "kafka.topics: %s shall have %d copies, and kafka.pools has %d brokers. Print the topics with topics.replication_factor: %d" .name (int .replicas) $brokers $copies) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "servers.check.elasticsearch" -}}
{{- $masters := 0 -}}
{{- range .Values.elasticsearch.nodeSets -}}
{{- if or (not .roles) (has "master" .roles) }}{{ $masters = add $masters (int .count) }}{{ end -}}
{{- end -}}
{{- if lt (int $masters) 1 -}}
{{- fail "elasticsearch.nodeSets: no node may become master. Give one set the role master, or no roles at all" -}}
{{- end -}}
{{- if eq (int $masters) 2 -}}
{{- fail "elasticsearch.nodeSets: of two masters none may fail. Make them 1, or 3" -}}
{{- end -}}
{{- end }}
