"""Which pods a watcher answers for: namespaces, label selector, field selector; pure.

The API server does the selecting. This module only decides whether a pod that logs.pods knows, and that the API did
not list, is one that it would have listed: then it is gone. Grammar of label selectors: k8s.io/apimachinery
pkg/labels (equality and set based); of field selectors: pkg/fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Requirement: TypeAlias = Callable[[Mapping[str, str]], bool]
"""Whether labels (or fields) are as asked for."""

_SPLIT: Final = re.compile(r",(?![^(]*\))")
_SETS: Final = re.compile(r"(?P<key>[^\s!=<>(),]+)\s+(?P<how>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUALS: Final = re.compile(r"(?P<key>[^\s!=<>(),]+)\s*(?P<how>==|!=|=)\s*(?P<value>[^\s!=<>(),]*)")
_EXISTS: Final = re.compile(r"(?P<no>!?)\s*(?P<key>[^\s!=<>(),]+)")
_EVALUATED_FIELDS: Final = ("metadata.namespace", "metadata.name", "spec.nodeName")
"""What a Pod value tells; every other field is taken as fitting, as the pod was listed once."""


class SelectorError(ValueError):
    """A selector that cannot be read; its text is the requirement at fault."""


@dataclass(frozen=True)
class Scope:
    """The pods of one list and watch request, and who answers for them."""

    namespace: str | None = None
    """None: all namespaces."""
    label_selector: str = ""
    field_selector: str = ""

    def covers(self, pod: Mapping[str, Any]) -> bool:
        """Whether a Pod value is one that this request would list, were it still there."""
        if self.namespace not in (None, pod["namespace"]):
            return False
        fields = {
            "metadata.namespace": pod["namespace"],
            "metadata.name": pod["name"],
            "spec.nodeName": pod["node"] or "",
        }
        return all(fits(pod["labels"]) for fits in label_requirements(self.label_selector)) and all(
            fits(fields) for fits in field_requirements(self.field_selector)
        )


def label_requirements(selector: str) -> list[Requirement]:
    """Read a label selector. Raises SelectorError."""
    return [_label_requirement(part.strip()) for part in _parts(selector)]


def field_requirements(selector: str) -> list[Requirement]:
    """Read a field selector, leaving out what cannot be judged by a Pod value. Raises SelectorError."""
    requirements = []
    for part in _parts(selector):
        match = _EQUALS.fullmatch(part.strip())
        if match is None:
            raise SelectorError(part.strip())
        if match["key"] in _EVALUATED_FIELDS:
            requirements.append(_equality(match))
    return requirements


def _parts(selector: str) -> list[str]:
    return _SPLIT.split(selector) if selector.strip() else []


def _label_requirement(text: str) -> Requirement:
    if match := _SETS.fullmatch(text):
        return _membership(match)
    if match := _EQUALS.fullmatch(text):
        return _equality(match)
    if match := _EXISTS.fullmatch(text):
        key, wanted = match["key"], not match["no"]
        return lambda labels: (key in labels) is wanted
    raise SelectorError(text)


def _membership(match: re.Match[str]) -> Requirement:
    key, values = match["key"], {value.strip() for value in match["values"].split(",")}
    if match["how"] == "in":
        return lambda labels: key in labels and labels[key] in values
    return lambda labels: key not in labels or labels[key] not in values


def _equality(match: re.Match[str]) -> Requirement:
    key, value = match["key"], match["value"]
    if match["how"] == "!=":
        return lambda labels: labels.get(key) != value
    return lambda labels: labels.get(key) == value
