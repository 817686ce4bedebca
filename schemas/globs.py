"""Globs: patterns over one name (a namespace, a label's value), as file names are matched.

``*`` any text, ``?`` one character, ``[abc]`` and ``[!abc]`` one of some; everything else stands for itself, case
included. Tags have a language of their own (`schemas.patterns`).

Python's `fnmatch` translates them to regular expressions with atomic groups (since 3.11), so the time grows with glob
length times name length, whatever they are.
"""

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from typing import Final, TypeAlias

Test: TypeAlias = Callable[[str], bool]
"""Whether a name is meant."""

_SPECIAL: Final = re.compile(r"[*?\[]")


def compile_globs(globs: Iterable[str]) -> Test:
    """Return the test whether any of the globs describes a whole name; without globs no name is described."""
    texts = tuple(globs)
    plain = frozenset(text for text in texts if not _SPECIAL.search(text))
    special = tuple(re.compile(translate(text)).match for text in texts if _SPECIAL.search(text))
    if not special:
        return plain.__contains__
    return lambda name: name in plain or any(match(name) is not None for match in special)
