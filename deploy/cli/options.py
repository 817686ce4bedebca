"""Options that several commands share, and reading the settings they name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.settings_text import read_text, settings_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.settings import Settings
    from schemas.settings.parts import Problem

__all__ = ["Config", "Json", "read_settings", "read_text", "settings_file"]

Workspace = Annotated[
    Path | None,
    typer.Option(
        "--folder", exists=True, file_okay=False, writable=True, help="For files and servers' data, removed afterwards."
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Settings file. Default: $LOGFERRY_CONFIG, else ./logferry.yaml where there is one."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def read_settings(config: Path | None) -> Settings:
    """The settings with the environment's overrides. Raises SettingsError with every finding."""
    from schemas.settings import parse_settings

    path = settings_file(config)
    if path is None:
        return parse_settings("", "the defaults", os.environ)
    return parse_settings(read_text(path), str(path), os.environ, [_parser_problems])


def _parser_problems(settings: Settings) -> Iterable[Problem]:
    """Mistakes in parsers of one's own; where their packages are not installed, nobody uses them."""
    import time
    from importlib.util import find_spec

    if not settings.parsers or find_spec("re2") is None:
        return ()
    from streams.core.parsers.user import parser_problems

    return parser_problems(settings.parsers, time.time_ns)
