"""``logferry schemas``: the Avro schemas of all values, for whoever reads the topics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Json
from deploy.cli.output import print_json, print_table
from schemas.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help="The Avro schemas of all values.")

Kind = Annotated[str, typer.Argument(help="raw_chunk, log_record, rule, pod, dead_letter or ledger_entry.")]


@app.command("list")
def list_schemas(*, json: Json = False) -> None:
    """Show every kind of value, its versions, and the header its values begin with."""
    from schemas.codec import KINDS, schema_versions, single_object_header

    rows = [
        {"kind": kind, "version": version, "single_object_header": single_object_header(text).hex()}
        for kind in KINDS
        for version, text in schema_versions(kind).items()
    ]
    if json:
        print_json(rows)
    else:
        print_table(rows)


@app.command()
def show(kind: Kind) -> None:
    """Print a schema as it is written today."""
    from schemas.codec import schema_text

    _known(kind)
    typer.echo(schema_text(kind).rstrip())


@app.command()
def check(
    kind: Kind,
    reader: Annotated[Path, typer.Argument(help="File with the schema that you read with (.avsc).")],
) -> None:
    """Say whether a schema of yours can read what logferry writes today."""
    from avro.errors import AvroException

    from schemas.codec import schema_text
    from schemas.compatibility import problems

    _known(kind)
    try:
        found = problems(reader.read_text(encoding="utf-8"), schema_text(kind))
    except (OSError, UnicodeDecodeError, AvroException, ValueError) as error:
        reason = str(error).splitlines()[0][:100]  # Avro repeats the whole file
        raise SettingsError(f"this is no Avro schema: {reason}", where=str(reader)) from error
    if found:
        raise SettingsError(f"{reader} cannot read {kind}: " + "; ".join(found), remedy=f"logferry schemas show {kind}")
    typer.echo(f"{reader} can read {kind}")


@app.command()
def decode(kind: Kind) -> None:
    """Print values from standard input as JSON lines, each with its length before it: kcat -f '%R%s'."""
    import sys

    from deploy.values import decoded

    _known(kind)
    problems = 0
    for line, problem in decoded(kind, sys.stdin.buffer):
        if problem:
            problems += 1
            typer.echo(problem, err=True)
        else:
            typer.echo(line)
    if problems:
        raise typer.Exit(1)


def _known(kind: str) -> None:
    from schemas.codec import KINDS

    if kind not in KINDS:
        raise SettingsError(f"there is no kind of value {kind!r}", remedy=f"choose from {', '.join(KINDS)}")
