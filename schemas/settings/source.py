"""The settings file as YAML: plain data, and the line of every key.

YAML's own loader keeps the last of two equal keys and tells nobody; here both lines are named.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.reader import ReaderError

from schemas.settings.parts import Key


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in the settings, with the place and what to do about it."""

    file: str
    """Name of the file, or `environment variable NAME`."""
    line: int | None
    """Counted from 1; none where there is no line."""
    key: str
    """Way to the value, as in `sinks.search.topics[0]`; empty when the whole file is meant."""
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.problem) if part) + (
            f" ({self.remedy})" if self.remedy else ""
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A settings file that could be read."""

    file: str
    data: dict[str, Any]
    root: yaml.Node | None = field(repr=False)
    doubles: tuple[Finding, ...] = ()
    """Keys that stand twice in one mapping."""

    def line(self, key: Key) -> int:
        """Return the line of the value, or of the nearest thing around it that exists."""
        node, line = self.root, 1
        for step in key:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line


def key_text(key: Key) -> str:
    """Write a key as people do: `routes[0].topic`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in key).lstrip(".")


def read_source(text: str, file: str) -> Source | Finding:
    """Read YAML; returns a finding when it is no YAML or no mapping. Empty text is empty data."""
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        doubles = tuple(_doubles(root, (), file, set()))
        data = None if root is None else loader.construct_document(root)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return _unreadable(error, text, file)
    if data is None:
        return Source(file, {}, None)
    if not isinstance(data, dict):
        return Finding(file, 1, "", "the file must hold sections with keys", "for example kafka: {…}")
    return Source(file, data, root, doubles)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if getattr(name, "value", None) == str(step):
                return value, name.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None


def _doubles(node: yaml.Node | None, key: Key, file: str, seen: set[int]) -> Iterator[Finding]:
    # An alias leads to a node that was visited already, perhaps to the one we are in.
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    first: dict[str, int] = {}
    for step, value, mark in _entries(node):
        if isinstance(step, str):
            line = mark.line + 1
            if step in first:
                remedy = f"keep one of lines {first[step]} and {line}, or put both into one"
                problem = f"stands here again, first in line {first[step]}"
                yield Finding(file, line, key_text((*key, step)), problem, remedy)
            first.setdefault(step, line)
        yield from _doubles(value, (*key, step), file, seen)


def _entries(node: yaml.Node) -> list[tuple[str | int, yaml.Node, Any]]:
    if isinstance(node, yaml.MappingNode):
        return [(str(name.value), value, name.start_mark) for name, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [(index, value, value.start_mark) for index, value in enumerate(node.value)]
    return []


def _unreadable(error: Exception, text: str, file: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        problem = f"not readable as YAML: it contains the character U+{error.character:04X}"
        return Finding(file, line, "", problem, "the file must be plain UTF-8 text")
    if isinstance(error, RecursionError):
        return Finding(file, None, "", "not readable as YAML: nested too deeply", "close the brackets")
    if mark is None:
        remedy = "check dates and numbers, and put texts that look like them into quotes"
        return Finding(file, None, "", f"not readable as YAML: {error}", remedy)
    problem = f"not readable as YAML at column {mark.column + 1}: {getattr(error, 'problem', error)}"
    return Finding(file, mark.line + 1, "", problem, _likely(str(getattr(error, "problem", ""))))


def _likely(problem: str) -> str:
    if "\\t" in problem:
        return "indent with spaces; YAML allows no tabs"
    if "alias" in problem or "alphabetic" in problem:
        return 'a value that begins with * needs quotes: match: "**"'
    if "mapping values are not allowed" in problem:
        return "check the indentation, and put a value that contains a colon and a space into quotes"
    if "could not determine a constructor" in problem:
        return "leave out the tag that begins with an exclamation mark"
    return "check indentation, quotes and brackets in this line and the one before"
