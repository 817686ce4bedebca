{{- define "logferry.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* At most 36 characters: what is put behind it (-sink-<name>, a ReplicaSet's and a pod's endings) needs the rest of 63. */}}
{{- define "logferry.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 36 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Of what has no namespace: two installations of one name in two namespaces must not share it. */}}
{{- define "logferry.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "logferry.fullname" .) | trunc 56 | trimSuffix "-" -}}
{{- end }}

{{/* A sink's name as Kubernetes writes names: Raw_Archive is raw-archive. */}}
{{- define "logferry.sinkName" -}}
{{- . | lower | replace "_" "-" | replace "." "-" | trunc 20 | trimSuffix "-" -}}
{{- end }}

{{/* Takes root, component (producer, pods, streams, sink, topics) and, for a sink, sink. */}}
{{- define "logferry.componentName" -}}
{{- $full := include "logferry.fullname" .root -}}
{{- if .sink -}}
{{- printf "%s-sink-%s" $full (include "logferry.sinkName" .sink) -}}
{{- else -}}
{{- printf "%s-%s" $full .component -}}
{{- end -}}
{{- end }}

{{- define "logferry.selectorLabels" -}}
app.kubernetes.io/name: {{ include "logferry.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .sink }}
logferry.io/sink: {{ include "logferry.sinkName" . }}
{{- end }}
{{- end }}

{{- define "logferry.labels" -}}
{{ include "logferry.selectorLabels" . }}
app.kubernetes.io/part-of: logferry
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Everything of an object's metadata but its namespace; takes name and annotations besides. */}}
{{- define "logferry.metadata" -}}
name: {{ .name | default (include "logferry.componentName" .) }}
namespace: {{ .namespace | default .root.Release.Namespace }}
labels:
  {{- include "logferry.labels" . | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "logferry.clusterMetadata" -}}
name: {{ .name }}
labels:
  {{- include "logferry.labels" . | nindent 2 }}
{{- with .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Takes root, of (values.image or values.nodeImage) and, where a component has an image of its own, own. */}}
{{- define "logferry.image" -}}
{{- $image := mergeOverwrite (deepCopy .of) (.own | default dict) -}}
{{- $name := $image.repository -}}
{{- with $image.registry }}{{ $name = printf "%s/%s" (trimSuffix "/" .) $name }}{{ end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name ($image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{- define "logferry.pullPolicy" -}}
{{- (mergeOverwrite (deepCopy .of) (.own | default dict)).pullPolicy -}}
{{- end }}

{{/* The service account of a component: its own, or one that is there already. */}}
{{- define "logferry.serviceAccount" -}}
{{- $own := (index .root.Values.serviceAccount.components .component) | default dict -}}
{{- if $own.name -}}
{{- $own.name -}}
{{- else if .root.Values.serviceAccount.create -}}
{{- printf "%s-%s" (include "logferry.fullname" .root) .component -}}
{{- else -}}
default
{{- end -}}
{{- end }}
