"""A rule as options, ``--set`` and ``--file`` give it: one mapping, as it would stand in logferry.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from schemas.errors import SettingsError
from schemas.settings.source import Finding, read_source

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)


def rule_data(file: Path | None, sets: Iterable[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Options win over ``--set``, which wins over the file; None is not given. Raises SettingsError."""
    data = {} if file is None else _read(file)
    for text in sets:
        _set(data, text)
    for key, value in given.items():
        if value is None:
            continue
        inner = data.get(key)
        data[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    return data


def parse_size(text: str, option: str) -> int:
    """Bytes: ``5000``, ``64KiB``, ``100 MB``. Raises SettingsError."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise SettingsError(f"{text!r} is no number of bytes", where=option, remedy="write it like 104857600 or 100MiB")
    number, prefix, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " kmgt".index(prefix.lower() or " "))


def _read(file: Path) -> dict[str, Any]:
    try:
        source = read_source(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the rule cannot be read: {error}", where=str(file), remedy="name a YAML file") from error
    if isinstance(source, Finding):
        raise SettingsError(f"the rule cannot be read: {source}", where=str(file))
    if source.doubles:
        raise SettingsError("\n".join(map(str, source.doubles)), where=str(file))
    return source.data


def _set(data: dict[str, Any], text: str) -> None:
    """``where.labels={app: cart}``: a dotted key, and its value in YAML."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise SettingsError(f"{text!r} sets nothing", where="--set", remedy="write it like --set minimum=debug")
    *way, last = key.split(".")
    for step in way:
        inner = data.setdefault(step, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{step} in {key!r} is no mapping", where="--set", remedy="leave out what is behind it")
        data = inner
    try:
        data[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise SettingsError(
            f"{value!r} is no YAML value: {error}", where="--set", remedy="put it into quotes"
        ) from error
