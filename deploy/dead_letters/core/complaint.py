"""What Elasticsearch said against a document: the fields that it named, and what stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_NAMED: Final = re.compile(r"(?:field|mapping for|introduction of|object mapping) \[([^\[\]]+)\]")
"""As in ``failed to parse field [attributes.status] of type [long]``, ``object mapping for [a] tried to parse …`` and
``dynamic introduction of [new] within [_doc] is not allowed`` (mapper exceptions of Elasticsearch 8 and 9)."""


def complaints(message: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that a message names, each with its value in the document; None where it is not there by that name."""
    return {name: value_at(document, name) for name in dict.fromkeys(_NAMED.findall(message))}


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """What stands at ``a.b.c``, where any of the keys may have dots itself."""
    if path in document:
        return document[path]
    parts = path.split(".")
    for number in range(len(parts) - 1, 0, -1):
        inner = document.get(".".join(parts[:number]))
        if isinstance(inner, Mapping):
            found = value_at(inner, ".".join(parts[number:]))
            if found is not None:
                return found
    return None
