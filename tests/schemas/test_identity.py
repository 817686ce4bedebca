"""Identity is computed: the same bytes have the same names for ever."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import (
    FIRST_LINE_MAX_BYTES,
    INCOMPLETE,
    first_line,
    incarnation,
    index_name,
    object_folder,
    object_name,
    parse_record_id,
    record_id,
    source_id,
)

lives = st.binary(min_size=8, max_size=8)
offsets = st.integers(0, 2**48 - 1)
file_offsets = st.integers(0, INCOMPLETE - 1)
nanos = st.integers(-(2**63), 2**63 - 1)


def test_the_formulas_are_those_that_records_in_the_field_were_named_by():
    source = source_id("node-1", "container_files", "dev", "numbers-api-0", "uid", "api")
    life = incarnation(source, 1, b"2026-11-21T01:02:03.000000004Z stdout F hello")
    assert (source, life.hex(), record_id(life, 4711)) == (
        "85b2fc436d97e195",
        "97d391975c36d8a4",
        "l9ORl1w22KQAAAAAEmc",
    )


@given(lives, offsets)
def test_a_record_id_has_19_characters_that_need_no_quoting_and_leads_back(life, offset):
    name = record_id(life, offset)
    assert len(name) == 19
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert parse_record_id(name) == (life, offset)


@given(st.tuples(lives, offsets), st.tuples(lives, offsets))
def test_two_records_have_the_same_id_only_when_they_are_the_same(one, other):
    assert (record_id(*one) == record_id(*other)) == (one == other)


@given(st.lists(st.tuples(lives, offsets), min_size=2))
def test_the_bytes_that_an_id_stands_for_sort_by_file_and_offset(records):
    # Elasticsearch keeps an id that is base64url as the bytes it stands for, so this is the order of its terms.
    assert sorted(records) == sorted(records, key=lambda record: urlsafe_b64decode(record_id(*record) + "="))


@given(lives, st.lists(offsets, min_size=2, unique=True))
def test_ids_of_one_file_share_their_first_ten_characters(life, numbers):
    assert len({record_id(life, number)[:10] for number in numbers}) == 1


@given(lives, file_offsets, file_offsets)
def test_the_id_of_an_incomplete_record_is_that_of_no_complete_one(life, offset, other):
    assert record_id(life, offset | INCOMPLETE) != record_id(life, other)
    assert parse_record_id(record_id(life, offset | INCOMPLETE)) == (life, offset + INCOMPLETE)


@given(st.one_of(st.text(max_size=30), st.binary(max_size=30).map(lambda data: data.decode("latin-1"))))
def test_any_text_is_a_record_id_or_none(text):
    found = parse_record_id(text)
    assert found is None or record_id(*found) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "A" * 18,
        "A" * 20,
        "A" * 18 + "!",
        "é" * 19,
        "A" * 18 + "\n",
        "A" * 9 + "!" + "A" * 10,
        "A" * 18 + "B",
    ],
)
def test_what_is_no_record_id_is_told_apart(text):
    assert parse_record_id(text) is None


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_identities_make_different_sources(one, other):
    assert (source_id("n", "k", *one) == source_id("n", "k", *other)) == (one == other)


def test_node_restart_and_first_line_make_an_incarnation():
    same = incarnation("source", 1, b"line")
    others = [incarnation("source", 2, b"line"), incarnation("source2", 1, b"line"), incarnation("source", 1, b"line2")]
    assert same not in others
    assert len(same) == 8


@given(st.binary(max_size=2000), st.binary(max_size=2000), st.booleans())
def test_a_first_line_once_known_never_changes_while_the_file_grows(head, more, complete):
    known = first_line(head, complete=False)
    if known is not None:
        assert first_line(head + more, complete=complete) == known


def test_a_first_line_is_not_known_before_it_ends_unless_the_file_does():
    assert first_line(b"half", complete=False) is None
    assert first_line(b"half", complete=True) == b"half"
    assert first_line(b"", complete=True) is None
    assert first_line(b"x" * 5000, complete=False) == b"x" * FIRST_LINE_MAX_BYTES


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2260, 1, 1)), st.sampled_from(["logstash-%Y.%m.%d", "w-%G.%V", "all"])
)
def test_an_index_is_named_by_the_utc_day_of_the_timestamp(moment, pattern):
    moment = moment.replace(tzinfo=UTC)
    timestamp = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    assert index_name(pattern, timestamp) == moment.strftime(pattern)


@given(nanos)
def test_any_timestamp_of_64_bits_has_an_index_and_a_folder(timestamp):
    assert index_name("logstash-%Y.%m.%d", timestamp).startswith("logstash-")
    assert object_folder("logs.app", timestamp, "dev").startswith("logs.app/dt=")


def test_an_object_is_named_by_its_topic_hour_namespace_partition_and_first_offset():
    folder = object_folder("logs.app", 1795222923_000000004, "dev")
    assert folder == "logs.app/dt=2026-11-21/hour=01/dev"
    assert object_name(folder, 7, 42, "parquet") == f"{folder}/7-00000000000000000042.parquet"


@given(st.lists(st.integers(0, 2**63 - 1), min_size=2))
def test_objects_of_a_partition_list_in_the_order_of_their_offsets(numbers):
    assert sorted(numbers) == sorted(numbers, key=lambda number: object_name("f", 0, number, "avro"))
