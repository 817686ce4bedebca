"""``logferry search``: log lines by Elasticsearch's query string syntax."""

from __future__ import annotations

import json as json_module
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config

if TYPE_CHECKING:
    from collections.abc import Callable

Hit = dict[str, Any]


def search(
    query: Annotated[
        str, typer.Argument(help="Like 'kubernetes.labels.app:numbers-api AND log:fizz'. Default: everything.")
    ] = "*",
    since: Annotated[str | None, typer.Option(metavar="DURATION", help="Only what is younger: 90s, 15m, 2h.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with whatever comes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One document a line, with _id and _index.")] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=0, max=1_000_000, help="Newest lines. Default: 100, 10 with --follow."),
    ] = None,
    config: Config = None,
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Elasticsearch's address, instead of the settings'.")] = None,
    index: Annotated[str | None, typer.Option(help="Index pattern, instead of the sink's.")] = None,
    sink: Annotated[str | None, typer.Option(help="Which sink's indices, where there are several.")] = None,
) -> None:
    """Search log lines; the oldest comes first."""
    from deploy.duration import parse_duration
    from deploy.search.index import open_index
    from deploy.search.query import Wanted

    be_quiet()
    since_at = None if since is None else time.time() - parse_duration(since, "--since")
    logs = open_index(find_settings(config, data), sink, host, index)
    wanted = Wanted(query, since_at)
    write = _write_json if json else _line_writer()
    if follow:
        if logs.count() is None:
            _note("there is no index yet; waiting for one")
        for hits in logs.follow(wanted, 10 if limit is None else limit, time.sleep):
            write(hits)
        return
    found = logs.newest(wanted, 100 if limit is None else limit)
    write(found.hits)
    if not found.has_index:
        _note("there is no index yet: nothing has been delivered")
    elif found.total > len(found.hits):
        _note(f"the newest {len(found.hits):,} of {found.total:,}; --limit shows more")
    elif not found.hits:
        _note("nothing found")


def _write_json(hits: list[Hit]) -> None:
    for hit in hits:
        document = {"_id": hit["_id"], "_index": hit["_index"], **hit["_source"]}
        sys.stdout.write(json_module.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _line_writer() -> Callable[[list[Hit]], None]:
    from rich.console import Console

    from deploy.search.lines import document_line

    console = Console(highlight=False, markup=False, emoji=False)

    def write(hits: list[Hit]) -> None:
        for hit in hits:
            line = document_line(hit["_source"])
            if console.is_terminal:
                console.print(line, soft_wrap=True)
            else:
                sys.stdout.write(f"{line.plain}\n")
        sys.stdout.flush()

    return write


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")
