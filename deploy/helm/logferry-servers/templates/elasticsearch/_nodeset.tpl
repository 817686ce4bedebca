{{/* Takes root and set, an entry of elasticsearch.nodeSets. */}}
{{- define "servers.nodeSet" -}}
{{- $elastic := .root.Values.elasticsearch -}}
{{- $labels := dict "elasticsearch.k8s.elastic.co/cluster-name" $elastic.name "elasticsearch.k8s.elastic.co/statefulset-name" (printf "%s-es-%s" $elastic.name .set.name) -}}
name: {{ .set.name }}
count: {{ int .set.count }}
config:
  {{- include "servers.nodeConfig" . | nindent 2 }}
podTemplate:
  metadata:
    labels:
      {{- include "servers.labels" .root | nindent 6 }}
      {{- with .set.podLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with .set.podAnnotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    automountServiceAccountToken: false
    {{- with $elastic.podSecurityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .set.priorityClassName }}
    priorityClassName: {{ . }}
    {{- end }}
    {{- with .set.nodeSelector }}
    nodeSelector:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .set.tolerations }}
    tolerations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with include "servers.affinity" (dict "mode" $elastic.spread "labels" $labels) }}
    affinity:
      {{- . | nindent 6 }}
    {{- end }}
    {{- with $elastic.zones }}
    topologySpreadConstraints:
      {{- include "servers.zones" (dict "key" . "labels" $labels) | nindent 6 }}
    {{- end }}
    containers:
      - name: elasticsearch
        {{- with .set.resources }}
        resources:
          {{- toYaml . | nindent 10 }}
        {{- end }}
        securityContext:
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
        {{- with $elastic.zones }}
        env:
          # ECK copies the label of the node to the pod, as the annotation of the same name.
          - name: ZONE
            valueFrom: {fieldRef: {fieldPath: "metadata.annotations['{{ . }}']"}}
        {{- end }}
    {{- if .set.storage.ephemeral }}
    volumes:
      - name: elasticsearch-data
        emptyDir: {}
    {{- end }}
{{- if not .set.storage.ephemeral }}
volumeClaimTemplates:
  - metadata:
      name: elasticsearch-data
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .set.storage.class }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests: {storage: {{ .set.storage.size }}}
{{- end }}
{{- end }}

{{- define "servers.nodeConfig" -}}
{{- $elastic := .root.Values.elasticsearch -}}
{{- $config := dict "node.store.allow_mmap" $elastic.mmap -}}
{{- with .set.roles }}{{ $_ := set $config "node.roles" . }}{{ end -}}
{{- if $elastic.zones -}}
{{- $_ := set $config "node.attr.zone" "${ZONE}" -}}
{{- $_ := set $config "cluster.routing.allocation.awareness.attributes" "k8s_node_name,zone" -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config $elastic.config (.set.config | default dict)) -}}
{{- end }}
