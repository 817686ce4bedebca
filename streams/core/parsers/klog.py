r"""Lines of klog (Kubernetes' components and operators), of glog (C++, Go) and of absl (Python, C++).

Samples: ``I1121 12:51:27.915321   19358 main.go:123] plain text`` and, structured,
``E1121 12:51:27.915371   19358 main.go:125] "Failed to update" err="no" pod="kube-system/kubedns" n=3 list=["a","b"]``.
glog since 0.5 writes ``I20261121 …``. A structured value of several lines stands as ``key=<``, the lines behind a tab
each, `` >``.

Time has no zone, and mostly no year, and stays as it is written. Of structured lines the text in quotes is the message,
and the values are attributes: numbers, booleans, null and JSON with their types. Anything that does not fit that form
to its end is a plain message.

Sources: klog's header in k8s.io/klog/v2 internal/buffer and its values in internal/serialize; glog's "Prefix";
absl-py's PythonFormatter.
"""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import Any, Final

from schemas.severity import KLOG_SEVERITIES
from streams.core.framing.attributes import plain
from streams.core.parsers.pairs import unquoted
from streams.core.parsers.parsed import Fields, Parser, decode

Found = re.Match[bytes]

_LINE: Final = re.compile(
    rb"([IWEF])(\d{4}(?:\d{4})? \d\d:\d\d:\d\d\.\d{6}) +(\d{1,18}) ([^\s:\]]++):(\d{1,9})\] ?(.*)", re.DOTALL
)
_QUOTED: Final = r'"(?:[^"\\\n]++|\\.)*+"'
_MESSAGE: Final = re.compile(rf"({_QUOTED})(?= |\n?\Z)")
_KEY: Final = re.compile(r" +([^\s=]++)=")
_PLAIN: Final = re.compile(r' ([^\s="]++)=(?:"([^"\\]*+)"|([^\s"{\[<]\S*+))')
_ALL_PLAIN: Final = re.compile(r'(?: [^\s="]++=(?:"[^"\\]*+"|[^\s"{\[<]\S*+)(?= |\Z))*+\Z')
"""Values without escapes or nesting, as nearly all are: told apart by one expression, twice as fast as one by one."""
_BLOCK: Final = re.compile(r"<\n((?:\t[^\n]*+\n)*+) >")
_WORD: Final = re.compile(rf"{_QUOTED}(?=\s|\Z)|[^\s\"{{\[<]\S*+|(?=\s|\Z)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_FRACTION: Final = re.compile(r"-?\d{1,18}\.\d{1,18}(?:e[+-]\d{1,2})?")
_WORDS: Final = {"true": True, "false": False, "null": None, "<nil>": None}
_JSON: Final = JSONDecoder()


def severity(found: Found) -> int:
    """Number of the letter."""
    return KLOG_SEVERITIES[chr(found.string[0])]


def fields(content: bytes, found: Found) -> Fields:
    """Header, message and, if the line is structured, its values."""
    whole, flags = decode(content)
    if content.isascii():  # one byte a character, so that positions are the same
        letter, time, thread, path, number, rest = [whole[begin:end] for begin, end in found.regs[1:]]
    else:
        letter, time, thread, path, number, rest = [each.decode(errors="backslashreplace") for each in found.groups()]
    body, values = _structured(rest)
    return {
        "severity_text": letter,
        "body": body,
        "original": whole,
        "attributes": values
        | {"time": time, "thread.id": int(thread), "code.file.path": path, "code.line.number": int(number)},
        "trace_id": None,
        "span_id": None,
        "parser": "klog",
        "flags": flags,
    }


def _structured(text: str) -> tuple[str, dict[str, Any]]:
    """Message and values; all of it is the message where it does not have that form."""
    message = _MESSAGE.match(text) if text[:1] == '"' else None
    if message is None:
        return text, {}
    position = message.end()
    if _ALL_PLAIN.match(text, position):
        plain_values = {key: _typed(word) if word else quoted for key, quoted, word in _PLAIN.findall(text, position)}
        return unquoted(message[1]), plain_values
    values: dict[str, Any] = {}
    while key := _KEY.match(text, position):
        value = _value(text, key.end())
        if value is None:
            return text, {}
        values[unquoted(key[1])], position = value
    return (text, {}) if text[position:].strip() else (unquoted(message[1]), values)


def _value(text: str, start: int) -> tuple[Any, int] | None:
    """A value and where it ends; None when it ends nowhere."""
    if text.startswith("<\n", start):
        block = _BLOCK.match(text, start)
        return None if block is None else (block[1].replace("\n\t", "\n")[1:].removesuffix("\n"), block.end())
    if text[start : start + 1] in ("{", "["):
        return _json(text, start)
    word = _WORD.match(text, start)
    return None if word is None else (_typed(word[0]), word.end())


def _json(text: str, start: int) -> tuple[Any, int] | None:
    """A value in JSON; None for what only looks like it, as what fmt prints does: nobody can tell its end."""
    try:
        value, end = _JSON.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return plain(value), end


def _typed(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if _NUMBER.fullmatch(word):
        return int(word)
    return float(word) if _FRACTION.fullmatch(word) else unquoted(word)


PARSER: Final = Parser(_LINE.match, severity, fields, signature=rb"[IWEF]\d{4}(?:\d{4})? \d\d:\d\d:\d\d\.\d{6} ")
