"""What entries of the ledger have in common, whoever writes them (`schemas/avro/ledger_entry`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def names_of(source: Mapping[str, Any]) -> dict[str, str | None]:
    """Whose bytes a range has, for the ``source`` of a RawChunk: ``{"namespace": "shop", "pod": "cart-0", …}``.

    Outside Kubernetes a container has no namespace and no pod; in a volume, no name.
    """
    container = source["container"] or {}
    return {
        "source_id": source["id"],
        "node": source["node"] or None,
        "namespace": container.get("namespace") or None,
        "pod": container.get("pod") or None,
        "container": container.get("name") or None,
    }
