"""Objects of any kind made in an API server, as strictly as it can check them, and taken away again."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.tools.kube_api import APPLY, MERGE_PATCH, Answer, KubeApi, RefusedError

KubeObject: TypeAlias = dict[str, Any]
STRICT = "fieldValidation=Strict"
FIRST = ("Namespace", "CustomResourceDefinition", "PriorityClass", "ServiceAccount", "ClusterRole", "Role")
"""Kinds that others need; all other kinds can be made in any order."""


@dataclass(frozen=True)
class Resource:
    """What the server's discovery tells of a kind."""

    group: str
    """`/api/v1`, `/apis/apps/v1`."""
    name: str
    namespaced: bool


class KubeObjects:
    """An API server's resources by kind."""

    def __init__(self, api: KubeApi) -> None:
        self.api = api
        self._known: dict[tuple[str, str], Resource] = {}

    def resource(self, wanted: KubeObject) -> Resource:
        key = wanted["apiVersion"], wanted["kind"]
        if key not in self._known:
            group = f"/apis/{key[0]}" if "/" in key[0] else f"/api/{key[0]}"
            for told in self.api.ask("GET", group)["resources"]:
                if "/" not in told["name"]:
                    self._known[key[0], told["kind"]] = Resource(group, told["name"], told["namespaced"])
        return self._known[key]

    def place(self, wanted: KubeObject, namespace: str) -> str:
        """The path of its collection; objects that name a namespace of their own keep it."""
        resource = self.resource(wanted)
        if not resource.namespaced:
            return f"{resource.group}/{resource.name}"
        return f"{resource.group}/namespaces/{wanted['metadata'].get('namespace', namespace)}/{resource.name}"

    def path(self, wanted: KubeObject, namespace: str) -> str:
        return f"{self.place(wanted, namespace)}/{wanted['metadata']['name']}"

    def create(self, wanted: KubeObject, namespace: str) -> Answer:
        """Make it; unknown and doubled fields are refused. Raises RefusedError."""
        return self.api.answer("POST", f"{self.place(wanted, namespace)}?{STRICT}", wanted)

    def apply(self, wanted: KubeObject, namespace: str, *, dry_run: bool = False) -> Answer:
        """As `kubectl apply --server-side`, which also refuses lists that name something twice. Raises RefusedError."""
        options = f"{STRICT}&dryRun=All" if dry_run else STRICT
        return self.api.answer("PATCH", f"{self.path(wanted, namespace)}?fieldManager=test&{options}", wanted, APPLY)

    def delete(self, wanted: KubeObject, namespace: str) -> None:
        """Take it away at once; nothing happens where it is not."""
        if wanted["kind"] == "Namespace":
            end_namespace(self.api, wanted["metadata"]["name"])
            return
        path = self.path(wanted, namespace)
        try:
            left = self.api.ask("DELETE", path, {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})
            if left.get("metadata", {}).get("finalizers"):  # whoever would take them off runs here not
                self.api.ask("PATCH", path, {"metadata": {"finalizers": None}}, MERGE_PATCH)
        except RefusedError as refused:
            if refused.status != 404:
                raise

    @contextmanager
    def made(self, wanted: Iterable[KubeObject], namespace: str) -> Iterator[list[Answer]]:
        """All of them for the time of the block."""
        ordered = in_order(wanted)
        done: list[KubeObject] = []
        try:
            answers = []
            for each in ordered:
                answers.append(self.create(each, namespace))
                done.append(each)
            yield answers
        finally:
            for each in reversed(done):
                self.delete(each, namespace)


def end_namespace(api: KubeApi, name: str) -> None:
    """Delete it. Whatever was made in it must be gone before, but for accounts and leases."""
    api.ask("DELETE", f"/api/v1/namespaces/{name}/serviceaccounts")
    api.ask("DELETE", f"/apis/coordination.k8s.io/v1/namespaces/{name}/leases")
    told = api.ask("DELETE", f"/api/v1/namespaces/{name}")
    told["spec"]["finalizers"] = []  # the controller that empties namespaces runs here not
    api.ask("PUT", f"/api/v1/namespaces/{name}/finalize", told)


def in_order(wanted: Iterable[KubeObject]) -> list[KubeObject]:
    """Those first that others need, as `kubectl apply` and Helm do."""
    return sorted(wanted, key=lambda each: FIRST.index(each["kind"]) if each["kind"] in FIRST else len(FIRST))


def named(wanted: KubeObject) -> str:
    """`Deployment/logferry-streams`."""
    return f"{wanted['kind']}/{wanted['metadata']['name']}"


def pod_template(wanted: KubeObject) -> KubeObject | None:
    """The template of the pods that an object leads to; None: to none, or of a kind that only its operator knows."""
    spec = wanted.get("spec", {})
    match wanted["apiVersion"], wanted["kind"]:
        case "v1", "Pod":
            return wanted
        case "batch/v1", "CronJob":
            return dict(spec["jobTemplate"]["spec"]["template"])
        case (("apps/v1" | "batch/v1"), _):
            return dict(spec["template"])
    return None


def as_pod(wanted: KubeObject) -> KubeObject | None:
    """A pod of that template, as the controllers make it."""
    template = pod_template(wanted)
    if template is None:
        return None
    told = template.get("metadata", {})
    metadata = {key: told[key] for key in ("labels", "annotations") if key in told}
    name = f"{wanted['metadata']['name']}-0"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": template["spec"]}
