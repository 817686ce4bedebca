"""Example records in schemas/examples, as every Avro implementation can read them."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import fastavro
from fastavro.validation import validate

from schemas.codec import KINDS, schema_versions, single_object_header


def folder(kind: str, version: int) -> Traversable:
    return files("schemas").joinpath("examples", f"{kind}.v{version}")


def names(*, bad: bool) -> list[str]:
    """``<kind>.v<version>/<file>`` of every example, or of every deliberately bad one."""
    found = []
    for kind in KINDS:
        for version in schema_versions(kind):
            place = folder(kind, version)
            prefix = f"{kind}.v{version}/" + ("bad/" if bad else "")
            found += [
                prefix + each.name
                for each in (place / "bad" if bad else place).iterdir()
                if each.name.endswith(".json")
            ]
    return sorted(found)


def kind_of(name: str) -> str:
    return name.split(".v", 1)[0]


def text(name: str) -> str:
    return files("schemas").joinpath("examples", name).read_text("utf-8")


def version_of(name: str) -> int:
    return int(name.partition(".v")[2].split("/", 1)[0])


def is_newest(name: str) -> bool:
    return version_of(name) == list(schema_versions(kind_of(name)))[-1]


def schema_of(name: str) -> str:
    """JSON text of the schema that an example was made for."""
    return schema_versions(kind_of(name))[version_of(name)]


def read(name: str) -> dict[str, Any]:
    """The value of an example. Raises what fastavro raises when it does not fit its schema."""
    schema = fastavro.parse_schema(json.loads(schema_of(name)))
    one_line = json.dumps(json.loads(text(name)))
    value: Any = next(iter(fastavro.json_reader(io.StringIO(one_line), schema)))
    validate(value, schema, strict=True)
    return dict(value)


def written(name: str) -> bytes:
    """An example as it was written when its version was the newest."""
    out = io.BytesIO()
    out.write(single_object_header(schema_of(name)))
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(schema_of(name))), read(name))
    return out.getvalue()


def in_words_of(name: str, value: Any) -> Any:
    """A decoded value without the fields that the example's version did not have."""
    return _without_new(value, read(name))


def _without_new(value: Any, old: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(old, dict):
        return value
    return {key: _without_new(each, old[key]) for key, each in value.items() if key in old}


def example(kind: str, name: str = "full") -> dict[str, Any]:
    """The newest version's example, the caller's own to change."""
    return deepcopy(_example(kind, name))


@cache
def _example(kind: str, name: str) -> dict[str, Any]:
    return read(f"{kind}.v{list(schema_versions(kind))[-1]}/{name}.json")
