{{/*
Ports on which inputs of the settings listen, as a YAML list of {name, input, port, protocol}. An address of loopback is
left out: nobody outside the pod reaches it.
*/}}
{{- define "logferry.inputPorts" -}}
{{- $ports := list -}}
{{- range $name, $input := .Values.config.inputs -}}
{{- $short := regexReplaceAll "[^a-z0-9]+" (lower $name) "-" | trunc 10 | trimSuffix "-" -}}
{{- $found := list -}}
{{- if has $input.type (list "http" "forward") -}}
{{- $found = append $found (dict "address" $input.listen "kind" "tcp" "protocol" "TCP") -}}
{{- else if eq $input.type "syslog" -}}
{{- $found = append $found (dict "address" $input.udp "kind" "udp" "protocol" "UDP") -}}
{{- $found = append $found (dict "address" $input.tcp "kind" "tcp" "protocol" "TCP") -}}
{{- $found = append $found (dict "address" (($input.tls).listen) "kind" "tls" "protocol" "TCP") -}}
{{- end -}}
{{- range $found -}}
{{- $address := .address | default "" -}}
{{- $port := int (regexFind "[0-9]+$" $address) -}}
{{- if and (gt $port 0) (not (regexMatch "^(127\\.|localhost:|\\[::1\\])" $address)) -}}
{{- $ports = append $ports (dict "name" (printf "%s-%s" $short .kind) "input" $name "port" $port "protocol" .protocol) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $ports -}}
{{- end }}

{{- define "logferry.check.inputs" -}}
{{- $taken := dict (printf "TCP %d" (int .Values.metrics.port)) "metrics.port" -}}
{{- $names := dict -}}
{{- range (include "logferry.inputPorts" . | fromYamlArray) -}}
{{- $place := printf "%s %d" .protocol (int .port) -}}
{{- if hasKey $taken $place -}}
{{- fail (printf "config.inputs.%s listens on port %d, which %s has already. Choose another" .input (int .port) (get $taken $place)) -}}
{{- end -}}
{{- $_ := set $taken $place (printf "config.inputs.%s" .input) -}}
{{- if hasKey $names .name -}}
{{- fail (printf "config.inputs.%s and config.inputs.%s: their ports would both be called %s, because Kubernetes allows 15 characters. Let the first ten characters of their names differ" .input (get $names .name) .name) -}}
{{- end -}}
{{- $_ := set $names .name .input -}}
{{- end -}}
{{- range $name, $input := .Values.config.inputs -}}
{{- if and (has $input.type (list "http" "forward" "syslog")) (eq "0" (regexFind "[0-9]+$" (toString ($input.listen | default ($input.tcp | default $input.udp | default ":1"))))) -}}
{{- fail (printf "config.inputs.%s listens on any free port, which nobody outside the pod could know. Write a port" $name) -}}
{{- end -}}
{{- end -}}
{{- end }}
