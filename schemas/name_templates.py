"""Names that a destination gives to groups of records, made from fields of a record: ``/kubernetes/{namespace}``.

=================  =================================================================================
``{namespace}``    the pod's namespace
``{pod}``          the pod's name
``{container}``    the container's name
``{node}``         the node's name
``{tag}``          the tag: kube.<namespace>.<pod>.<container>, host.<file or unit>, or what a client sent
``{stream}``       stdout or stderr
``{label.NAME}``   value of the pod's label NAME
=================  =================================================================================

A field without a value becomes ``none``. Which characters and lengths a name may have is the destination's affair: it
hands in how to make a text fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from schemas.errors import SettingsError

FIELDS: Final = ("namespace", "pod", "container", "node", "tag", "stream")
POD_FIELDS: Final = ("namespace", "pod", "container")
LABEL: Final = "label."
NONE: Final = "none"

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_REMEMBERED: Final = 10_000
_DIGEST_BYTES: Final = 4

ValueOf: TypeAlias = Callable[[str], str | None]
"""Field -> its value; None: it has none."""


class NameTemplateError(SettingsError):
    """A field that nobody knows, or an unmatched brace."""


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """A name with fields in it, or a plain one."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields in the order in which they stand."""
        return tuple(_FIELD.findall(self.text))

    @property
    def plain(self) -> str:
        """The text between the fields."""
        return _FIELD.sub("", self.text)

    def name(self, values: tuple[str | None, ...]) -> str:
        """The name with a value for each of ``fields``."""
        found = iter(values)
        return _FIELD.sub(lambda _: next(found) or NONE, self.text)


class Names:
    """Names of one template as a destination allows them; the latest are remembered."""

    def __init__(self, template: NameTemplate, fit: Callable[[str], str]) -> None:
        self._template = template
        self._fields = template.fields
        self._fit = fit
        self._known: dict[tuple[str | None, ...], str] = {}

    def name(self, value_of: ValueOf) -> str:
        """The name of a record by its fields."""
        values = tuple(map(value_of, self._fields))
        found = self._known.get(values)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[values] = self._fit(self._template.name(values))
        return found


def read_name_template(text: str) -> NameTemplate:
    """Check a name with or without fields; raises `NameTemplateError`."""
    for field in _FIELD.findall(text):
        if field not in FIELDS and not (field.startswith(LABEL) and len(field) > len(LABEL)):
            known = ", ".join(f"{{{name}}}" for name in (*FIELDS, LABEL + "<name>"))
            raise NameTemplateError(f"nothing is known as {{{field}}}", remedy=f"choose from {known}")
    template = NameTemplate(text)
    if re.search(r"[{}]", template.plain):
        raise NameTemplateError(f"{text!r} has a brace without its other half", remedy="write fields as {namespace}")
    return template


def shortened(name: str, most: int) -> str:
    """A name of ``most`` characters at most; where it is cut, a digest keeps it apart from others so cut."""
    if len(name) <= most:
        return name
    digest = blake2b(name.encode(errors="backslashreplace"), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{name[: most - len(digest) - 1]}-{digest}"


def value_in_record(record: Mapping[str, Any]) -> ValueOf:
    """Fields of a LogRecord (schemas/avro/log_record)."""
    resource = record["resource"]
    pod: Mapping[str, Any] = resource["kubernetes"] or {}

    def value(field: str) -> str | None:
        found: Any
        if field in POD_FIELDS:
            found = pod.get(field)
        elif field.startswith(LABEL):
            found = (pod.get("labels") or {}).get(field[len(LABEL) :])
        else:
            found = record["stream"] if field == "stream" else resource.get(field)
        return found if isinstance(found, str) else None

    return value


_IN_POD: Final = {"namespace": "namespace_name", "pod": "pod_name", "container": "container_name"}


def value_in_document(document: Mapping[str, Any]) -> ValueOf:
    """Fields of a document (`schemas.document`), whoever wrote it."""
    pod = _object(document.get("kubernetes"))

    def value(field: str) -> str | None:
        found: Any
        if field in POD_FIELDS:
            found = pod.get(_IN_POD[field])
        elif field.startswith(LABEL):
            found = _object(pod.get("labels")).get(field[len(LABEL) :])
        elif field == "node":
            found = _object(document.get("logferry")).get("node")
        else:
            found = document.get(field)
        return found if isinstance(found, str) else None

    return value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
