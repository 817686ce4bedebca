{{/*
A sink as a Deployment sees it, as YAML: type, values (defaults, then those of its type, then its own), folder (where it
writes on a disk, "" elsewhere), single (whether it must be one process). Takes root and sink.
*/}}
{{- define "logferry.sink" -}}
{{- $settings := index .root.Values.config.sinks .sink -}}
{{- $values := deepCopy .root.Values.sinks.defaults -}}
{{- $values = mergeOverwrite $values (deepCopy (index .root.Values.sinks.types $settings.type | default dict)) -}}
{{- $values = mergeOverwrite $values (deepCopy (index .root.Values.sinks .sink | default dict)) -}}
{{- $folder := "" -}}
{{- if eq $settings.type "file" -}}
{{- $folder = include "logferry.folderOfPath" $settings.path -}}
{{- else if and (eq $settings.type "object_storage") (hasPrefix "file:" $settings.url) -}}
{{- $folder = trimPrefix "file://" $settings.url | trimSuffix "/" -}}
{{- end -}}
{{- $single := ne $folder "" -}}
{{- /* What is meant for sinks in general is not meant for one that can only be a single process. */ -}}
{{- $own := index .root.Values.sinks .sink | default dict -}}
{{- if and $single (not (hasKey $own "replicas")) }}{{ $_ := set $values "replicas" 1 }}{{ end -}}
{{- if and $single (not $own.autoscaling) }}{{ $_ := set $values.autoscaling "kind" "none" }}{{ end -}}
{{- dict "type" $settings.type "values" $values "folder" $folder "single" $single "topics" $settings.topics | toYaml -}}
{{- end }}

{{/* /var/log/out/{day}/{namespace}.log is in /var/log/out: the first folder without a field, where its state lies too. */}}
{{- define "logferry.folderOfPath" -}}
{{- dir (first (splitList "{" .) | printf "%s_") -}}
{{- end }}

{{/* Host and port of an address: what NetworkPolicies let a sink talk to. Takes address; gives a port. */}}
{{- define "logferry.portOf" -}}
{{- $rest := last (splitList "@" (last (splitList "://" .address))) -}}
{{- $host := first (splitList "/" $rest) -}}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" -}}
{{- $port | default (ternary "80" "443" (hasPrefix "http://" .address)) -}}
{{- end }}
