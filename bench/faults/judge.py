"""What became of the lines of a scenario: in Elasticsearch, in the archive, and by the ledger.

The oracle is the one of `deploy.demo`: it knows each line's source, number and checksum. In Elasticsearch each line is
there once; in the archive it may stand again under the same id (an object that a killed sink wrote is written again),
but never under another one.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import obstore
import pyarrow.parquet as pq

from deploy.demo.oracle import UNKNOWN, Expected, Oracle, ranges
from runtime.object_store import open_store
from schemas.settings import ObjectStorageSink

if TYPE_CHECKING:
    from bench.faults.scenario import Writer
    from bench.faults.site import Site

EXAMPLES: Final = 6
Found = Iterable[tuple[str, str]]
"""Ids and lines."""


@dataclass
class Judgement:
    """Totals of both destinations; a line that is missing in both is missing twice."""

    missing: int = 0
    doubled: int = 0
    altered: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Nothing is wrong."""
        return not (self.missing or self.doubled or self.altered)


@dataclass(frozen=True)
class Written:
    """What writers have written."""

    lines: Mapping[str, int]
    unavoidable: Mapping[str, set[int]]
    is_noisy: bool = False
    """Some writer sends what no line is, and nobody can say what must become of it."""

    @classmethod
    def by(cls, writers: Sequence[Writer]) -> Written:
        """All writers together. Raises ValueError where two write under one name."""
        lines: dict[str, int] = {}
        unavoidable: dict[str, set[int]] = {}
        for writer in writers:
            written = writer.written()
            if shared := lines.keys() & written.keys():
                raise ValueError(f"two writers are the source {min(shared)}")
            lines |= written
            unavoidable |= {source: set(numbers) for source, numbers in writer.unavoidable().items()}
        return cls(lines, unavoidable, any(getattr(writer, "is_noisy", False) for writer in writers))

    @property
    def total(self) -> int:
        """Lines written."""
        return sum(self.lines.values())

    @property
    def expected(self) -> int:
        """Lines that have to arrive."""
        return self.total - sum(map(len, self.unavoidable.values()))


def judge(written: Written, documents: Found, archived: Found) -> Judgement:
    """Compare what was written with what is there."""
    judgement = Judgement()
    _judge_one(judgement, written, documents, "elasticsearch", may_repeat=False)
    _judge_one(judgement, written, archived, "archive", may_repeat=True)
    return judgement


def _judge_one(judgement: Judgement, written: Written, found: Found, place: str, *, may_repeat: bool) -> None:
    oracle = Oracle({source: Expected(count) for source, count in written.lines.items()})
    for id_, line in found:
        oracle.feed(id_, line)
    verdict = oracle.verdict()
    missing = {
        source: sorted(set(numbers) - written.unavoidable.get(source, set()))
        for source, numbers in oracle.missing().items()
    }
    judgement.missing += sum(map(len, missing.values()))
    judgement.altered += sum(verdict.altered.values())
    if not written.is_noisy:
        judgement.altered += verdict.extra.get(UNKNOWN, 0)
    judgement.doubled += sum(count for source, count in verdict.extra.items() if source != UNKNOWN)
    judgement.doubled += 0 if may_repeat else verdict.repeated
    gaps = [f"missing: {source} {gap}" for source, numbers in missing.items() for gap in ranges(tuple(numbers))]
    hidden = ("missing: ", "unknown line: ") if written.is_noisy else ("missing: ",)
    wrong = [each for each in verdict.examples if not each.startswith(hidden)]
    judgement.examples += [f"{place}: {each}" for each in (wrong + gaps)[:EXAMPLES]]


class Archive:
    """The archived records of a site; an object is read once for as long as it stays as it is."""

    def __init__(self, site: Site) -> None:
        sink = site.settings.sinks["archive"]
        assert isinstance(sink, ObjectStorageSink)
        self._store = open_store(sink.url, sink.options, create=True)
        self._read: dict[tuple[str, int, str], list[tuple[str, str]]] = {}

    def records(self) -> Iterator[tuple[str, str]]:
        """Id and original line of each record, those of several objects one after the other."""
        known: dict[tuple[str, int, str], list[tuple[str, str]]] = {}
        for page in obstore.list(self._store):
            for each in page:
                if each["path"].endswith(".parquet"):
                    key = (each["path"], each["size"], str(each["last_modified"]))
                    known[key] = self._read.get(key) or self._object(each["path"])
        self._read = known
        for records in known.values():
            yield from records

    def count(self) -> int:
        """Different records."""
        return len({id_ for id_, _ in self.records()})

    def _object(self, path: str) -> list[tuple[str, str]]:
        body = obstore.get(self._store, path).bytes().to_bytes()
        table = pq.read_table(io.BytesIO(body), columns=["id", "body", "original"])
        columns = zip(*(column.to_pylist() for column in table.columns), strict=True)
        return [(id_, line if original is None else original) for id_, line, original in columns]


def documents(site: Site) -> Iterator[tuple[str, str]]:
    """Id and line of every document."""
    for id_, source in site.pipeline.documents("log"):
        yield id_, source["log"]
