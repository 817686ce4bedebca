"""Which live rules can be obeyed: one that contradicts the settings is left out and reported, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from schemas.settings.rules import QuotaRule, Route
from schemas.topic_templates import NONE, OTHER, TopicTemplate
from streams.core.rules.live import LiveRule

if TYPE_CHECKING:
    from schemas.settings import Settings

Named = tuple[TopicTemplate, str]
"""A topic and the encoding of its values."""


def accepted(settings: Settings, live: Iterable[LiveRule]) -> tuple[list[LiveRule], tuple[str, ...]]:
    """The rules that fit the settings and, of those that contradict each other, the older ones; and what is wrong."""
    fixed = frozenset(settings.topics.names.fixed)
    named = list(_of_settings(settings))
    good, problems = [], []
    for each in sorted(live, key=lambda each: (each.created_at, each.id)):
        asked = _of_rule(each)
        problem = asked and _problem(asked, named, fixed)
        if problem:
            problems.append(f"live rule {each.id} is left out: {problem}")
            continue
        good.append(each)
        named += [asked] if asked else []
    return good, tuple(problems)


def _of_settings(settings: Settings) -> Iterator[Named]:
    yield from ((route.template, route.format) for route in settings.routes)
    plain = (*settings.delayed_topics, *(() if settings.unmatched == "drop" else (settings.unmatched,)))
    yield from ((TopicTemplate(topic), "avro") for topic in plain)


def _of_rule(live: LiveRule) -> Named | None:
    if isinstance(live.rule, Route):
        return live.rule.template, live.rule.format
    if isinstance(live.rule, QuotaRule) and live.rule.topic:
        return TopicTemplate(live.rule.topic), "avro"
    return None


def _problem(asked: Named, named: Iterable[Named], fixed: frozenset[str]) -> str | None:
    template, form = asked
    meant = {template.name(lambda _: NONE), template.name(lambda _: OTHER)} & fixed
    if meant:
        return f"{min(meant)} has a meaning of its own; records cannot be routed to it"
    for other, encoding in named:
        if form != encoding and template.meets(other):
            return f"{other.text} holds {encoding} values, and it asks for {form}"
    return None
