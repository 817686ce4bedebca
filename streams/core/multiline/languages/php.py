r"""Errors of PHP as it logs and shows them, stack traces of Xdebug, and those that Monolog (Laravel, Symfony) writes.

Sample: ``PHP Fatal error:  Uncaught RuntimeException: outer in /shop/cart.php:4``, ``Stack trace:``,
``#0 /shop/cart.php(7): add('a')``, ``#1 {main}``, ``  thrown in /shop/cart.php on line 4``. Format:
`Throwable::__toString`, php.net/manual.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, CLASS, EXCEPTION_LINE, LETTERS, PACKAGED_EXCEPTION, TEXT
from streams.core.multiline.rules import EXCEPTION, LOGGED, Head, Language, Next

_TIME: Final = rb"(?:\[\d\d-[A-Z][a-z]{2}-\d{4} [^\]\n]{8,48}+\] )?+"
_UNCAUGHT: Final = _TIME + rb"(?:PHP )?+(?:Fatal error|Parse error|Warning): ++Uncaught "
_NOTICE: Final = _TIME + rb"PHP (?:Fatal error|Recoverable fatal error|Parse error|Warning|Notice|Deprecated): "
_XDEBUG: Final = _TIME + rb"PHP (?:Stack trace:| ++\d++\. )"
_STACK: Final = rb"(?:Stack trace:|\[stacktrace\])"
_FRAME: Final = rb"#\d++ "

LANGUAGE: Final = Language(
    heads=(
        Head(b"[PFW", _UNCAUGHT, "php.message"),
        Head(b"[P", _NOTICE, "php.notice"),
        Head(LETTERS, EXCEPTION_LINE, EXCEPTION),
    ),
    places={
        LOGGED: (
            Next(_STACK, "php.frames"),
            Next(_XDEBUG, "php.notice"),
            Next(PACKAGED_EXCEPTION, EXCEPTION),
            Next(EXCEPTION_LINE, EXCEPTION, sure=False),
        ),
        EXCEPTION: (Next(_STACK, "php.frames"),),
        "php.message": (
            Next(_STACK, "php.frames"),
            Next(rb"  thrown in ", "php.end"),
            Next(BLANK, "php.message", sure=False),
            Next(TEXT, "php.message", sure=False),
        ),
        "php.notice": (Next(_XDEBUG, "php.notice"),),
        "php.frames": (
            Next(_FRAME, "php.frames"),
            Next(rb"  thrown in ", "php.end"),
            Next(rb"\[previous exception\] ", "php.frames"),
            Next(_STACK, "php.frames"),
            Next(rb'"\}(?=[ \r]|\Z)', "php.end"),
            Next(BLANK, "php.blank", sure=False),
        ),
        "php.blank": (Next(rb"Next " + CLASS, "php.message"), Next(rb"\[previous exception\] ", "php.frames")),
        "php.end": (),
    },
)
