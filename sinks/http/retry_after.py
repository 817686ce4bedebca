"""The header Retry-After (RFC 9110, 10.2.3): a number of seconds, or a date."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final

MOST_SECS: Final = 600.0
"""A server that asks for more is asked again after this: it may have been put right meanwhile."""


def retry_after_secs(value: str | None, now: float) -> float | None:
    """Seconds to wait, of a header's value and the time in seconds since 1970; None where it does not say."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,18}(\.[0-9]+)?", value.strip()):
        return min(MOST_SECS, float(value))
    try:
        until = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(MOST_SECS, max(0.0, until - now))
