"""Names of the topics of routes: fields filled in, their number limited, one encoding in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.settings.rules import Route
from schemas.topic_templates import value_of_field
from streams.core.rules.facts import Facts

MADE_AT_MOST: Final = 100


class DynamicTopics:
    """The names that fields have made in one worker. Outlives the rules, which change."""

    def __init__(self, most: int = MADE_AT_MOST, known: Iterable[str] = ()) -> None:
        """``known`` are names made earlier, by this worker or others, so that all keep to the same ones."""
        self._most = most
        self._names: dict[str, tuple[str, str]] = {}
        for name in known:
            self.admit(name, "")

    def admit(self, name: str, form: str) -> str | None:
        """The topic for a name: itself, or one that Kafka takes for the same.

        None: there are too many already, or it holds values of another encoding.
        """
        key = _alike(name)
        known, encoding = self._names.get(key, ("", ""))
        if not known:
            if len(self._names) >= self._most:
                return None
            known = name
        if encoding not in ("", form):
            return None
        self._names[key] = (known, form)
        return known

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order in which they were first needed."""
        return tuple(name for name, _ in self._names.values())


class TopicNaming:
    """What the topic of a route is called for a source."""

    def __init__(self, fixed: Iterable[str], formats: Mapping[str, str], made: DynamicTopics) -> None:
        """``fixed`` topics have a meaning of their own; ``formats`` are those of the topics named in full."""
        self._named = {_alike(name): (name, form) for name, form in formats.items()}
        self._named |= {_alike(name): (name, "") for name in fixed}
        self._made = made

    def topic(self, route: Route, facts: Facts) -> str:
        """The topic's name. Never that of a fixed topic, or of one with another encoding."""
        template = route.template
        if not template.fields:
            return route.topic
        values = {"namespace": facts.namespace, "container": facts.container, "node": facts.node}
        name = template.name(lambda field: value_of_field(field, values, facts.labels))
        known, form = self._named.get(_alike(name), ("", ""))
        if known:
            return known if form == route.format else template.other
        if name == template.other:
            return name
        return self._made.admit(name, route.format) or template.other


def _alike(name: str) -> str:
    """Kafka refuses a topic whose name differs from another's only by dots and underscores."""
    return name.replace(".", "_")
