r"""Errors of Ruby, with the quotes of 3.3 and 3.4, causes and highlighted source; back-traces behind a logged line.

Sample: ``shop.rb:2:in `add': bad (ArgumentError)``, ``\tfrom shop.rb:3:in `<main>'``. Format: `Exception#full_message`,
docs.ruby-lang.org. The error that caused another one follows it without a mark; it is taken for one only where the
first was raised in a ``rescue``, which its label says.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, LETTERS, TEXT
from streams.core.multiline.rules import LOGGED, Head, Language, Next

_PLACE: Final = rb"[^\s:]++:\d++:in [`'][^'\n]++'"
_RAISED: Final = _PLACE + rb": (?!\r?\Z)"
_RESCUED: Final = rb"[^\s:]++:\d++:in [`'](?:[^'\n ]++ )??(?:rescue|ensure) in [^'\n]++': "
_FRAME: Final = _PLACE + rb"\r?\Z"
_FROM: Final = rb"\t(?: ++)?+(?:\d++: )?+from "
_CARETS: Final = rb"[ \t]++[\^~]++\r?\Z"
_START: Final = b"/.<-(" + LETTERS

_TEXT: Final = (Next(BLANK, "ruby.message", sure=False), Next(TEXT, "ruby.message", sure=False))

LANGUAGE: Final = Language(
    heads=(Head(_START, _RESCUED, "ruby.rescued"), Head(_START, _RAISED, "ruby.message")),
    places={
        LOGGED: (
            Next(_FRAME, "ruby.frames"),
            Next(rb"\t?from " + _PLACE, "ruby.frames"),
            Next(rb"[A-Z]\w*+(?:::\w++)*+ \([^\n]*+(?<=\)):?+\r?\Z", "ruby.logged", sure=False),
            Next(
                rb"(?!"
                + _FRAME
                + rb")"
                + TEXT
                + rb".*+(?:(?<=Error\))|(?<=Error\)\r)|(?<=Exception\))|(?<=Exception\)\r))\Z",
                LOGGED,
                sure=False,
            ),
        ),
        "ruby.logged": (Next(_FRAME, "ruby.frames"), *_TEXT),
        "ruby.message": (
            Next(_FROM, "ruby.frames"),
            Next(_FRAME, "ruby.frames"),
            Next(_CARETS, "ruby.message"),
            Next(rb"(?!" + _RAISED + rb")" + TEXT, "ruby.message", sure=False),
            Next(BLANK, "ruby.message", sure=False),
        ),
        "ruby.frames": (Next(_FROM, "ruby.frames"), Next(_FRAME, "ruby.frames")),
        "ruby.rescued": (
            Next(_FROM, "ruby.rescued"),
            Next(_FRAME, "ruby.rescued"),
            Next(_RESCUED, "ruby.rescued"),
            Next(_RAISED, "ruby.message"),
            Next(_CARETS, "ruby.rescued"),
            Next(BLANK, "ruby.rescued", sure=False),
            Next(TEXT, "ruby.rescued", sure=False),
        ),
    },
)
