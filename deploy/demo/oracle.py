"""Judges what arrived of a `load`: which lines are missing, which appear twice, which were altered; pure.

Feed it every line found at the far end with the id it was found under. The same line again under the *same* id is a
harmless repetition (`repeated`: how many doubles an archive holds); under *another* id it is extra. A line whose
checksum fails is altered and does not count as arrived, since its number cannot be trusted either.
Memory: 8 bytes a line that is expected.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.demo import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

UNKNOWN: Final = "unknown"
"""Stands for the source in counts of lines that name none, or none that was written."""

_EXAMPLES: Final = 20
_UNSEEN: Final = 0


@dataclass
class Verdict:
    """Counts by source, with some examples of each defect."""

    expected: int = 0
    arrived: int = 0
    repeated: int = 0
    """Same line, same id, once more."""
    poison: int = 0
    """Lines that `load` made indigestible on purpose."""
    blank: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    extra: dict[str, int] = field(default_factory=dict)
    altered: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    """What went wrong first, for a person."""

    @property
    def is_clean(self) -> bool:
        """Missing 0, extra 0, altered 0."""
        return not (self.missing or self.extra or self.altered)

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON, with totals."""
        totals = {name: sum(getattr(self, name).values()) for name in ("missing", "extra", "altered")}
        return {**asdict(self), "totals": totals}


@dataclass(frozen=True)
class Expected:
    """Sequence numbers of one source."""

    lines: int
    first: int = 0


class Oracle:
    """Knows what was written; `keeps` says which sequence numbers should arrive (all of them, by default)."""

    def __init__(self, expected: Mapping[str, Expected], keeps: Callable[[int], bool] | None = None) -> None:
        self._expected = dict(expected)
        self._keeps = keeps or (lambda _: True)
        self._seen = {source: array("q", bytes(8 * span.lines)) for source, span in self._expected.items()}
        self._arrived = self._repeated = self._poison = self._blank = 0
        self._extra: Counter[str] = Counter()
        self._altered: Counter[str] = Counter()
        self._examples: list[str] = []

    @classmethod
    def of(cls, summary: Mapping[str, Any], *, only_warn: bool = False) -> Oracle:
        """Return the oracle for a load's summary; with `only_warn` for a pipeline that drops what is below warn."""
        keeps = lines.Lines(lines.Profile(**summary["profile"])).is_warn if only_warn else None
        return cls({source: Expected(**span) for source, span in summary["sources"].items()}, keeps)

    def feed(self, record_id: str, text: str | bytes) -> None:
        """Take one line as it was found. Never raises on what it reads."""
        content = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        claim = lines.read(content)
        if claim is None:
            self._feed_other(record_id, content)
        elif not claim.intact:
            known = claim.source if claim.source in self._seen else UNKNOWN
            self._note(self._altered, known, f"altered: {record_id} {content[:200]!r}")
        else:
            self._feed_intact(record_id, claim)

    def verdict(self) -> Verdict:
        """Return what is known now; costs a pass over all that is expected."""
        missing = {source: tuple(self._missing(source)) for source in self._expected}
        gaps = [f"missing: {source} {gap}" for source, numbers in missing.items() for gap in ranges(numbers)]
        return Verdict(
            expected=sum(self._keeps(number) for span in self._expected.values() for number in _numbers(span)),
            arrived=self._arrived,
            repeated=self._repeated,
            poison=self._poison,
            blank=self._blank,
            missing={source: len(numbers) for source, numbers in missing.items() if numbers},
            extra=dict(self._extra),
            altered=dict(self._altered),
            examples=self._examples + gaps[:_EXAMPLES],
        )

    def missing(self) -> dict[str, list[int]]:
        """Return the sequence numbers that have not arrived, of each source that lacks some."""
        found = {source: list(self._missing(source)) for source in self._expected}
        return {source: numbers for source, numbers in found.items() if numbers}

    def _feed_other(self, record_id: str, content: bytes) -> None:
        if not content.strip():
            self._blank += 1
        elif lines.POISON_MARK in content:
            self._poison += 1
        else:
            self._note(self._extra, UNKNOWN, f"unknown line: {record_id} {content[:200]!r}")

    def _feed_intact(self, record_id: str, claim: lines.Claim) -> None:
        span, what = self._expected.get(claim.source), f"{claim.source} {claim.sequence} as {record_id}"
        if span is None or not span.first <= claim.sequence < span.first + span.lines:
            self._note(self._extra, claim.source if span else UNKNOWN, f"never written: {what}")
            return
        seen, at = self._seen[claim.source], claim.sequence - span.first
        mark = hash(record_id) or 1
        if not self._keeps(claim.sequence):
            self._note(self._extra, claim.source, f"should have been dropped: {what}")
        elif seen[at] == _UNSEEN:
            seen[at] = mark
            self._arrived += 1
        elif seen[at] == mark:
            self._repeated += 1
        else:
            self._note(self._extra, claim.source, f"again under another id: {what}")

    def _missing(self, source: str) -> Iterator[int]:
        seen, span = self._seen[source], self._expected[source]
        return (number for at, number in enumerate(_numbers(span)) if seen[at] == _UNSEEN and self._keeps(number))

    def _note(self, counts: Counter[str], source: str, example: str) -> None:
        counts[source] += 1
        if len(self._examples) < _EXAMPLES:
            self._examples.append(example)


def ranges(numbers: tuple[int, ...]) -> list[str]:
    """Return rising numbers as text: 3-7, 9."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]


def _numbers(span: Expected) -> range:
    return range(span.first, span.first + span.lines)
