r"""Panics of Rust with their back-traces, and errors of the anyhow and eyre crates.

Sample: ``thread 'main' panicked at src/main.rs:2:5:``, ``index out of bounds``, ``stack backtrace:``,
``   5: shop::add``, ``             at ./src/main.rs:2:5``, ``note: run with `RUST_BACKTRACE=1` …``. Format: the
standard library's source (std/src/panicking.rs, std/src/sys/backtrace.rs).
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, ORDINARY, TEXT
from streams.core.multiline.rules import EXCEPTION, Head, Language, Next

_PANIC: Final = rb"thread '[^'\n]{0,256}+'(?: \(\d++\))?+ (?:has overflowed its stack|panicked at )"
_BACKTRACE: Final = rb"[Ss]tack backtrace:"
_NOTE: Final = rb"note: (?:run with|Some details are|[Rr]un with)"

_AFTER: Final = (
    Next(_BACKTRACE, "rust.frames"),
    Next(_NOTE, "rust.end"),
    Next(rb"fatal runtime error: ", "rust.end"),
)
_CAUSE: Final = Next(rb"(?:Caused by|Location):\r?\Z", "rust.cause")

LANGUAGE: Final = Language(
    heads=(
        Head(b"t", _PANIC + rb".*+(?:(?<=:)|(?<=:\r))\Z", "rust.panicked"),
        Head(b"t", _PANIC, "rust.message"),
        Head(b"E", rb"Error: ", EXCEPTION),
    ),
    places={
        EXCEPTION: (_CAUSE, Next(_BACKTRACE, "rust.frames")),
        "rust.panicked": (
            *_AFTER,
            Next(rb"(?!" + ORDINARY + rb"|" + _PANIC + rb")[^\r]|\r?\Z", "rust.message"),
        ),
        "rust.message": (
            *_AFTER,
            Next(rb"(?!" + _PANIC + rb")" + TEXT, "rust.message", sure=False),
            Next(BLANK, "rust.message", sure=False),
        ),
        "rust.frames": (
            Next(rb" ++\d++: | {8,}+at ", "rust.frames"),
            Next(_NOTE, "rust.end"),
            Next(rb" ++\[\.\.\. omitted \d++ frames", "rust.frames"),
        ),
        "rust.blank": (_CAUSE, Next(_BACKTRACE, "rust.frames")),
        "rust.cause": (Next(rb" {4}", "rust.cause"), Next(BLANK, "rust.blank", sure=False)),
        "rust.end": (),
    },
)
