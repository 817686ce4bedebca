r"""Panics, fatal errors, signals and data races of Go.

Sample: ``panic: index out of range``, a blank line, ``goroutine 1 [running]:``, ``main.main()``,
``\t/shop/main.go:16 +0x353``. Format: the runtime's source (runtime/panic.go, traceback.go, signal_unix.go);
data races: "Data Race Detector", go.dev/doc/articles/race_detector.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, TEXT
from streams.core.multiline.rules import LOGGED, Head, Language, Next

_ABOUT: Final = rb"(?:\[signal |PC=0x|runtime: |signal arrived during|\[originating from |fatal error: |\[recovered\])"
_CALL: Final = rb"[^\s()]++(?:\(\*?[^\s()]++\)[^\s()]++)?+\(.*+(?:(?<=\))|(?<=\)\r))\Z"
_REGISTER: Final = rb"[a-z][a-z0-9]{0,7} ++0x[0-9a-f]++"
_ELIDED: Final = rb"\.\.\.(?:additional|\d++) frames elided"

_TRACE: Final = (
    Next(rb"goroutine \d++ ", "go.frames"),
    Next(rb"runtime stack:", "go.frames"),
    Next(_ABOUT, "go.message"),
)
_LEFT: Final = Next(rb"exit status \d++" + rb"\r?\Z", "go.end")

LANGUAGE: Final = Language(
    heads=(
        Head(b"p", rb"panic: ", "go.message"),
        Head(b"f", rb"fatal error: ", "go.message"),
        Head(b"g", rb"goroutine \d++ ", "go.frames"),
        Head(b"r", rb"runtime: (?:goroutine stack exceeds|out of memory|program exceeds|cannot)", "go.message"),
        Head(b"u", rb"unexpected fault address ", "go.message"),
        Head(b"S", rb"SIG[A-Z]{2,8}: ", "go.signal"),
        Head(b"W", rb"WARNING: DATA RACE", "go.race"),
    ),
    places={
        LOGGED: (Next(rb"goroutine \d++ \[", "go.frames"),),
        "go.message": (
            *_TRACE,
            Next(rb"\t\S", "go.message"),
            Next(BLANK, "go.message", sure=False),
            _LEFT,
            Next(TEXT, "go.message", sure=False),
        ),
        "go.signal": (Next(rb"PC=0x", "go.frames"),),
        "go.frames": (
            *_TRACE,
            Next(rb"\t\S", "go.frames"),
            Next(rb"created by ", "go.frames"),
            Next(_REGISTER, "go.frames"),
            Next(_ELIDED, "go.frames"),
            Next(_CALL, "go.frames"),
            Next(BLANK, "go.blank", sure=False),
            _LEFT,
        ),
        "go.blank": (
            *_TRACE,
            Next(_REGISTER, "go.frames"),
            Next(BLANK, "go.blank", sure=False),
            _LEFT,
        ),
        "go.race": (
            Next(rb"(?:Previous |Atomic |Read at |Write at |Read by |Write by |Goroutine \d)| {2}\S| {6}\S", "go.race"),
            Next(BLANK, "go.race", sure=False),
            Next(rb"={18}", "go.end"),
        ),
        "go.end": (),
    },
)
