"""The settings that `up` runs with: a person's (or the default ones), with this machine's addresses and folders put in.

They are written to ``<data>/logferry.yaml``, so that every other command can be used on the running pipeline with
``--config`` or ``--data``, and anybody can see what runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from schemas.settings import parse_settings
from schemas.settings.environment import overlay

if TYPE_CHECKING:
    from schemas.settings import Settings

FILE_NAME: Final = "logferry.yaml"
DEFAULT_NAME: Final = "the default settings of `logferry up`"
_NOTE: Final = "# Written by `logferry up` at every start, from {origin}. Change that, not this.\n"


@dataclass(frozen=True)
class Servers:
    """The local servers that the settings are to name."""

    kafka: str
    """HOST:PORT."""
    elasticsearch: str
    """Its URL."""
    object_store: Mapping[str, Any] | None = None
    """Options of an object storage sink that reaches the local S3 endpoint's bucket, and its ``url``; None: folders."""


@dataclass(frozen=True)
class Wish:
    """What somebody asked for: data of a settings file with the environment over it."""

    data: dict[str, Any]
    origin: str
    variables: frozenset[str]
    """Environment variables that are in the data now; a stage must not lay them over it again."""

    @property
    def names_inputs(self) -> bool:
        """Whether inputs are named, rather than left to their default."""
        return bool(self.data.get("inputs"))


def default_text(data: Path) -> str:
    """The default settings, with the data folder put in."""
    text = files("deploy.up").joinpath("default.yaml").read_text("utf-8")
    return text.replace("{data}", json.dumps(str(data), ensure_ascii=False)[1:-1])


def read_wish(text: str, name: str, environ: Mapping[str, str]) -> Wish:
    """Check the settings as they are and take them apart. Raises InvalidSettingsError with every mistake."""
    parse_settings(text, name, environ)
    overlaid = overlay(yaml.safe_load(text) or {}, environ)
    return Wish(overlaid.data, name, frozenset(overlaid.variables.values()))


def compose(wish: Wish, data: Path, node: str, demo_pattern: str | None, servers: Servers | None) -> dict[str, Any]:
    """The settings' data: ``servers`` replace what it names, and what is left open gets a place in the data folder.

    ``demo_pattern`` is the glob of the demo's log files: one more input where inputs are named, else the only one.
    """
    result = deepcopy(wish.data)
    producer = result["producer"] = dict(result.get("producer") or {})
    producer.setdefault("state_folder", str(data / "producer"))
    producer.setdefault("node", node)
    if demo_pattern is not None:
        inputs = dict(result.get("inputs") or {})
        result["inputs"] = {**inputs, "demo": {"type": "container_files", "path": demo_pattern}}
    if servers is not None:
        result["kafka"] = {**(result.get("kafka") or {}), "bootstrap_servers": servers.kafka}
        for name, sink in (result.get("sinks") or {}).items():
            sink.update(_addresses(name, sink, servers))
    return result


def _addresses(name: str, sink: Mapping[str, Any], servers: Servers) -> dict[str, Any]:
    if sink.get("type") == "elasticsearch":
        return {"hosts": [servers.elasticsearch]}
    if servers.object_store is not None and sink.get("type") == "object_storage":
        url = f"{servers.object_store['url'].rstrip('/')}/{name}"
        return {"url": url, "options": dict(servers.object_store["options"])}
    return {}


def write_settings(data: Path, content: Mapping[str, Any], origin: str) -> tuple[Path, Settings]:
    """Write the file and read it as a stage would. Raises OSError, InvalidSettingsError."""
    path = data / FILE_NAME
    text = _NOTE.format(origin=origin) + yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
    settings = parse_settings(text, str(path), {})
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path, settings


def remembered_node(data: Path) -> str | None:
    """The node's name at the last start: ids follow from it, so a new host name must not change it."""
    try:
        content = yaml.safe_load((data / FILE_NAME).read_text(encoding="utf-8"))
        return str(content["producer"]["node"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None


def settings_in(data: Path) -> Path | None:
    """The settings file of this data folder, if `up` has been there."""
    path = data / FILE_NAME
    return path if path.is_file() else None
