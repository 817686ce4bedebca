{{/*
What the producer sees of its node, as YAML: volumes and mounts. Everything of the node is read-only but its own
checkpoint, and the folder of its sockets where an input has one.
*/}}
{{- define "logferry.host" -}}
{{- $host := include "logferry.hostNeeds" . | fromYaml -}}
{{- $folders := list (dict "name" "var-log" "path" "/var/log") -}}
{{- if $host.docker -}}
{{- $folders = append $folders (dict "name" "docker-containers" "path" .Values.producer.dockerFolder) -}}
{{- end -}}
{{- if $host.journal -}}
{{- /* Made where it is missing: journald uses one that is there only if it keeps its journal in memory anyway. Its other
folder, /var/log/journal, must never be made, because its being there makes journald write to the disk. */ -}}
{{- $folders = append $folders (dict "name" "run-log-journal" "path" "/run/log/journal" "type" "DirectoryOrCreate") -}}
{{- $folders = append $folders (dict "name" "machine-id" "path" "/etc/machine-id" "type" "File") -}}
{{- end -}}
{{- range $index, $path := .Values.producer.hostFolders -}}
{{- $folders = append $folders (dict "name" (printf "host-%d" $index) "path" $path) -}}
{{- end -}}
{{- $volumes := list -}}
{{- $mounts := list -}}
{{- range $folders -}}
{{- $volumes = append $volumes (dict "name" .name "hostPath" (dict "path" .path "type" (.type | default ""))) -}}
{{- $mount := dict "name" .name "mountPath" .path "readOnly" true -}}
{{- /* What is mounted below it later (a pod's volume in memory) is seen too. */ -}}
{{- if hasPrefix "host-" .name }}{{ $_ := set $mount "mountPropagation" "HostToContainer" }}{{ end -}}
{{- $mounts = append $mounts $mount -}}
{{- end -}}
{{- $volumes = append $volumes (dict "name" "checkpoint" "hostPath" (dict "path" $host.checkpoint "type" "DirectoryOrCreate")) -}}
{{- $mounts = append $mounts (dict "name" "checkpoint" "mountPath" $host.state) -}}
{{- range $index, $path := $host.sockets -}}
{{- $volumes = append $volumes (dict "name" (printf "sockets-%d" $index) "hostPath" (dict "path" $path "type" "DirectoryOrCreate")) -}}
{{- $mounts = append $mounts (dict "name" (printf "sockets-%d" $index) "mountPath" $path) -}}
{{- end -}}
{{- dict "volumes" $volumes "mounts" $mounts | toYaml -}}
{{- end }}

{{- define "logferry.hostNeeds" -}}
{{- $docker := .Values.producer.docker -}}
{{- $journal := false -}}
{{- $sockets := list -}}
{{- range $name, $input := .Values.config.inputs -}}
{{- if and (eq $input.type "docker_files") (kindIs "invalid" $.Values.producer.docker) }}{{ $docker = true }}{{ end -}}
{{- if and (eq $input.type "journald") (not $input.path) }}{{ $journal = true }}{{ end -}}
{{- if has $input.type (list "forward" "syslog") -}}
{{- range list $input.unix $input.unixgram -}}{{- with . }}{{ $sockets = append $sockets (dir .) }}{{ end -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $state := ((.Values.config.producer).state_folder) | default "/var/lib/logferry/producer" -}}
{{- $checkpoint := .Values.producer.checkpointFolder | default (printf "/var/lib/logferry/%s" (include "logferry.clusterName" .)) -}}
{{- dict "docker" ($docker | default false) "journal" $journal "sockets" ($sockets | uniq) "state" $state "checkpoint" $checkpoint | toYaml -}}
{{- end }}

{{/* The security context, with the one right more that ports below 1024 need. */}}
{{- define "logferry.producerSecurity" -}}
{{- $context := deepCopy (.Values.producer.securityContext | default dict) -}}
{{- $low := false -}}
{{- range (include "logferry.inputPorts" . | fromYamlArray) -}}{{- if lt (int .port) 1024 }}{{ $low = true }}{{ end -}}{{- end -}}
{{- if and $low ($context.capabilities) -}}
{{- $_ := set $context.capabilities "add" (append ($context.capabilities.add | default list) "NET_BIND_SERVICE" | uniq) -}}
{{- end -}}
{{- toYaml $context -}}
{{- end }}
