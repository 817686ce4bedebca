"""Questions about the JSON Schema of a file, by default the settings': which keys and values a place may have.

The schema, not the models, is asked, because it says for every place, however deep, what a person would want to know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from schemas.settings.parts import Key
from schemas.settings.settings import Settings


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings, made once."""
    return Settings.model_json_schema()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key leads: all parts of the schema that may describe the value there."""

    nodes: tuple[dict[str, Any], ...]
    root: Mapping[str, Any] = field(default_factory=schema, repr=False)
    """The whole schema."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Known keys of a mapping here."""
        return tuple(dict.fromkeys(key for node in self.nodes for key in node.get("properties", ())))

    @property
    def kinds(self) -> frozenset[str]:
        """JSON types that may stand here."""
        return frozenset(str(node["type"]) for node in self.nodes if "type" in node)

    @property
    def takes_any_key(self) -> bool:
        """Whether names of one's own are keys here."""
        return any(_names_of_ones_own(node) for node in self.nodes)

    def hint(self, name: str) -> Any:
        """Return the first value of a schema keyword here: `default`, `x-env-separator`, `minimum`."""
        return next((node[name] for node in self.nodes if name in node), None)

    def below(self, step: str | int, value: object = None) -> "Place":
        """Return the place one step deeper; `value` is the data there, whose `type` chooses among several models."""
        below = (child for node in self.nodes for child in _below(node, step))
        return Place(tuple(part for child in below for part in _parts(child, value, self.root)), self.root)


def place_at(key: Key, data: object, root: Mapping[str, Any] | None = None) -> Place:
    """Return the place a key leads to, guided by the data; in the settings, or in a file of another schema."""
    root = schema() if root is None else root
    place = Place(tuple(_parts(dict(root), data, root)), root)
    for step in key:
        data = child(data, step)
        place = place.below(step, data)
    return place


def child(data: object, step: str | int) -> Any:
    """Return what stands under a key or index; none when nothing does."""
    if isinstance(data, dict):
        return data.get(step)
    return data[step] if isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data) else None


def _below(node: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(step, int):
        found = node.get("items")
    else:
        found = node.get("properties", {}).get(step) or _names_of_ones_own(node)
    if isinstance(found, dict):
        yield found


def _names_of_ones_own(node: dict[str, Any]) -> dict[str, Any] | None:
    """Return what describes the values of a mapping from names to models; pydantic has two ways to write it."""
    described = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
    return next((found for found in described if isinstance(found, dict)), None)


def _parts(node: dict[str, Any], value: object, root: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Follow references and alternatives; a hint beside them (default, description) stays a part of its own."""
    if "$ref" in node:
        yield from _parts(root["$defs"][node["$ref"].rpartition("/")[2]], value, root)
    discriminator = node.get("discriminator", {})
    chosen = value.get(discriminator.get("propertyName")) if isinstance(value, dict) else None
    mapping = discriminator.get("mapping", {})
    if isinstance(chosen, str) and chosen in mapping:
        yield from _parts({"$ref": mapping[chosen]}, value, root)
    else:
        for alternative in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            yield from _parts(alternative, value, root)
    yield node
