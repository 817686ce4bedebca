{{- define "logferry.podsRole" -}}
{{- printf "%s-pods" (include "logferry.clusterName" .) -}}
{{- end }}

{{/* The same as deploy/kubernetes/pods.rbac.yaml, for those without Helm. */}}
{{- define "logferry.podsRules" -}}
- {apiGroups: [""], resources: [pods], verbs: [list, watch]}
# Owners of owners: a ReplicaSet's Deployment, a Job's CronJob. Only their metadata is asked for.
- {apiGroups: [apps], resources: [replicasets], verbs: [get, list]}
- {apiGroups: [batch], resources: [jobs], verbs: [get, list]}
{{- end }}

{{- define "logferry.podsSubject" -}}
- kind: ServiceAccount
  name: {{ include "logferry.serviceAccount" (dict "root" . "component" "pods") }}
  namespace: {{ .Release.Namespace }}
{{- end }}
