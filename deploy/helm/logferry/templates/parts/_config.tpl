{{/* Sections of the settings, or what stands for them by default; what of them changes is what rolls a component. */}}

{{- define "logferry.prefix" -}}
{{- ((.Values.config.topics).prefix) | default "logs." -}}
{{- end }}

{{- define "logferry.streamGroup" -}}
{{- ((.Values.config.stream).group) | default "logferry-stream" -}}
{{- end }}

{{- define "logferry.leaseName" -}}
{{- (((.Values.config.pods).lease).name) | default (printf "%s-pods" (include "logferry.fullname" .)) -}}
{{- end }}

{{/* What every stage reads of the settings. Of topics only their prefix: how topics are made concerns the Job alone. */}}
{{- define "logferry.checksum.shared" -}}
{{- toYaml (pick .Values.config "kafka" "metrics") }}
prefix: {{ include "logferry.prefix" . }}
{{- end }}

{{- define "logferry.checksum.producer" -}}
{{- printf "%s\n%s" (include "logferry.checksum.shared" .) (toYaml (pick .Values.config "inputs" "producer")) | sha256sum -}}
{{- end }}

{{- define "logferry.checksum.pods" -}}
{{- printf "%s\n%s" (include "logferry.checksum.shared" .) (toYaml (pick .Values.config "pods")) | sha256sum -}}
{{- end }}

{{/* The whole of topics: workers make those topics themselves that routes name by fields. */}}
{{- define "logferry.checksum.streams" -}}
{{- $of := pick .Values.config "topics" "stream" "parsers" "parse" "multiline" "http_status" "redaction" "transform" "attributes" "severity" "routes" "unmatched" "sampling" "quotas" -}}
{{- printf "%s\n%s" (include "logferry.checksum.shared" .) (toYaml $of) | sha256sum -}}
{{- end }}

{{/* Takes root and sink. Of the routes only which of them have another format than Avro: a sink asks for no more. */}}
{{- define "logferry.checksum.sink" -}}
{{- $settings := index .root.Values.config.sinks .sink -}}
{{- $formats := list -}}
{{- range .root.Values.config.routes | default list -}}
{{- if and .format (ne .format "avro") (eq "true" (include "logferry.sinkReads" (dict "topics" $settings.topics "topic" .topic))) -}}
{{- $formats = append $formats (printf "%s %s" .topic .format) -}}
{{- end -}}
{{- end -}}
{{- printf "%s\n%s\n%s" (include "logferry.checksum.shared" .root) (toYaml $settings) ($formats | uniq | sortAlpha | join "\n") | sha256sum -}}
{{- end }}

{{/* Whether a sink's topics may mean a route's: equal, or one of them is a pattern, where a person cannot be sure either. */}}
{{- define "logferry.sinkReads" -}}
{{- $topic := .topic -}}
{{- $found := false -}}
{{- range .topics -}}
{{- if or (eq . $topic) (contains "*" .) (contains "{" $topic) -}}{{- $found = true -}}{{- end -}}
{{- end -}}
{{- $found -}}
{{- end }}

{{/* What `logferry topics apply` goes by. The image counts too, by the pod's name: it holds what is fixed about topics. */}}
{{- define "logferry.checksum.topics" -}}
{{- $of := pick .Values.config "kafka" "topics" "routes" "unmatched" "quotas" -}}
{{- $read := list -}}
{{- range $name, $sink := .Values.config.sinks -}}{{- $read = concat $read $sink.topics -}}{{- end -}}
{{- printf "%s\n%s" (toYaml $of) ($read | uniq | sortAlpha | join "\n") | sha256sum -}}
{{- end }}
