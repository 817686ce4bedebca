"""The table of built-in formats in docs/parsers.md: every parser stands in it, and reads the line that is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.settings.http_status import HttpStatusSettings
from streams.core.parsers import PARSERS
from streams.core.parsers.detect import Detection

PAGE = Path(__file__).parents[2] / "docs/parsers.md"
ROW = re.compile(
    r"^\| `(?P<name>\w+)` \| (?P<of>[^|]+) \| `(?P<line>[^`]+)` \| (?P<itself>yes|no|what no other takes) \|$"
)
DETECTION = Detection(PARSERS)


class Row(NamedTuple):
    """What the table says of a format."""

    line: bytes
    itself: str


def section(title: str) -> list[str]:
    return PAGE.read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].splitlines()


def rows() -> dict[str, Row]:
    table = [each for each in section("Built-in formats") if each.startswith("|")][2:]
    found = [match for each in table if (match := ROW.match(each))]
    assert len(found) == len(table), "a row that is not read is not checked"
    return {
        match["name"]: Row(match["line"].replace("\\|", "|").replace("⇥", "\t").encode(), match["itself"])
        for match in found
    }


ROWS = rows()


def test_every_parser_stands_in_the_table():
    assert set(ROWS) == set(PARSERS)


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_reads_the_line_that_is_shown(name):
    assert PARSERS[name].read(ROWS[name].line) is not None


@pytest.mark.parametrize("name", PARSERS)
def test_the_table_says_which_formats_are_recognised_by_themselves(name):
    recognised = "what no other takes" if name == "text" else "yes" if PARSERS[name].signature else "no"
    assert ROWS[name].itself == recognised


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.itself != "no"])
def test_the_line_that_is_shown_is_recognised(name):
    assert DETECTION.read(ROWS[name].line, PARSERS["text"])[0].name == name


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.itself == "no"])
def test_the_line_of_a_format_that_must_be_chosen_is_of_another_one_otherwise(name):
    assert DETECTION.read(ROWS[name].line, PARSERS["text"])[0].name in {"text", "json"}


def test_the_formats_with_a_severity_by_status_are_listed():
    text = " ".join(section("Severity by HTTP status")).partition("```")[0]
    assert re.findall(r"`(\w+)`", text.partition(", and so do")[0]) == sorted(
        name for name, parser in PARSERS.items() if parser.status
    )


def test_the_statuses_that_are_shown_are_the_defaults_but_for_single_codes():
    text = "\n".join(section("Severity by HTTP status"))
    shown = dict(re.findall(r"^  (\dxx|other): (\w+)", text, re.MULTILINE))
    assert HttpStatusSettings.model_validate(shown) == HttpStatusSettings()
    assert set(shown) == {field.alias or name for name, field in HttpStatusSettings.model_fields.items()} - {"codes"}
