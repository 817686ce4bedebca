"""What an account may do, as the API server itself tells it (authorization.k8s.io/v1)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.tools.kube_api import KubeApi

REVIEWS = "/apis/authorization.k8s.io/v1"


class Right(NamedTuple):
    """One verb on one resource; a name only where the right is limited to it."""

    verb: str
    group: str
    resource: str
    """With its subresource: `pods/log`."""
    name: str = ""


def is_allowed(api: KubeApi, right: Right, namespace: str) -> bool:
    """Whether the bearer of this token may do it; in all namespaces at once where none is named."""
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "name": right.name,
        "namespace": namespace,
    }
    told = api.ask("POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": attributes}})
    return bool(told["status"]["allowed"])


def all_rights(api: KubeApi, namespace: str) -> set[Right]:
    """Everything that the bearer of this token may do in a namespace."""
    told = api.ask("POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": namespace}})["status"]
    assert not told["incomplete"], told
    return rights(told["resourceRules"]) | {
        Right(verb, "", url)
        for rule in told["nonResourceRules"]
        for verb in rule["verbs"]
        for url in rule["nonResourceURLs"]
    }


def rights(rules: Iterable[dict[str, Any]]) -> set[Right]:
    """Rules of a Role, one right each."""
    return {
        Right(verb, group, resource, name)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule.get("apiGroups", [""])
        for resource in rule.get("resources", [])
        for name in rule.get("resourceNames") or [""]
    }
