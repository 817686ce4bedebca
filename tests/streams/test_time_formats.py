"""Times are read as their formats' specifications say, in every zone and at every turn of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import SettingsError
from streams.core.parsers.time_formats import FORMAT_NAMES, rfc3339_text, time_format
from streams.core.rfc3339 import FARTHEST_NANOS, timestamp_nanos

SECOND = 1_000_000_000


def nanos(text: str) -> int:
    found = timestamp_nanos(text.encode())
    assert found is not None
    return found


NOW = nanos("2026-11-21T12:00:00Z")


def read(written: str, text: str, timezone: str = "UTC", now: int = NOW) -> str | None:
    found = time_format(written, timezone)(text, now)
    return None if found is None else rfc3339_text(found)


# Format, text, the same time in RFC 3339.
TIMES = [
    # RFC 3339, 5.8, and ISO 8601
    ("rfc3339", "1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.52Z"),
    ("rfc3339", "1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z"),
    ("rfc3339", "1990-12-31T23:59:60Z", "1991-01-01T00:00:00Z"),
    ("rfc3339", "1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),
    ("rfc3339", "1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.87Z"),
    ("rfc3339", "2026-11-21 01:02:03z", "2026-11-21T01:02:03Z"),
    ("iso8601", "2026-11-21T01:02:03", "2026-11-21T01:02:03Z"),
    ("iso8601", "2026-11-21T01:02:03,5+01:00", "2026-11-21T00:02:03.5Z"),
    ("iso8601", "2026-11-21T01:02:03.123456789Z", "2026-11-21T01:02:03.123456789Z"),
    ("iso8601", "2026-11-21 01:02+0530", "2026-11-20T19:32:00Z"),
    ("iso8601", "20261121T010203Z", "2026-11-21T01:02:03Z"),
    ("iso8601", "2026-11-21", "2026-11-21T00:00:00Z"),
    # Since 1970
    ("unix", "1795222923", "2026-11-21T01:02:03Z"),
    ("unix", "1795222923.5", "2026-11-21T01:02:03.5Z"),
    ("unix", "1795222923,000000001", "2026-11-21T01:02:03.000000001Z"),
    ("unix", "0", "1970-01-01T00:00:00Z"),
    ("unix", "-0.5", "1969-12-31T23:59:59.5Z"),
    ("unix_ms", "1795222923123", "2026-11-21T01:02:03.123Z"),
    ("unix_ms", "1795222923123.25", "2026-11-21T01:02:03.12325Z"),
    ("unix_us", "1795222923123456", "2026-11-21T01:02:03.123456Z"),
    ("unix_ns", "1795222923123456789", "2026-11-21T01:02:03.123456789Z"),
    ("%s", "1795222923", "2026-11-21T01:02:03Z"),
    ("%s.%f", "1795222923.25", "2026-11-21T01:02:03.25Z"),
    # mod_log_config's %t; RFC 9110, 5.6.7
    ("http", "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
    ("http", "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
    # ErrorLogFormat's %t and %{u}t
    ("apache_error", "Thu May 12 08:28:57.652118 2011", "2011-05-12T08:28:57.652118Z"),
    ("apache_error", "Fri Sep  9 10:42:29 2011", "2011-09-09T10:42:29Z"),
    # RFC 3164, 4.1.2, and the year that Cisco's devices add
    ("syslog", "Oct 11 22:14:15", "2026-10-11T22:14:15Z"),
    ("syslog", "Oct  1 22:14:15.123", "2026-10-01T22:14:15.123Z"),
    ("syslog", "Oct 11 2003 22:14:15", "2003-10-11T22:14:15Z"),
    # log4j 2: DEFAULT, ISO8601, ISO8601_OFFSET_DATE_TIME_HHMM, DATE, COMPACT, ISO8601_BASIC
    ("java", "2012-11-02 14:34:02,123", "2012-11-02T14:34:02.123Z"),
    ("java", "2012-11-02T14:34:02,123", "2012-11-02T14:34:02.123Z"),
    ("java", "2012-11-02T14:34:02,781-0700", "2012-11-02T21:34:02.781Z"),
    ("java", "2012-11-02 14:34:02.123456789", "2012-11-02T14:34:02.123456789Z"),
    ("java", "02 Nov 2012 14:34:02,123", "2012-11-02T14:34:02.123Z"),
    ("java", "20121102143402123", "2012-11-02T14:34:02.123Z"),
    ("java", "20121102T143402,123", "2012-11-02T14:34:02.123Z"),
    # directives
    ("%d.%m.%Y %H:%M", "1.2.2026 03:04", "2026-02-01T03:04:00Z"),
    ("%Y%m%d%H%M%S", "20260201030405", "2026-02-01T03:04:05Z"),
    ("%m/%d/%y %I:%M:%S %p", "11/21/26 12:02:03 AM", "2026-11-21T00:02:03Z"),
    ("%D %l:%M %p", "11/21/26  1:02 p.m.", "2026-11-21T13:02:00Z"),
    ("%Y-%j", "2024-366", "2024-12-31T00:00:00Z"),
    ("%A, %d. %B %Y %T %Z", "Saturday, 21. November 2026 01:02:03 UTC", "2026-11-21T01:02:03Z"),
    ("%F %T.%f %z", "2026-11-21 01:02:03,000001 -00:30", "2026-11-21T01:32:03.000001Z"),
    ("%F %R:%S.%L", "2026-11-21 01:02:03.007", "2026-11-21T01:02:03.007Z"),
    ("%y%m%d %k:%M", "680101  4:05", "2068-01-01T04:05:00Z"),
    ("%y-%m-%d", "69-01-01", "1969-01-01T00:00:00Z"),
    ("%%%F%%", "%2026-11-21%", "2026-11-21T00:00:00Z"),
    ("%d %b", "21 Sept", "2026-09-21T00:00:00Z"),
]


@pytest.mark.parametrize(("written", "text", "expected"), TIMES)
def test_a_time_is_read_as_its_format_says(written: str, text: str, expected: str) -> None:
    assert read(written, text) == expected
    assert read(written, f" {text}\t") == expected


NOT_TIMES = [
    ("rfc3339", "2026-11-21T01:02:03"),
    ("rfc3339", "2026-02-29T01:02:03Z"),
    ("iso8601", "2026-13-01T00:00:00"),
    ("iso8601", "2026-11-21T24:00:00"),
    ("iso8601", "2026-11-21T23:60:00"),
    ("iso8601", "2026-11-21T23:59:61"),
    ("iso8601", "0000-01-01T00:00:00"),
    ("iso8601", "9999-12-31T00:00:00"),
    ("iso8601", "2026-11-21T01:02:03.1234567890Z"),
    ("iso8601", "2026-11-21T01:02:03+24:00"),
    ("unix", "now"),
    ("unix", "9300000000"),
    ("unix", "1e9"),
    ("unix_ns", "9" * 21),
    ("http", "10/Okt/2000:13:55:36 -0700"),
    ("syslog", "Feb 30 01:02:03"),
    ("%Y-%j", "2026-366"),
    ("%Y-%j", "2026-000"),
    ("%F %I %p", "2026-11-21 13 PM"),
    ("%F %I %p", "2026-11-21 0 AM"),
    ("%F %T %Z", "2026-11-21 01:02:03 CST"),
    ("%F %T %Z", "2026-11-21 01:02:03 CET"),
    ("%d.%m.%Y", "\u0661.\u0662.2026"),
    ("java", ""),
    ("java", "2" * 101),
]


@pytest.mark.parametrize(("written", "text"), NOT_TIMES)
def test_what_is_no_such_time_is_none(written: str, text: str) -> None:
    assert read(written, text) is None


ZONES = [
    ("2026-07-01 12:00:00", "Europe/Berlin", "2026-07-01T10:00:00Z"),
    ("2026-12-01 12:00:00", "Europe/Berlin", "2026-12-01T11:00:00Z"),
    ("2026-12-01 12:00:00", "Asia/Kolkata", "2026-12-01T06:30:00Z"),
    ("2026-12-01 12:00:00", "+05:30", "2026-12-01T06:30:00Z"),
    ("2026-12-01 12:00:00", "-0330", "2026-12-01T15:30:00Z"),
    ("2026-12-01 12:00:00", "GMT", "2026-12-01T12:00:00Z"),
    # Not there: clocks went from 02:00 to 03:00. Twice there: the first, which is still summer time.
    ("2026-03-29 01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z"),
    ("2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29T01:30:00Z"),
    ("2026-03-29 03:00:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
    ("2026-10-25 03:00:00", "Europe/Berlin", "2026-10-25T02:00:00Z"),
]


@pytest.mark.parametrize(("text", "zone", "expected"), ZONES)
def test_a_time_without_a_zone_is_of_the_one_that_is_named(text: str, zone: str, expected: str) -> None:
    assert read("iso8601", text, zone) == expected
    assert read("%Y-%m-%d %H:%M:%S", text, zone) == expected


def test_a_zone_in_the_text_counts_more_than_the_one_that_is_named() -> None:
    assert read("iso8601", "2026-07-01T12:00:00Z", "Europe/Berlin") == "2026-07-01T12:00:00Z"


YEARS = [
    ("Dec 31 23:59:59", "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z"),
    ("Jan  1 00:00:01", "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z"),
    ("Jan  1 00:00:01", "2026-06-30T00:00:00Z", "2026-01-01T00:00:01Z"),
    ("Jan  1 00:00:01", "2026-07-05T00:00:00Z", "2027-01-01T00:00:01Z"),
    ("Feb 29 12:00:00", "2024-03-01T00:00:00Z", "2024-02-29T12:00:00Z"),
    ("Feb 29 12:00:00", "2026-01-01T00:00:00Z", "2024-02-29T12:00:00Z"),
    ("Feb 29 12:00:00", "2027-03-01T00:00:00Z", "2028-02-29T12:00:00Z"),
    ("Feb 29 12:00:00", "1900-01-01T00:00:00Z", "1896-02-29T12:00:00Z"),
]


@pytest.mark.parametrize(("text", "now", "expected"), YEARS)
def test_a_missing_year_is_the_one_that_brings_the_time_nearest_to_now(text: str, now: str, expected: str) -> None:
    assert read("syslog", text, now=nanos(now)) == expected


MISTAKES = [
    ("iso", "UTC", "is no format", "iso8601"),
    ("%Q", "UTC", "%Q in a format means nothing", "%Y"),
    ("%F %", "UTC", "% in a format means nothing", "%Y"),
    ("%F%?z", "UTC", "means nothing", "%z"),
    ("%H:%M", "UTC", "does not say which day", "%s"),
    ("%Y-%m", "UTC", "does not say which day", "month"),
    ("%j", "UTC", "does not say which day", "month"),
    ("%F %Y", "UTC", "says %Y twice", "leave"),
    ("%d %e %m", "UTC", "says %d twice", "leave"),
    ("%F %I:%M", "UTC", "without %p", "%H"),
    ("iso8601", "Europe/Berlni", "no time zone Europe/Berlni", "did you mean Europe/Berlin?"),
    ("iso8601", "CST", "abbreviation", "Europe/Berlin"),
    ("iso8601", "EST5EDT", "abbreviation", "Europe/Berlin"),
    ("iso8601", "../../etc/passwd", "no time zone", "UTC"),
    ("iso8601", "Europe", "no time zone", ""),
    ("iso8601", "+25:00", "no time zone", "UTC"),
]


@pytest.mark.parametrize(("written", "zone", "problem", "remedy"), MISTAKES)
def test_a_format_that_cannot_work_is_refused(written: str, zone: str, problem: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        time_format(written, zone)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


instants = st.integers(-FARTHEST_NANOS + SECOND, FARTHEST_NANOS - SECOND)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"])
FULL = ["%Y-%m-%dT%H:%M:%S.%f%z", "%d/%b/%Y:%H:%M:%S.%f %z", "%j %Y %I:%M:%S,%f %p %z", "%B %e %H:%M:%S.%f %z %Y"]


def at(instant: int, zone: str) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant // SECOND)).astimezone(ZoneInfo(zone))


def written_as(moment: datetime, fraction: int, written: str) -> str:
    """What strftime makes of a time, with nine decimals and years of four digits."""
    return moment.strftime(written.replace("%f", f"{fraction:09}").replace("%Y", f"{moment.year:04}"))


@pytest.mark.parametrize("written", FULL)
@given(instant=instants, zone=zones)
def test_a_time_with_everything_comes_back_exactly(written: str, instant: int, zone: str) -> None:
    offset = at(instant, zone).utcoffset()
    # Local mean times of the 19th century have seconds in their offsets, which %z writes as they are.
    assert offset is not None
    text = written_as(at(instant, zone), instant % SECOND, written)
    assert time_format(written, "UTC")(text, 0) == instant


@given(instant=instants, zone=zones)
@example(instant=nanos("2026-03-29T00:59:59.999999999Z"), zone="Europe/Berlin")
@example(instant=nanos("2026-03-29T01:00:00Z"), zone="Europe/Berlin")
@example(instant=nanos("2026-10-25T01:30:00Z"), zone="Europe/Berlin")
@example(instant=nanos("2024-02-29T12:00:00Z"), zone="UTC")
@example(instant=nanos("2025-12-31T23:59:59.5Z"), zone="Asia/Kathmandu")
def test_a_local_time_comes_back_or_is_the_first_of_two(instant: int, zone: str) -> None:
    local = at(instant, zone)
    found = time_format("%Y-%m-%d %H:%M:%S.%f", zone)(written_as(local, instant % SECOND, "%Y-%m-%d %H:%M:%S.%f"), 0)
    assert found is not None
    assert at(found, zone).replace(tzinfo=None, fold=0) == local.replace(tzinfo=None, fold=0)
    assert found == instant or (local.fold == 1 and found < instant)


@given(now=st.integers(nanos("1900-01-01T00:00:00Z"), nanos("2200-01-01T00:00:00Z")), days=st.integers(-170, 170))
@example(now=nanos("2026-01-01T00:00:00Z"), days=-1)
@example(now=nanos("2024-02-28T00:00:00Z"), days=1)
def test_a_time_without_a_year_comes_back_when_it_is_less_than_half_a_year_away(now: int, days: int) -> None:
    instant = (now // SECOND + days * 86_400) * SECOND
    moment = at(instant, "UTC")
    assert time_format("syslog")(moment.strftime("%b %e %H:%M:%S"), now) == instant


@given(instant=instants)
def test_rfc_3339_is_written_with_the_decimals_that_are_needed(instant: int) -> None:
    text = rfc3339_text(instant)
    assert timestamp_nanos(text.encode()) == instant
    assert text[:-1].rstrip("0") == text[:-1] or "." not in text


texts = st.text(max_size=40) | st.text("0123456789-+:., TZ/JanFebSu", max_size=40)


@pytest.mark.parametrize("written", [*FORMAT_NAMES, *FULL, "%d %m", "%y%j", "%s"])
@given(text=texts, zone=zones, now=instants)
def test_any_text_is_a_time_within_64_bits_or_none(written: str, text: str, zone: str, now: int) -> None:
    found = time_format(written, zone)(text, now)
    assert found is None or -FARTHEST_NANOS < found < FARTHEST_NANOS


def test_an_offset_has_the_meaning_that_python_gives_it() -> None:
    east = timezone(timedelta(hours=5, minutes=45))
    moment = datetime(2026, 11, 21, 1, 2, 3, tzinfo=east)
    assert read("iso8601", moment.isoformat()) == moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
