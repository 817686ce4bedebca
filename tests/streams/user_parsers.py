"""Parsers of people's own as settings make them, at a fixed time."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import TypeAdapter

from schemas.settings.parsers import ParserDefinition
from streams.core.parsers.parsed import Parser
from streams.core.parsers.user import user_parser

ADAPTER: TypeAdapter[Any] = TypeAdapter(ParserDefinition)
NOW = 1_795_222_923 * 1_000_000_000
"""2026-11-21T01:02:03Z"""


def parser(text: str) -> Parser:
    return user_parser("mine", ADAPTER.validate_python(yaml.safe_load(text)), lambda: NOW)
