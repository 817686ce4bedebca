r"""Errors of Node.js: thrown, logged by console.error, with causes and properties; and its warnings.

Sample: ``TypeError: x is undefined``, ``    at add (/shop/cart.js:2:21)``, ``    at node:internal/main:28:49 {``,
``  code: 'E_CART'``, ``}``. Format: V8's "Stack trace API" and `util.inspect` of the Node.js documentation.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BEGINNINGS, BLANK, EXCEPTION_LINE, LETTERS, TEXT
from streams.core.multiline.rules import EXCEPTION, LOGGED, Head, Language, Next

_OPENS: Final = rb".*+(?:(?<= \{)|(?<= \{\r))\Z"
_AT: Final = rb" {4,}+(?:at |\.\.\. \d++ lines matching )"
_VERSION: Final = Next(rb"Node\.js v\d", "node.end")
_PLACE: Final = (
    rb"(?:/|file:|node:|[A-Z]:\\|<anonymous|\[eval\]|evalmachine)[^\s:]*+(?::[^\s:]++)?+(?::\d++)?(?<=\d)\r?\Z"
)

_FRAMES: Final = (Next(_AT + _OPENS, "node.block"), Next(_AT, "node.frames"))

LANGUAGE: Final = Language(
    heads=(
        Head(LETTERS, EXCEPTION_LINE, EXCEPTION),
        Head(b"U", rb"Uncaught " + EXCEPTION_LINE, EXCEPTION),
        Head(b"[", rb"\[" + EXCEPTION_LINE + rb".*+(?:(?<=\] \{)|(?<=\] \{\r))\Z", "node.block"),
        Head(b"/fnABCDEFGHIJKLMNOPQRSTUVWXYZ<[e", _PLACE, "node.source"),
        Head(b"(", rb"\(node:\d++\) ", "node.warning"),
    ),
    places={
        LOGGED: (*_FRAMES, Next(EXCEPTION_LINE, EXCEPTION, sure=False)),
        EXCEPTION: _FRAMES,
        "node.source": (Next(rb"(?!" + BEGINNINGS + rb")[^\r]", "node.line", sure=False),),
        "node.line": (
            Next(rb"[ \t]*+\^++\r?\Z", "node.caret"),
            Next(TEXT, "node.line", sure=False),
        ),
        "node.caret": (
            Next(BLANK, "node.caret", sure=False),
            Next(EXCEPTION_LINE, EXCEPTION),
            Next(rb"(?:Thrown at:|Uncaught )", "node.frames"),
            Next(TEXT, "node.caret", sure=False),
            _VERSION,
        ),
        "node.warning": (Next(rb"\(Use `", "node.end"), *_FRAMES),
        "node.frames": (*_FRAMES, Next(BLANK, "node.blank", sure=False), Next(rb"\}\r?\Z", "node.blank")),
        "node.block": (Next(rb"  ", "node.block"), Next(rb"\}\r?\Z", "node.blank"), Next(rb"\]\r?\Z", "node.blank")),
        "node.blank": (Next(BLANK, "node.blank", sure=False), _VERSION),
        "node.end": (),
    },
)
