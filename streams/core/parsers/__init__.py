"""Parsers of a line's content, by format name. One more parser is one file, one line here and one golden file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.core.parsers import json, text
from streams.core.parsers.parsed import Parser

PARSERS: Final[Mapping[str, Parser]] = {
    "json": json.PARSER,
    "text": text.PARSER,
}
"""In the order in which they are tried; the last one takes everything."""
