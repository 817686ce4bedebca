{{/*
The rights of each stage for .Values.config, the same as deploy/rights.py says (tests/deploy/kubernetes/test_servers_chart.py
holds both equal): a list of {stage, resource, name, prefix, operations}, one name as often as it is given rights.
*/}}
{{- define "servers.rights" -}}
{{- $config := .Values.config -}}
{{- $wish := .Values.kafka.users -}}
{{- $prefix := (($config.topics).prefix) | default "logs." -}}
{{- $names := dict -}}
{{- range list "raw" "control" "pods" "dead-letter" "ledger" "replay" }}{{ $_ := set $names . (printf "%s%s" $prefix .) }}{{ end -}}
{{- $group := (($config.stream).group) | default "logferry-stream" -}}
{{- $sinks := include "servers.sinks" . | fromYaml -}}
{{- $routed := include "servers.routed" . | fromYaml -}}
{{- $see := list "Read" "Describe" -}}
{{- $fill := list "Write" "Describe" -}}
{{- $make := list "Create" "Write" "Describe" -}}
{{- $keep := list "Create" "Describe" "Alter" "DescribeConfigs" "AlterConfigs" -}}
{{- $rights := list -}}

{{- $rights = append $rights (dict "stage" "topics" "resource" "topic" "name" $prefix "prefix" true "operations" $keep) -}}
{{- range $routed.plain -}}
{{- if not (hasPrefix $prefix .) }}{{ $rights = append $rights (dict "stage" "topics" "topic" . "operations" $keep) }}{{ end -}}
{{- end -}}

{{- range list "raw" "ledger" }}{{ $rights = append $rights (dict "stage" "producer" "topic" (get $names .) "operations" $fill) }}{{ end -}}
{{- $rights = append $rights (dict "stage" "pods" "topic" $names.pods "operations" (concat $see $fill)) -}}

{{- range list "raw" "pods" "control" }}{{ $rights = append $rights (dict "stage" "stream" "topic" (get $names .) "operations" $see) }}{{ end -}}
{{- $rights = append $rights (dict "stage" "stream" "topic" $names.ledger "operations" $fill) -}}
{{- $rights = append $rights (dict "stage" "stream" "resource" "group" "name" $group "prefix" false "operations" (list "Read")) -}}

{{- range $stage := list "stream" "redrive" "replay" -}}
{{- range append $routed.plain (get $names "dead-letter") }}{{ $rights = append $rights (dict "stage" $stage "topic" . "operations" $fill) }}{{ end -}}
{{- range $routed.made }}{{ $rights = append $rights (dict "stage" $stage "topic" . "operations" $make) }}{{ end -}}
{{- with $wish.livePrefix }}{{ $rights = append $rights (dict "stage" $stage "resource" "topic" "name" . "prefix" true "operations" $make) }}{{ end -}}
{{- end -}}

{{- range $name, $sink := $sinks -}}
{{- $stage := printf "sink-%s" $name -}}
{{- range $sink.topics -}}
{{- $rights = append $rights (dict "stage" $stage "topic" . "operations" $see) -}}
{{- if include "servers.sameCluster" (dict "config" $config "sink" $sink) -}}
{{- $rights = append $rights (dict "stage" $stage "topic" (replace "{topic}" . ($sink.topic | default "{topic}")) "operations" $fill) -}}
{{- end -}}
{{- $rights = append $rights (dict "stage" "scaler" "topic" . "operations" (list "Describe")) -}}
{{- end -}}
{{- range list "dead-letter" "ledger" }}{{ $rights = append $rights (dict "stage" $stage "topic" (get $names .) "operations" $fill) }}{{ end -}}
{{- $own := $sink.group | default (printf "logferry-sink-%s" $name) -}}
{{- $rights = append $rights (dict "stage" $stage "resource" "group" "name" $own "prefix" false "operations" (list "Read")) -}}
{{- $rights = append $rights (dict "stage" "scaler" "resource" "group" "name" $own "prefix" false "operations" (list "Describe")) -}}
{{- with $wish.indexSuffix -}}
{{- $rights = append $rights (dict "stage" "replay" "resource" "group" "name" (printf "%s%s" $own .) "prefix" false "operations" (list "Read" "Describe" "Delete")) -}}
{{- end -}}
{{- end -}}

{{- $rights = append $rights (dict "stage" "operator" "topic" $names.control "operations" (concat $see $fill)) -}}
{{- range list "pods" "raw" "dead-letter" "ledger" }}{{ $rights = append $rights (dict "stage" "operator" "topic" (get $names .) "operations" $see) }}{{ end -}}
{{- $rights = append $rights (dict "stage" "operator" "resource" "group" "name" $group "prefix" false "operations" (list "Describe")) -}}
{{- range $name, $sink := $sinks -}}
{{- range $sink.topics }}{{ $rights = append $rights (dict "stage" "operator" "topic" . "operations" $see) }}{{ end -}}
{{- $rights = append $rights (dict "stage" "operator" "resource" "group" "name" ($sink.group | default (printf "logferry-sink-%s" $name)) "prefix" false "operations" (list "Describe")) -}}
{{- end -}}

{{- range list "raw" "dead-letter" }}{{ $rights = append $rights (dict "stage" "redrive" "topic" (get $names .) "operations" (concat $see $fill)) }}{{ end -}}
{{- range $stage := list "redrive" "replay" -}}
{{- range list "pods" "control" }}{{ $rights = append $rights (dict "stage" $stage "topic" (get $names .) "operations" $see) }}{{ end -}}
{{- $rights = append $rights (dict "stage" $stage "topic" $names.ledger "operations" $fill) -}}
{{- end -}}

{{- $rights = append $rights (dict "stage" "replay" "topic" $names.raw "operations" (concat $see $fill)) -}}
{{- $rights = append $rights (dict "stage" "replay" "topic" $names.replay "operations" (concat $see $fill (list "Delete"))) -}}
{{- $rights = append $rights (dict "stage" "replay" "resource" "group" "name" (printf "%s-replay-" $group) "prefix" true "operations" (list "Read" "Describe" "Delete")) -}}
{{- $rights = append $rights (dict "stage" "replay" "resource" "group" "name" $group "prefix" false "operations" (list "Describe")) -}}
{{- with $wish.indexSuffix -}}
{{- $all := concat $see $fill $keep (list "Delete") -}}
{{- $suffix := . -}}
{{- range append $routed.plain (get $names "dead-letter") }}{{ $rights = append $rights (dict "stage" "replay" "topic" (printf "%s%s" . $suffix) "operations" $all) }}{{ end -}}
{{- range $routed.made }}{{ $rights = append $rights (dict "stage" "replay" "topic" . "operations" $all) }}{{ end -}}
{{- end -}}

{{- $rights = append $rights (dict "stage" "scaler" "topic" $names.raw "operations" (list "Describe")) -}}
{{- $rights = append $rights (dict "stage" "scaler" "resource" "group" "name" $group "prefix" false "operations" (list "Describe")) -}}
{{- toYaml $rights -}}
{{- end }}

{{/* Topics that records are routed to: plain, named in full; made, with fields in their names. */}}
{{- define "servers.routed" -}}
{{- $config := .Values.config -}}
{{- $prefix := (($config.topics).prefix) | default "logs." -}}
{{- $routes := list (dict "topic" "logs.app") -}}
{{- if and (hasKey $config "routes") (kindIs "slice" $config.routes) }}{{ $routes = $config.routes }}{{ end -}}
{{- $plain := list -}}
{{- $made := list -}}
{{- range $routes -}}
{{- if contains "{" .topic }}{{ $made = append $made .topic }}{{ else }}{{ $plain = append $plain .topic }}{{ end -}}
{{- end -}}
{{- with $config.unmatched }}{{ if ne . "drop" }}{{ $plain = append $plain . }}{{ end }}{{ end -}}
{{- range $config.quotas }}{{ $plain = append $plain (.topic | default (printf "%sdelayed" $prefix)) }}{{ end -}}
{{- range $sink := include "servers.sinks" . | fromYaml -}}
{{- range $topic := $sink.topics -}}
{{- range $made -}}
{{- if regexMatch (printf "^%s$" (regexReplaceAll "\\\\\\{.*?\\\\\\}" (regexQuoteMeta .) "[A-Za-z0-9._-]*")) $topic }}{{ $plain = append $plain $topic }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "plain" (uniq $plain) "made" (uniq $made)) -}}
{{- end }}

{{/* Whether a sink of type kafka writes into the cluster that it reads from: some text, or none. */}}
{{- define "servers.sameCluster" -}}
{{- if eq (.sink.type | default "") "kafka" -}}
{{- $own := include "servers.brokers" ((.config.kafka).bootstrap_servers | default "localhost:9092") | splitList "," -}}
{{- range splitList "," (include "servers.brokers" ((.sink.kafka).bootstrap_servers | default "localhost:9092")) -}}
{{- if has . $own }}yes{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "servers.brokers" -}}
{{- $found := list -}}
{{- range (kindIs "slice" . | ternary . (splitList "," (toString .))) }}{{ $found = append $found (trim .) }}{{ end -}}
{{- join "," $found -}}
{{- end }}

{{/* User -> list of Strimzi's ACLs, each name once. */}}
{{- define "servers.acls" -}}
{{- $root := . -}}
{{- $wanted := .Values.kafka.users.stages -}}
{{- $order := list "Read" "Write" "Create" "Delete" "Alter" "Describe" "AlterConfigs" "DescribeConfigs" -}}
{{- $users := dict -}}
{{- range include "servers.rights" . | fromYamlArray -}}
{{- if has (hasPrefix "sink-" .stage | ternary "sinks" .stage) $wanted -}}
{{- $user := include "servers.user" (dict "root" $root "stage" .stage) -}}
{{- $known := get $users $user | default dict -}}
{{- $right := . -}}
{{- if .topic -}}
{{- $begin := regexFind "^[^{*]*" .topic -}}
{{- $right = merge (dict "resource" "topic" "name" $begin "prefix" (ne $begin .topic)) . -}}
{{- end -}}
{{- $key := printf "%s|%v|%s" $right.resource $right.prefix $right.name -}}
{{- $operations := concat $right.operations (dig $key "operations" list $known) -}}
{{- $_ := set $known $key (dict "resource" $right.resource "name" $right.name "prefix" $right.prefix "operations" $operations) -}}
{{- $_ := set $users $user $known -}}
{{- end -}}
{{- end -}}
{{- range $user, $known := $users -}}
{{- $acls := list -}}
{{- range $known -}}
{{- $right := . -}}
{{- $operations := list -}}
{{- range $order }}{{ if has . $right.operations }}{{ $operations = append $operations . }}{{ end }}{{ end -}}
{{- $acls = append $acls (dict "resource" (dict "type" .resource "name" .name "patternType" (ternary "prefix" "literal" .prefix)) "operations" $operations) -}}
{{- end -}}
{{- $_ := set $users $user $acls -}}
{{- end -}}
{{- toYaml $users -}}
{{- end }}
