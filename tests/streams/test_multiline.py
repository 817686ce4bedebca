"""Which lines make one record, by golden traces of real programs and by properties."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import LinePatterns
from schemas.settings.multiline import LANGUAGE_NAMES, parse_annotation
from streams.core.multiline import exception_of, multiline_of
from streams.core.multiline.languages import LANGUAGES
from streams.core.multiline.lines import ORDINARY
from streams.core.multiline.rules import EXCEPTION, LOGGED, UNSURE_LINES_AT_MOST, Multiline
from tests.streams.joining import grouped

GOLDEN = Path(__file__).parent / "multiline"
AUTO = multiline_of("auto")
assert AUTO is not None


def records_of(case: dict[str, Any]) -> list[tuple[bytes, dict[str, str]]]:
    """Each record's text, and what is known of its exception."""
    found = [each if isinstance(each, dict) else {"lines": each} for each in case["records"]]
    return [
        (
            each["lines"].encode(),
            {f"exception.{name}": each[name] for name in ("type", "message") if name in each},
        )
        for each in found
    ]


CASES = [
    pytest.param(case, id=f"{path.stem}-{case['name']}")
    for path in sorted(GOLDEN.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]
GOLDEN_LINES = sorted({line for case in CASES for text, _ in records_of(case.values[0]) for line in text.split(b"\n")})


def mode_of(case: dict[str, Any]) -> Multiline:
    mode = parse_annotation(case.get("mode", "auto"))
    assert mode is not None
    found = multiline_of(mode)
    assert found is not None
    return found


@pytest.mark.parametrize("case", CASES)
def test_lines_of_one_record_are_joined_and_no_others(case: dict[str, Any]) -> None:
    expected = [text for text, _ in records_of(case)]
    lines = [line for text in expected for line in text.split(b"\n")]
    assert set(case) <= {"name", "mode", "parser", "records"}
    assert [b"\n".join(each) for each in grouped(mode_of(case), lines, case.get("parser", "text"))] == expected


@pytest.mark.parametrize("case", CASES)
def test_the_exception_of_a_record_is_named(case: dict[str, Any]) -> None:
    records = [(text, expected) for text, expected in records_of(case) if expected]
    assert [exception_of(text) for text, _ in records] == [expected for _, expected in records]


@pytest.mark.parametrize("case", CASES)
def test_carriage_returns_at_line_ends_change_nothing(case: dict[str, Any]) -> None:
    texts = [text for text, _ in records_of(case)]
    lines = [line + b"\r" for text in texts for line in text.split(b"\n")]
    counts = [text.count(b"\n") + 1 for text in texts]
    assert [len(each) for each in grouped(mode_of(case), lines, case.get("parser", "text"))] == counts


def test_there_are_golden_cases_of_every_language() -> None:
    names = {path.stem for path in GOLDEN.glob("*.yaml")}
    assert set(LANGUAGES) - names == {"cpp", "klog", "mysql", "postgresql"}, "those are in servers.yaml"
    assert len(CASES) >= 60


def test_settings_and_streams_know_the_same_languages() -> None:
    assert set(LANGUAGES) == set(LANGUAGE_NAMES)


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_place_that_a_rule_leads_to_is_there(name: str) -> None:
    language = LANGUAGES[name]
    named = {rule.place for rules in language.places.values() for rule in rules}
    named |= {head.place for head in language.heads} | set(language.parsers.values())
    assert named - set(language.places) <= {LOGGED, EXCEPTION}
    assert all(place.split(".")[0] in (name, LOGGED, EXCEPTION) for place in language.places)


# -- properties ----------------------------------------------------------------------------------------------------

LOG_LINES = [
    b"2026-11-21 01:02:03 INFO next",
    b"[2026-11-21T01:02:03Z] WARN next",
    b"01:02:03.004 [main] DEBUG c.s.Cart -- next",
    b"Nov 21 01:02:03 node shop[17]: next",
    b"I1121 01:02:03.000000       1 next.go:1] next",
    b"level=info msg=next",
    b'{"level":"info","msg":"next"}',
    b"INFO:root:next",
    b"[info] next",
    b"10.0.0.1 - - [21/Nov/2026:01:02:03 +0000] GET /",
]
any_line = st.one_of(
    st.sampled_from(GOLDEN_LINES),
    st.sampled_from(LOG_LINES),
    st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" ")),
)
any_mode = st.sampled_from(["auto", "java,python", "node", "start:^\\d{4}", "continuation:^\\s", "end:;$"]).map(
    lambda text: mode_of({"mode": text})
)


@given(multiline=any_mode, lines=st.lists(any_line, max_size=40))
def test_every_line_is_in_exactly_one_record_in_order(multiline: Multiline, lines: list[bytes]) -> None:
    assert [line for record in grouped(multiline, lines) for line in record] == lines


@given(lines=st.lists(any_line, max_size=40))
def test_an_ordinary_log_line_never_continues_a_record(lines: list[bytes]) -> None:
    assert [line for record in grouped(AUTO, lines) for line in record[1:] if line in LOG_LINES] == []


@pytest.mark.parametrize("line", LOG_LINES)
def test_ordinary_lines_are_known_as_such(line: bytes) -> None:
    assert re.match(ORDINARY, line) is not None


@given(lines=st.lists(any_line, max_size=40), length=st.integers(0, 40))
def test_what_comes_later_never_splits_a_record_that_was_sure(lines: list[bytes], length: int) -> None:
    early, late = grouped(AUTO, lines[:length]), grouped(AUTO, lines)
    ends = {sum(map(len, late[: number + 1])) for number in range(len(late))}
    position = 0
    for record in early:
        position += len(record)
        assert not any(position - len(record) < end < position for end in ends)


@given(lines=st.lists(any_line, min_size=1, max_size=60))
def test_states_are_few_whatever_the_lines(lines: list[bytes]) -> None:
    places = {place for language in LANGUAGES.values() for place in language.places}
    state = AUTO.begin(lines[0], 17, "text")
    for line in lines[1:]:
        step = AUTO.go_on(state, line) if state is not None else None
        state = step[0] if step is not None else AUTO.begin(line, 17, "text")
        if state is not None:
            assert state[0] in places
            assert 0 <= state[1] <= UNSURE_LINES_AT_MOST
            assert hash(state) is not None


def test_unsure_lines_in_a_row_are_bounded() -> None:
    lines = [b"java.lang.Error: x", *[b"text"] * 1000, b"\tat A.f(A.java:1)"]
    assert [len(each) for each in grouped(AUTO, lines)] == [1] * 1002


@given(
    place=st.sampled_from(sorted({place for language in LANGUAGES.values() for place in language.places} | {"", "x"})),
    unsure=st.integers(0, UNSURE_LINES_AT_MOST),
    line=st.binary(max_size=80),
)
def test_no_line_raises_at_any_place(place: str, unsure: int, line: bytes) -> None:
    step = AUTO.go_on((place, unsure), line)
    assert step is None or isinstance(step[1], bool)


@given(content=st.lists(any_line, max_size=20).map(b"\n".join))
def test_the_exception_of_any_bytes_is_text(content: bytes) -> None:
    found = exception_of(content)
    assert set(found) <= {"exception.type", "exception.message"}
    assert all(isinstance(value, str) and value for value in found.values())


MIB = 1 << 20
REPEATED = b"a|a.|A.| |\t|(|)|a(|::|a::|:1|a:1:in `|'|[|#1 |a$|a: |---".split(b"|")
BEGUN = b"\tat |    at |goroutine 1 |thread 'x' panicked at |Caused by: |E/AndroidRuntime(|/|a.rb:1:in `|\"".split(b"|")
LONG = [piece * (MIB // len(piece)) for piece in REPEATED] + [head + b"a." * (MIB // 2) for head in BEGUN]


@pytest.mark.parametrize("line", LONG, ids=lambda line: repr(line[:12]))
def test_a_line_of_one_mebibyte_takes_time_in_proportion_to_its_length(line: bytes) -> None:
    places = {place for language in LANGUAGES.values() for place in language.places}
    began = time.thread_time()
    AUTO.begin(line, 0, "text")
    for place in places:
        AUTO.go_on((place, 0), line)
    assert time.thread_time() - began < 0.1 * len(places)


@pytest.mark.parametrize("line", LONG, ids=lambda line: repr(line[:12]))
@pytest.mark.parametrize(
    "context",
    [
        b"java.lang.Error: %b\n\tat A.f(A.java:1)",
        b"Traceback (most recent call last):\n%b",
        b"panic: %b\n\ngoroutine 1 [running]:\n",
        b"thread 'x' panicked at %b\nx",
        b"PHP Fatal error:  Uncaught %b\nStack trace:",
        b"x.rb:1:in `f': %b\n\tfrom",
        b"E, [x] ERROR -- : %b\nx.rb:1:in `f'",
        b"%b\n    at x (y:1:1)",
    ],
)
def test_the_exception_of_one_mebibyte_is_found_as_quickly(context: bytes, line: bytes) -> None:
    began = time.thread_time()
    exception_of(context % line)
    exception_of(context % line.replace(b"a", b"\n"))
    assert time.thread_time() - began < 2


# -- patterns of the user ------------------------------------------------------------------------------------------


def by(**patterns: str) -> Multiline:
    found = multiline_of(LinePatterns(**patterns))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ({"start": "^BEGIN"}, ["x", "BEGIN a b END c", "BEGIN d"]),
        ({"continuation": "^[a-c]$"}, ["x", "BEGIN a b", "END c", "BEGIN", "d"]),
        ({"end": "^END"}, ["x BEGIN a b END", "c BEGIN d"]),
        ({"start": "^BEGIN", "end": "^END"}, ["x", "BEGIN a b END", "c", "BEGIN d"]),
        ({"start": "^BEGIN", "continuation": "^[ab]$"}, ["x", "BEGIN a b", "END", "c", "BEGIN", "d"]),
        ({"start": "^BEGIN", "continuation": "^[a-d]$", "end": "^b$"}, ["x", "BEGIN a b", "END", "c", "BEGIN d"]),
        ({"continuation": "^[a-d]$", "end": "^b$"}, ["x", "BEGIN a b", "END c", "BEGIN d"]),
    ],
)
def test_patterns_join_as_their_documentation_says(patterns: dict[str, str], expected: list[str]) -> None:
    lines = b"x BEGIN a b END c BEGIN d".split()
    assert [b" ".join(each).decode() for each in grouped(by(**patterns), lines)] == expected


def test_patterns_match_bytes_that_are_not_utf8() -> None:
    assert grouped(by(start="^>"), [b">\xff", b"\xfe", b">"]) == [[b">\xff", b"\xfe"], [b">"]]


def test_off_joins_nothing() -> None:
    assert multiline_of("off") is None


def test_a_mode_is_compiled_once() -> None:
    assert multiline_of(("java", "python")) is multiline_of(("java", "python"))
    assert multiline_of(LinePatterns(start="^a")) is multiline_of(LinePatterns(start="^a"))
