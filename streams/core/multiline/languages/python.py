r"""Tracebacks of Python, chained ones and exception groups included, and warnings with their source line.

Sample: ``Traceback (most recent call last):``, ``  File "shop.py", line 7, in add``, ``    total / 0``,
``ZeroDivisionError: division by zero``. Format: Python library reference, `traceback`; the message's further lines and
notes are joined only where a chained exception follows, because nothing tells them from other text.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, LETTERS, ORDINARY, TEXT
from streams.core.multiline.rules import LOGGED, Head, Language, Next

_TRACEBACK: Final = rb"Traceback \(most recent call last\):"
_GROUP: Final = rb"[ |]*+\+ Exception Group Traceback \(most recent call last\):"
_NAME: Final = rb"(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*+(?:\.|\.<locals>\.))*+[A-Za-z_\x80-\xff][\w\x80-\xff]*+"
_CHAINED: Final = (
    rb"(?:During handling of the above exception, another exception occurred"
    rb"|The above exception was the direct cause of the following exception):"
)

_TRACES: Final = (Next(_TRACEBACK, "python.frames"), Next(_GROUP, "python.group"))
_LAST: Final = (Next(BLANK, "python.blank", sure=False), Next(TEXT, "python.last", sure=False))

LANGUAGE: Final = Language(
    heads=(
        Head(b"T", _TRACEBACK, "python.frames"),
        Head(b" ", _GROUP, "python.group"),
        Head(b"E", rb"Exception (?:in thread |ignored |in callback )", "python.before"),
        Head(b"/<" + LETTERS, rb"[^\s:]++(?<=\.py):\d++: \w++(?<=Warning): ", "python.warning"),
    ),
    places={
        LOGGED: (*_TRACES, Next(rb"(?:future|task|handle|transport|protocol|message): <", LOGGED, sure=False)),
        "python.before": _TRACES,
        "python.warning": (Next(rb"  \S", "python.end"),),
        "python.frames": (
            Next(rb'  (?:File "|\[Previous line repeated |  )', "python.frames"),
            Next(rb"(?!" + ORDINARY + rb")" + _NAME + rb"(?::(?:[ \t]|\r?\Z)|\r?\Z)", "python.last"),
        ),
        "python.group": (Next(rb" ++[|+]", "python.group"), Next(BLANK, "python.blank", sure=False)),
        "python.last": _LAST,
        "python.blank": (Next(_CHAINED, "python.chained"), *_LAST),
        "python.chained": (Next(BLANK, "python.chained", sure=False), *_TRACES),
        "python.end": (),
    },
)
