"""Example records in schemas/examples, as every Avro implementation can read them."""

from __future__ import annotations

import io
import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import fastavro
from fastavro.validation import validate

from schemas.codec import KINDS, schema_versions


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


def read(name: str) -> dict[str, Any]:
    """The value of an example. Raises what fastavro raises when it does not fit its schema."""
    kind, _, rest = name.partition(".v")
    schema = fastavro.parse_schema(json.loads(schema_versions(kind)[int(rest.split("/", 1)[0])]))
    one_line = json.dumps(json.loads(text(name)))
    value: Any = next(iter(fastavro.json_reader(io.StringIO(one_line), schema)))
    validate(value, schema, strict=True)
    return dict(value)


@cache
def example(kind: str, name: str = "full") -> dict[str, Any]:
    return read(f"{kind}.v{list(schema_versions(kind))[-1]}/{name}.json")
