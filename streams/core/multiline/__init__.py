"""Which lines make one record: stack traces of many languages, and what users say by patterns."""

from __future__ import annotations

from functools import lru_cache

from schemas.settings.multiline import LinePatterns, MultilineMode
from streams.core.multiline.exceptions import exception_of
from streams.core.multiline.languages import LANGUAGES
from streams.core.multiline.patterns import by_patterns
from streams.core.multiline.recognised import recognised
from streams.core.multiline.rules import Multiline, State

__all__ = ["Multiline", "State", "exception_of", "multiline_of"]

REMEMBERED_MODES = 256
"""Pods may bring a mode each by annotation; compiling one takes milliseconds."""


@lru_cache(REMEMBERED_MODES)
def multiline_of(mode: MultilineMode) -> Multiline | None:
    """What joins lines in a mode of the settings or of an annotation; None: every line is a record of its own."""
    if isinstance(mode, LinePatterns):
        return by_patterns(mode.start, mode.continuation, mode.end)
    if mode == "off":
        return None
    return recognised(LANGUAGES if mode == "auto" else sorted(set(mode)))
