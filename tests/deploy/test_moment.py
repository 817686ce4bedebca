"""Moments are read as people write them, and mean the same to every command."""

from __future__ import annotations

import pytest

from deploy.moment import nanos, parse_moment, parse_range
from schemas.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 2800), ("1h30m", 4600), ("90s ago", 9910), (" 1.5M ", 9910), ("now", 10_000),
        ("1970-01-02", 86_400), ("1970-01-01T00:00:01Z", 1), ("1970-01-01T01:00:01+01:00", 1),
        ("1970-01-01T00:00:00.25", 0.25),
    ],
)  # fmt: skip
def test_a_moment_is_a_time_or_a_duration_ago(text: str, seconds: float) -> None:
    assert parse_moment(text, "--since", 10_000.0) == seconds


@pytest.mark.parametrize("text", ["yesterday", "90", "", "2026-13-01", "2026-11-21T25:00", "0s", "ago"])
def test_what_is_none_is_told_with_its_option(text: str) -> None:
    with pytest.raises(SettingsError) as told:
        parse_moment(text, "--since", 10_000.0)
    assert told.value.where == "--since"
    assert told.value.remedy.startswith("write it like ")


def test_a_range_that_ends_before_it_begins_is_told() -> None:
    assert parse_range("2h", None, 10_000.0) == (2800, None)
    with pytest.raises(SettingsError, match="ends before it begins"):
        parse_range("1h", "2h", 10_000.0)


def test_nanoseconds_are_exact_to_the_microsecond() -> None:
    moment = parse_moment("2026-11-21T13:00:00.123457Z", "--since", 0.0)
    assert nanos(moment) == 1795266000_123457000
