"""Original bytes for people: as text where they are text, else as a hex dump."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Control characters other than tab, line ends and escape, which log lines have for colours."""
_PRINTABLE: Final = range(0x20, 0x7F)
WIDTH: Final = 16


def as_text(content: bytes) -> str | None:
    """The text that bytes are; None: they are none."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if _NO_TEXT.search(text) else text


def hex_dump(content: bytes) -> Iterator[str]:
    """Lines as those of ``hexdump -C``: offset, 16 bytes, and the characters that they are."""
    for at in range(0, len(content), WIDTH):
        part = content[at : at + WIDTH]
        left, right = part[:8].hex(" "), part[8:].hex(" ")
        characters = "".join(chr(each) if each in _PRINTABLE else "." for each in part)
        yield f"{at:08x}  {left:<23}  {right:<23}  |{characters}|"
