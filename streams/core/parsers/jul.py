"""Java's own logging, java.util.logging, and Tomcat's layout of it.

Samples: ``Nov 21, 2026 1:02:03 AM org.example.App main`` with ``INFO: msg`` in the line behind it (two lines that are
joined by then), ``21-Nov-2026 01:02:03.123 INFO [main] org.apache.catalina.startup.Catalina.start Server startup``.

Sources: java.util.logging.SimpleFormatter's default format (since Java 20 with a narrow space before AM), Apache
Tomcat's org.apache.juli.OneLineFormatter.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers.layout import CLOCK, layout

_LEVEL: Final = rb"(?P<level>SEVERE|WARNING|INFO|CONFIG|FINEST|FINER|FINE)"

PARSER: Final = layout(
    "jul",
    rb"[A-Z][a-z]{2} \d{1,2}, \d{4} |\d\d-[A-Z][a-z]{2}-\d{4} \d\d:",
    rb"(?P<time>[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d(?: |\xe2\x80\xaf)[AP]M) (?P<logger>[\w.$-]{1,300})"
    rb"(?: (?P<function>[\w<>$]{1,200}))?\r?\n" + _LEVEL + rb": (?P<body>.*)",
    rb"(?P<time>\d\d-[A-Z][a-z]{2}-\d{4} " + CLOCK + rb"\.\d{3}) " + _LEVEL + rb" \[(?P<thread>[^\]\n]{1,200})\] "
    rb"(?P<logger>[\w.$-]{1,300})\.(?P<function>[\w<>$]{1,200}) (?P<body>.*)",
    names={"thread": "thread.name", "function": "code.function.name"},
)
