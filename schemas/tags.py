"""The tag of a source: what patterns of rules, and of commands that look for sources, are held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def tag_of(source: Mapping[str, Any], path: str) -> str:
    """The tag of a source: the one its input or a client gave, else by what it is.

    kube.<namespace>.<pod>.<container>, docker.<name> for a container outside Kubernetes, host.<file>. Journal units and
    the like come with a tag.
    """
    if source["tag"]:
        return str(source["tag"])
    container = source["container"]
    if container is None:
        return "host." + path.rsplit("/", 1)[-1].removesuffix(".log")
    if not container["namespace"]:
        return f"docker.{container['name']}"
    return f"kube.{container['namespace']}.{container['pod']}.{container['name']}".removesuffix(".")
