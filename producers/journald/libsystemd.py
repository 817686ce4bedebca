"""The part of libsystemd's sd-journal that an input needs, by ctypes.

Why not a binding: cysystemd 2.0.5 decodes every value as UTF-8 and puts U+FFFD for what is not, so the bytes FF FE of a
field are lost; systemd-python has no wheels, and a node has no compiler. Bytes must stay as they are.

A `Journal` belongs to the thread that opened it (sd-journal(3)). Calls that may search files release the interpreter's
lock; those that only copy out of the entry at hand keep it, because some twenty of them come for each entry, and giving
the lock up to a busy thread costs up to 5 ms each time.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_void_p
from functools import cache
from typing import Any, Final

from schemas.errors import SettingsError

INVALIDATE: Final = 2
"""What `Journal.process` answers when files came or went (SD_JOURNAL_INVALIDATE)."""

_LIBRARY: Final = "libsystemd.so.0"

_SEARCHING: Final[dict[str, tuple[Any, ...]]] = {
    "sd_journal_open": (POINTER(c_void_p), c_int),
    "sd_journal_open_namespace": (POINTER(c_void_p), c_char_p, c_int),
    "sd_journal_open_directory": (POINTER(c_void_p), c_char_p, c_int),
    "sd_journal_open_files": (POINTER(c_void_p), POINTER(c_char_p), c_int),
    "sd_journal_close": (c_void_p,),
    "sd_journal_get_fd": (c_void_p,),
    "sd_journal_process": (c_void_p,),
    "sd_journal_seek_head": (c_void_p,),
    "sd_journal_seek_tail": (c_void_p,),
    "sd_journal_seek_cursor": (c_void_p, c_char_p),
    "sd_journal_next": (c_void_p,),
    "sd_journal_previous": (c_void_p,),
    "sd_journal_add_match": (c_void_p, c_char_p, c_size_t),
}
_COPYING: Final[dict[str, tuple[Any, ...]]] = {
    "sd_journal_set_data_threshold": (c_void_p, c_size_t),
    "sd_journal_get_cursor": (c_void_p, POINTER(c_void_p)),
    "sd_journal_restart_data": (c_void_p,),
    "sd_journal_enumerate_data": (c_void_p, POINTER(c_void_p), POINTER(c_size_t)),
    "sd_journal_get_data": (c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_size_t)),
    "sd_journal_flush_matches": (c_void_p,),
}
_VOID: Final = frozenset({"sd_journal_close", "sd_journal_restart_data", "sd_journal_flush_matches"})

_Function = Callable[..., int]


@cache
def _functions() -> dict[str, _Function]:
    try:
        releasing, keeping = ctypes.CDLL(_LIBRARY), ctypes.PyDLL(_LIBRARY)
    except OSError as error:
        raise SettingsError(
            f"the systemd journal cannot be read: {error}",
            where="type: journald",
            remedy="install libsystemd (Debian and Ubuntu: libsystemd0; Fedora: systemd-libs)",
        ) from error
    functions: dict[str, _Function] = {}
    for library, signatures in ((releasing, _SEARCHING), (keeping, _COPYING)):
        for name, arguments in signatures.items():
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, None if name in _VOID else c_int
            functions[name] = function
    free = ctypes.PyDLL(None).free
    free.argtypes, free.restype = (c_void_p,), None
    functions["free"] = free
    return functions


def require() -> None:
    """Raise SettingsError when there is no libsystemd."""
    _functions()


def _checked(name: str, *arguments: Any) -> int:
    answer = _functions()[name](*arguments)
    if answer < 0:
        raise OSError(-answer, f"{name}: {os.strerror(-answer)}")
    return answer


def problem_of_file(path: str) -> str | None:
    """Why libsystemd does not read a journal file; None when it does."""
    handle = c_void_p()
    paths = (c_char_p * 2)(os.fsencode(path), None)
    try:
        _checked("sd_journal_open_files", byref(handle), paths, 0)
    except OSError as error:
        return os.strerror(error.errno or 0)
    _functions()["sd_journal_close"](handle)
    return None


class Journal:
    """All journal files of a place, as one sequence of entries. Raises OSError where libsystemd fails."""

    def __init__(self, path: str | None, namespace: str | None, value_max_bytes: int) -> None:
        """Open a folder, else a namespace, else this system's journal; longer values come cut."""
        self._handle = c_void_p()
        self._value_max_bytes = value_max_bytes
        if path is not None:
            _checked("sd_journal_open_directory", byref(self._handle), os.fsencode(path), 0)
        elif namespace is not None:
            _checked("sd_journal_open_namespace", byref(self._handle), namespace.encode(), 0)
        else:
            _checked("sd_journal_open", byref(self._handle), 0)
        _checked("sd_journal_set_data_threshold", self._handle, value_max_bytes)
        self._data, self._length = c_void_p(), c_size_t()
        functions = _functions()
        self._restart, self._enumerate = functions["sd_journal_restart_data"], functions["sd_journal_enumerate_data"]
        self._get, self._free = functions["sd_journal_get_data"], functions["free"]

    def close(self) -> None:
        """Let go of all files."""
        if self._handle:
            _functions()["sd_journal_close"](self._handle)
            self._handle = c_void_p()

    def descriptor(self) -> int:
        """A descriptor that becomes readable when files change; then call `process`."""
        return _checked("sd_journal_get_fd", self._handle)

    def process(self) -> int:
        """Take notice of changed files; INVALIDATE when files came or went."""
        return _checked("sd_journal_process", self._handle)

    def seek_head(self) -> None:
        """Go before the first entry."""
        _checked("sd_journal_seek_head", self._handle)

    def seek_tail(self) -> None:
        """Go behind the last entry."""
        _checked("sd_journal_seek_tail", self._handle)

    def seek_cursor(self, cursor: str) -> None:
        """Go where the next step finds the entry, or the one that comes closest behind it."""
        _checked("sd_journal_seek_cursor", self._handle, cursor.encode())

    def next(self) -> bool:
        """Step to the next entry; False: there is none."""
        return _checked("sd_journal_next", self._handle) > 0

    def previous(self) -> bool:
        """Step to the entry before; False: there is none."""
        return _checked("sd_journal_previous", self._handle) > 0

    def match_only(self, field: bytes | None) -> None:
        """See only entries with a field ``NAME=value``; None: see all."""
        _functions()["sd_journal_flush_matches"](self._handle)
        if field is not None:
            _checked("sd_journal_add_match", self._handle, field, len(field))

    def cursor(self) -> str:
        """The cursor text of the entry at hand."""
        text = c_void_p()
        _checked("sd_journal_get_cursor", self._handle, byref(text))
        try:
            return ctypes.string_at(text).decode("ascii")
        finally:
            self._free(text)

    def first_value(self, name: bytes) -> bytes | None:
        """The first value of a field; None when the entry has none."""
        if self._get(self._handle, name, byref(self._data), byref(self._length)) < 0:
            return None
        return ctypes.string_at(self._data, min(self._length.value, self._value_max_bytes))[len(name) + 1 :]

    def fields(self) -> Iterator[bytes]:
        """All fields of the entry at hand as ``NAME=value``, in the order in which they are stored."""
        handle, data, length = self._handle, byref(self._data), byref(self._length)
        step, limit = self._enumerate, self._value_max_bytes
        self._restart(handle)
        while (answer := step(handle, data, length)) > 0:
            yield ctypes.string_at(self._data, min(self._length.value, limit))
        if answer < 0:
            raise OSError(-answer, f"sd_journal_enumerate_data: {os.strerror(-answer)}")
