"""Python's logging in the formats of its documentation and of widespread programs.

Samples: ``WARNING:urllib3.connectionpool:retrying`` (basicConfig), ``2026-11-21 12:52:16,718 - a.b - INFO - msg``
(the logging tutorial), ``2026-11-21 12:52:16,718 - INFO - msg``, ``INFO 2026-11-21 12:52:16,718 views 14 139 msg``
(Django's documentation), ``[2026-11-21 12:52:16,718] INFO in views: msg`` (Flask's),
``[2026-11-21T12:52:16.718+0000] {taskinstance.py:1157} INFO - msg`` (Airflow), ``2026-11-21 12:52:16 host a[7] INFO
msg`` (coloredlogs), ``[2026-11-21 12:52:16] [INFO    ] discord.client: msg`` (discord.py).

Times have no zone, except Airflow's.

Sources: logging.BASIC_FORMAT, Python's "Logging HOWTO", Django "How to configure logging", Flask "Logging", Airflow's
``log_format``, coloredlogs' DEFAULT_LOG_FORMAT, discord.utils.setup_logging.
"""

from __future__ import annotations

from typing import Final

from streams.core.parsers import kafka, wildfly
from streams.core.parsers.layout import CLOCK, DATE, DATE_TIME, layout

_LEVEL: Final = rb"(?P<level>DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)"
_LOGGER: Final = rb"(?P<logger>[\w.-]{1,200})"
_TIME: Final = rb"(?P<time>" + DATE + rb"[ T]" + CLOCK + rb"(?:[.,]\d{3,6})?+)"


def _says_more(content: bytes) -> bool:
    """Whether a line is of a program whose layout looks like one of these and has more in it."""
    return kafka.PARSER.read(content) is not None or wildfly.PARSER.read(content) is not None


PARSER: Final = layout(
    "python_logging",
    rb"(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)(?::[\w.-]+:| \d{4}-)"
    rb"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{3,6})? (?:- |\S+ [\w.-]+\[\d+\] )"
    rb"|\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\]]{0,16}\] "
    rb"(?:[A-Z]+ in |\{|\[[A-Z]+ *\] [\w.-]+: )",
    _LEVEL + rb":" + _LOGGER + rb":(?P<body>.*)",
    _TIME + rb" - (?:" + _LOGGER + rb" - )?" + _LEVEL + rb" +- (?P<body>.*)",
    _LEVEL + rb" " + _TIME + rb" (?P<module>[\w.]{1,200}) (?P<pid>\d{1,9}) (?P<thread>\d{1,18}) (?P<body>.*)",
    rb"\[" + _TIME + rb"\] " + _LEVEL + rb" in (?P<module>[\w.]{1,200}): (?P<body>.*)",
    rb"\[(?P<time>"
    + DATE_TIME
    + rb")\] \{(?P<file>[^:}\s]{1,200}):(?P<line>\d{1,9})\} "
    + _LEVEL
    + rb" - (?P<body>.*)",
    _TIME + rb" (?P<host>\S{1,200}) " + _LOGGER + rb"\[(?P<pid>\d{1,18})\] " + _LEVEL + rb" (?P<body>.*)",
    rb"\[(?P<time>" + DATE + rb" " + CLOCK + rb")\] \[" + _LEVEL + rb" *\] " + _LOGGER + rb": (?P<body>.*)",
    names={
        "pid": "process.pid",
        "thread": "thread.id",
        "host": "host.name",
        "file": "code.file.path",
        "line": "code.line.number",
    },
    integers=("process.pid", "thread.id", "code.line.number"),
    unless=_says_more,
)
