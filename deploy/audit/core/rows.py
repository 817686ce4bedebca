"""Sums for people: by namespace, container, node and hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from deploy.audit.core.book import SINK, Book
from deploy.audit.core.file import File, Names
from deploy.audit.core.outcomes import DEAD_LETTER, DROPPED, TO_TOPIC, below
from deploy.audit.core.result import Row

NOBODY: Final = Names("", "", "", "")

Key = tuple[str, ...]


def by_namespace(names: Names, _hour: str) -> Row:
    """A row for each namespace."""
    return Row(namespace=names.namespace)


def by_container(names: Names, _hour: str) -> Row:
    """A row for each container of each pod."""
    return Row(namespace=names.namespace, pod=names.pod, container=names.container, node=names.node)


def by_node(names: Names, _hour: str) -> Row:
    """A row for each node."""
    return Row(node=names.node)


def by_hour(names: Names, hour: str) -> Row:
    """A row for each namespace and hour."""
    return Row(namespace=names.namespace, hour=hour)


Kind = Callable[[Names, str], Row]


def rows(book: Book, pending: Mapping[str, int], kind: Kind) -> list[Row]:
    """Sums in the order of their names; ``pending``: bytes of each incarnation that logs.raw has and nobody told of."""
    found: dict[Key, Row] = {}

    def row(names: Names | None, hour: int) -> Row:
        made = kind(names or NOBODY, hour_text(hour) if hour else "")
        return found.setdefault((made.hour, made.namespace, made.pod, made.container, made.node), made)

    for file in book.files.values():
        for hour, outcomes in file.account.sums.items():
            add_stream(row(file.names, hour), outcomes)
        _add_rest(row, file, pending.get(file.incarnation, 0))
    for (stage, _, _), chain in book.chains.items():
        for (source, hour), outcomes in chain.sums.items():
            names = book.sources.get(source)
            if names is not None or book.tells_all:
                add_sink(row(names, hour), stage.removeprefix(SINK), outcomes)
    if book.unreadable and book.tells_all:
        _add(row(None, 0).dead_letters, below(book.unreadable, DEAD_LETTER))
    return [found[key] for key in sorted(found)]


def hour_text(hour: int) -> str:
    """``2026-11-21T13`` of hours since 1970."""
    try:
        return f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H}"
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00"


def _add_rest(row: Callable[[Names | None, int], Row], file: File, pending: int) -> None:
    """What belongs to no hour."""
    unread, lost = file.unread(), sum(each.end - each.start for each in file.lost())
    for name, amount in (("node", unread), ("raw", pending)):
        if amount:
            _add(row(file.names, 0).pending, {name: amount})
    if lost:
        row(file.names, 0).lost += lost


def add_stream(row: Row, outcomes: Mapping[str, int]) -> None:
    """What the stream stage told."""
    row.bytes += outcomes.get("bytes", 0)
    row.lines += outcomes.get("lines", 0)
    row.joined += outcomes.get("joined", 0)
    _add(row.routed, below(outcomes, TO_TOPIC))
    _add(row.dropped, below(outcomes, DROPPED))
    _add(row.dead_letters, below(outcomes, DEAD_LETTER))


def add_sink(row: Row, sink: str, outcomes: Mapping[str, int]) -> None:
    """What a sink told."""
    _add(row.sinks.setdefault(sink, {}), outcomes)


def _add(sums: dict[str, int], more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        sums[name] = sums.get(name, 0) + amount


def merged(many: Iterable[Row]) -> Row:
    """One row for all."""
    total = Row()
    for each in many:
        total.bytes += each.bytes
        total.lines += each.lines
        total.joined += each.joined
        total.lost += each.lost
        for ours, theirs in (
            (total.routed, each.routed), (total.dropped, each.dropped),
            (total.dead_letters, each.dead_letters), (total.pending, each.pending),
        ):  # fmt: skip
            _add(ours, theirs)
        for sink, outcomes in each.sinks.items():
            add_sink(total, sink, outcomes)
    return total
