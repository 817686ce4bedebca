"""YAML as a person would write it: block style, texts of several lines as such."""

from __future__ import annotations

from typing import Any, Final

import yaml

WIDTH: Final = 10_000
"""No line is folded: a difference is a difference of lines."""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and never writes an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, False)  # noqa: FBT003

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    is_block = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if is_block else None)


_Dumper.add_representer(str, _text)


def yaml_text(value: Any) -> str:
    """A value as YAML, its keys in their order."""
    if value in ({}, []):
        return "nothing\n"
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    assert isinstance(text, str)
    return text
