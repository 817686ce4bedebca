"""Changes to records: attributes that are added, removed, renamed, taken apart, or become fields of the record.

Sample, with ``{lift: {http: "http."}, promote: {event: body}, add: {app: "{namespace}"}}``: the attributes
``{"event": "done", "http": {"status": 200}}`` become the body ``done`` and ``{"http.status": 200, "app": "shop"}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from schemas.globs import Test, compile_globs
from schemas.settings.transform import PLACES
from schemas.severity import bunyan_severity, severity_number, severity_text
from streams.core.framing.attributes import DEPTH_MAX, Attributes, json_text
from streams.core.parsers.parsed import Fields
from streams.core.rules.facts import Facts

if TYPE_CHECKING:
    from schemas.settings.transform import TransformRule

_MISSING: Final = object()
_PART: Final = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_SPECIAL: Final = re.compile(r"[*?\[]")
_HEX: Final = re.compile(r"[0-9a-f]+")

Value: TypeAlias = Callable[[Attributes], Any]
"""A value to add, of a record's attributes; `_MISSING` when something it needs is not there."""


def transform_of(rules: Sequence[TransformRule], facts: Facts) -> Transform | None:
    """What several rules do to the records of a source, one after the other; None for no rules."""
    return Transform(rules, facts) if rules else None


class Transform:
    """The rules for one source, ready to be used."""

    def __init__(self, rules: Sequence[TransformRule], facts: Facts) -> None:
        self._rules: Final = [_Rule(rule, facts) for rule in rules]

    def apply(self, fields: Fields) -> int | None:
        """Change a record in place. The new severity number, if an attribute was promoted to it."""
        number: int | None = None
        for rule in self._rules:
            number = rule.apply(fields) or number
        return number


class _Rule:
    """One rule."""

    def __init__(self, rule: TransformRule, facts: Facts) -> None:
        self._lift: Final = tuple(rule.lift.items())
        self._rename: Final = tuple(rule.rename.items())
        self._promote: Final = tuple(rule.promote.items())
        self._add: Final = [(name, _value(value, facts)) for name, value in rule.add.items()]
        self._remove: Final = [name for name in rule.remove if not _SPECIAL.search(name)]
        globs = [name for name in rule.remove if _SPECIAL.search(name)]
        self._matches: Final = compile_globs(globs) if globs else None

    def apply(self, fields: Fields) -> int:
        """The severity's number if it changed, else 0."""
        attributes: Attributes = fields["attributes"]
        for name, prefix in self._lift:
            _lift(attributes, name, prefix)
        for old, new in self._rename:
            value = take(attributes, old)
            if value is not _MISSING:
                put(attributes, new, value)
        number = 0
        for name, target in self._promote:
            number = _promote(fields, attributes, name, target) or number
        self._exchange(attributes)
        return number

    def _exchange(self, attributes: Attributes) -> None:
        """Add and remove: values to add may be made of what is removed."""
        added = [(name, value(attributes)) for name, value in self._add]
        for name in self._remove:
            take(attributes, name)
        if self._matches is not None:
            _remove(attributes, self._matches, "", 0)
        for name, value in added:
            if value is not _MISSING:
                put(attributes, name, value)


# -- names that lead into objects ----------------------------------------------------------------------------------


def look_up(attributes: Mapping[str, Any], name: str) -> Any:
    """The attribute of that name, or what a name with dots leads to; `_MISSING`: there is none."""
    value = attributes.get(name, _MISSING)
    if value is not _MISSING or "." not in name:
        return value
    for head, rest in _ways(name):
        inner = attributes.get(head)
        if isinstance(inner, dict):
            value = look_up(inner, rest)
            if value is not _MISSING:
                return value
    return _MISSING


def take(attributes: Attributes, name: str) -> Any:
    """The same, and remove it; an object that it leaves empty goes too."""
    value = attributes.pop(name, _MISSING)
    if value is not _MISSING or "." not in name:
        return value
    for head, rest in _ways(name):
        inner = attributes.get(head)
        if isinstance(inner, dict) and look_up(inner, rest) is not _MISSING:
            inner = dict(inner)  # it may be shared with other records
            value = take(inner, rest)
            if inner:
                attributes[head] = inner
            else:
                del attributes[head]
            return value
    return _MISSING


def put(attributes: Attributes, name: str, value: Any) -> None:
    """Set an attribute: into the object that a name with dots leads to, if there is one."""
    if name not in attributes:
        for head, rest in _ways(name):
            inner = attributes.get(head)
            if isinstance(inner, dict):
                attributes[head] = inner = dict(inner)
                put(inner, rest, value)
                return
    attributes[name] = value


def _ways(name: str) -> list[tuple[str, str]]:
    """Ways to divide a name at a dot."""
    return [(name[: dot.start()], name[dot.end() :]) for dot in re.finditer(r"\.", name)]


def _remove(attributes: Attributes, matches: Test, before: str, depth: int) -> None:
    for name in list(attributes):
        path = before + name
        if matches(path):
            del attributes[name]
        elif isinstance(attributes[name], dict) and attributes[name] and depth < DEPTH_MAX:
            inner = dict(attributes[name])
            _remove(inner, matches, path + ".", depth + 1)
            if inner:
                attributes[name] = inner
            else:
                del attributes[name]


def _lift(attributes: Attributes, name: str, prefix: str) -> None:
    lifted = look_up(attributes, name)
    if not isinstance(lifted, dict):
        return
    take(attributes, name)
    left = {}
    for member, value in lifted.items():
        if prefix + member in attributes:
            left[member] = value
        else:
            attributes[prefix + member] = value
    if left:
        put(attributes, name, left)


# -- attributes that become fields ---------------------------------------------------------------------------------


def _promote(fields: Fields, attributes: Attributes, name: str, target: str) -> int:
    """The severity's number if it became that, else 0."""
    value = look_up(attributes, name)
    if value is _MISSING or value is None:
        return 0
    if target == "body":
        if fields["original"] is None:
            fields["original"] = fields["body"]
        fields["body"] = _text(value)
    elif target == "severity":
        number = _severity(value)
        if number == 0:
            return 0
        fields["severity_text"] = str(value)
        take(attributes, name)
        return number
    else:
        found = _hex(value, 32 if target == "trace_id" else 16)
        if found is None:
            return 0
        fields[target] = found
    take(attributes, name)
    return 0


def _severity(value: Any) -> int:
    """Number of a level's name, or of a number as bunyan, pino or OpenTelemetry write it."""
    if isinstance(value, str):
        return severity_number(value)
    if type(value) is int:
        return bunyan_severity(value) or (value if severity_text(value) else 0)
    return 0


def _hex(value: Any, length: int) -> str | None:
    """An id of so many hexadecimal digits; traces of 64 bits (B3) are filled up with zeros."""
    if not isinstance(value, str):
        return None
    digits = value.lower().replace("-", "")
    if len(digits) == 16 < length:
        digits = digits.zfill(length)
    return digits if len(digits) == length and _HEX.fullmatch(digits) and digits.strip("0") else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


# -- values to add -------------------------------------------------------------------------------------------------


def _value(value: Any, facts: Facts) -> Value:
    """What is added: a value as it is, one attribute, or a text made of several things."""
    if not isinstance(value, str) or ("{" not in value and "}" not in value):
        return lambda _: value
    parts = _parts(value, facts)
    if len(parts) == 1:
        return parts[0]

    def text(attributes: Attributes) -> Any:
        found = [part(attributes) for part in parts]
        return _MISSING if any(each is _MISSING for each in found) else "".join(map(_text, found))

    return text


def _parts(template: str, facts: Facts) -> list[Value]:
    parts: list[Value] = []
    at = 0
    for found in _PART.finditer(template):
        parts += [_constant(template[at : found.start()])] if found.start() > at else []
        parts.append(_constant(found[0][0]) if found[1] is None else _placeholder(found[1], facts))
        at = found.end()
    return parts + ([_constant(template[at:])] if at < len(template) else [])


def _placeholder(name: str, facts: Facts) -> Value:
    if name in PLACES:
        place: str = getattr(facts, name)
        return _constant(place or _MISSING)
    return lambda attributes: look_up(attributes, name)


def _constant(value: Any) -> Value:
    return lambda _: value
