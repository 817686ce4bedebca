"""How much a record may have beside its text, so that one program cannot use up everybody's fields.

Sample, with three attributes at most: ``{"a": 1, "b": {"c": 2, "d": 3}, "e": 4}`` becomes
``{"a": 1, "b": {"c": 2, "d": 3}, "overflow": '{"e":4}'}``. First come, first kept. Nothing is left out but what is
beyond the size of the overflow, which then ends in an ellipsis; the original line, where there is one, has it all.

Elasticsearch makes a field of every attribute and of every member of an object, so these are what is counted: in a
record, and as different names in a namespace.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from streams.core.framing.attributes import Attributes, json_text

if TYPE_CHECKING:
    from schemas.settings.transform import AttributeSettings

OVERFLOW: Final = "overflow"
CUT: Final = "…"
NAMESPACES_REMEMBERED: Final = 500
NAME_MAX: Final = 256
"""Longest name of a field, in characters; attributes with longer ones overflow. Names are remembered."""
_SHORT: Final = 128
"""Texts up to this length are not measured one by one."""
_NESTED: Final = frozenset((dict, list, tuple))
_NOTHING: Final = object()

_SHAPES_REMEMBERED: Final = 1000

Names: TypeAlias = set[str]


class Known:
    """What a namespace has used."""

    __slots__ = ("names", "shapes")

    def __init__(self) -> None:
        self.names: Names = set()
        """Of fields, members of objects by their paths."""
        self.shapes: set[int] = set()
        """Hashes of objects' names with those of their members, all of which are known; two that have the same hash
        cost a field more, and strings' hashes cannot be chosen from outside."""

    def learn(self, attributes: Attributes) -> None:
        """Remember the objects of a record that was within all limits."""
        if len(self.shapes) >= _SHAPES_REMEMBERED:
            self.shapes.clear()
        self.shapes.update(hash((name, *value)) for name, value in attributes.items() if type(value) is dict)


class AttributeLimits:
    """The limits, and the names that namespaces have used."""

    def __init__(self, settings: AttributeSettings) -> None:
        self._settings: Final = settings
        # So many attributes are within max_bytes whatever they are, at four bytes a character.
        self._unmeasured: Final = min(settings.max_count, settings.max_bytes // (4 * (NAME_MAX + _SHORT)))
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._last: tuple[str | None, Known] = (None, Known())

    def allows_flat(self, attributes: Attributes, namespace: str, text: bytes) -> bool:
        """Whether the attributes that a JSON object says are within the limits, by a look at its text alone.

        False does not say that they are not. Most records' attributes are flat, and their names are known.
        """
        name, known = self._last
        if name != namespace:
            known = self._of(namespace)
        return (
            attributes.keys() <= known.names
            and text.find(b"{", 1) < 0
            and len(text) <= self._settings.max_bytes
            and len(attributes) <= self._settings.max_count
        )

    def apply(self, attributes: Attributes, namespace: str) -> Attributes:
        """Attributes within the limits. The same object where they were, as those of nearly all records are."""
        name, known = self._last
        if name != namespace:
            known = self._of(namespace)
        if attributes.keys() <= known.names and len(attributes) <= self._unmeasured:
            for value in attributes.values():
                kind = type(value)
                if kind in _NESTED or (kind is str and len(value) > _SHORT):
                    break
            else:
                return attributes
        if self._is_known(attributes, known):
            return attributes
        limited = _Division(self._settings, known.names).of(attributes)
        if limited is attributes:
            known.learn(attributes)
        return limited

    def _is_known(self, attributes: Attributes, known: Known) -> bool:
        """Whether it is a record like others before: flat, or with objects that are flat themselves."""
        fields = len(attributes)
        if self._settings.max_depth < 2:
            return False
        for name, value in attributes.items():
            if type(value) is dict:
                if hash((name, *value)) not in known.shapes or not all(map(_is_short, value.values())):
                    return False
                fields += len(value)
            elif name not in known.names or not _is_short(value):
                return False
        return fields <= self._unmeasured

    def _of(self, namespace: str) -> Known:
        known = self._known.get(namespace)
        if known is None:
            if len(self._known) >= NAMESPACES_REMEMBERED:
                self._known.popitem(last=False)
            known = self._known[namespace] = Known()
        self._known.move_to_end(namespace)
        self._last = (namespace, known)
        return known


class _Division:
    """The attributes of one record, divided into what stays and what is over."""

    def __init__(self, settings: AttributeSettings, known: Names) -> None:
        self._settings = settings
        self._known = known
        self._fields = 0
        self._bytes = 0

    def of(self, attributes: Attributes) -> Attributes:
        kept, over = self._members(attributes, "", 0)
        if not over:
            return attributes if kept == attributes else kept
        if OVERFLOW in kept:
            over[OVERFLOW] = kept.pop(OVERFLOW)
        kept[OVERFLOW] = cut(json_text(over), self._settings.max_bytes)
        return kept

    def _members(self, members: Attributes, before: str, depth: int) -> tuple[Attributes, Attributes]:
        kept: Attributes = {}
        over: Attributes = {}
        for name, value in members.items():
            stays, rest = self._value(value, before + name, depth + 1)
            if stays is not _NOTHING:
                kept[name] = stays
            if rest is not _NOTHING:
                over[name] = rest
        return kept, over

    def _value(self, value: Any, path: str, depth: int) -> tuple[Any, Any]:
        """What stays of a value, and what does not."""
        if type(value) in _NESTED and depth >= self._settings.max_depth:
            value = json_text(value)
        if type(value) is not dict or not value:
            value = _flattened(value, self._settings.max_depth - depth)
            return (value, _NOTHING) if self._takes(value, path) else (_NOTHING, value)
        kept, over = self._members(value, path + ".", depth)
        return kept or _NOTHING, over or _NOTHING

    def _takes(self, value: Any, path: str) -> bool:
        """Whether there is room for a value that is no object."""
        names = set(_fields(value, path))
        new = names - self._known
        size = len(path.encode(errors="surrogatepass")) + _size(value)
        limits = self._settings
        if (
            self._fields + len(names) > limits.max_count
            or self._bytes + size > limits.max_bytes
            or len(self._known) + len(new) > limits.keys_per_namespace_max
            or any(len(name) > NAME_MAX for name in new)
        ):
            return False
        self._known |= new
        self._fields += len(names)
        self._bytes += size
        return True


def _is_short(value: Any) -> bool:
    return len(value) <= _SHORT if type(value) is str else type(value) not in _NESTED


def _flattened(value: Any, levels: int) -> Any:
    """A value in which what is nested deeper than so many levels is its JSON text; the same object if nothing is."""
    if type(value) not in _NESTED:
        return value
    if levels < 1:
        return json_text(value)
    if isinstance(value, dict):
        members = {name: _flattened(each, levels - 1) for name, each in value.items()}
        return members if any(members[name] is not each for name, each in value.items()) else value
    items = [_flattened(each, levels - 1) for each in value]
    return items if any(new is not each for new, each in zip(items, value, strict=True)) else value


def _fields(value: Any, path: str) -> Iterator[str]:
    """Names of the fields that Elasticsearch makes of a value: a list is what its items are."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _fields(each, f"{path}.{name}")
    elif isinstance(value, list | tuple) and any(type(each) in _NESTED for each in value):
        for each in value:
            yield from _fields(each, path)
    else:
        yield path


def _size(value: Any) -> int:
    text = value if isinstance(value, str) else json_text(value)
    return len(text.encode(errors="surrogatepass"))


def cut(text: str, size: int) -> str:
    """Text of at most so many bytes, cut between characters; an ellipsis says that it was."""
    content = text.encode(errors="backslashreplace")
    if len(content) <= size:
        return text
    return content[: max(size - len(CUT.encode()), 0)].decode(errors="ignore") + CUT
