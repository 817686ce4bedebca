"""Documents of JSON topics pass unread; what says not where it belongs, or would spoil its neighbours, does not."""

from __future__ import annotations

import json
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Undecodable
from schemas.document import day_of
from schemas.identity import index_name, parse_record_id, record_id
from sinks.elasticsearch.document import LineBuilder

PATTERN = "logstash-%Y.%m.%d"
ID = record_id(b"lifelife", 7).encode()
DAY = b"2026-11-21"
HEADERS = [("id", ID), ("day", DAY)]


def line(headers: list[tuple[str, bytes | None]] | None, value: bytes) -> bytes | Undecodable:
    return LineBuilder(PATTERN, lambda _: True).of_document(headers, value)


def test_the_action_is_made_of_the_headers_and_the_document_stays_as_it_is():
    value = b'{ "b" :1,"a":\t[1.50, 1e3], "a": "\xc3\xbc" }'
    assert line(HEADERS, value) == b'{"create":{"_index":"logstash-2026.11.21","_id":"%b"}}\n%b\n' % (ID, value)


def test_other_headers_are_nobodys_business():
    assert line([("traceparent", None), *HEADERS, ("x", b"\xff\n")], b"{}") == line(HEADERS, b"{}")


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([PATTERN, "w-%G.%V", "y%y-%m", "one"]))
def test_the_index_of_a_day_is_that_of_every_moment_in_it(timestamp, pattern):
    found = LineBuilder(pattern, lambda _: True).of_document([("id", ID), ("day", day_of(timestamp))], b"{}")
    assert isinstance(found, bytes)
    assert json.loads(found.splitlines()[0])["create"]["_index"] == index_name(pattern, timestamp)


ids = st.builds(record_id, st.binary(min_size=8, max_size=8), st.integers(0, 2**48 - 1))
near_ids = st.builds(
    lambda text, at, letter: text[:at] + letter + text[at + 1 :],
    ids,
    st.integers(0, 19) | st.just(18),
    st.sampled_from(ascii_letters + digits + '-_/+=é\n "'),
)


@given(ids | near_ids | st.text(max_size=25))
def test_an_id_is_what_record_ids_are_and_nothing_else(text):
    passes = isinstance(line([("id", text.encode(errors="surrogatepass")), ("day", DAY)], b"{}"), bytes)
    assert passes == (parse_record_id(text) is not None)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (None, "header id is missing"),
        ([], "header id is missing"),
        ([("id", ID)], "header day is missing"),
        ([("day", DAY)], "header id is missing"),
        ([("id", None), ("day", DAY)], "header id is missing"),
        ([("id", b"7"), ("day", DAY)], "header id '7' is not a record id"),
        ([("id", ID + b"\n"), ("day", DAY)], "is not a record id"),
        ([("id", b'"}}\n{"delete":{'), ("day", DAY)], "is not a record id"),
        ([("id", ID), ("day", b"")], "header day is missing"),
        ([("id", ID), ("day", b"21.11.2026")], "header day '21.11.2026' is not a day"),
        ([("id", ID), ("day", b"2026-02-29")], "is not a day"),
        ([("id", ID), ("day", b"0000-01-01")], "is not a day"),
        ([("id", ID), ("day", b"2026-11-21\n")], "is not a day"),
        ([("id", ID), ("day", b"20261121")], "is not a day"),
        ([("id", ID), ("day", b"\xff" * 100)], "is not a day"),
    ],
)
def test_without_an_id_and_a_day_nobody_knows_where_a_document_belongs(headers, told):
    found = line(headers, b"{}")
    assert isinstance(found, Undecodable)
    assert found.reason == "no_identity"
    assert told in found.message
    assert len(found.message) < 250


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"", "not one JSON object"),
        (b"[{}]", "not one JSON object"),
        (b'"{}"', "not one JSON object"),
        (b"{", "not one JSON object"),
        (b"{} ", "not one JSON object"),
        (b" {}", "not one JSON object"),
        (b'{"a":\n1}', "several lines"),
        (b'{}\n{"delete":{"_id":"1"}}', "several lines"),
        (b'{"a":"\xff"}', "not UTF-8: invalid start byte at byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
    ],
)
def test_what_is_not_the_one_line_of_an_object_is_refused(value, told):
    found = line(HEADERS, value)
    assert isinstance(found, Undecodable)
    assert found.reason == "malformed_value"
    assert told in found.message


@given(
    st.lists(st.tuples(st.text(max_size=5) | st.sampled_from(["id", "day"]), st.none() | st.binary(max_size=25))),
    st.binary(),
)
def test_whatever_comes_is_two_lines_or_a_reason(headers, value):
    for each in (headers, HEADERS):
        found = line(each, b"{" + value + b"}")
        assert isinstance(found, Undecodable) or (found.count(b"\n") == 2 and found.endswith(b"{" + value + b"}\n"))
