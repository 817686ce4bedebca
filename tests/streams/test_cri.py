"""Lines are read as the CRI logging format defines them, and whatever else comes is told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.framing.cri import parse_line
from streams.core.framing.line import Line
from streams.core.rfc3339 import timestamp_nanos

TIME = b"2026-11-21T01:02:03.000000004Z"
NANOS = 1795222923_000000004


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (TIME + b" stdout F hello", Line(TIME, b"stdout", False, b"hello")),
        (TIME + b" stderr P hel", Line(TIME, b"stderr", True, b"hel")),
        (TIME + b" stdout F:odd:tags x", Line(TIME, b"stdout", False, b"x")),
        (TIME + b" stdout F ", Line(TIME, b"stdout", False, b"")),
        (TIME + b" stdout F", Line(TIME, b"stdout", False, b"")),
        (TIME + b" stdout F  two  spaces ", Line(TIME, b"stdout", False, b" two  spaces ")),
        (TIME + b" stdout F \x00\xff", Line(TIME, b"stdout", False, b"\x00\xff")),
        (b"", None),
        (b"hello", None),
        (TIME + b" stdout", None),
        (TIME + b" stdin F x", None),
        (TIME + b" stdout X x", None),
        (TIME + b" stdout FULL x", None),
        (b"now stdout F x", None),
        (b" " + TIME + b" stdout F x", None),
    ],
)
def test_a_line_has_a_timestamp_a_stream_tags_and_content(line: bytes, expected: Line | None) -> None:
    assert parse_line(line) == expected


@given(st.binary(max_size=100))
@example(b"-" * 20_000 + b" stdout F x")
@example(b"+00:00" * 5_000 + b" stdout F x")
@example(b"9999-12-31T23:59:59Z stdout F x")
def test_any_bytes_are_a_line_or_none(line: bytes) -> None:
    parse_line(line)
    parse_line(line + b" stdout F x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TIME, NANOS),
        (b"2026-11-21T01:02:03Z", NANOS - 4),
        (b"2026-11-21T01:02:03.5Z", NANOS - 4 + 500_000_000),
        (b"2026-11-21T02:02:03.000000004+01:00", NANOS),
        (b"2026-11-20T22:32:03.000000004-02:30", NANOS),
        (b"1969-12-31T23:59:59.999999999Z", -1),
        (b"2026-11-21T01:02:03.Z", None),
        (b"2026-11-21T01:02:03.0000000004Z", None),
        (b"2026-11-21T01:02:03", None),
        (b"2026-11-21 01:02:03Z", None),
        (b"2026-13-21T01:02:03Z", None),
        (b"2026-02-30T01:02:03Z", None),
        (b"2026-11-21T01:02:03+0100", None),
        (b"2026-11-21T01:02:03+xx:00", None),
    ],
)
def test_a_timestamp_is_rfc_3339_with_up_to_nine_decimals(text: bytes, expected: int | None) -> None:
    assert timestamp_nanos(text) == expected


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2260, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.integers(0, 999_999_999),
    st.integers(-14 * 60, 14 * 60),
)
def test_every_zone_says_the_same_moment(moment: datetime, nanos: int, minutes: int) -> None:
    utc = moment.replace(tzinfo=UTC)
    local = utc.astimezone(timezone(timedelta(minutes=minutes)))
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    expected = (utc - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 10**9 + nanos
    assert timestamp_nanos(f"{utc:%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z".encode()) == expected
    zoned = f"{local:%Y-%m-%dT%H:%M:%S}.{nanos:09d}{sign}{hours:02d}:{rest:02d}"
    assert timestamp_nanos(zoned.encode()) == expected


@pytest.mark.parametrize("year", ["0001", "1600", "2262", "2263", "9999"])
def test_a_moment_that_64_bits_of_nanoseconds_cannot_hold_is_no_timestamp(year: str) -> None:
    assert timestamp_nanos(f"{year}-12-31T23:59:59.999999999Z".encode()) is None
    assert timestamp_nanos(f"{year}-12-31T23:59:59.999999999-14:00".encode()) is None
