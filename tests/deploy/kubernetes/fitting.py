"""Whether objects fit one another: names, selectors, references, ports. Each check gives sentences, or none."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.deploy.kubernetes.objects import Object, containers, name_of, of_kind, templates

GIVEN_BY_CLUSTER: Final = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}


def doubles(objects: list[Object]) -> list[str]:
    """Objects of one kind, namespace and name."""
    counted = Counter(
        (each["apiVersion"], each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in objects
    )
    return [f"{kind}/{name} is there {count} times" for (_, kind, _, name), count in counted.items() if count > 1]


def strays(objects: list[Object]) -> list[str]:
    """Selectors that choose no pods, or others than those of the workload that they belong to."""
    labels = {name_of(each): template["metadata"].get("labels", {}) for each, template in templates(objects)}
    found = []
    for each in objects:
        for what, selector in _selectors(each):
            chosen = [name for name, own in labels.items() if selects(selector, own)]
            if each["kind"] in ("Deployment", "DaemonSet", "StatefulSet") and chosen != [name_of(each)]:
                found.append(f"{name_of(each)}: {what} chooses {chosen}")
            elif not chosen:
                found.append(f"{name_of(each)}: {what} chooses no pods")
    return found


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector (matchLabels, matchExpressions) chooses what has these labels."""
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return equal and all(_holds(each, labels) for each in selector.get("matchExpressions", []))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case operator:
            return operator == "DoesNotExist" and value is None


def _selectors(each: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    spec = each.get("spec", {})
    match each["kind"]:
        case "Deployment" | "DaemonSet" | "StatefulSet" | "PodDisruptionBudget":
            yield "its selector", spec["selector"]
        case "Service" if "selector" in spec:
            yield "its selector", {"matchLabels": spec["selector"]}
        case "NetworkPolicy":
            yield "its podSelector", spec["podSelector"]
    for constraint in spec.get("template", {}).get("spec", {}).get("topologySpreadConstraints", []):
        yield "a spread constraint", constraint["labelSelector"]


def unnamed_ports(objects: list[Object]) -> list[str]:
    """Port names that no container has: of probes, Services, monitors and policies."""
    found = []
    pods = list(templates(objects))
    for each, template in pods:
        for container in containers(template):
            own = {port.get("name") for port in container.get("ports", [])}
            wanted = [probe.get("httpGet", {}).get("port") for probe in _probes(container)]
            found += [f"{name_of(each)}: a probe's port {port}" for port in wanted if _lacks(own, port)]
    for each in of_kind(objects, "Service"):
        selector = {"matchLabels": each["spec"].get("selector", {})}
        own = _ports([template for _, template in pods if selects(selector, template["metadata"].get("labels", {}))])
        wanted = [port.get("targetPort", port["port"]) for port in each["spec"]["ports"]]
        found += [f"{name_of(each)}: target port {port}" for port in wanted if _lacks(own, port)]
    return found + _unmonitored(objects)


def _unmonitored(objects: list[Object]) -> list[str]:
    """Ports of ServiceMonitors that no Service has which they select, and of PodMonitors that no pod has."""
    found = []
    for each in of_kind(objects, "ServiceMonitor", "PodMonitor"):
        selector = each["spec"]["selector"]
        if each["kind"] == "PodMonitor":
            own = _ports([template for _, template in templates(objects) if selects(selector, _labels(template))])
            wanted = [endpoint["port"] for endpoint in each["spec"]["podMetricsEndpoints"]]
        else:
            services = [one for one in of_kind(objects, "Service") if selects(selector, _labels(one))]
            own = {port.get("name") for service in services for port in service["spec"]["ports"]}
            wanted = [endpoint["port"] for endpoint in each["spec"]["endpoints"]]
        found += [f"{name_of(each)}: port {port}" for port in wanted if port not in own]
    return found


def _labels(each: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = each["metadata"].get("labels", {})
    return labels


def _ports(pods: list[Object]) -> set[str | int | None]:
    ports = [port for template in pods for each in containers(template) for port in each.get("ports", [])]
    return {port.get("name") for port in ports} | {port["containerPort"] for port in ports}


def _probes(container: Object) -> list[Object]:
    kinds = ("startupProbe", "livenessProbe", "readinessProbe")
    return [container[kind] for kind in kinds if kind in container]


def _lacks(own: set[Any], port: str | int | None) -> bool:
    return port is not None and port not in own


def absent(objects: list[Object], external: set[tuple[str, str]]) -> list[str]:
    """References to Secrets, ConfigMaps, accounts, roles and workloads that are neither rendered nor external."""
    there = {(each["kind"], each["metadata"]["name"]) for each in objects} | external | GIVEN_BY_CLUSTER
    return [
        f"{name_of(each)} refers to {kind} {name}"
        for each in objects
        for kind, name in references(each)
        if (kind, name) not in there
    ]


def references(each: Object) -> Iterator[tuple[str, str]]:
    """(kind, name) of all that an object needs to be there and that is not optional."""
    spec = each.get("spec", {})
    for _, template in templates([each]):
        yield from _pod_references(template)
    if each["kind"] in ("RoleBinding", "ClusterRoleBinding"):
        yield each["roleRef"]["kind"], each["roleRef"]["name"]
        yield from ((subject["kind"], subject["name"]) for subject in each["subjects"])
    if each["kind"] in ("ScaledObject", "HorizontalPodAutoscaler"):
        yield spec["scaleTargetRef"].get("kind", "Deployment"), spec["scaleTargetRef"]["name"]
    for trigger in spec.get("triggers", []) if each["kind"] == "ScaledObject" else []:
        if reference := trigger.get("authenticationRef"):
            yield reference.get("kind", "TriggerAuthentication"), reference["name"]
    if each["kind"] == "TriggerAuthentication":
        yield from (("Secret", reference["name"]) for reference in spec.get("secretTargetRef", []))


def _pod_references(template: Object) -> Iterator[tuple[str, str]]:
    spec = template["spec"]
    if account := spec.get("serviceAccountName"):
        yield "ServiceAccount", account
    yield from (("Secret", each["name"]) for each in spec.get("imagePullSecrets", []))
    for volume in spec.get("volumes", []):
        yield from _volume_references(volume)
    for container in containers(template):
        for source in container.get("envFrom", []):
            yield from _named(source, {"secretRef": "Secret", "configMapRef": "ConfigMap"})
        for variable in container.get("env", []):
            yield from _named(variable.get("valueFrom", {}), {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"})


def _volume_references(volume: Object) -> Iterator[tuple[str, str]]:
    if "secret" in volume and not volume["secret"].get("optional"):
        yield "Secret", volume["secret"]["secretName"]
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    yield from _named(volume, {"configMap": "ConfigMap"})
    for source in volume.get("projected", {}).get("sources", []):
        yield from _named(source, {"secret": "Secret", "configMap": "ConfigMap"})


def _named(holder: Object, kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, kind in kinds.items():
        if key in holder and not holder[key].get("optional"):
            yield kind, holder[key]["name"]
