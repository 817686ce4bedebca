"""Journal entries in the export format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.journald.export import Cursor, export_entry
from schemas.identity import record_id
from tests.streams.framing.chunks import LIFE, OBSERVED, chunk, only, outcome_of
from tests.streams.framing.samples import JOURNAL


def entry(*fields: bytes, number: int = 7, micros: int = 1795222923000001) -> bytes:
    """As the producer writes it."""
    return export_entry(Cursor("s=0;i=7;b=0;m=0;t=0;x=0", b"\x01" * 16, number, "0" * 32, 5, micros, "0"), fields)


def read(*fields: bytes) -> dict[str, Any]:
    return only("journald", entry(*fields))


def test_the_example_of_the_format_is_read() -> None:
    one, two = outcome_of(chunk("journald", JOURNAL)).records
    assert (one["body"], one["timestamp"], one["offset"]) == (
        "AccountsService-DEBUG: ActUserManager: ignoring", 1342540861416409000, 322791,
    )  # fmt: skip
    assert (one["severity_number"], one["severity_text"]) == (13, "warning")
    assert one["attributes"] == {
        "__MONOTONIC_TIMESTAMP": "21415215982",
        "_BOOT_ID": "6c7c6013a26343b29e964691ff25d04c",
        "_TRANSPORT": "syslog",
        "SYSLOG_FACILITY": "3",
        "SYSLOG_IDENTIFIER": "gdm-password]",
        "SYSLOG_PID": "587",
        "_SYSTEMD_UNIT": "gdm.service",
    }
    assert (two["body"], two["flags"], two["offset"]) == ("two\n\nlines \\xff\x00\x07!", ["invalid_utf8"], 322792)


def test_an_id_is_made_of_the_number() -> None:
    assert read(b"MESSAGE=x")["id"] == record_id(LIFE, 7)


@pytest.mark.parametrize(("priority", "number"), [*zip(b"01234567", (21, 19, 18, 17, 13, 10, 9, 5), strict=True)])
def test_a_priority_is_a_severity(priority: int, number: int) -> None:
    assert read(b"MESSAGE=no error", b"PRIORITY=%c" % priority)["severity_number"] == number


@pytest.mark.parametrize(
    ("message", "number", "level"),
    [
        (b"E1121 01:02:03.000000 1 kubelet.go:2] no", 17, "E"), (b'{"level":"warn","msg":"etcd"}', 13, "warn"),
        (b"plain words", 9, "info"),
    ],
)  # fmt: skip
def test_what_a_service_prints_tells_its_level_better_than_its_unit(message: bytes, number: int, level: str) -> None:
    record = read(b"MESSAGE=" + message, b"PRIORITY=6", b"_TRANSPORT=stdout")
    assert (record["severity_number"], record["severity_text"]) == (number, level)


def test_without_a_priority_the_text_is_asked() -> None:
    assert read(b"MESSAGE=ERROR: no")["severity_number"] == 17
    assert read(b"MESSAGE=x", b"PRIORITY=9")["severity_number"] == 0


def test_values_of_a_field_that_occurs_several_times_are_a_list() -> None:
    assert read(b"MESSAGE=x", b"A=1", b"A=\xff", b"B=a=b")["attributes"] | {
        "_BOOT_ID": "",
        "__MONOTONIC_TIMESTAMP": "",
    } == {
        "A": ["1", "\\xff"],
        "B": "a=b",
        "_BOOT_ID": "",
        "__MONOTONIC_TIMESTAMP": "",
    }


def test_an_entry_without_a_message_is_an_empty_record_with_its_fields() -> None:
    record = read(b"MESSAGE_ID=abc")
    assert (record["body"], record["attributes"]["MESSAGE_ID"]) == ("", "abc")


def test_the_number_may_stand_in_the_cursor_alone_and_the_time_nowhere() -> None:
    record = only("journald", b"__CURSOR=s=1;i=ff;b=2;m=3;t=4;x=5\nMESSAGE=x\n\n")
    assert (record["offset"], record["timestamp"]) == (255, OBSERVED)


@given(st.lists(st.lists(st.binary(max_size=12), max_size=4), max_size=5))
def test_every_entry_of_a_producer_is_read(messages: list[list[bytes]]) -> None:
    payload = b"".join(
        entry(b"MESSAGE=" + b"".join(values), *(b"F=" + value for value in values), number=number)
        for number, values in enumerate(messages)
    )
    found = outcome_of(chunk("journald", payload))
    assert found.letters == []
    texts = [(record["original"] or record["body"], record["offset"]) for record in found.records]
    assert texts == [(b"".join(values).decode(errors="backslashreplace"), at) for at, values in enumerate(messages)]


@pytest.mark.parametrize(
    "bad",
    [
        b"MESSAGE\n" + b"\xff" * 8 + b"\nX=1\n\n", b"MESSAGE=no number\n\n", b"__SEQNUM=99999999999999\nMESSAGE=x\n\n",
        b"__SEQNUM=-1\nMESSAGE=x\n\n", b"__SEQNUM=\xc2\xb2\nMESSAGE=x\n\n",
    ],
)  # fmt: skip
def test_what_is_no_entry_is_a_dead_letter_and_the_next_one_is_read(bad: bytes) -> None:
    found = outcome_of(chunk("journald", entry(b"MESSAGE=one") + bad + entry(b"MESSAGE=two", number=8)))
    assert (found.bodies(), found.originals()) == (["one", "two"], [bad])


def test_an_entry_that_is_not_whole_is_a_dead_letter() -> None:
    found = outcome_of(chunk("journald", entry(b"MESSAGE=one") + entry(b"MESSAGE=two")[:-1]))
    assert (found.bodies(), found.originals()) == (["one"], [entry(b"MESSAGE=two")[:-1]])


def test_parts_of_a_long_message_have_numbers_that_no_entry_has() -> None:
    payload = entry(b"MESSAGE=" + b"x" * 400, b"A=1") + entry(b"MESSAGE=y", number=8)
    found = outcome_of(chunk("journald", payload))
    assert "".join(found.bodies()) == "x" * 400 + "y"
    assert [record["offset"] for record in found.records] == [7, 7 + (1 << 40), 7 + (2 << 40), 8]
    assert [record["attributes"].get("A") for record in found.records] == ["1", None, None, None]
