"""Elasticsearch, OpenSearch and Logstash in the text layout of their consoles.

Samples: ``[2026-11-21T01:02:03,123][INFO ][o.e.n.Node               ] [node-1] started`` and, by Logstash,
``[2026-11-21T01:02:03,123][INFO ][logstash.javapipeline    ][main] Pipeline started``. The time is local. Source:
layouts ``[%d{ISO8601}][%-5p][%-25c{1.}] [%node_name]%marker %m`` of Elasticsearch's and
``[%d{ISO8601}][%-5p][%-25c]`` with pipeline.id and plugin.id of Logstash's config/log4j2.properties. What they write
to files is JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

_TIME: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}(?:Z|[+-]\d\d:?\d\d)?"
_LEVEL: Final = rb"TRACE|DEBUG|INFO|WARN|ERROR|FATAL|DEPRECATION|CRITICAL"
_LINE: Final = re.compile(
    rb"\[(" + _TIME + rb")\]\[(" + _LEVEL + rb") *\]\[([^\]\s]{1,256}+) *\]"
    rb"(?:\[([^\]\n]{1,256})\](?:\[([^\]\n]{1,256})\])?)? (?:\[([^\]\n]{1,256})\] )?(.*)",
    re.DOTALL,
)
_OTHER_LEVELS: Final[Mapping[bytes, int]] = {b"DEPRECATION": 13, b"CRITICAL": 14}
"""Of the deprecation log: WARN, and what breaks with the next major version."""
_LOGSTASH: Final = b"logstash."

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the console."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the level."""
    return _OTHER_LEVELS.get(found[2]) or SEVERITY_BY_BYTES[found[2]]


def fields(content: bytes, found: Found) -> Fields:
    """Time, logger, node, pipeline and plugin become attributes."""
    time, level, logger, pipeline, plugin, node, message = found.groups()
    if node is not None and (pipeline or logger.startswith(_LOGSTASH)):
        message, node = content[found.start(6) - 1 :], None
    attributes: dict[str, Any] = {"time": time_text(time), "logger": text(logger)}
    named = (("node.name", node), ("pipeline.id", pipeline), ("plugin.id", plugin))
    attributes |= {name: text(value) for name, value in named if value}
    return message_fields("elasticsearch", content, message, attributes, level)


PARSER: Final = Parser(read, severity, fields, signature=rb"\[" + _TIME + rb"\]\[(?:" + _LEVEL + rb") *\]\[")
