"""The console of Microsoft.Extensions.Logging: .NET and ASP.NET Core programs.

Samples: ``info: Microsoft.Hosting.Lifetime[14]`` with ``      Now listening on: http://[::]:8080`` in the line behind
it (joined by then, or not), ``warn: Shop.Cart[0] slow`` (in one line), ``<6>Shop.Cart[0] msg`` (for systemd).

Source: SimpleConsoleFormatter and SystemdConsoleFormatter.
"""

from __future__ import annotations

from typing import Final

from schemas.severity import SEVERITY_BY_BYTES, SYSLOG_SEVERITIES
from streams.core.parsers.layout import CLOCK, DATE_TIME, layout
from streams.core.parsers.parsed import Fields

_CATEGORY: Final = rb"(?P<category>[A-Za-z_][\w.+`<>,-]{0,300}+)\[(?P<event_id>-?\d{1,10})\]"


def _dedent(event: Fields) -> None:
    event["body"] = event["body"].replace("\n      ", "\n")


PARSER: Final = layout(
    "ms_console",
    rb"(?:trce|dbug|info|warn|fail|crit): [A-Za-z_]|<[2-7]>\w|(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d"
    rb"[\d.,: Z+-]{0,18}(?:trce|dbug|info|warn|fail|crit): [A-Za-z_]",
    rb"(?:(?P<time>"
    + DATE_TIME
    + rb"|"
    + CLOCK
    + rb"(?:\.\d{1,7})?) ?)?(?P<level>trce|dbug|info|warn|fail|crit): "
    + _CATEGORY
    + rb"(?:\r?\n      | |\Z)(?P<body>.*)",
    rb"<(?P<level>[2-7])>(?:(?P<time>" + DATE_TIME + rb") ?)?" + _CATEGORY + rb" (?P<body>.*)",
    integers=("event_id",),
    levels={**SEVERITY_BY_BYTES, **{b"%d" % each: number for each, number in enumerate(SYSLOG_SEVERITIES)}},
    finish=_dedent,
)
