"""The same words name the same replay; times, durations and rates are read as people write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.replay.request import Request, moment, rate, shown
from schemas.errors import SettingsError

REQUEST = Request("kafka", None, "2h", None, "**", "replay", None, "", "logs.raw")
NOW = 1_795_266_000.0


def test_the_same_words_name_the_same_replay_and_others_another() -> None:
    others = [replace(REQUEST, since="3h"), replace(REQUEST, rules="a: 1"), replace(REQUEST, suffix="-a")]
    assert replace(REQUEST).id == REQUEST.id
    assert len({each.id for each in (REQUEST, *others)}) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T13:00", "2026-11-21T13:00:00Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("2026-11-21T13:00:00+02:00", "2026-11-21T11:00:00Z"),
        ("now", shown(int(NOW) * 10**9)),
        ("2h", shown(int(NOW - 7200) * 10**9)),
        ("90s ago", shown(int(NOW - 90) * 10**9)),
    ],
)
def test_a_moment_is_a_time_or_a_duration_ago(text: str, expected: str) -> None:
    assert shown(moment(text, "--since", NOW)) == expected


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "2026-11-21T25:00"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--since"):
        moment(text, "--since", NOW)


@pytest.mark.parametrize(
    ("text", "expected"), [("50MB/s", 50e6), ("512KiB/s", 524288), ("1.5 GB", 1.5e9), ("1000", 1000), ("2mib", 2**21)]
)
def test_a_rate_is_bytes_a_second(text: str, expected: float) -> None:
    assert rate(text) == expected


@pytest.mark.parametrize("text", ["fast", "0", "5 apples", "MB/s", "-1MB"])
def test_what_is_no_rate_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--rate"):
        rate(text)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(REQUEST, suffix="try"),
        replace(REQUEST, suffix="-Try"),
        replace(REQUEST, suffix="-"),
        replace(REQUEST, suffix="-a", target="raw"),
        replace(REQUEST, rules="", target="logs.x"),
    ],
)
def test_what_does_not_go_together_is_told(wrong: Request) -> None:
    with pytest.raises(SettingsError):
        wrong.check()
