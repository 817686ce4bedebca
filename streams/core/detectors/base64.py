"""Base64 (RFC 4648, 4 and 5) in which something else is found that is looked for.

Sample: ``Ym9iQGV4YW1wbGUub3Jn`` is bob@example.org. A run of 16 characters or more that decodes to text; the whole run
is what was found. By itself this detector finds nothing: `inside` gives it the others.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Callable
from typing import Final

from streams.core.detectors.detected import Detector, Span, Spans

_RUN: Final = re.compile(rb"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{16,}+={0,2}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_URL_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")


def inside(finds: Callable[[bytes], bool]) -> Spans:
    """The spans of runs in which something is found."""

    def spans(content: bytes) -> list[Span]:
        return [
            (run.start(), run.end(), run[0])
            for run in _RUN.finditer(content)
            if (decoded := _decoded(run[0])) is not None and finds(decoded)
        ]

    return spans


def _decoded(run: bytes) -> bytes | None:
    text = run.rstrip(b"=").translate(_URL_ALPHABET)
    try:
        decoded = a2b_base64(text + b"=" * (-len(text) % 4))
        return None if _CONTROL.search(decoded.decode()) else decoded
    except (Error, UnicodeDecodeError):
        return None


DETECTOR: Final = Detector(r"[0-9A-Za-z+/_\-]{16}", inside(lambda _: False))
