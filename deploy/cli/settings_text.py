"""Which settings file is meant, and its text: for commands that must start fast without anything else."""

from __future__ import annotations

import os
from pathlib import Path

from schemas.errors import SettingsError


def settings_file(config: Path | None) -> Path | None:
    """The settings file to read: the named one, or the usual places; None: defaults alone."""
    if config is not None:
        return config
    if named := os.environ.get("LOGFERRY_CONFIG"):
        return Path(named)
    usual = Path("logferry.yaml")
    return usual if usual.exists() else None


def read_text(path: Path) -> str:
    """The text of a settings file. Raises SettingsError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"the settings cannot be read: {error.strerror}",
            where=str(path),
            remedy="name the right file with --config",
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            "the settings are not UTF-8 text", where=str(path), remedy="save the file as UTF-8"
        ) from error
