"""Which lines a program's records hold, whatever form they have, and how arrivals are judged."""

import json

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, ResourceLogs, ScopeLogs

from bench.peers.forms import CHUNK, LINE, OTLP, Tally, mark, tally
from bench.peers.run import expected
from deploy.demo.lines import Lines, Profile
from schemas.codec import Codec
from tests.peers.samples import raw_chunk

LINES = Lines(Profile())
CONTENTS = [LINES.content("load-03", sequence) for sequence in range(200)]


@pytest.mark.parametrize("content", [CONTENTS[1], next(each for each in CONTENTS if not each.startswith(b"{"))])
def test_a_line_is_known_again_as_it_was_inside_json_and_taken_apart(content: bytes) -> None:
    known = mark(content)
    assert known is not None
    assert known[0] == 3
    assert mark(json.dumps({"log": content.decode()}).encode()) == known
    assert mark(json.dumps({"attributes": {"seq": known[1], "src": "load-03"}}).encode()) == known
    assert mark(json.dumps({"pairs": {"src": "load-03", "seq": str(known[1])}}).encode()) == known


def test_what_names_no_line_is_none() -> None:
    assert mark(b'{"src":"elsewhere","seq":4}') is None
    assert mark(b"") is None


def test_the_lines_of_a_chunk_are_those_of_its_payload() -> None:
    value = Codec("raw_chunk").encode(raw_chunk(b"one\ntwo\n"))
    assert list(CHUNK.split(value)) == [b"one", b"two"]


def test_the_lines_of_an_otlp_record_are_the_bodies_of_all_its_log_records() -> None:
    logs = [LogRecord(body={"string_value": content.decode()}) for content in CONTENTS[:3]]
    value = LogsData(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=logs)])] * 2).SerializeToString()
    assert [mark(piece) for piece in OTLP.split(value)] == [(3, 0), (3, 1), (3, 2)] * 2


def test_missing_doubled_and_unwanted_lines_are_told_apart() -> None:
    pieces = [CONTENTS[0], CONTENTS[1], CONTENTS[1], CONTENTS[5], b"no line"]
    assert tally(pieces, {(3, 0), (3, 1), (3, 2)}) == Tally(expected=3, missing=1, doubled=1, unwanted=2)
    assert tally(CONTENTS[:2], {(3, 0), (3, 1)}).is_exact


def test_all_lines_are_expected_after_tail_and_three_in_ten_after_route() -> None:
    assert len(expected("tail", 10_000)) == 10_000
    assert len(expected("route", 8_000)) == 2_400
    assert expected("route", 8_000) == expected("index", 8_000) < expected("tail", 8_000)


def test_a_record_of_one_line_is_that_line() -> None:
    assert list(LINE.split(b"as it is")) == [b"as it is"]
