"""Dart's package logging, printed as its documentation shows.

Samples: ``INFO: 2026-11-21 01:02:03.123456: listening``, ``SHOUT: 2026-11-21 01:02:03.123: no``.

Source: the README of package:logging and its Level.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, DATE, layout

_LEVEL: Final = rb"(?:FINEST|FINER|FINE|CONFIG|INFO|WARNING|SEVERE|SHOUT)"

PARSER: Final = layout(
    "dart_logging",
    _LEVEL + rb": \d{4}-",
    rb"(?P<level>" + _LEVEL + rb"): (?P<time>" + DATE + rb" " + CLOCK + rb"\.\d{3,6}Z?): (?P<body>.*)",
)
