"""Checks that span routes, topics and sinks: every topic that is read is written, in one encoding, by one meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from schemas.settings.parts import Key, Problem, nearest
from schemas.settings.rules import Format
from schemas.settings.sinks import KafkaSink, ObjectStorageSink, Sink
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
    yield from _copies_into_themselves(settings)


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
    known = (names.raw, *settings.routed_topics, names.dead_letter, names.pods, names.ledger)
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


def _takes(sink: Sink) -> frozenset[str]:
    """What a sink can read beside the records of routes, in Avro and as documents."""
    if isinstance(sink, ObjectStorageSink):
        return frozenset({"raw", *(("letters", "pods", "ledger") if sink.format == "avro" else ())})
    if isinstance(sink, KafkaSink) and sink.format == "as_is":
        return frozenset({"raw", "letters", "pods", "ledger"})
    return frozenset({"letters"})  # as records of their own (sinks.core.letter_records)


def _sinks_of_other_values(settings: Settings) -> Iterator[Problem]:
    names = settings.topics.names
    refused: Mapping[str, tuple[str, str, str]] = {
        names.raw: ("raw", f"{names.raw} holds blocks of bytes, not records", "choose a routed topic instead"),
        names.dead_letter: (
            "letters",
            f"{names.dead_letter} holds what could not be read, not records",
            "archive it with format: avro, or copy it by a sink of type kafka",
        ),
        names.pods: ("pods", f"{names.pods} holds pods, not records", "archive it with format: avro"),
        names.ledger: ("ledger", f"{names.ledger} holds accounts, not records", "archive it with format: avro"),
    }
    for name, sink in settings.sinks.items():
        for index, topic in enumerate(sink.topics):
            key = ("sinks", name, "topics", index)
            if "*" in topic:
                yield from _patterns_over_fixed_topics(topic, names.fixed, key)
            elif topic in refused and refused[topic][0] not in _takes(sink):
                yield Problem(*refused[topic][1:], key)


def _copies_into_themselves(settings: Settings) -> Iterator[Problem]:
    """A copy that lands where it is read from is copied again, for ever."""
    for name, sink in settings.sinks.items():
        written = sink.written_in(settings.kafka) if isinstance(sink, KafkaSink) else ()
        again = [each for each in written if any(share_names(each, topic) for topic in sink.topics)]
        if again:
            problem = f"{again[0]} would be written and read by the same sink of the same cluster, without end"
            yield Problem(problem, "name another cluster, or another topic: copy.{topic}", ("sinks", name, "topic"))


def _patterns_over_fixed_topics(pattern: str, fixed: tuple[str, ...], key: Key) -> Iterator[Problem]:
    meant = [name for name in fixed if re.fullmatch(topic_regex(pattern), name)]
    if meant:
        problem = f"{pattern} also means {', '.join(meant)}, which hold no records of routes"
        yield Problem(problem, "write more of the name, such as logs.ns.*", key)
