"""Topic names made from fields of a source: ``logs.ns.{namespace}``, ``logs.app.{label.app}``.

=================  =======================================================
``{namespace}``    the pod's namespace
``{container}``    the container's name
``{node}``         the node's name
``{label.NAME}``   value of the pod's label NAME
=================  =======================================================

A name of no value becomes ``none``. Characters that Kafka does not allow in a topic become dashes, and a name longer
than Kafka's 249 characters is cut. How many names may be made is limited elsewhere; sources beyond the limit share
the name in which every field is ``other``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.errors import SettingsError

NAME_AT_MOST: Final = 249
NONE: Final = "none"
OTHER: Final = "other"

FIELDS: Final = ("namespace", "container", "node")
LABEL: Final = "label."

_TEMPLATE: Final = re.compile(r"(?:[A-Za-z0-9._-]|\{[^{}]*\})+")
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_NOT_ALLOWED: Final = re.compile(r"[^A-Za-z0-9._-]")

ANY_NAME: Final = "[A-Za-z0-9._-]*"
"""What a star in a pattern over topic names stands for, as a regular expression."""


class TopicTemplateError(SettingsError):
    """A name that no topic can have, or a field that nobody knows."""


@dataclass(frozen=True, slots=True)
class TopicTemplate:
    """A topic name with fields in it, or a plain one."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields in the order in which they stand; none: it is a plain name."""
        return tuple(_FIELD.findall(self.text))

    def name(self, value_of: Callable[[str], str]) -> str:
        """The topic's name with the value of each field."""

        def value(found: re.Match[str]) -> str:
            return _NOT_ALLOWED.sub("-", value_of(found[1])) or NONE

        return _FIELD.sub(value, self.text)[:NAME_AT_MOST]

    @property
    def other(self) -> str:
        """The name for all sources beyond the limit."""
        return self.name(lambda _: OTHER)

    @property
    def pattern(self) -> str:
        """The template with a star for each field: a pattern over topic names."""
        return _FIELD.sub("*", self.text)

    def describes(self, name: str) -> bool:
        """Whether the template can have made a name."""
        return re.fullmatch(topic_regex(self.pattern), name) is not None

    def meets(self, template: "TopicTemplate") -> bool:
        """Whether both may name the same topic, without it being one that the other names in full.

        Those are known beforehand, and a name made from fields keeps clear of them.
        """
        if self.other == template.other:
            return True
        return bool(self.fields and template.fields) and share_names(self.pattern, template.pattern)


def read_template(text: str) -> TopicTemplate:
    """Check a topic name with or without fields; raises `TopicTemplateError`."""
    for field in _FIELD.findall(text):
        if field not in FIELDS and not (field.startswith(LABEL) and len(field) > len(LABEL)):
            known = ", ".join(f"{{{name}}}" for name in (*FIELDS, LABEL + "<name>"))
            raise TopicTemplateError(f"nothing is known as {{{field}}}", remedy=f"choose from {known}")
    template = TopicTemplate(text)
    example = _FIELD.sub("x", text)
    if not _TEMPLATE.fullmatch(text) or len(example) > NAME_AT_MOST or text in {".", ".."}:
        raise TopicTemplateError(
            f"{text!r} cannot name a Kafka topic", remedy="use letters, digits, dots, dashes and underscores: logs.app"
        )
    if template.fields and not re.match(r"[A-Za-z0-9]", text):
        # Else a label could name a topic that Kafka keeps for itself.
        raise TopicTemplateError(
            f"{text!r} leaves it to a field how the name begins", remedy="begin with a text: logs.ns.{namespace}"
        )
    return template


def value_of_field(field: str, values: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """What stands for a field: one of the values by name, or a label."""
    return labels.get(field[len(LABEL) :], "") if field.startswith(LABEL) else values[field]


# -- patterns over names -------------------------------------------------------------------------------------------


def topic_regex(pattern: str) -> str:
    """Return the regular expression (for Python's, Java's and librdkafka's engines) of a name with stars in it."""
    return ANY_NAME.join(re.escape(part).replace("\\-", "-") for part in pattern.split("*"))


def share_names(one: str, other: str) -> bool:
    """Whether some name fits both of two patterns with stars."""
    reached = _past_stars({(0, 0)}, one, other)
    seen = set(reached)
    while reached:
        stepped = {step for at in reached for step in _steps(at, one, other)}
        reached = _past_stars(stepped, one, other) - seen
        seen |= reached
    return (len(one), len(other)) in seen


def _steps(at: tuple[int, int], one: str, other: str) -> set[tuple[int, int]]:
    """One character that both can have next."""
    left, right = at
    first, second = one[left : left + 1], other[right : right + 1]
    if not first or not second:
        return set()
    if first == "*":
        return {(left, right + 1)}
    if second == "*":
        return {(left + 1, right)}
    return {(left + 1, right + 1)} if first == second else set()


def _past_stars(places: set[tuple[int, int]], one: str, other: str) -> set[tuple[int, int]]:
    """The places, and those behind stars that stand for nothing."""
    found, waiting = set(places), list(places)
    while waiting:
        left, right = waiting.pop()
        for place in ((left + (one[left : left + 1] == "*"), right), (left, right + (other[right : right + 1] == "*"))):
            if place not in found:
                found.add(place)
                waiting.append(place)
    return found
