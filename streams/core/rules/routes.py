"""Routes: which topics take a record.

For most sources the answer depends on the severity alone and stands in a table of 25 lines. Only where a route has
conditions on attributes does the record have to be there before the question can be answered (`Routing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from schemas.globs import Test, compile_globs
from schemas.settings.rules import Route, maximum_number
from schemas.severity import minimum_number
from streams.core.rules.facts import Facts, Selector, selector
from streams.core.rules.topics import TopicNaming

Destinations: TypeAlias = tuple[str, ...]
"""Topics of a record; none: it is dropped."""

Condition: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Whether a record's attributes are such as a route asks for."""

HIGHEST: Final = 24
"""The last severity number."""


class Step(NamedTuple):
    """A route on the way of one source's records."""

    minimum: int
    maximum: int
    condition: Condition | None
    topic: str
    copies: bool
    is_json: bool


class CompiledRoute:
    """A route, ready to be asked about sources."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.is_for: Selector = selector(route)
        self._minimum = 0 if route.minimum is None else minimum_number(route.minimum)
        self._maximum = HIGHEST if route.maximum is None else maximum_number(route.maximum)
        self._condition = _condition(route.attributes) if route.attributes else None

    def step(self, facts: Facts, naming: TopicNaming) -> Step:
        """What the route does for a source that it is for."""
        topic = naming.topic(self.route, facts)
        is_json = self.route.format == "json"
        return Step(self._minimum, self._maximum, self._condition, topic, self.route.copies, is_json)


class Way(NamedTuple):
    """How records of one source and severity go."""

    steps: tuple[Step, ...]
    unmatched: Destinations

    @property
    def takes_all(self) -> bool:
        """Whether every record comes somewhere."""
        return bool(self.unmatched) or any(step.condition is None for step in self.steps)

    @property
    def reachable(self) -> Destinations:
        """All topics that a record may come to, whatever its attributes."""
        found = dict.fromkeys(step.topic for step in self.steps)
        taken = any(step.condition is None for step in self.steps)
        return tuple(found if taken else found | dict.fromkeys(self.unmatched))

    def walk(self, attributes: Mapping[str, Any]) -> Destinations:
        """The first step that takes the record wins; one that copies lets the search go on."""
        found: dict[str, None] = {}
        for step in self.steps:
            if step.condition is None or step.condition(attributes):
                found[step.topic] = None
                if not step.copies:
                    break
        return tuple(found) or self.unmatched


NO_WAY: Final = Way((), ())


class Routing(NamedTuple):
    """Destinations by severity and attributes."""

    ways: tuple[Way, ...]
    """By severity number."""

    def destinations(self, number: int, attributes: Mapping[str, Any]) -> Destinations:
        """The topics of one record; none: its severity is too low, or nobody takes it."""
        return self.ways[number].walk(attributes)


def steps_at(steps: Iterable[Step], number: int) -> tuple[Step, ...]:
    """The steps that records of a severity may take, up to one that takes them all."""
    found = []
    for step in steps:
        if step.minimum <= number <= step.maximum:
            found.append(step)
            if step.condition is None and not step.copies:
                break
    return tuple(found)


# -- conditions on attributes --------------------------------------------------------------------------------------


def _condition(attributes: Mapping[str, tuple[str, ...]]) -> Condition:
    tests = [(name, compile_globs(globs)) for name, globs in attributes.items()]
    return lambda found: all(any(_fits(value, test) for value in _values(found, name)) for name, test in tests)


def _values(attributes: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The attribute of a name; a dot may also lead into an object. Looks at each object once at most."""
    if name in attributes:
        yield attributes[name]
    dot = name.find(".")
    while dot >= 0:
        inner = attributes.get(name[:dot])
        if isinstance(inner, Mapping):
            yield from _values(inner, name[dot + 1 :])
        dot = name.find(".", dot + 1)


def _fits(value: Any, test: Test) -> bool:
    """Values as JSON writes them; of a list any."""
    if isinstance(value, str):
        return test(value)
    if isinstance(value, list):
        return any(_fits(each, test) for each in value if not isinstance(each, list))
    if value is None or isinstance(value, Mapping):
        return False
    return test(str(value).lower() if isinstance(value, bool) else str(value))
