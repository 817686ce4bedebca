"""What grok expressions find in lines."""

from __future__ import annotations

from streams.core.parsers.grok import grok_pattern


def found(expression: str, line: str, **own: str) -> dict[str, str] | None:
    """What an expression finds, without what is empty."""
    pattern = grok_pattern(expression, own).pattern
    match = pattern.search(line.encode())
    if match is None:
        return None
    groups = zip(pattern.names, match.groups(), strict=True)
    return {name: value.decode() for name, value in reversed(list(groups)) if value}
