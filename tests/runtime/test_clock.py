"""A process whose clock is set back by more than a moment ends, and no other one does."""

from __future__ import annotations

import time

import pytest

from runtime import clock


class EndedError(Exception):
    """Instead of the end of this process."""


@pytest.mark.parametrize(
    "offsets",
    [(0.0, -3600.0), (0.0, 3600.0, 0.0), (0.0, -4.0, -8.0, -12.0, -18.0), (0.0, 1e6, 1e6, 1e6 - 6.0)],
    ids=["an hour back", "ahead and right again", "slowly, then at once", "long after it was set ahead"],
)
def test_it_ends_at_the_look_at_which_the_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, offsets: tuple[float, ...]
) -> None:
    real, looks = time.time, 0

    def sleep(_secs: float) -> None:
        nonlocal looks
        looks += 1

    def end(status: int) -> None:
        raise EndedError(status)

    monkeypatch.setattr(time, "time", lambda: real() + offsets[looks])
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr("os._exit", end)
    with pytest.raises(EndedError, match=str(clock.STATUS)):
        clock._watch()
    assert looks == len(offsets) - 1
    assert "the clock was set back by" in caplog.text
