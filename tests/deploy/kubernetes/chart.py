"""The chart's objects for values of a test, beside a sink that has an address."""

import json
from functools import cache
from typing import Any, Final

from tests.deploy.kubernetes.objects import Object, read
from tests.tools import helm

SEARCH: Final = {"type": "elasticsearch", "topics": ["logs.app"], "hosts": ["http://elasticsearch:9200"]}


def made(config: dict[str, Any] | None = None, **values: Any) -> list[Object]:
    """What Helm makes of these settings and values."""
    given = {"config": {"kafka": {"bootstrap_servers": "kafka:9092"}, "sinks": {"search": SEARCH}, **(config or {})}}
    return read(_text(json.dumps({**given, **values})))


@cache
def _text(values: str) -> str:
    return helm.text(helm.CHART, json.loads(values))


def one(objects: list[Object], kind: str, name: str = "") -> Object:
    """The only object of a kind, or of a kind and a name."""
    (found,) = [each for each in objects if each["kind"] == kind and name in ("", each["metadata"]["name"])]
    return found


def pod(objects: list[Object], kind: str, name: str) -> Object:
    """The spec of the pods of a workload."""
    spec: Object = one(objects, kind, name)["spec"]["template"]["spec"]
    return spec


def container(objects: list[Object], kind: str, name: str) -> Object:
    """The container that does the work."""
    first: Object = pod(objects, kind, name)["containers"][0]
    return first
