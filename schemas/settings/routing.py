"""Checks that span routes, topics and sinks: every topic that is read is written, in one encoding, by one meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from schemas.settings.parts import Key, Problem, nearest
from schemas.settings.rules import Format
from schemas.settings.sinks import ElasticsearchSink
from schemas.topic_templates import NONE, OTHER, TopicTemplate, share_names, topic_regex

if TYPE_CHECKING:
    from schemas.settings.settings import Settings


def routing_problems(settings: Settings) -> Iterator[Problem]:
    """Everything about topics that does not fit together."""
    yield from _routes_to_fixed_topics(settings)
    yield from _two_formats(settings)
    yield from _topics_without_source(settings)
    yield from _overrides_of_nothing(settings)
    yield from _sinks_of_other_values(settings)
    yield from _archives_of_documents(settings)


def topics_of_sinks(settings: Settings) -> Iterator[str]:
    """Names that a route makes from fields and that a sink reads in full: they have to be there from the beginning."""
    templates = [TopicTemplate(text) for text in settings.dynamic_topics]
    for sink in settings.sinks.values():
        yield from (topic for topic in sink.topics if any(each.describes(topic) for each in templates))


def format_of(settings: Settings, topic: str) -> Format | None:
    """Return the format of what is sent to a topic: by its name, else by a template that describes it."""
    named = [(TopicTemplate(text), form) for _, text, form in _named(settings)]
    plain = (form for template, form in named if template.text == topic)
    made = (form for template, form in named if template.fields and template.describes(topic))
    return next(plain, None) or next(made, None)


def _named(settings: Settings) -> Iterator[tuple[Key, str, Format]]:
    """Where a topic is named, its name or template, and the format of what is sent there."""
    for index, route in enumerate(settings.routes):
        yield ("routes", index, "topic"), route.topic, route.format
    for index, (quota, topic) in enumerate(zip(settings.quotas, settings.delayed_topics, strict=True)):
        yield ("quotas", index, "topic") if quota.topic else ("quotas", index), topic, "avro"
    if settings.unmatched != "drop":
        yield ("unmatched",), settings.unmatched, "avro"


def _routes_to_fixed_topics(settings: Settings) -> Iterator[Problem]:
    fixed = settings.topics.names.fixed
    for key, text, _ in _named(settings):
        template = TopicTemplate(text)
        for topic in {template.name(lambda _: NONE), template.name(lambda _: OTHER)} & set(fixed):
            problem = f"{topic} has a meaning of its own; records cannot be routed to it"
            yield Problem(problem, "choose another name", key)


def _two_formats(settings: Settings) -> Iterator[Problem]:
    first: dict[tuple[str, Format], Key] = {}
    for key, text, form in _named(settings):
        first.setdefault((text, form), key)
    for ((one, form), _), ((other, differs), key) in combinations(first.items(), 2):
        if form != differs and TopicTemplate(one).meets(TopicTemplate(other)):
            name = one if one == other else f"a topic of both {one} and {other}"
            where = (*key[:2], "format") if key[0] == "routes" else key
            remedy = "give each format a topic of its own"
            yield Problem(f"{name} would hold {form} and {differs} values", remedy, where)


def _topics_without_source(settings: Settings) -> Iterator[Problem]:
    names = settings.topics.names
    known = (names.raw, *settings.routed_topics, names.dead_letter)
    made = tuple(TopicTemplate(text).pattern for text in settings.dynamic_topics)
    for name, sink in settings.sinks.items():
        for index, topic in enumerate(sink.topics):
            if not any(share_names(topic, each) for each in (*known, *made)):
                meant = nearest(topic, (*known, *made))
                remedy = f"did you mean {meant}?" if meant else f"add a route, or choose from {', '.join(known + made)}"
                yield Problem(f"no route sends anything to {topic}", remedy, ("sinks", name, "topics", index))


def _overrides_of_nothing(settings: Settings) -> Iterator[Problem]:
    known = (*settings.topics.names.fixed, *settings.routed_topics, *settings.dynamic_topics)
    for topic in settings.topics.overrides:
        if topic not in known:
            meant = nearest(topic, known)
            remedy = f"did you mean {meant}?" if meant else f"choose from {', '.join(known)}"
            yield Problem(f"there is no topic {topic}", remedy, ("topics", "overrides", topic))


def _sinks_of_other_values(settings: Settings) -> Iterator[Problem]:
    names = settings.topics.names
    refused: Mapping[str, tuple[str, str]] = {
        names.raw: (f"{names.raw} holds blocks of bytes, not records", "index a routed topic instead"),
        names.dead_letter: (
            f"{names.dead_letter} holds what could not be read, not records",
            "archive it with format: avro",
        ),
    }
    for name, sink in settings.sinks.items():
        takes_raw = not isinstance(sink, ElasticsearchSink)
        takes_letters = not isinstance(sink, ElasticsearchSink) and sink.format == "avro"
        for index, topic in enumerate(sink.topics):
            key = ("sinks", name, "topics", index)
            if "*" in topic:
                yield from _patterns_over_fixed_topics(topic, names.fixed, key)
            elif (topic == names.raw and not takes_raw) or (topic == names.dead_letter and not takes_letters):
                yield Problem(*refused[topic], key)


def _archives_of_documents(settings: Settings) -> Iterator[Problem]:
    documents = [TopicTemplate(text).pattern for _, text, form in _named(settings) if form == "json"]
    remedy = "archive it from a route with format: avro (the same conditions and copy: true make a topic for it)"
    for name, sink in settings.sinks.items():
        for index, topic in enumerate(() if isinstance(sink, ElasticsearchSink) else sink.topics):
            meant = [each for each in documents if share_names(topic, each)] if "*" in topic else []
            if meant or settings.format_of(topic) == "json":
                problem = f"{topic} holds documents of Elasticsearch, which are not archived"
                yield Problem(problem, remedy, ("sinks", name, "topics", index))


def _patterns_over_fixed_topics(pattern: str, fixed: tuple[str, ...], key: Key) -> Iterator[Problem]:
    meant = [name for name in fixed if re.fullmatch(topic_regex(pattern), name)]
    if meant:
        problem = f"{pattern} also means {', '.join(meant)}, which hold no records of routes"
        yield Problem(problem, "write more of the name, such as logs.ns.*", key)
