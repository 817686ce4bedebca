"""Durations are read and shown as people write them."""

from __future__ import annotations

import pytest

from deploy.duration import parse_duration, show_bytes, show_duration
from schemas.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "secs"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("500ms", 0.5), ("60", 60), ("1.5H", 5400)],
)
def test_a_duration_is_a_sum_of_numbers_with_units(text: str, secs: float) -> None:
    assert parse_duration(text, "--for") == secs


@pytest.mark.parametrize("text", ["", "5x", "-3s", "s", "0", "0s", "5m later", "nan", "inf", "1e3"])
def test_what_is_no_duration_names_the_option(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_duration(text, "--for")
    assert caught.value.where == "--for"


def test_durations_and_sizes_are_shown_with_two_units_at_most() -> None:
    assert [show_duration(secs) for secs in (4.9, 187, 7500, 273600)] == ["4s", "3m 07s", "2h 05m", "3d 4h"]
    assert [show_bytes(count) for count in (0, 1023, 21914, 3 * 1024**3, 5 * 1024**5)] == [
        "0 B", "1023 B", "21.4 KiB", "3.0 GiB", "5120.0 TiB",
    ]  # fmt: skip
