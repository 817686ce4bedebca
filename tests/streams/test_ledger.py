"""Each chunk has one entry in the ledger: every line that begins in it was routed, joined, dropped or dead-lettered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.anything.chunks import RAW, Value
from bench.anything.offline import Offline
from bench.anything.standins import SHORT_LINE_BYTES, Clock, running, short_limits
from schemas.settings import parse_settings
from tests.streams.source import stamp

TRACE = ["java.lang.IllegalStateException: closed", "\tat a.B.c(B.java:1)", "\tat a.B.d(B.java:2)", "done"]


@pytest.fixture(autouse=True)
def _short_lines_are_long() -> Iterator[None]:
    with short_limits():
        yield


def rules(text: str = "", *, longest: int = 1000) -> str:
    routes = "" if "routes:" in text else "routes: [{match: '**', topic: logs.app}]\n"
    return f"stream: {{record_max_bytes: {longest}, pod_wait_secs: 0}}\n{routes}{text}\n"


def line(content: str, millis: int = 0, *, tag: str = "F") -> bytes:
    return f"{stamp(millis)} stdout {tag} {content}\n".encode()


class Lives:
    """Chunks of one source, each life read on where it was left."""

    def __init__(self, framing: str = "cri") -> None:
        self.source = {"id": "s", "node": "n", "kind": "files", "framing": framing, "tag": None, "container": None}
        self.values: list[Value] = []
        self._ends: dict[int, int] = {}

    def add(self, payload: bytes, life: int = 1, *, begin: int | None = None, **told: Any) -> Lives:
        begin = self._ends.get(life, 0) if begin is None else begin
        self._ends[life] = begin + len(payload)
        chunk = {
            "source": self.source,
            "path": "/x",
            "incarnation": bytes([life] * 8),
            "offset": begin,
            "observed_timestamp": 1,
            "ended": False,
            "resumed": None,
            "payload": payload,
        }
        self.values.append(Value(0, 0.0, RAW.encode(chunk | told)))
        return self


def outcomes(lives: Lives, settings: str = "", *, silent_behind: int = 0) -> list[dict[str, int]]:
    """Outcomes of each chunk, in order, once everything rests; a long silence is behind a chunk."""
    with running(Clock()) as clock:
        worker = Offline(parse_settings(settings or rules(), "logferry.yaml", {}), clock)
        for number, value in enumerate(lives.values, 1):
            worker.take(value)
            if number == silent_behind:
                clock.now += 100.0
                worker.stage.tend()
        worker.rest()
    assert worker.problems() == []
    entries = worker.entries_by_offset()
    return [entry["outcomes"] for _, entry in sorted(entries.items())]


# -- lines that are longer than a record may be --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("sampling: [{match: '**', keep_one_in: 1000000, below: fatal}]", {"dropped/sampled": 1}),
        ("routes: [{match: '**', topic: logs.x, attributes: {n: '8'}}]", {"dropped/unmatched": 1}),
        (
            "severity: [{match: '**', minimum: fatal}]\nredaction: [{match: '**', detect: [ip]}]",
            {"dropped/severity": 1},
        ),
    ],
)
def test_a_long_line_that_rules_drop_is_one_line_dropped(rule: str, outcome: dict[str, int]) -> None:
    lives = Lives().add(line("ERROR " + "x" * 100, tag="F"))
    settings = rules(rule, longest=20)
    assert outcomes(lives, settings) == [outcome]


def test_the_parts_of_a_long_line_go_where_its_first_part_went() -> None:
    lives = Lives("raw").add(b"status=503 " + b"x" * 30 + b"\n")
    conditional = "routes: [{match: '**', topic: logs.failed, attributes: {status: '5*'}}]\nunmatched: logs.rest"
    parsed = "parse: [{match: '**', parser: key_value}]"
    assert outcomes(lives, rules(f"{conditional}\n{parsed}", longest=20)) == [{"routed/logs.failed": 3, "routed": 1}]


def test_the_rest_of_a_long_line_whose_beginning_was_given_up_counts_where_it_stands() -> None:
    begin = line("x" * SHORT_LINE_BYTES)[:-1]
    lives = Lives().add(begin).add(b"y" * 7 + b"\n")
    assert outcomes(lives, silent_behind=1) == [{"routed/logs.app": 1, "routed": 1}] * 2


# -- records of several lines --------------------------------------------------------------------------------------


def test_a_line_in_the_middle_of_a_stack_trace_is_joined_in_the_entry_of_its_own_chunk() -> None:
    lives = Lives()
    for text in TRACE:
        lives.add(line(text))
    begun = {"routed/logs.app": 1, "routed": 1}
    assert outcomes(lives) == [begun, {"joined": 1}, {"joined": 1}, begun]


def test_a_chunk_in_the_middle_of_a_stack_trace_does_not_wait_for_its_end() -> None:
    lives = Lives()
    for text in TRACE[:3]:
        lives.add(line(text))
    with running(Clock()) as clock:
        worker = Offline(parse_settings(rules(), "logferry.yaml", {}), clock)
        for value in lives.values:
            worker.take(value)
        while worker.client.waiting:
            worker.client.deliver(0)
        assert [entry["outcomes"] for entry in worker.entries()] == [{"joined": 1}, {"joined": 1}]
        assert worker.acknowledged == {}


def test_a_chunk_whose_record_was_too_long_waits_for_the_chunk_in_which_its_rest_begins() -> None:
    """Whoever reads the rest again must know that it is one."""
    lives = Lives()
    for payload in (line(TRACE[0]), line(TRACE[1]) + line("begun", tag="P"), line(" and ended")):
        lives.add(payload)
    with running(Clock()) as clock:
        worker = Offline(parse_settings(rules(longest=50), "logferry.yaml", {}), clock)
        for number, acknowledged in enumerate(({}, {}, {0: 3})):
            worker.take(lives.values[number])
            while worker.client.waiting:
                worker.client.deliver(0)
            assert worker.acknowledged == acknowledged
        flags = [each["flags"] for each in worker.contents()[0].values()]
        assert flags == [["split"], ["split"], []]


# -- lines that were torn, payloads that nobody can read -----------------------------------------------------------


def test_a_torn_line_and_the_whole_one_behind_it_are_two() -> None:
    whole = b'{"log":"whole\\n","stream":"stdout","time":"2026-11-21T01:02:03Z"}\n'
    expected = {"dead_letter/unreadable_framing": 1, "routed/logs.app": 1, "routed": 1}
    assert outcomes(Lives("docker").add(b'{"log":"torn ' + whole)) == [expected]


def test_a_payload_that_nobody_can_take_apart_is_one_line() -> None:
    assert outcomes(Lives("runes").add(b"one\ntwo\n")) == [{"dead_letter/unsupported_framing": 1}]


# -- lives told in another order -----------------------------------------------------------------------------------


def test_what_an_ended_life_leaves_open_when_a_later_one_is_taken_up_again_is_accounted_for() -> None:
    first, second = line("ERROR begun", tag="F") + line("begun", 1, tag="P"), line("plain", 2)
    lives = Lives().add(first).add(second, 2).add(b"", ended=True).add(line("more", 3), 2, ended=True)
    assert outcomes(lives)[0] == {"joined": 2}


def test_a_life_of_which_bytes_are_missing_gives_up_what_it_had_when_it_was_left() -> None:
    lives = Lives().add(line("begun", tag="P")).add(line("other"), 2).add(line("behind a gap"), begin=1000)
    kept = {"routed/logs.app": 1, "routed": 1}
    assert outcomes(lives) == [kept, kept, kept]
