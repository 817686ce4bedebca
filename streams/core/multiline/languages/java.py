r"""Stack traces of the JVM (Java, Kotlin, Scala) and of Android.

Sample: ``java.lang.IllegalStateException: closed``, ``\tat com.shop.Cart.add(Cart.java:17)``, ``\t... 3 more``,
``Caused by: java.io.IOException: broken pipe``. Format: `Throwable.printStackTrace`, Java SE API; frames with
``~[shop.jar:1.0]`` by Logback and Log4j. Also the two lines of java.util.logging's SimpleFormatter, and thread dumps.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import EXCEPTION_LINE, LETTERS, PACKAGED_EXCEPTION, TEXT
from streams.core.multiline.rules import EXCEPTION, LOGGED, Head, Language, Next

_AT: Final = rb"[ \t]++at [^\s(]++(?: [^\s(]++)?+\([^)]*+\)"
_SPACED_AT: Final = (
    rb" ++at [^\s(]++\((?:[^)]*+(?:(?<=\.java)|(?<=\.kt)|(?<=\.scala)|(?<=Source)|(?<=Method))\)"
    rb"|[\w$]++\.(?:java|kt|scala|groovy):\d)"
)
_MORE: Final = (
    rb"[ \t]++(?:\.\.\. \d++ (?:more|common frames|frames)|\[CIRCULAR REFERENCE|\(Coroutine boundary\)"
    rb"|- (?:locked|waiting|parking|eliminated|None)|\^)"
)
_CAUSE: Final = rb"[ \t]*+(?:Caused by: (?!\r?\Z)|Wrapped by: |Suppressed: )"
_THREAD: Final = rb" {3}java\.lang\.Thread\.State: | {3}(?:Locked ownable|JavaThread|No compile task)"
_LEVEL: Final = rb"(?:SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): "
_ANDROID: Final = (
    rb"(?:[EF]/AndroidRuntime ?\( *+\d++\): |\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ++\d++ ++\d++ E AndroidRuntime: )"
)

_FRAMES: Final = (
    Next(_AT, "java.frames"),
    Next(rb"\tat ", "java.frames"),
    Next(_CAUSE, "java.message"),
    Next(_MORE, "java.frames"),
)
_FIRST: Final = (Next(rb"\tat ", "java.frames"), Next(_SPACED_AT, "java.frames"), Next(_CAUSE, "java.message"))

LANGUAGE: Final = Language(
    heads=(
        Head(b"E", rb'Exception in thread "', "java.message"),
        Head(b"C", rb"Caused by: (?=[\w$]++\.)", "java.message"),
        Head(LETTERS, EXCEPTION_LINE, EXCEPTION),
        Head(b'"', rb'"[^"\n]{1,200}+" (?:#\d|daemon |prio=|os_prio=)', "java.thread"),
        Head(
            b"JFMASOND",
            rb"[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d(?:\xe2\x80\xaf| )[AP]M ",
            "java.logging",
        ),
        Head(b"EF", _ANDROID + rb"FATAL EXCEPTION", "java.android"),
    ),
    places={
        LOGGED: (
            *_FIRST,
            Next(_ANDROID + rb"(?!FATAL EXCEPTION)", "java.android"),
            Next(PACKAGED_EXCEPTION, EXCEPTION),
            Next(EXCEPTION_LINE, EXCEPTION, sure=False),
        ),
        EXCEPTION: _FIRST,
        "java.message": (*_FRAMES, Next(TEXT, "java.message", sure=False)),
        "java.frames": _FRAMES,
        "java.thread": (Next(_THREAD, "java.frames"), Next(rb"\tat ", "java.frames")),
        "java.logging": (Next(_LEVEL, LOGGED),),
        "java.android": (Next(_ANDROID + rb"(?!FATAL EXCEPTION)", "java.android"),),
    },
)
