"""Ids of entries and of logs, and long records divided."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import parse_record_id, record_id
from sinks.google_cloud.entries import EntryBuilder, insert_id
from sinks.google_cloud.resource import log_id
from sinks.google_cloud.sink import requests
from tests.sinks.google_cloud_server import read_entry
from tests.sinks.test_google_cloud_entries import record, settings


@given(st.binary(min_size=8, max_size=8), st.integers(0, 2**47), st.integers(0, 2**47))
def test_ids_sort_as_the_lines_of_a_file_stand_in_it(life, one, other):
    first, second = insert_id(record_id(life, one)), insert_id(record_id(life, other))
    assert (first < second, first == second) == (one < other, one == other)
    assert (bytes.fromhex(first[:16]), int(first[16:], 16)) == parse_record_id(record_id(life, one))


@pytest.mark.parametrize("text", ["", "anything", "x" * 19, "!!!!!!!!!!!!!!!!!!A"])
def test_an_id_of_other_making_stays_as_it_is_or_is_as_long(text):
    assert insert_id(text) == text or len(insert_id(text)) == 28


@given(st.text(min_size=1, max_size=700))
def test_any_text_becomes_the_id_of_a_log(text):
    assert re.fullmatch(r"[A-Za-z0-9/_.\-]{1,511}", log_id(text))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=400), st.booleans())
def test_a_long_record_becomes_numbered_texts_that_together_are_its_line(line, is_json):
    at_most, line = 1600, line * 9
    builder = EntryBuilder(settings(format="json" if is_json else "text"), at_most)
    found = builder.entry(record(body=line[:9], original=line, attributes={"all": line}))
    assert max(map(len, found.parts)) <= at_most
    entries = list(map(read_entry, found.parts))
    if "jsonPayload" in entries[0]:
        assert len(entries) == 1
        return
    assert "".join(each["textPayload"] for each in entries) == line
    assert len({each["insertId"] for each in entries}) == len(entries)
    if len(entries) > 1:
        splits = [each["split"] for each in entries]
        assert [each.get("index", 0) for each in splits] == list(range(len(entries)))
        assert {(each["uid"], each["totalSplits"]) for each in splits} == {
            (b"lifelife".hex() + "000000000007", len(entries))
        }


@given(st.lists(st.binary(min_size=1, max_size=60)))
def test_requests_are_within_their_size_and_lose_nothing(parts):
    made = list(requests(parts, 100))
    assert [part for request in made for part in request] == parts
    assert all(sum(map(len, request)) + len(request) <= 100 for request in made)
