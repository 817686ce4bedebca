"""A document as a line for people: time, severity, where it came from, message. Pure.

What came from outside must not steer the terminal: control characters are shown, not sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from rich.text import Text

STYLES: Final = {
    "TRACE": "dim",
    "DEBUG": "dim",
    "INFO": "green",
    "WARN": "yellow",
    "ERROR": "bold red",
    "FATAL": "bold white on red",
}
TIMES: Final = frozenset({"ts", "time", "timestamp", "@timestamp"})
"""Attributes that say again when it was."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def document_line(document: Mapping[str, Any]) -> Text:
    """One document (its ``_source``); several lines when the message or a stack trace has several."""
    severity = str(document.get("severity") or "-")
    style = STYLES.get(severity.rstrip("234"), "")
    line = Text()
    line.append(show_time(str(document.get("@timestamp", ""))), "dim")
    line.append(" ").append(f"{severity:<5}", style).append(" ")
    line.append(origin(document), "cyan").append("  ")
    message = str(document.get("message") or document.get("log") or "")
    line.append(safe(message), style if style.startswith("bold") else "")
    for name, value in extras(document):
        if "\n" in value:
            line.append("\n    ").append(safe(value).replace("\n", "\n    "), "dim")
        else:
            line.append(f"  {safe(name)}=", "dim").append(safe(value), "dim")
    return line


def show_time(timestamp: str) -> str:
    """RFC 3339 to the millisecond, UTC."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z", timestamp)
    return safe(timestamp) if found is None else f"{found[1]}.{(found[2] or '').ljust(3, '0')[:3]}Z"


def origin(document: Mapping[str, Any]) -> str:
    """``namespace/pod/container``; without Kubernetes the tag."""
    kubernetes = document.get("kubernetes")
    if not isinstance(kubernetes, Mapping):
        return safe(str(document.get("tag", "")))
    names = (kubernetes.get(key) for key in ("namespace_name", "pod_name", "container_name"))
    return safe("/".join(str(name) for name in names if name))


def extras(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Attributes, short ones before texts of several lines."""
    attributes = document.get("attributes")
    if not isinstance(attributes, Mapping):
        return []
    shown = [(str(name), value) for name, value in attributes.items() if name not in TIMES]
    texts = [(name, value if isinstance(value, str) else _short_json(value)) for name, value in shown]
    return sorted(texts, key=lambda pair: "\n" in pair[1])


def _short_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def safe(text: str) -> str:
    """Without control characters other than line break and tab; what was one is shown as its number."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n"))
