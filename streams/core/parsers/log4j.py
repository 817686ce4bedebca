"""Text layouts of Java's loggers: log4j, Logback, log4net, and the programs that changed them only a little.

Samples: ``2026-11-21 12:53:06,908 [main] ERROR o.e.s.App - failed`` (log4j, log4net), ``12:53:04.355 [main] INFO
org.example.App -- msg`` (Logback), ``2015-10-18 18:01:47,978 INFO [main] org.apache.hadoop.X: msg`` (Hadoop),
``081109 203615 148 INFO dfs.X: msg`` (HDFS), ``17/06/09 20:10:40 INFO spark.X: msg`` (Spark), ``0 [main] DEBUG
org.example.App  - msg`` (log4j's TTCCLayout).

A line with neither thread nor a name with dots before its colon is any program's, and of the format time_level.

Sources: log4j 1 and 2 PatternLayout, Logback's default configuration, and the log4j.properties or logback.xml that
Hadoop and Spark are delivered with.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers import hclog, tracing_subscriber
from streams.core.parsers.layout import CLOCK, DATE, LEVEL, ZONE, layout

_FULL: Final = DATE + rb"[ T]" + CLOCK + rb"(?:[.,:]\d{1,9})?+" + ZONE + rb"?+"
_LEVEL: Final = rb"(?P<level>" + LEVEL + rb")"
_NAME: Final = rb"[\w$@/-]++"
_LOGGER: Final = rb"(?P<logger>" + _NAME + rb"(?:\." + _NAME + rb")*+\.?+)"
_CERTAIN: Final = rb"(?=" + _NAME + rb"(?:\." + _NAME + rb")++(?:[ :(])|[\w.$@/-]++ +-{1,2} )"
_LINE: Final = rb"(?: ?\((?P<file>[^():\s]{1,200}):(?P<line>\d{1,9})\)|:(?P<line2>\d{1,9}))?+"
_END: Final = rb"(?: +\[[^\]\n]{0,200}\])?+(?: +-{1,2}(?= |\Z)|:(?= |\Z)) ?(?P<body>.*)"

_USUAL: Final = (
    rb"(?P<time>"
    + _FULL
    + rb"|"
    + CLOCK
    + rb"[.,]\d{3}|\d{1,10}(?= +\[)) +(?:\[(?P<thread>[^\]\n]{1,200})\] +)?+\[?"
    + _LEVEL
    + rb"\]? +(?:\[(?P<thread2>[^\]\n]{1,200})\] +)?+(?(thread)|(?(thread2)|"
    + _CERTAIN
    + rb"))"
    + _LOGGER
    + _LINE
    + _END
)
_HADOOP: Final = (
    rb"(?P<time>\d\d/\d\d/\d\d "
    + CLOCK
    + rb"|\d{6} \d{6}(?= \d))(?: (?P<pid>\d{1,18}))?+ "
    + _LEVEL
    + rb" +"
    + _LOGGER
    + rb": ?(?P<body>.*)"
)


_PADDED: Final = re.compile(tracing_subscriber.PARSER.signature + b"|" + hclog.PARSER.signature)


def _says_more(content: bytes) -> bool:
    """Whether a line begins as those of Rust's tracing or of HashiCorp's programs do, which pad their levels."""
    return _PADDED.match(content) is not None and any(
        parser.read(content) is not None for parser in (tracing_subscriber.PARSER, hclog.PARSER)
    )


PARSER: Final = layout(
    "log4j",
    rb"(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d[.,: Z+-][\d.,: Z+-]*+(?:\[[^\]\n]{1,200}\] ++)?+\[?[A-Z]{3,7}[\] ]"
    rb"|\d\d/\d\d/\d\d \d\d:\d\d:\d\d [\dA-Z]|\d{6} \d{6} \d|\d{1,10} +\[",
    _USUAL,
    _HADOOP,
    names={
        "thread": "thread.name",
        "thread2": "thread.name",
        "pid": "process.pid",
        "file": "code.file.path",
        "line": "code.line.number",
        "line2": "code.line.number",
    },
    integers=("process.pid", "code.line.number"),
    unless=_says_more,
)
