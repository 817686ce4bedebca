r"""Type and message of the exception in a joined record, as OpenTelemetry names them.

``java.lang.IllegalStateException: closed\n\tat com.shop.Cart.add(Cart.java:17)`` has exception.type
``java.lang.IllegalStateException`` and exception.message ``closed`` (OpenTelemetry semantic conventions,
"Exceptions in logs"). Of chained exceptions it is the one that was thrown last: Java, Node, .NET and Ruby write it
first, Python and PHP last. A panic of Go or Rust has the type ``panic``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from streams.core.multiline.lines import CLASS, EXCEPTION_CLASS

_Found = tuple[bytes, bytes]
"""Type and message."""

_TRACEBACK: Final = b"Traceback (most recent call last):"
_PYTHON_LAST: Final = re.compile(
    rb"^(?:  \| )?(?P<type>[A-Za-z_\x80-\xff][\w.<>\x80-\xff]*+)(?:: ?(?P<message>[^\n]*+)|\r?$)", re.MULTILINE
)
_THROWN: Final = re.compile(
    rb"^(?:[^\n]{0,40}?AndroidRuntime[^:\n]{0,20}: )?+"
    rb"(?:Exception in thread \"[^\"\n]*+\" |Uncaught |Unhandled [eE]xception[.:] )?+\[?"
    rb"(?P<type>" + CLASS + rb")(?: \[\w{1,64}\])?+(?::[ \t]?(?P<message>[^\n]*+)|\r?$)",
    re.MULTILINE,
)
_FRAME: Final = re.compile(
    rb"\n[ \t]++(?:at |\.\.\. |Suppressed: )|\nCaused by: |\n ---> |\n#0 |\nStack trace:|\] \{\r?\n"
    rb"|\n[^\n]{0,60}AndroidRuntime[^\n:]{0,20}: \tat "
)
_KNOWN: Final = re.compile(rb"(?:" + EXCEPTION_CLASS + rb"|(?:[\w$]++[.\\])++[A-Z][\w$]*+)\Z")
_GO: Final = re.compile(
    rb"^\t*+(?P<type>panic|fatal error): (?P<message>[^\n]*+(?:\n(?!\[signal |goroutine |\r?\n|\tpanic: )[^\n]*+)*+)",
    re.MULTILINE,
)
_GO_HTTP: Final = re.compile(rb"(?P<type>panic) serving [^ \n]++(?<=:) (?P<message>[^\n]*+)\ngoroutine ")
_RUST: Final = re.compile(
    rb"^thread '[^'\n]*+'(?: \(\d++\))?+ panicked at "
    rb"(?:'(?P<old>[^\n]*)', [^\n]++|[^\n]++(?:(?<=:)|(?<=:\r))\n"
    rb"(?P<message>[^\n]*+(?:\n(?!note: |stack backtrace:)[^\n]*+)*+))",
    re.MULTILINE,
)
_PHP: Final = re.compile(rb"(?:Uncaught |^Next |^)(?P<type>" + CLASS + rb"): ", re.MULTILINE)
_RUBY: Final = re.compile(
    rb"^[^\s:]++:\d++:in [`'][^'\n]++': (?P<message>[^\n]*)\((?P<type>" + CLASS + rb")\)\r?$", re.MULTILINE
)
_RUBY_LOGGED: Final = re.compile(
    rb"^[DIWEFA], \[[^\]\n]*+\][^\n]{1,16} -- [^:\n]{0,200}: (?P<message>[^\n]*(?:\n[^\n]*){0,8}?)"
    rb"\((?P<type>" + CLASS + rb")\)\r?\n[^\s:]++:\d++:in ",
    re.MULTILINE,
)
_DART: Final = re.compile(
    rb"^Unhandled [eE]xception:\r?\n(?:(?P<type>" + CLASS + rb"): )?+(?P<message>[^\n]*+(?:\n(?!#0 )[^\n]*+)*+)",
    re.MULTILINE,
)


def exception_of(content: bytes) -> dict[str, str]:
    """Attributes exception.type and exception.message of a joined record; none where no exception is recognised."""
    if b"\n" not in content:
        return {}
    for marker, find in _FINDERS:
        if marker in content:
            found = find(content)
            if found is not None:
                return _attributes(*found)
    return {}


def _attributes(kind: bytes, message: bytes) -> dict[str, str]:
    found = {"exception.type": kind, "exception.message": message.strip()}
    return {name: value.decode(errors="backslashreplace") for name, value in found.items() if value}


def _python(content: bytes) -> _Found | None:
    found = _PYTHON_LAST.search(content, content.rindex(_TRACEBACK) + len(_TRACEBACK))
    if found is None:
        found = _PYTHON_LAST.search(content, content.index(_TRACEBACK) + len(_TRACEBACK))
    return _pair(found)


def _group(content: bytes) -> _Found | None:
    return _pair(_PYTHON_LAST.search(content, content.index(b"Exception Group Traceback")))


def _thrown(content: bytes) -> _Found | None:
    """Java, Node and .NET: the first line that names a class, before the first frame; its message goes up to that."""
    frame = _FRAME.search(content)
    if frame is None:
        return None
    for found in _THROWN.finditer(content, 0, frame.start() + 1):
        if _KNOWN.match(found["type"]):
            message = b"" if found["message"] is None else content[found.start("message") : frame.start()]
            return found["type"], message
    return _inline(content[: frame.start()])


_INLINE: Final = re.compile(rb"(?<![\w.:$\\])(?P<type>" + EXCEPTION_CLASS + rb"): (?P<message>[^\n]*+)\Z")


def _inline(text: bytes) -> _Found | None:
    """``failed: TypeError: x``: the class stands inside the line before the frames."""
    return _pair(_INLINE.search(text, max(text.rfind(b"\n"), 0, len(text) - 4096)))


def _php(content: bytes) -> _Found | None:
    """The place stands behind the message: ``outer in /shop/cart.php:4``."""
    found = _PHP.search(content, content.rfind(b"\nNext ") + 1)
    if found is None:
        return None
    message = content[found.end() : content.find(b"\nStack trace:", found.end())]
    return found["type"], message.rpartition(b" in ")[0] or message


def _go(content: bytes) -> _Found | None:
    """The last panic: one that was raised while another was handled stands below it, behind a tab."""
    last = None
    for last in _GO.finditer(content, 0, content.find(b"\ngoroutine ") + 1):  # noqa: B007
        pass
    return None if last is None else (last["type"], last["message"].removesuffix(b" [recovered]"))


def _rust(content: bytes) -> _Found | None:
    found = _RUST.search(content)
    return None if found is None else (b"panic", found["old"] or found["message"] or b"")


def _by(pattern: re.Pattern[bytes]) -> Callable[[bytes], _Found | None]:
    return lambda content: _pair(pattern.search(content))


def _pair(found: re.Match[bytes] | None) -> _Found | None:
    return None if found is None else (found["type"] or b"", found["message"] or b"")


_FINDERS: Final[tuple[tuple[bytes, Callable[[bytes], _Found | None]], ...]] = (
    (b"Exception Group Traceback", _group),
    (_TRACEBACK, _python),
    (b"\ngoroutine ", _by(_GO_HTTP)),
    (b"\ngoroutine ", _go),
    (b" panicked at ", _rust),
    (b"\nStack trace:", _php),
    (b":in ", _by(_RUBY)),
    (b" -- ", _by(_RUBY_LOGGED)),
    (b"Unhandled exception:\n", _by(_DART)),
    (b"Unhandled Exception:\n", _by(_DART)),
    (b"at ", _thrown),
    (b"Caused by: ", _thrown),
    (b"] {", _thrown),
)
