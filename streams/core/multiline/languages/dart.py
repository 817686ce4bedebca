r"""Uncaught exceptions of Dart.

Sample: ``Unhandled exception:``, ``FormatException: bad``, ``#0      main (file:///shop/bin/main.dart:2:3)``,
``<asynchronous suspension>``. Format: `StackTrace`, api.dart.dev.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, EXCEPTION_LINE, LETTERS, ORDINARY, TEXT
from streams.core.multiline.rules import EXCEPTION, LOGGED, Head, Language, Next

_FRAME: Final = rb"#\d++ {2,}+\S|<asynchronous suspension>"

LANGUAGE: Final = Language(
    heads=(Head(b"U", rb"Unhandled [eE]xception:\r?\Z", "dart.thrown"), Head(LETTERS, EXCEPTION_LINE, EXCEPTION)),
    places={
        LOGGED: (Next(_FRAME, "dart.frames"),),
        EXCEPTION: (Next(_FRAME, "dart.frames"),),
        "dart.thrown": (Next(rb"(?!" + ORDINARY + rb")[^\r]", "dart.message"),),
        "dart.message": (
            Next(_FRAME, "dart.frames"),
            Next(TEXT, "dart.message", sure=False),
            Next(BLANK, "dart.message", sure=False),
        ),
        "dart.frames": (Next(_FRAME, "dart.frames"),),
    },
)
