r"""Exceptions of .NET, and the lines of its console logger.

Sample: ``Unhandled exception. System.InvalidOperationException: closed``, ``   at Shop.Cart.Add() in Cart.cs:line 17``,
`` ---> System.IO.IOException: broken pipe``, ``   --- End of inner exception stack trace ---``. Format:
`Exception.ToString` and "Console log formatting", learn.microsoft.com/dotnet.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, EXCEPTION_LINE, LETTERS, PACKAGED_EXCEPTION, TEXT
from streams.core.multiline.rules import EXCEPTION, LOGGED, Head, Language, Next

_AT: Final = rb" {3}at \S"
_INNER: Final = rb" ++---> "
_END_OF: Final = rb" *+--- End of (?:inner exception )?+stack trace"
_CONSOLE: Final = rb"(?:trce|dbug|info|warn|fail|crit): \S++(?<=\d\])\r?\Z"

_FRAMES: Final = (
    Next(_AT, "dotnet.frames"),
    Next(_INNER, "dotnet.message"),
    Next(_END_OF, "dotnet.frames"),
)

LANGUAGE: Final = Language(
    heads=(
        Head(b"U", rb"Unhandled [eE]xception(?:\.|:) (?=\S)", "dotnet.message"),
        Head(LETTERS, EXCEPTION_LINE, EXCEPTION),
        Head(b"tdiwfc", _CONSOLE, "dotnet.console"),
    ),
    places={
        LOGGED: (*_FRAMES, Next(PACKAGED_EXCEPTION, EXCEPTION)),
        EXCEPTION: _FRAMES,
        "dotnet.message": (*_FRAMES, Next(TEXT, "dotnet.message", sure=False)),
        "dotnet.frames": (*_FRAMES, Next(BLANK, "dotnet.blank", sure=False)),
        "dotnet.blank": (Next(_INNER, "dotnet.message"),),
        "dotnet.console": (Next(rb" {6}", "dotnet.console"),),
    },
)
