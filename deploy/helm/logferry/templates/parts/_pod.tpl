{{/*
The pod of a component. Takes
  root, component, sink    as for names
  values                   the component's values
  image                    values.image or values.nodeImage
  args                     what logferry is called with
  waits                    what `logferry topics wait` is called with; none: it waits for nothing
  checksum                 of what it reads of the settings
  env ports volumes mounts annotations  its own, as lists and a map
  token                    whether it talks to the API server
  health                   whether it has probes
*/}}
{{- define "logferry.pod" -}}
{{- $settings := .values -}}
metadata:
  {{- /* Nothing of the chart's version: a new chart that changes nothing about a pod leaves it running. */}}
  labels:
    {{- include "logferry.selectorLabels" . | nindent 4 }}
    app.kubernetes.io/part-of: logferry
    {{- with merge (dict) ($settings.podLabels | default dict) .root.Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- with .checksum }}
    checksum/config: {{ . }}
    {{- end }}
    kubectl.kubernetes.io/default-container: {{ .component }}
    {{- with merge (dict) ($settings.podAnnotations | default dict) (.annotations | default dict) .root.Values.commonAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "logferry.podSpec" . | nindent 2 }}
{{- end }}

{{- define "logferry.podSpec" -}}
{{- $settings := .values -}}
serviceAccountName: {{ include "logferry.serviceAccount" . }}
automountServiceAccountToken: {{ .token | default false }}
# Variables that Kubernetes makes of the names of Services are of no use here, and look like settings.
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $settings.terminationGracePeriodSeconds }}
terminationGracePeriodSeconds: {{ . }}
{{- end }}
{{- with $settings.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "logferry.topologySpread" . }}
{{- with .waits }}
initContainers:
  # Whatever asks a broker for a topic before it has been made may be given one that the broker made up.
  - name: topics
    {{- include "logferry.container" (merge (dict "args" (concat (list "topics" "wait") .) "brief" true) $) | nindent 4 }}
{{- end }}
containers:
  - name: {{ .component }}
    {{- include "logferry.container" . | nindent 4 }}
volumes:
  {{- include "logferry.volumes" . | nindent 2 }}
{{- end }}

{{- define "logferry.container" -}}
{{- $settings := .values -}}
image: {{ include "logferry.image" (dict "root" .root "of" .image "own" $settings.image) }}
imagePullPolicy: {{ include "logferry.pullPolicy" (dict "of" .image "own" $settings.image) }}
args:
  {{- toYaml .args | nindent 2 }}
env:
  {{- include "logferry.env" . | nindent 2 }}
{{- with concat (.root.Values.envFrom | default list) ($settings.envFrom | default list) }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if not .brief }}
{{- with .ports }}
ports:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .health }}
{{- include "logferry.probes" . | nindent 0 }}
{{- end }}
{{- end }}
{{- with $settings.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $security := $settings.securityContext | default dict -}}
{{- /* What only asks Kafka reads nothing of the node. */}}
{{- if and .brief $security.capabilities }}{{ $security = set (deepCopy $security) "capabilities" (omit $security.capabilities "add") }}{{ end }}
{{- with $security }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  {{- include "logferry.mounts" . | nindent 2 }}
{{- end }}

{{- define "logferry.probes" -}}
startupProbe:
  httpGet: {path: /live, port: metrics}
  {{- toYaml .root.Values.probes.startup | nindent 2 }}
livenessProbe:
  httpGet: {path: /live, port: metrics}
  {{- toYaml .root.Values.probes.liveness | nindent 2 }}
readinessProbe:
  httpGet: {path: /ready, port: metrics}
  {{- toYaml .root.Values.probes.readiness | nindent 2 }}
{{- end }}

{{/* Of two variables of one name the later stands: the component's before all components', these before the chart's. */}}
{{- define "logferry.env" -}}
{{- $own := list
  (dict "name" "LOGFERRY_CONFIG" "value" "/etc/logferry/logferry.yaml")
  (dict "name" "LOGFERRY_METRICS__HOST" "value" "0.0.0.0")
  (dict "name" "LOGFERRY_METRICS__PORT" "value" (toString .root.Values.metrics.port))
  (dict "name" "LOGFERRY_KAFKA__INSTANCE" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.name")))
  (dict "name" "NODE_NAME" "valueFrom" (dict "fieldRef" (dict "fieldPath" "spec.nodeName"))) -}}
{{- $all := concat $own (.env | default list) (.root.Values.env | default list) (.values.env | default list) -}}
{{- $kept := list -}}
{{- $seen := dict -}}
{{- range reverse $all -}}
{{- if not (hasKey $seen .name) -}}
{{- $_ := set $seen .name true -}}
{{- $kept = prepend $kept . -}}
{{- end -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end }}

{{- define "logferry.mounts" -}}
{{- $mounts := list (dict "name" "settings" "mountPath" "/etc/logferry" "readOnly" true) (dict "name" "tmp" "mountPath" "/tmp") -}}
{{- range $index, $each := concat (.root.Values.secretMounts | default list) (.values.secretMounts | default list) -}}
{{- $mounts = append $mounts (dict "name" (printf "secret-%d" $index) "mountPath" $each.path "readOnly" true) -}}
{{- end -}}
{{- toYaml (concat $mounts (ternary list (.mounts | default list) (.brief | default false)) (.values.extraVolumeMounts | default list)) -}}
{{- end }}

{{- define "logferry.volumes" -}}
{{- $volumes := list
  (dict "name" "settings" "configMap" (dict "name" (include "logferry.fullname" .root)))
  (dict "name" "tmp" "emptyDir" (dict "sizeLimit" .root.Values.tmpSizeLimit)) -}}
{{- range $index, $each := concat (.root.Values.secretMounts | default list) (.values.secretMounts | default list) -}}
{{- $secret := dict "secretName" $each.secret "defaultMode" 288 "optional" ($each.optional | default false) -}}
{{- with $each.items }}{{ $_ := set $secret "items" . }}{{ end -}}
{{- $volumes = append $volumes (dict "name" (printf "secret-%d" $index) "secret" $secret) -}}
{{- end -}}
{{- toYaml (concat $volumes (.volumes | default list) (.values.extraVolumes | default list)) -}}
{{- end }}

{{/* Given as it is, or (null) over nodes and zones where that can be. */}}
{{- define "logferry.topologySpread" -}}
{{- $given := .values.topologySpreadConstraints -}}
{{- if $given }}
topologySpreadConstraints:
  {{- toYaml $given | nindent 2 }}
{{- else if and (kindIs "invalid" $given) (has .component (list "pods" "streams" "sink")) }}
topologySpreadConstraints:
  {{- $root := . }}
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    # Of one revision: else the pods of the old one push the new ones together.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "logferry.selectorLabels" $root | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}
