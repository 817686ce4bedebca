{{/* What a schema cannot tell. Each message says what is wrong, where, and what to do. */}}
{{- define "logferry.check" -}}
{{- include "logferry.check.secrets" . -}}
{{- include "logferry.check.sinks" . -}}
{{- include "logferry.check.scaling" . -}}
{{- include "logferry.check.inputs" . -}}
{{- include "logferry.check.ending" . -}}
{{- end }}

{{/* The same words as schemas/settings/secret.py: what is secret by its name is there by reference only. */}}
{{- define "logferry.check.secrets" -}}
{{- include "logferry.check.literal" (dict "at" "config.kafka.properties" "of" ((.Values.config.kafka).properties)) -}}
{{- range $name, $input := .Values.config.inputs -}}
{{- include "logferry.check.literal" (dict "at" (printf "config.inputs.%s" $name) "of" $input) -}}
{{- end -}}
{{- range $name, $sink := .Values.config.sinks -}}
{{- include "logferry.check.literal" (dict "at" (printf "config.sinks.%s" $name) "of" (omit $sink "promote" "tags" "labels" "idempotency_header")) -}}
{{- end -}}
{{- $env := dict "env" .Values.env "producer.env" .Values.producer.env "pods.env" .Values.pods.env "streams.env" .Values.streams.env "topics.env" .Values.topics.env -}}
{{- range $name, $sink := .Values.sinks -}}
{{- if kindIs "map" $sink }}{{ $_ := set $env (printf "sinks.%s.env" $name) $sink.env }}{{ end -}}
{{- end -}}
{{- range $at, $list := $env -}}
{{- range $list -}}
{{- if and (hasKey . "value") (regexMatch "(?i)secret|pass(word|phrase)|token|account_?key|access_?key$|api_?key|jaas" .name) (not (regexMatch "(?i)token.endpoint|access_key_id|location|callback|_file$" .name)) -}}
{{- fail (printf "%s: %s is a secret and must not stand in the values: whoever reads them knows it. Put it into a Secret and write valueFrom: {secretKeyRef: {name: …, key: …}}" $at .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "logferry.check.literal" -}}
{{- $at := .at -}}
{{- range $key, $value := .of -}}
{{- $here := printf "%s.%s" $at $key -}}
{{- if kindIs "map" $value -}}
{{- if and (has $key (list "users")) -}}
{{- range $user, $password := $value -}}
{{- if not (kindIs "map" $password) -}}{{- include "logferry.check.refuse" (printf "%s.%s" $here $user) -}}{{- end -}}
{{- end -}}
{{- else -}}
{{- include "logferry.check.literal" (dict "at" $here "of" $value) -}}
{{- end -}}
{{- else if kindIs "slice" $value -}}
{{- if eq $key "tokens" -}}
{{- range $value -}}{{- if not (kindIs "map" .) -}}{{- include "logferry.check.refuse" $here -}}{{- end -}}{{- end -}}
{{- end -}}
{{- else if and (not (kindIs "invalid" $value)) (regexMatch "(?i)secret|pass(word|phrase)|token|account_?key|access_key$|api_key|shared_key|authorization|cookie|\\.key\\.pem|jaas" $key) (not (regexMatch "(?i)token\\.endpoint|access_key_id|location|callback|_file$" $key)) -}}
{{- include "logferry.check.refuse" $here -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "logferry.check.refuse" -}}
{{- fail (printf "%s is a secret and must not stand in the values: whoever reads them knows it. Put it into a Secret, and write {env: NAME} with env or envFrom, or {file: /etc/logferry/…} with secretMounts" .) -}}
{{- end }}

{{- define "logferry.check.sinks" -}}
{{- $known := keys (.Values.config.sinks | default dict) | sortAlpha -}}
{{- $names := dict -}}
{{- range $known -}}
{{- if has . (list "defaults" "types") -}}
{{- fail (printf "config.sinks.%s: a sink cannot have this name, which has a meaning of its own in values.sinks. Call it otherwise" .) -}}
{{- end -}}
{{- $name := include "logferry.sinkName" . -}}
{{- if hasKey $names $name -}}
{{- fail (printf "config.sinks.%s and config.sinks.%s would both be called %s in Kubernetes, where names have lower-case letters, digits and dashes, 20 characters at most. Rename one" . (get $names $name) $name) -}}
{{- end -}}
{{- $_ := set $names $name . -}}
{{- end -}}
{{- range $name, $_ := .Values.sinks -}}
{{- if not (has $name (concat $known (list "defaults" "types"))) -}}
{{- fail (printf "sinks.%s: there is no config.sinks.%s that this would be about. Known: %s" $name $name ($known | join ", " | default "none")) -}}
{{- end -}}
{{- end -}}
{{- range $known -}}
{{- $sink := include "logferry.sink" (dict "root" $ "sink" .) | fromYaml -}}
{{- if and $sink.single (or (gt (int $sink.values.replicas) 1) (ne $sink.values.autoscaling.kind "none")) -}}
{{- fail (printf "sinks.%s: it writes to a folder, whose volume and whose accounts belong to one process. Write replicas: 1 and autoscaling.kind: none, or archive to an object store" .) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "logferry.check.scaling" -}}
{{- $scaled := dict "streams" .Values.streams.autoscaling -}}
{{- range $name, $settings := .Values.config.sinks -}}
{{- $sink := include "logferry.sink" (dict "root" $ "sink" $name) | fromYaml -}}
{{- $_ := set $scaled (printf "sinks.%s" $name) $sink.values.autoscaling -}}
{{- if and (eq $sink.values.autoscaling.kind "keda") (contains "*" (join "," $settings.topics)) -}}
{{- fail (printf "sinks.%s.autoscaling: the lag of a pattern cannot be asked for. Name its topics in full, or write kind: hpa" $name) -}}
{{- end -}}
{{- end -}}
{{- range $at, $scaling := $scaled -}}
{{- if and (ne $scaling.kind "none") (lt (int $scaling.maxReplicas) (int $scaling.minReplicas)) -}}
{{- fail (printf "%s.autoscaling: maxReplicas is less than minReplicas. Exchange them" $at) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.pods.enabled (gt (int .Values.pods.replicas) 1) (eq false (dig "lease" "enabled" true (.Values.config.pods | default dict))) -}}
{{- fail "pods.replicas: without a lease (config.pods.lease.enabled: false) several watchers write at once. Write replicas: 1, or leave the lease on" -}}
{{- end -}}
{{- end }}

{{/* schemas/settings/node.py says how much longer than drain_secs a producer may take to end. */}}
{{- define "logferry.check.ending" -}}
{{- $drain := dig "producer" "drain_secs" 5.0 .Values.config | float64 -}}
{{- $needed := add (ceil $drain) 15 | int -}}
{{- if and .Values.producer.enabled (lt (int .Values.producer.terminationGracePeriodSeconds) $needed) -}}
{{- fail (printf "producer.terminationGracePeriodSeconds: with config.producer.drain_secs: %v a producer may take %d s to end, and Kubernetes would kill it after %d. Write %d, or a shorter drain_secs" $drain (sub $needed 5) (int .Values.producer.terminationGracePeriodSeconds) $needed) -}}
{{- end -}}
{{- end }}
