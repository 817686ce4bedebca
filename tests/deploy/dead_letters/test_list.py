"""Which letters are meant, how they are grouped, and what people get to see of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.dead_letters.core.complaint import complaints
from deploy.dead_letters.core.groups import Grouping
from deploy.dead_letters.core.letter import Letter, Mark
from deploy.dead_letters.core.origin import Origin, Origins
from deploy.dead_letters.core.shown import as_text, hex_dump
from deploy.dead_letters.core.wanted import Wanted
from deploy.dead_letters.export import export
from deploy.dead_letters.view import letter_lines
from schemas.errors import SettingsError
from tests.deploy.dead_letters.letters import of_sink, of_stream
from tests.sinks.records import CODEC, log_record

SECOND = 1_000_000_000
REFUSAL = (
    "document_parsing_exception: [1:{0}] failed to parse field [{1}] of type [long] in document with id 'AA{0}'. "
    "Preview of field's value: '{2}' (illegal_argument_exception: For input string: \"{2}\")"
)


def test_messages_that_differ_in_numbers_and_values_are_one_group() -> None:
    grouping = Grouping()
    for offset, value in enumerate(("abc", "it's", "über 3")):
        grouping.take(of_sink(b"", 0, offset, message=REFUSAL.format(offset + 70, "attributes.status", value)))
    grouping.take(of_sink(b"", 0, 9, message=REFUSAL.format(1, "attributes.size", "abc")))
    assert sorted(group.letters for group in grouping.groups()) == [1, 3]


def test_groups_tell_first_and_last_and_what_was_sent_again() -> None:
    grouping = Grouping()
    for offset, failed_at in ((5, 20), (6, 10), (9, 30)):
        grouping.take(of_stream(1, offset, failed_at=failed_at))
    grouping.take(Mark(1, frozenset({6, 9, 7, 1000})))
    grouping.take(Mark(1, frozenset({6})))
    grouping.take(Mark(2, frozenset({5})))
    [group] = grouping.groups()
    assert (group.letters, group.sent_again, group.first, group.last, group.place) == (3, 2, 10, 30, "1:5")


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.booleans()), max_size=60))
def test_every_letter_is_in_one_group(drawn: list[tuple[int, str, bool]]) -> None:
    grouping, at, marked = Grouping(), Counter[int](), Counter[str]()
    for partition, reason, is_marked in drawn:
        at[partition] += 2
        grouping.take(of_stream(partition, at[partition], reason=reason))
        if is_marked:
            marked[reason] += 1
            grouping.take(Mark(partition, frozenset({at[partition]})))
    found = {group.reason: (group.letters, group.sent_again) for group in grouping.groups()}
    wanted = Counter(reason for _, reason, _ in drawn)
    assert found == {reason: (amount, marked[reason]) for reason, amount in wanted.items()}


@pytest.mark.parametrize(
    ("wanted", "takes"),
    [
        (Wanted(), True),
        (Wanted(reason="unreadable*", stage="stream", topic="logs.raw"), True),
        (Wanted(reason="rejected*"), False),
        (Wanted(stage="sink/*"), False),
        (Wanted(topic="logs.app"), False),
        (Wanted(since=20), True),
        (Wanted(since=21), False),
        (Wanted(until=20), False),
        (Wanted(until=21), True),
        (Wanted(source="5b3c*"), True),
        (Wanted(source="other"), False),
        (Wanted(namespace="shop"), False),
    ],
)
def test_all_conditions_have_to_hold(wanted: Wanted, takes: bool) -> None:
    assert wanted.takes(of_stream(failed_at=20), Origins().of) is takes


def test_an_origin_is_looked_for_only_where_it_matters() -> None:
    def fails(_letter: Letter) -> Origin:
        raise AssertionError

    assert Wanted(reason="*").takes(of_stream(), fails)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (REFUSAL.format(1, "attributes.status", "abc"), {"attributes.status": "abc"}),
        ("object mapping for [attributes.a.b] tried to parse field [b] as object", {"attributes.a.b": 1, "b": None}),
        ("strict_dynamic_mapping_exception: dynamic introduction of [new] within [_doc]", {"new": "x"}),
        ("Limit of total fields [1000] has been exceeded", {}),
    ],
)
def test_fields_that_elasticsearch_names_are_found_in_the_document(message: str, found: dict[str, object]) -> None:
    document = {"attributes": {"status": "abc", "a.b": 1}, "new": "x"}
    assert complaints(message, document) == found


@given(st.binary(max_size=100))
def test_a_hex_dump_says_every_byte(content: bytes) -> None:
    dumped = [line[10:59].replace(" ", "") for line in hex_dump(content)]
    assert bytes.fromhex("".join(dumped)) == content


def test_text_is_shown_as_text_and_nothing_of_it_steers_the_terminal() -> None:
    assert as_text("grüße\tund \x1b[31mrot".encode()) == "grüße\tund \x1b[31mrot"
    assert as_text(b"nul \x00") is as_text(b"\xff") is None
    lines = "\n".join(letter_lines(of_stream(original=b"red \x1b[31m"), Origin()))
    assert "red \\x1b[31m" in lines
    assert "\x1b" not in lines


LETTERS = [of_stream(0, 1, original=b"\x00\xff\n"), of_sink(CODEC.encode(log_record(3)), 1, 2), of_sink(b"", 1, 3)]


def test_files_hold_the_original_bytes(tmp_path: Path) -> None:
    assert (
        export(LETTERS, tmp_path / "a.avro") == export(LETTERS, tmp_path / "a.jsonl") == export(LETTERS, tmp_path / "a")
    )
    with (tmp_path / "a.avro").open("rb") as file:
        found = list(fastavro.reader(file))
    assert [(each["letter_partition"], each["letter_offset"], each["original"]) for each in found] == [
        (each.partition, each.offset, each.original) for each in LETTERS
    ]
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [each["letter"] for each in lines] == ["0:1", "1:2", "1:3"]
    assert (tmp_path / "a" / "0-1.bin").read_bytes() == b"\x00\xff\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "a.avro", "a.jsonl"]


def test_an_export_that_cannot_be_written_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        export(LETTERS, tmp_path / "nowhere" / "a.avro")
