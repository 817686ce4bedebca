"""``set --dry-run``: what a rule would do, shown by recent logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import typer

from deploy.cli.output import print_json, print_table

if TYPE_CHECKING:
    from deploy.rules.compare import Comparison, Recent
    from deploy.rules.versions import Version
    from schemas.settings import Settings

LOAD_SECS: Final = 30.0
PATIENCE_SECS: Final = 2.0
SHOWN_CHARACTERS: Final = 160
ORDER: Final = ("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "unknown")


def show_dry_run(
    settings: Settings, versions: Sequence[Version], value: dict[str, Any], sample: int, *, as_json: bool
) -> None:
    """Work on the newest chunks with the rules as they are and with the new one, and print both."""
    from deploy.rules.change import live_rules, with_candidate
    from deploy.rules.compare import compare
    from deploy.rules.recent import recent_chunks
    from deploy.rules.trial import census_of, run_of
    from streams.pods import PodTable

    live = live_rules(versions, settings, value["created_at"])
    changed = with_candidate(live, value, settings)
    table = PodTable(settings.kafka, settings.topics.names.pods)
    try:
        table.load(LOAD_SECS)
    finally:
        table.close()
    chunks = recent_chunks(settings.kafka, settings.topics.names.raw, sample)
    found = compare(
        _shown(chunks, sample),
        census_of(settings, live, changed[0].rule, table.pods),
        run_of(settings, live, table.pods),
        run_of(settings, changed, table.pods),
    )
    if as_json:
        print_json(_as_json(found, value))
    else:
        _print(found, value)


def _shown(chunks: Iterator[Recent], sample: int) -> Iterable[Recent]:
    """A bar on a terminal, once it takes longer than two seconds."""
    if not sys.stderr.isatty():
        yield from chunks
        return
    from rich.console import Console
    from rich.progress import Progress

    began = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True, disable=False) as progress:
        task = progress.add_task("recent chunks", total=sample, visible=False)
        for done, each in enumerate(chunks, 1):
            yield each
            progress.update(task, completed=done, visible=time.monotonic() - began > PATIENCE_SECS)


def _by_severity(found: Comparison) -> list[dict[str, Any]]:
    levels = {level.rstrip("234"): None for level in (*ORDER, *found.seen)}
    rows = []
    for level in levels:
        of_level = [name for name in found.seen if name.rstrip("234") == level]
        if of_level:
            rows.append(
                {
                    "severity": level,
                    "records": sum(found.seen[name] for name in of_level),
                    "meant": sum(found.meant[name] for name in of_level),
                    "kept_before": sum(found.before.kept[name] for name in of_level),
                    "kept_after": sum(found.after.kept[name] for name in of_level),
                }
            )
    return rows


def _by_topic(found: Comparison) -> list[dict[str, Any]]:
    topics = sorted({*found.before.topics, *found.after.topics})
    return [{"topic": each, "before": found.before.topics[each], "after": found.after.topics[each]} for each in topics]


def _as_json(found: Comparison, value: dict[str, Any]) -> dict[str, Any]:
    from deploy.rules.words import value_as_json

    return {
        "rule": value_as_json(value),
        "chunks": found.chunks,
        "records": found.seen.total(),
        "meant": found.meant.total(),
        "kept_before": found.before.kept.total(),
        "kept_after": found.after.kept.total(),
        "changed": found.changed,
        "by_severity": _by_severity(found),
        "by_topic": _by_topic(found),
        "examples": [each._asdict() for each in found.examples],
    }


def _print(found: Comparison, value: dict[str, Any]) -> None:
    from deploy.rules.words import content, subject

    total, meant = found.seen.total(), found.meant.total()
    typer.echo(
        f"nothing is changed; {subject(value)} {content(value)} was tried on {found.chunks:,} chunks of logs.raw"
    )
    typer.echo(f"{total:,} records, {meant:,} of them of sources that the rule is for")
    typer.echo(
        f"kept {found.before.kept.total():,} now, {found.after.kept.total():,} with it; {found.changed:,} change\n"
    )
    print_table(_by_severity(found))
    if topics := _by_topic(found):
        typer.echo("")
        print_table(topics)
    if found.examples:
        typer.echo("\nexamples:")
        print_table([_example(each) for each in found.examples])


def _example(each: Any) -> dict[str, str]:
    from deploy.search.lines import safe

    return {
        "severity": each.severity,
        "tag": safe(each.tag),
        "now": ", ".join(each.before) or "dropped",
        "then": (", ".join(each.after) or "dropped") + (" (rewritten)" if each.rewritten else ""),
        "text": safe(each.body)[:SHOWN_CHARACTERS].replace("\n", " "),
    }
