"""Kubernetes manifests that the demo runs: what is read of them (`objects`), and the pods that they ask for (`pods`).

The subset: Pod, Deployment, DaemonSet, StatefulSet, Job, ConfigMap, Namespace, in YAML files of one document or more,
and lists of them. Containers' image (ours only), command, args, env (value, fieldRef, configMapKeyRef), envFrom
(configMapRef) and volumeMounts; init containers and sidecars; emptyDir, configMap and hostPath volumes; restartPolicy,
terminationGracePeriodSeconds; names, namespaces, labels, annotations. What says where and how safely a pod runs
(resources, probes, security contexts, …) is read over. Anything else is refused by its name.
"""

from deploy.demo.manifests.pods import pods_of
from deploy.demo.manifests.reading import read_manifests

__all__ = ["pods_of", "read_manifests"]
