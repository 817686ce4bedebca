"""``logferry test``: lines through the rules, without Kafka, and whether that comes out which should."""

from __future__ import annotations

import dataclasses
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import Config, Json, read_settings
from deploy.cli.output import PIPE_COLUMNS, print_json
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.pipeline_tests.load import LoadedTest
    from deploy.pipeline_tests.report import Verdict


def run_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files of tests, folders, or patterns: rules/*.yaml.")
    ] = None,
    config: Config = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only tests of this name; * stands for any text. May be repeated.")
    ] = None,
    *,
    update: Annotated[
        bool, typer.Option("--update", help="Write into the files what came out, in place of what was expected.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Only print the JSON Schema of such files, for your editor.")
    ] = False,
    json: Json = False,
) -> None:
    """Run pipeline tests: lines in; records, topics and drops out, as the files say or not."""
    from deploy.pipeline_tests.load import WrongTestsError, files_of, json_schema, load_files
    from deploy.pipeline_tests.report import as_json, verdict_of

    if schema:
        print_json(json_schema())
        return
    if not paths:
        raise SettingsError("no tests are named", remedy="name files, folders or patterns: logferry test rules/*.yaml")
    settings = cache(lambda: read_settings(config))
    try:
        loaded = load_files(files_of(paths), settings)
    except WrongTestsError as error:
        if not json:
            raise
        print_json({"ok": False, "findings": [dataclasses.asdict(each) for each in error.findings]})
        raise typer.Exit(error.exit_status) from None
    verdicts = [verdict_of(each) for each in _chosen(loaded, only or [])]
    if update:
        _update([each for each in verdicts if not each.is_good], as_json=json)
        return
    if json:
        print_json(as_json(verdicts))
    else:
        _print(verdicts)
    if not all(each.is_good for each in verdicts):
        raise typer.Exit(1)


def _chosen(loaded: list[LoadedTest], names: list[str]) -> list[LoadedTest]:
    found = [each for each in loaded if not names or any(_is_meant(each.test.name, name) for name in names)]
    if not found:
        from schemas.settings.parts import nearest

        meant = nearest(names[0], [each.test.name for each in loaded])
        remedy = (
            f"did you mean {meant!r}?" if meant else f"there are {len(loaded)}, beginning with {loaded[0].test.name!r}"
        )
        raise SettingsError("no test has such a name", where="--only", remedy=remedy)
    return found


def _is_meant(name: str, asked: str) -> bool:
    return name == asked or fnmatchcase(name, asked)


def _print(verdicts: list[Verdict]) -> None:
    import sys

    from rich.console import Console

    from deploy.pipeline_tests.report import print_verdict, summary_line

    width = None if sys.stdout.isatty() else PIPE_COLUMNS
    console = Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for each in verdicts:
        print_verdict(console, each)
    console.print(summary_line(verdicts))


def _update(failed: list[Verdict], *, as_json: bool) -> None:
    """Write into each file what came out, and print what must be written by hand."""
    from deploy.pipeline_tests.load import read_text
    from deploy.pipeline_tests.update import expectation, updated

    files: dict[str, list[str]] = {}
    by_hand: list[Verdict] = []
    for name in dict.fromkeys(each.loaded.file for each in failed):
        path = Path(name)
        of_file = [each for each in failed if each.loaded.file == name]
        text, left = updated(read_text(path), of_file)
        path.write_text(text, encoding="utf-8")
        files[name] = [each.loaded.test.name for each in of_file if each not in left]
        by_hand += left
    if as_json:
        told = [{"name": each.loaded.test.name, "expect": expectation(each)} for each in by_hand]
        print_json({"updated": files, "by_hand": told})
    else:
        for name, tests in files.items():
            typer.echo(f"{name}: {len(tests)} updated")
        for each in by_hand:
            place = f"{each.loaded.file}:{each.loaded.line}"
            typer.echo(f"\n{place}: write this into {each.loaded.test.name!r} yourself:\n{expectation(each)}")
    if by_hand:
        raise typer.Exit(1)
