"""Spans of whole days in the settings: ``14d``, ``2w``."""

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from schemas.settings.parts import mistake

_DAYS_OF: Final = {"d": 1, "w": 7}
_DAYS_AT_MOST: Final = 36_500
_SPAN: Final = r"[1-9]\d{0,4}[dw]"
_NEARLY: Final = re.compile(r"\s*0*(\d+)\s*(d|days?|w|weeks?|h|hours?|m|months?|y|years?)?\s*", re.IGNORECASE)
_IN_DAYS: Final = {"d": 1, "w": 7, "h": 1 / 24, "m": 30, "y": 365}


def _span(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(_SPAN, value):
        if days(value) > _DAYS_AT_MOST:
            raise mistake(f"{value} is more than a hundred years", "leave it out: then nothing is ever deleted")
        return value
    found = _NEARLY.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if found is None:
        raise mistake(f"{value!r} is no number of days", "write it like 14d or 2w")
    count = int(int(found[1]) * _IN_DAYS[(found[2] or "d")[0].lower()])
    raise mistake(
        f"{value!r} is no number of days", f"write {count}d" if count > 0 else "the shortest is 1d; write it like 14d"
    )


Days = Annotated[str, Field(pattern=f"^{_SPAN}$", examples=["14d"]), BeforeValidator(_span)]
"""A number of days as people write it, with its unit: what deletes things must not be mistaken by a factor."""


def days(text: str) -> int:
    """How many days a `Days` is: 14 for ``14d``."""
    return int(text[:-1]) * _DAYS_OF[text[-1]]
