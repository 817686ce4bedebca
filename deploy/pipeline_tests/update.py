"""Putting what came out into the file, in place of what was expected; everything else stays as it is, byte for byte.

Only the lines of `expect` are replaced, by where the YAML reader found them. A test written within braces has none of
its own; what to write there is printed instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml

from deploy.pipeline_tests.report import Verdict
from deploy.pipeline_tests.yaml_text import yaml_text
from schemas.settings.source import Finding, read_source


class _Place(NamedTuple):
    """Lines of a file, counted from 0; the last is the one behind them."""

    first: int
    last: int
    indent: int


def updated(text: str, failed: Sequence[Verdict]) -> tuple[str, list[Verdict]]:
    """The file's text with what came out in these of its tests, and the tests that must be written by hand."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    by_hand: list[Verdict] = []
    for verdict in sorted(failed, key=lambda each: -each.loaded.index):  # from the end: lines before keep their numbers
        place = _place(_test_node(root, verdict.loaded.index))
        if place is None:
            by_hand.append(verdict)
        else:
            lines[place.first : _trimmed(lines, place)] = expectation(verdict, place.indent).splitlines(keepends=True)
    found = "".join(lines)
    if isinstance(read_source(found, ""), Finding):  # an anchor stood in what was replaced
        return text, list(failed)
    return found, by_hand[::-1]


def expectation(verdict: Verdict, indent: int = 0) -> str:
    """What came out, as it stands in a test."""
    got = verdict.comparison.got
    text = yaml_text({"expect": got}) if got else "expect: {}\n"
    return "".join(" " * indent + line if line.strip() else line for line in text.splitlines(keepends=True))


def _test_node(root: Any, index: int) -> yaml.MappingNode:
    tests = next(value for name, value in root.value if name.value == "tests")
    node = tests.value[index]
    assert isinstance(node, yaml.MappingNode)
    return node


def _place(test: yaml.MappingNode) -> _Place | None:
    """Where the expectation of a test stands, or would stand; None: not on lines of its own."""
    if test.flow_style or not test.value:
        return None
    indent = test.value[0][0].start_mark.column
    for name, value in test.value:
        if name.value == "expect":
            is_alone = name.start_mark.line != test.start_mark.line
            return _Place(name.start_mark.line, _end(name, value), indent) if is_alone else None
    end = _end(*test.value[-1])
    return _Place(end, end, indent)


def _end(name: yaml.Node, value: yaml.Node) -> int:
    """The line behind a value; comments behind it do not belong to it."""
    last: Any = value
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        inner = last.value[-1]
        last = inner[1] if isinstance(inner, tuple) else inner
        if last.start_mark.line < name.start_mark.line:
            break  # an alias: what it stands for is elsewhere
    if isinstance(last, yaml.ScalarNode) and last.style in ("|", ">"):
        return _end_of_block(last)
    line: int = max(last.end_mark.line, name.start_mark.line)
    return line + 1


def _trimmed(lines: list[str], place: _Place) -> int:
    """Blank lines behind a block of text are no part of it."""
    last = place.last
    while last > place.first and not lines[last - 1].strip():
        last -= 1
    return last


def _end_of_block(node: yaml.ScalarNode) -> int:
    """A block of text ends where something stands that is not indented as it is."""
    line: int = node.end_mark.line
    return line if node.end_mark.column == 0 else line + 1
