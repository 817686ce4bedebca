"""Sets of rules at work on chunks, as a stream worker would work on them: the runs that `compare` compares."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deploy.rules.compare import MEANT, Recent, Run
from schemas.settings.rules import QuotaRule, Route, SeverityRule
from schemas.settings.where import SourceRule, Where
from streams.core.join import SourceState
from streams.core.process import Processor, out_of_bounds
from streams.core.rules import Rules
from streams.core.rules.live import LiveRule
from streams.core.treatment import Tools, Treatments
from streams.core.work import JoinLimits, Work

if TYPE_CHECKING:
    from schemas.settings import Secret, Settings
    from schemas.settings.parts import Section

Pods = Mapping[str, Mapping[str, Any]]

_DECIDING = frozenset({"severity", "route", "sampling", "quota"})
"""Kinds that decide whether a record is kept, and where; the others change what is in it."""
_REST = "rest"


def run_of(settings: Settings, live: Iterable[LiveRule], pods: Pods) -> Run:
    """A worker with these rules, beginning anew. Records are Avro whatever the routes ask for."""
    settings = settings.model_copy(update={"routes": tuple(map(_in_avro, settings.routes))})
    in_avro = tuple(replace(each, rule=_in_avro(each.rule)) for each in live)
    return _run(Rules.of(settings, in_avro), settings, pods)


def census_of(settings: Settings, live: Iterable[LiveRule], rule: Section, pods: Pods) -> Run:
    """A worker that keeps every record, and sends those of sources that a rule is for to `MEANT`."""
    routes = (_meant(rule), Route(match="**", topic=_REST))
    open_ = {"severity": (), "sampling": (), "quotas": (), "routes": routes, "unmatched": "drop"}
    # A live rule, because it wins over the annotations of pods.
    everything = LiveRule("census", "severity", SeverityRule(match="**", minimum="trace"))
    changing = [each for each in live if each.kind not in _DECIDING]
    settings = settings.model_copy(update=open_)
    return _run(Rules.of(settings, (everything, *changing)), settings, pods)


def _meant(rule: Section) -> Route:
    """A route for exactly the sources that a rule is for."""
    if isinstance(rule, QuotaRule):
        return Route(match="**", where=Where(namespaces=rule.namespaces), topic=MEANT)
    assert isinstance(rule, SourceRule)
    return Route(match=rule.match, where=rule.where, topic=MEANT)


def _in_avro(route: Any) -> Any:
    return route.model_copy(update={"format": "avro"}) if isinstance(route, Route) else route


def _run(rules: Rules, settings: Settings, pods: Pods) -> Run:
    stream, names = settings.stream, settings.topics.names
    treatments = Treatments(rules, Tools(settings, time.time_ns, _no_secret))
    limits = JoinLimits(stream.record_max_bytes, stream.join_timeout_secs)
    processor = Processor(treatments, limits, pods, time.time_ns, names)
    states: dict[tuple[int, str], SourceState[Work]] = {}

    def work_on(recent: Recent | None) -> Iterator[tuple[str, bytes]]:
        if recent is None:
            results = [processor.expire(state, float("inf")) for state in states.values()]
        elif out_of_bounds(recent.chunk):
            return
        else:
            chunk = recent.chunk
            state = states.setdefault((recent.partition, chunk["source"]["id"]), SourceState())
            work = processor.work(chunk, recent.partition, recent.offset, lambda _: None)
            results = [processor.process(state, chunk, work, chunk["observed_timestamp"] / 1e9)]
        for result in results:
            for topic, batch in result.batches.items():
                if topic not in names.fixed:
                    yield from ((topic, value) for value in batch.values if isinstance(value, bytes))

    return work_on


def _no_secret(_secret: Secret) -> str:
    """Nothing that is tried leaves this process, so the same word serves as every key of a hash."""
    return "dry run"
