"""A document in a shape that no mapping can refuse: what may be of any type stands as text.

Elasticsearch refuses a document when a value does not fit the type that its field has, or would make a field where
there can be none. All of that hangs on names and values that programs choose: attributes, labels, annotations. So they
move together into ``attributes.overflow``, as JSON text, and ``logferry.flags`` says ``reshaped``. The line itself, its
severity, and where it comes from stay where they are.
"""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

RESHAPED: Final = "reshaped"
OVERFLOW: Final = "overflow"
"""Where streams also put what is beyond the limits of a namespace."""


def safe_shape(line: bytes) -> bytes | None:
    """A line of a bulk request (action and document) with its document in safe shape; None when there is none."""
    action, _, document = line.partition(b"\n")
    try:
        found: Any = orjson.loads(document)
        reshaped = _reshaped(found) if isinstance(found, dict) else None
        return None if reshaped is None else action + b"\n" + orjson.dumps(reshaped) + b"\n"
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):  # no JSON, or too deep
        return None


def _reshaped(found: dict[str, Any]) -> dict[str, Any] | None:
    odd = _taken_out(found)
    if not odd:
        return None
    found["attributes"] = {OVERFLOW: json.dumps(odd, ensure_ascii=False, separators=(",", ":"))}
    origin = found.get("logferry")
    if isinstance(origin, dict):
        origin["flags"] = [*_list(origin.get("flags")), RESHAPED]
    return found


def _taken_out(found: dict[str, Any]) -> dict[str, Any]:
    """What programs chose, removed from the document."""
    odd = {"attributes": found.pop("attributes")} if found.get("attributes") else {}
    pod = found.get("kubernetes")
    if isinstance(pod, dict):
        odd |= {name: pod.pop(name) for name in ("labels", "annotations") if pod.get(name)}
    return odd


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
