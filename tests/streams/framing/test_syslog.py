"""Syslog messages as the RFCs print them and as real programs write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams.framing.chunks import OBSERVED, chunk, only, outcome_of
from tests.streams.framing.samples import counted


def nanos(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000) * 1000


def read(message: bytes, **changes: Any) -> dict[str, Any]:
    return only("syslog", counted(message), **changes)


RFC5424 = [
    (
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
        b"\xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8",
        "'su root' failed for lonvick on /dev/pts/8", 18, "crit", nanos("2003-10-11T22:14:15.003"),
        {"facility": "auth", "hostname": "mymachine.example.com", "appname": "su", "msgid": "ID47"},
    ),
    (
        b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
        "%% It's time to make the do-nuts.", 10, "notice", nanos("2003-08-24T12:14:15.000003"),
        {"facility": "local4", "hostname": "192.0.2.1", "appname": "myproc", "procid": "8710"},
    ),
    (
        b'<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource='
        b'"Application" eventID="1011"] \xef\xbb\xbfAn application event log entry...',
        "An application event log entry...", 10, "notice", nanos("2003-10-11T22:14:15.003"),
        {"facility": "local4", "hostname": "mymachine.example.com", "appname": "evntslog", "msgid": "ID47",
         "structured_data": {"exampleSDID@32473": {"iut": "3", "eventSource": "Application", "eventID": "1011"}}},
    ),
    (
        b'<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource='
        b'"Application" eventID="1011"][examplePriority@32473 class="high"]',
        "", 10, "notice", nanos("2003-10-11T22:14:15.003"),
        {"facility": "local4", "hostname": "mymachine.example.com", "appname": "evntslog", "msgid": "ID47",
         "structured_data": {"exampleSDID@32473": {"iut": "3", "eventSource": "Application", "eventID": "1011"},
                             "examplePriority@32473": {"class": "high"}}},
    ),
    (
        b'<0>1 - - - - - [origin ip="192.0.2.1" ip="192.0.2.129"][x a="\\"\\\\\\]\\n]" b=""][empty] text',
        "text", 21, "emerg", OBSERVED,
        {"facility": "kern", "structured_data": {
            "origin": {"ip": ["192.0.2.1", "192.0.2.129"]}, "x": {"a": '"\\]\\n]', "b": ""}, "empty": {}}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "body", "number", "level", "timestamp", "attributes"), RFC5424)
def test_the_examples_of_rfc_5424_are_read(
    message: bytes, body: str, number: int, level: str, timestamp: int, attributes: dict[str, Any]
) -> None:
    record = read(message)
    assert (record["body"], record["severity_number"], record["severity_text"]) == (body, number, level)
    assert (record["timestamp"], record["attributes"], record["parser"]) == (timestamp, attributes, "rfc5424")
    assert (record["original"], record["flags"]) == (message.decode(), [])


RFC3164 = [
    (b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "'su root' failed", "2026-10-11T22:14:15",
     {"facility": "auth", "hostname": "mymachine", "appname": "su"}),
    (b"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", "Use the BFG!", "2027-02-05T17:32:18",
     {"facility": "user", "hostname": "10.0.0.99"}),
    (b"<30>Nov 21 01:02:03 web[4242]: listening", "listening", "2026-11-21T01:02:03",
     {"facility": "daemon", "appname": "web", "procid": "4242"}),
    (b"<30>2026-11-21T01:02:03Z host web/app.1[4242]: a: b", "a: b", "2026-11-21T01:02:03",
     {"facility": "daemon", "hostname": "host", "appname": "web/app.1", "procid": "4242"}),
    (b"<30> 2026-11-21T01:02:03.25+01:00 fe80::1 web: x", "x", "2026-11-21T00:02:03.25",
     {"facility": "daemon", "hostname": "fe80::1", "appname": "web"}),
    (b"<189>Nov 21 2024 01:02:03.250: %SYS-5-CONFIG_I: Configured", "Configured", "2024-11-21T01:02:03.25",
     {"facility": "local7", "appname": "%SYS-5-CONFIG_I"}),
    (b"<6>kernel: Linux version 6.1", "Linux version 6.1", None, {"facility": "kern", "appname": "kernel"}),
    (b"<13>no header at all", "no header at all", None, {"facility": "user"}),
    (b"<13>Nov 31 01:02:03 host app: x", "Nov 31 01:02:03 host app: x", None, {"facility": "user"}),
    (b"<13>", "", None, {"facility": "user"}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "body", "timestamp", "attributes"), RFC3164)
def test_the_older_format_is_read_as_it_is_really_written(
    message: bytes, body: str, timestamp: str | None, attributes: dict[str, Any]
) -> None:
    record = read(message)
    assert (record["body"], record["attributes"], record["parser"]) == (body, attributes, "rfc3164")
    assert record["timestamp"] == (OBSERVED if timestamp is None else nanos(timestamp))
    assert record["original"] == message.decode()


@pytest.mark.parametrize(
    ("received", "written", "year"),
    [
        ("2027-01-01T00:00:05", "Dec 31 23:59:58", 2026),
        ("2026-12-31T23:59:58", "Jan  1 00:00:05", 2027),
        ("2026-06-01T00:00:00", "Jun  1 00:00:00", 2026),
        ("2027-03-01T00:00:00", "Feb 29 12:00:00", 2028),
    ],
)
def test_the_year_is_the_one_that_brings_a_message_nearest_to_its_receipt(
    received: str, written: str, year: int
) -> None:
    record = read(f"<13>{written} host app: x".encode(), observed_timestamp=nanos(received))
    assert datetime.fromtimestamp(record["timestamp"] / 1e9, UTC).year == year


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (b"no priority, but an ERROR in it", 17), (b"<192>Oct 11 22:14:15 host app: x", 0), (b"<x>1", 0), (b"<13", 0),
        (b"<11>1 2003-10-11T22:14:15.003Z host app", 17), (b"<11>1 - - - - - [x a=b] text", 17),
        (b"<11>1 2003-13-11T22:14:15.003Z host app - - - text", 17), (b'<11>1 - - - - - [x a="b] text', 17),
    ],
)  # fmt: skip
def test_a_malformed_message_is_a_record_of_all_its_text(message: bytes, number: int) -> None:
    record = read(message)
    assert (record["body"], record["flags"], record["severity_number"]) == (message.decode(), ["malformed"], number)
    assert record["timestamp"] == OBSERVED


def test_json_in_a_message_is_read_and_its_level_goes_before_the_priority() -> None:
    message = b'<30>Nov 21 01:02:03 web[1]: {"level":"error","msg":"no","appname":"mine"}'
    record = read(message)
    assert (record["body"], record["severity_number"], record["severity_text"]) == ("no", 17, "error")
    assert record["attributes"] == {"facility": "daemon", "appname": "mine", "procid": "1"}
    assert read(b'<27>web: {"msg":"no"}')["severity_text"] == "err"


def test_bytes_that_are_not_utf_8_are_flagged_and_line_ends_are_no_text() -> None:
    record = read(b"<13>h\xe9: caf\xe9\r\n\0")
    assert (record["body"], record["original"], record["flags"]) == (
        "caf\\xe9",
        "<13>h\\xe9: caf\\xe9",
        ["invalid_utf8"],
    )


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(0, 1 << 40))
def test_each_message_has_the_position_of_its_count(messages: list[bytes], offset: int) -> None:
    found = outcome_of(chunk("syslog", counted(*messages), offset))
    ends = [offset + len(counted(*messages[:number])) for number in range(len(messages))]
    assert ([record["offset"] for record in found.records], found.letters) == (ends, [])


@pytest.mark.parametrize("rest", [b"99 <13>too short", b"<13>no count", b"0 ", b"5", b"12x <13>abc"])
def test_what_is_not_counted_is_a_dead_letter_and_what_comes_before_it_is_not(rest: bytes) -> None:
    found = outcome_of(chunk("syslog", counted(b"<13>one") + rest))
    assert (found.bodies(), found.originals()) == (["one"], [rest])


def test_a_message_longer_than_a_record_becomes_several() -> None:
    text = "é" * 400
    found = outcome_of(chunk("syslog", counted(f"<13>app: {text}".encode())))
    assert "".join(found.bodies()) == text
    assert all(len(body.encode()) <= 150 for body in found.bodies())
    assert [record["offset"] for record in found.records] == list(range(len(found.records)))
    assert {tuple(record["flags"]) for record in found.records} == {("split",)}
