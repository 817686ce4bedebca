"""What a real API server says of a set of objects and of their pods: dry-run, creation, Pod Security Admission."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.tools.kube_api import RefusedError
from tests.tools.kube_apiserver import KubeApiserver
from tests.tools.kube_objects import KubeObject, KubeObjects, as_pod, in_order, named

WARNS = {"pod-security.kubernetes.io/warn": "restricted"}
ENFORCES = {"pod-security.kubernetes.io/enforce": "restricted"}


@dataclass
class Acceptance:
    """What became of the objects; by their names, each with the server's own words."""

    accepted: list[KubeObject] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pods: dict[str, KubeObject] = field(default_factory=dict)
    """Pods of the objects' templates that were admitted where `restricted` is enforced."""
    pods_refused: dict[str, str] = field(default_factory=dict)


@contextmanager
def offered(
    wanted: list[KubeObject], server: KubeApiserver, objects: KubeObjects, namespace: str
) -> Iterator[Acceptance]:
    """All of them, in the namespaces that they name or in this one, which are made for the time of the block."""
    found = Acceptance()
    given = {each["metadata"]["name"] for each in wanted if each["kind"] == "Namespace"}
    named_by_objects = {each["metadata"].get("namespace") or namespace for each in wanted}
    with ExitStack() as until:
        there = {each["metadata"]["name"] for each in objects.api.ask("GET", "/api/v1/namespaces")["items"]}
        for each in sorted(named_by_objects - given - there):
            until.enter_context(server.temporary(each, **WARNS))
        for each in in_order(wanted):
            _offer(each, objects, namespace, found)
        accounts = [each for each in wanted if each["kind"] == "ServiceAccount"]
        restricted = until.enter_context(server.temporary(f"{namespace}-pods", **ENFORCES))
        until.enter_context(objects.made(({**each, "metadata": _placed(each, restricted)} for each in accounts), ""))
        for each in wanted:
            _admit(each, objects, restricted, found)
        try:
            yield found
        finally:
            for each in reversed(found.accepted):
                objects.delete(each, namespace)


def _offer(wanted: KubeObject, objects: KubeObjects, namespace: str, found: Acceptance) -> None:
    try:
        tried = objects.apply(wanted, namespace, dry_run=True)
        made = objects.create(wanted, namespace)
    except RefusedError as refused:
        found.refused[named(wanted)] = refused.message
        return
    found.accepted.append(wanted)
    if warnings := tuple(dict.fromkeys(tried.warnings + made.warnings)):
        found.warnings[named(wanted)] = warnings


def _admit(wanted: KubeObject, objects: KubeObjects, namespace: str, found: Acceptance) -> None:
    pod = as_pod(wanted)
    if pod is None:
        return
    try:
        found.pods[named(wanted)] = objects.create(pod, namespace).body
        objects.delete(pod, namespace)
    except RefusedError as refused:
        found.pods_refused[named(wanted)] = refused.message


def _placed(wanted: KubeObject, namespace: str) -> KubeObject:
    return {**wanted["metadata"], "namespace": namespace}
