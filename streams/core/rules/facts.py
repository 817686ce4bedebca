"""What rules may ask about a source, and whether a rule is for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from schemas.globs import Test, compile_globs
from schemas.patterns import compile_patterns
from schemas.settings.where import Where


class Facts(NamedTuple):
    """What is known about a source when its lines are read; empty where there is nothing."""

    tag: str
    namespace: str
    pod: str
    container: str
    labels: Mapping[str, str]
    """Of the pod. Rules take it as given once for all: a change is another mapping."""
    annotations: Mapping[str, str]
    node: str


Selector: TypeAlias = Callable[[Facts], bool]


class Selecting(Protocol):
    """A rule with a pattern over tags and further conditions, as in the settings."""

    @property
    def match(self) -> str:
        """Tag patterns."""

    @property
    def where(self) -> Where | None:
        """Conditions on the place."""


def selector(rule: Selecting) -> Selector:
    """Return the test whether a rule is for a source."""
    patterns = compile_patterns(rule.match)
    if rule.where is None:
        return lambda facts: patterns.matches(facts.tag)
    place = where(rule.where)
    if patterns.match_everything:
        return place
    # The place first: it is the cheaper question.
    return lambda facts: place(facts) and patterns.matches(facts.tag)


def where(conditions: Where) -> Selector:
    """Return the test whether all conditions hold for a source."""
    namespaces, pods = _any_of(conditions.namespaces), _any_of(conditions.pods)
    containers, nodes = _any_of(conditions.containers), _any_of(conditions.nodes)
    labels = [(name, compile_globs(globs)) for name, globs in conditions.labels.items()]

    def holds(facts: Facts) -> bool:
        return (
            (namespaces is None or _fits(namespaces, facts.namespace))
            and (containers is None or _fits(containers, facts.container))
            and (pods is None or _fits(pods, facts.pod))
            and (nodes is None or _fits(nodes, facts.node))
            and all(name in facts.labels and fits(facts.labels[name]) for name, fits in labels)
        )

    return holds


def _any_of(globs: tuple[str, ...]) -> Test | None:
    return compile_globs(globs) if globs else None


def _fits(test: Test, name: str) -> bool:
    """A source that has no namespace is in none, not even in ``*``."""
    return name != "" and test(name)
