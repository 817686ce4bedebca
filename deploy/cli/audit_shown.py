"""An audit for people, for machines, and as CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TextIO

from deploy.audit.core.result import MEANINGS
from deploy.cli.output import print_table
from deploy.duration import show_bytes

if TYPE_CHECKING:
    from deploy.audit.core.result import Audit, Lost, Row

PROBLEMS_SHOWN: Final = 50
LOST_SHOWN: Final = 50
NONE: Final = "-"


def print_found(found: Audit, by: str, *, verify: bool) -> None:
    """Tables, and whether it balances."""
    rows = {
        "namespace": found.namespaces, "container": found.containers, "node": found.nodes, "hour": found.hours,
    }[by]  # fmt: skip
    _out(f"{found.entries:,} entries of the ledger\n")
    if not rows:
        _out("they tell of no line\n")
    shown = [*rows, found.total] if len(rows) > 1 else rows
    print_table([_row(each, by, is_total=each is found.total and len(rows) > 1) for each in shown])
    _lost(found.lost, "lost")
    _lost(found.at_risk, "at risk: unread, on nodes that say nothing any more")
    _pending(found.pending)
    if verify:
        _out("\ncompared: " + (", ".join(f"{n:,} in {name}" for name, n in found.verified.items()) or "nothing") + "\n")
    for note in found.notes[:LOST_SHOWN]:
        _out(f"note: {note}\n")
    _problems(found)


def _out(text: str) -> None:
    sys.stdout.write(text)


def _row(row: Row, by: str, *, is_total: bool) -> dict[str, Any]:
    names = {
        "namespace": (row.namespace,),
        "container": (row.namespace, row.pod, row.container),
        "node": (row.node,),
        "hour": (row.hour, row.namespace),
    }[by]
    titles = {"container": ("namespace", "pod", "container"), "hour": ("hour", "namespace")}.get(by, (by,))
    head = dict(zip(titles, (each or NONE for each in names), strict=True))
    if is_total:
        head = dict(zip(titles, ("all", *[""] * (len(titles) - 1)), strict=True))
    return head | {
        "read": show_bytes(row.bytes),
        "lines": f"{row.lines:,}",
        "routed": _amounts(row.routed),
        "dropped": _amounts(row.dropped),
        "joined": f"{row.joined:,}",
        "dead letters": _amounts(row.dead_letters),
        "sinks": "; ".join(_sink(name, outcomes) for name, outcomes in sorted(row.sinks.items())) or NONE,
        "pending": ", ".join(f"{show_bytes(n)} {_PLACES[name]}" for name, n in sorted(row.pending.items())) or NONE,
        "lost": show_bytes(row.lost) if row.lost else NONE,
    }


_PLACES: Final = {"node": "on the node", "raw": "in logs.raw"}


def _sink(name: str, outcomes: Mapping[str, int]) -> str:
    counted = {each: amount for each, amount in outcomes.items() if each != "bytes"}
    return f"{name}: {_amounts(counted)}"


def _amounts(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {amount:,}" for name, amount in sorted(amounts.items()) if amount) or NONE


def _lost(ranges: Sequence[Lost], title: str) -> None:
    if not ranges:
        return
    _out(f"\n{title}:\n")
    print_table(
        [
            {
                "file": each.path or each.incarnation,
                "namespace": each.namespace or NONE,
                "node": each.node or NONE,
                "from": each.start,
                "to": f"{each.end}{' or more' if each.open_end else ''}",
                "why": f"{each.reason}{f' ({each.detail})' if each.detail else ''}",
            }
            for each in ranges[:LOST_SHOWN]
        ]
    )
    if len(ranges) > LOST_SHOWN:
        _out(f"and {len(ranges) - LOST_SHOWN:,} more: --json has them all\n")


def _pending(pending: Mapping[str, int]) -> None:
    words = {"node": "{} bytes on nodes", "told": "{} bytes in logs.raw", "raw": "{} chunks in logs.raw"}
    some = [words.get(name, f"{{}} records before {name}").format(f"{n:,}") for name, n in pending.items() if n]
    _out(f"\npending: {', '.join(some) or 'nothing'}\n")


def _problems(found: Audit) -> None:
    if found.balances:
        _out("it balances\n")
        return
    _out(f"\nit does NOT balance: {len(found.problems):,} problems\n")
    kind = ""
    for each in sorted(found.problems[:PROBLEMS_SHOWN], key=lambda one: one.kind):
        if each.kind != kind:
            kind = each.kind
            _out(f"\n{kind}: {MEANINGS.get(kind, '')}\n")
        _out(f"  {each.where}\n    {each.message}\n")
        if each.remedy:
            _out(f"    do: {each.remedy}\n")
    if len(found.problems) > PROBLEMS_SHOWN:
        _out(f"\nand {len(found.problems) - PROBLEMS_SHOWN:,} more: --json has them all\n")


# -- machines ----------------------------------------------------------------------------------------------------------


def to_json(found: Audit) -> dict[str, Any]:
    """Everything."""
    rows = {
        name: [_plain(row) for row in getattr(found, name)] for name in ("namespaces", "containers", "nodes", "hours")
    }
    return {
        "balances": found.balances,
        "settled": found.is_settled,
        "entries": found.entries,
        "total": _plain(found.total),
        **rows,
        "pending": found.pending,
        "lost": [asdict(each) for each in found.lost],
        "at_risk": [asdict(each) for each in found.at_risk],
        "verified": found.verified,
        "problems": [asdict(each) for each in found.problems],
        "notes": found.notes,
    }


def _plain(row: Row) -> dict[str, Any]:
    return asdict(row) | {"sampled": row.sampled}


def print_costs(found: Audit, out: TextIO) -> None:
    """CSV: a row for each hour and namespace; bytes of sinks are those of the records' values."""
    sinks = sorted({name for row in found.hours for name in row.sinks})
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["hour", "namespace", "read_bytes", "read_lines", "dropped_lines", "dead_letter_lines"]
        + [f"{name}_{what}" for name in sinks for what in ("records", "bytes")]
    )
    for row in found.hours:
        if row.hour:
            cells = [row.bytes, row.lines, sum(row.dropped.values()), sum(row.dead_letters.values())]
            writer.writerow([row.hour, row.namespace, *cells, *_sink_cells(row, sinks)])


def _sink_cells(row: Row, sinks: Iterable[str]) -> list[int]:
    cells: list[int] = []
    for name in sinks:
        outcomes = row.sinks.get(name, {})
        cells += [sum(outcomes.get(each, 0) for each in ("indexed", "delivered", "archived")), outcomes.get("bytes", 0)]
    return cells
