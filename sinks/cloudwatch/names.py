r"""Names of log groups and log streams as CloudWatch Logs allows them.

Source: API reference, CreateLogGroup (``[.\-_/#A-Za-z0-9]+``) and CreateLogStream (``[^:*]*``), 1 to 512 characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.name_templates import Names, read_name_template, shortened, value_in_document

NAME_AT_MOST: Final = 512

_NOT_IN_GROUP: Final = re.compile(r"[^.\-_/#A-Za-z0-9]")
_NOT_IN_STREAM: Final = re.compile(r"[:*\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_RESERVED: Final = "aws/"
"""A group's name must not begin so."""


class Stream(NamedTuple):
    """Where an event goes."""

    group: str
    name: str


def group_name(text: str) -> str:
    """A text with ``_`` for what a group's name must not contain."""
    name = _NOT_IN_GROUP.sub("_", text)
    return shortened(f"_{name}" if name.startswith(_RESERVED) else name, NAME_AT_MOST)


def stream_name(text: str) -> str:
    """A text with ``_`` for what a stream's name must not contain."""
    return shortened(_NOT_IN_STREAM.sub("_", text), NAME_AT_MOST)


class StreamTemplates(NamedTuple):
    """The templates of the settings."""

    log_group: str
    log_stream: str
    host_log_group: str
    host_log_stream: str


class StreamNames:
    """Says where documents go: those of pods by one pair of templates, the others by another."""

    def __init__(self, templates: StreamTemplates) -> None:
        self._pods = _names(templates.log_group, templates.log_stream)
        self._hosts = _names(templates.host_log_group, templates.host_log_stream)

    def stream(self, document: Mapping[str, Any]) -> Stream:
        """The log group and the log stream of a document (`schemas.document`)."""
        groups, streams = self._pods if isinstance(document.get("kubernetes"), dict) else self._hosts
        value_of = value_in_document(document)
        return Stream(groups.name(value_of), streams.name(value_of))


def _names(group: str, stream: str) -> tuple[Names, Names]:
    return Names(read_name_template(group), group_name), Names(read_name_template(stream), stream_name)
