{{/* Takes root, component, sink and values. Pods that are not ready hold up no drain: they do no work that could be lost. */}}
{{- define "logferry.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "logferry.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .values.pdb.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "logferry.selectorLabels" . | nindent 6 }}
{{- end }}

{{/* Whether there are ever several, which a budget can be about. */}}
{{- define "logferry.isBudgeted" -}}
{{- $most := ternary (int .replicas) (int ((.autoscaling).maxReplicas)) (eq "none" ((.autoscaling).kind | default "none")) -}}
{{- and .pdb.enabled (gt $most 1) -}}
{{- end }}
