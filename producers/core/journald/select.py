"""Which journal entries an input takes, and by which fields it decides.

Decided here and not by libsystemd's own matches: those know no globs, and an entry that libsystemd passes over in
silence would look like one that was lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import translate
from typing import Final

from producers.core.journald.export import Field

PRIORITIES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""By number, as in syslog(3)."""

_Match = Callable[[str], object]


class Selection:
    """What to take; everything that the settings leave out is no condition."""

    def __init__(
        self,
        *,
        units: Sequence[str] = (),
        exclude_units: Sequence[str] = (),
        identifiers: Sequence[str] = (),
        max_priority: str | None = None,
        matches: Sequence[str] = (),
    ) -> None:
        self._units = _any_of(units)
        self._exclude = _any_of(exclude_units)
        self._identifiers = _any_of(identifiers)
        self._max_priority = PRIORITIES.index(max_priority) if max_priority else None
        self._matches = _by_field(matches)
        self._unit_verdicts: dict[str, bool] = {}

    def takes_unit(self, unit: str) -> bool:
        """Whether entries of a unit may be taken at all; asked first, for it needs few fields."""
        verdict = self._unit_verdicts.get(unit)
        if verdict is None:
            if len(self._unit_verdicts) >= _REMEMBERED_UNITS:
                self._unit_verdicts.clear()
            verdict = self._unit_verdicts[unit] = self._decide_unit(unit)
        return verdict

    def _decide_unit(self, unit: str) -> bool:
        names = {unit, unit.removesuffix(".service")}
        if self._units is not None and not any(map(self._units, names)):
            return False
        return self._exclude is None or not any(map(self._exclude, names))

    def takes(self, fields: Iterable[Field]) -> bool:
        """Whether an entry of a unit that may be taken is."""
        if self._identifiers is None and self._max_priority is None and not self._matches:
            return True
        held = list(fields)
        return self._takes_priority(held) and self._takes_identifier(held) and self._takes_matches(held)

    def _takes_priority(self, fields: list[Field]) -> bool:
        if self._max_priority is None:
            return True
        number = next((field[9:] for field in fields if field.startswith(b"PRIORITY=")), b"")
        return not number.isdigit() or int(number[:2]) <= self._max_priority

    def _takes_identifier(self, fields: list[Field]) -> bool:
        if self._identifiers is None:
            return True
        names = (field[18:].decode("utf-8", "replace") for field in fields if field.startswith(b"SYSLOG_IDENTIFIER="))
        return any(map(self._identifiers, names))

    def _takes_matches(self, fields: list[Field]) -> bool:
        return all(not wanted.isdisjoint(fields) for wanted in self._matches.values())


_REMEMBERED_UNITS: Final = 1024


def _any_of(globs: Sequence[str]) -> _Match | None:
    return re.compile("|".join(map(translate, globs))).match if globs else None


def _by_field(matches: Sequence[str]) -> Mapping[str, frozenset[Field]]:
    """As in journalctl: of one field any value, of several fields all."""
    grouped: dict[str, set[Field]] = {}
    for match in matches:
        grouped.setdefault(match.partition("=")[0], set()).add(match.encode())
    return {field: frozenset(wanted) for field, wanted in grouped.items()}
