r"""Every format reads its golden samples exactly, and no other format takes them.

``golden/<parser>.yaml`` is a list of cases: ``line`` (text) or ``bytes`` (Latin-1 text that stands for raw bytes), and
what must come out of it (``severity`` as a short name such as ``warn``, or null; ``severity_text``, ``body``,
``attributes``, and, where they are set, ``trace_id``, ``span_id``, ``original``, ``flags``), and ``source``: the
specification, program or file that the line is from. ``refused`` is a line that is not of the format. ``detected:
false`` is for lines that are not recognised by themselves, ``detected_as`` for those that another format takes.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from schemas.severity import SEVERITIES
from streams.core.framing.attributes import json_text
from streams.core.parsers import PARSERS
from streams.core.parsers.detect import Detection
from tests.streams.samples import GOLDEN, content_of

DETECTION = Detection(PARSERS)
SYNTAX = {"line", "bytes", "refused", "source", "detected", "detected_as"}


def all_cases(key: str) -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}-{number}")
        for path in sorted(GOLDEN.glob("*.yaml"))
        for number, case in enumerate(yaml.safe_load(path.read_text()), 1)
        if key in case or (key == "line" and "bytes" in case)
    ]


def test_every_parser_has_golden_samples():
    missing = set(PARSERS) - {path.stem for path in GOLDEN.glob("*.yaml")}
    assert missing == set()


@pytest.mark.parametrize(("name", "case"), all_cases("line"))
def test_a_sample_is_read_exactly(name, case):
    content, parser = content_of(case), PARSERS[name]
    found = parser.read(content)
    assert found is not None, "not of this format"
    number = parser.severity(found)
    fields = parser.fields(content, found)
    whole = content.decode(errors="backslashreplace")
    expected = {
        "severity": case.get("severity"),
        "severity_text": case.get("severity_text"),
        "body": case.get("body", whole),
        "original": case.get("original", whole if "body" in case and case["body"] != whole else None),
        "attributes": case.get("attributes", {}),
        "trace_id": case.get("trace_id"),
        "span_id": case.get("span_id"),
        "flags": tuple(case.get("flags", ())),
        "parser": name,
    }
    assert set(case) <= SYNTAX | set(expected), "a misspelt key checks nothing"
    assert {"severity": SEVERITIES[number - 1] if number else None, **fields} == expected
    json_text(fields["attributes"])


@pytest.mark.parametrize(("name", "case"), all_cases("line"))
def test_a_sample_is_recognised_by_itself_and_by_no_other_format(name, case):
    content = content_of(case)
    takers = [each for each, parser in PARSERS.items() if parser.signature and parser.read(content) is not None]
    by_itself = bool(PARSERS[name].signature) and case.get("detected", True)
    expected = case.get("detected_as", name if by_itself else "text")
    assert takers == ([expected] if expected != "text" else [])
    for last in PARSERS.values():
        assert DETECTION.read(content, last)[0] is PARSERS[expected]


@pytest.mark.parametrize(("name", "case"), all_cases("refused"))
def test_what_is_of_another_format_is_refused(name, case):
    assert PARSERS[name].read(case["refused"].encode()) is None
