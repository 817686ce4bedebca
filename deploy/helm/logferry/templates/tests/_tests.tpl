{{/* A pod of `helm test`. Takes root, name, values and containers. */}}
{{- define "logferry.testPod" -}}
apiVersion: v1
kind: Pod
metadata:
  {{- include "logferry.metadata" (dict "root" .root "component" "test" "name" (printf "%s-test-%s" (include "logferry.fullname" .root) .name) "annotations" (dict "helm.sh/hook" "test" "helm.sh/hook-weight" .weight "helm.sh/hook-delete-policy" "before-hook-creation")) | nindent 2 }}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .root.Values.topics.podSecurityContext | nindent 4 }}
  nodeSelector:
    {{- toYaml .root.Values.topics.nodeSelector | nindent 4 }}
  {{- with .root.Values.topics.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    {{- .containers | nindent 4 }}
  volumes:
    {{- include "logferry.volumes" . | nindent 4 }}
{{- end }}

{{/* Takes root, values, name, command or args. */}}
{{- define "logferry.testContainer" -}}
- name: {{ .name }}
  image: {{ include "logferry.image" (dict "root" .root "of" .root.Values.image "own" dict) }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  {{- with .command }}
  command: {{ toJson . }}
  {{- end }}
  {{- with .args }}
  args: {{ toJson . }}
  {{- end }}
  env:
    {{- include "logferry.env" . | nindent 4 }}
  {{- with concat (.root.Values.envFrom | default list) (.values.envFrom | default list) }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml .root.Values.tests.resources | nindent 4 }}
  securityContext:
    {{- toYaml .root.Values.topics.securityContext | nindent 4 }}
  volumeMounts:
    {{- include "logferry.mounts" . | nindent 4 }}
{{- end }}
