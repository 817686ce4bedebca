"""Records of sources with rules that look into them: redaction, transforms, conditions on attributes, sampling, quotas.

The order is always the same. What is redacted is redacted before anything else sees it; severity and sampling decide
before a record is built; transforms go before the conditions of routes, so that these may ask for what was added.
"""

from __future__ import annotations

from typing import Any, Final
from zlib import crc32

from streams.core.groups import Content, Head
from streams.core.parsers.parsed import Fields, Parser
from streams.core.records import RecordBuilder
from streams.core.treatment import Destinations, Treatment
from streams.core.work import Origin, Work

SUPPRESSED: Final = "suppressed"
"""Attribute: how many records of its source were left out by sampling since the one before."""
SECOND: Final = 1_000_000_000


def record(builder: RecordBuilder, line: Content[Work], parser: Parser, found: Any, number: int) -> None:
    """A line's record, unless a rule is against it."""
    work, head = line.work, line.head
    if head is not None and line.part:
        _later_part(builder, line, parser, found, head)
        return
    if not may_be_kept(builder, work, work.origin, number):
        return
    nanos = builder.nanos_of(line)
    if nanos is None or not is_sampled(builder, work, work.origin, line.offset, nanos, number):
        return
    event = builder.event(line, parser, found)
    settled = settle(builder, work, work.origin, event, number, nanos, len(line.text))
    if head is not None:
        head.settled = settled
    if settled is not None:
        number, topics = settled
        builder.finish(line, event, number, topics, nanos)


def _later_part(builder: RecordBuilder, line: Content[Work], parser: Parser, found: Any, head: Head) -> None:
    """A part of a long line goes where its first part went, or nowhere: the line is counted once."""
    if head.settled is None:
        return
    nanos = builder.nanos_of(line)
    if nanos is None:
        return
    treatment = line.work.origin.treatment
    event = builder.event(line, parser, found)
    if treatment.transform is not None:
        treatment.transform.apply(event)
    if treatment.plan.quota is not None:
        treatment.plan.quota.over(nanos // (60 * SECOND), len(line.text))
    number, topics = head.settled
    event["attributes"] = builder.limited(event["attributes"], treatment.plan.namespace)
    builder.finish(line, event, number, topics, nanos)


def may_be_kept(builder: RecordBuilder, work: Work, origin: Origin, number: int) -> bool:
    """Whether any route may take a record of that severity; it is dropped otherwise."""
    treatment = origin.treatment
    if treatment.topics[number] or treatment.tells_severity:
        return True
    builder.drop(work, treatment.plan.drop_reasons[number], treatment.plan.drop_details[number])
    return False


def is_sampled(builder: RecordBuilder, work: Work, origin: Origin, position: int, nanos: int, number: int) -> bool:
    """Whether sampling lets a record through; it is dropped otherwise."""
    sampling = origin.treatment.plan.sampling
    if sampling is None:
        return True
    chance = crc32(position.to_bytes(8, "big", signed=True), crc32(work.incarnation))
    if sampling.keeps(chance, nanos // SECOND, number):
        return True
    builder.drop(work, "sampled", f"sampled/{sampling.rule_id}" if sampling.rule_id else "")
    return False


def settle(
    builder: RecordBuilder, work: Work, origin: Origin, event: Fields, number: int, nanos: int, size: int
) -> tuple[int, Destinations] | None:
    """Severity and topics of a record, its attributes as they will be; None: it was dropped."""
    treatment = origin.treatment
    plan = treatment.plan
    if treatment.transform is not None:
        promoted = treatment.transform.apply(event)
        number = number if promoted is None else promoted
    topics = _destinations(treatment, number, event)
    if not topics:
        builder.drop(work, plan.drop_reasons[number], plan.drop_details[number])
        return None
    if plan.sampling is not None and (left_out := plan.sampling.take_suppressed()):
        event["attributes"] = {SUPPRESSED: left_out, **event["attributes"]}
    if event["attributes"]:
        event["attributes"] = builder.limited(event["attributes"], plan.namespace)
    if plan.quota is not None:
        delayed = plan.quota.over(nanos // (60 * SECOND), size)
        if delayed is not None:
            builder.counts["delayed_records_total", plan.namespace] += 1
            topics = (delayed,)
    return number, topics


def _destinations(treatment: Treatment, number: int, event: Fields) -> Destinations:
    plan = treatment.plan
    if plan.conditional is not None and plan.topics[number]:
        return plan.conditional.destinations(number, event["attributes"])
    return plan.topics[number]


def redact(treatment: Treatment, event: Fields) -> None:
    """Redact an entry, whose fields did not come out of one text."""
    redactor = treatment.redactor
    if redactor is not None:
        event["body"] = redactor.text(event["body"])
        if event["original"] is not None:
            event["original"] = redactor.content(event["original"].encode()).decode()
        event["attributes"] = redactor.value(event["attributes"])
