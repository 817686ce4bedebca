"""All accounts: entry by entry in, files and chains of sinks out.

First every entry is taken. Where ranges overlap the entries of those accounts come a second time (`wants`,
`take_again`); then `settle`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from deploy.audit.core.account import Account, summed
from deploy.audit.core.file import Chunk, File, Names
from deploy.audit.core.objects import ObjectTold
from deploy.audit.core.outcomes import decided
from deploy.audit.core.path import Part, Segment
from deploy.audit.core.picture import Picture
from deploy.audit.core.ranges import Ranges
from deploy.dead_letters.core.entries import is_redrive

SINK: Final = "sink/"
HOUR_NANOS: Final = 3_600_000_000_000
UNBALANCED_MAX: Final = 1000

ChainKey = tuple[str, str, int]
"""Stage, topic and partition."""


class Book:
    """Everything that a ledger tells."""

    def __init__(
        self,
        picture: Picture,
        *,
        hours: bool = False,
        wanted: Callable[[str], bool] | None = None,
        journals: Collection[str] = (),
    ) -> None:
        """``wanted``: which namespaces; None: all, and what is of none. ``journals``: paths of journals."""
        self._journals = frozenset(("journal", *journals))
        self.picture = picture
        self.files: dict[str, File] = {}
        self.chains: dict[ChainKey, Account] = {}
        self.chunks: defaultdict[int, Ranges] = defaultdict(Ranges)
        """Partition of logs.raw -> offsets that were told of."""
        self.objects: dict[str, dict[str, ObjectTold]] = {}
        """Sink -> name of an object -> what was told of it."""
        self.sources: dict[str, Names] = {}
        self.nodes: dict[str, int] = {}
        """Node -> when its producer wrote last."""
        self.unbalanced: list[Mapping[str, Any]] = []
        self._unreadable: dict[tuple[Any, ...], Mapping[str, int]] = {}
        """Topic, partition and offset of a chunk that could not be decoded -> outcomes."""
        self._late: list[tuple[File, tuple[Any, ...], Segment]] = []
        """Redriven ranges of which nothing was told before, each with the place of its chunk."""
        self._decoded: set[tuple[Any, ...]] = set()
        """Such places whose chunks a redrive could decode."""
        self.entries = 0
        self.knows_since: int | None = None
        """When the first entry was written that has offsets; None: there is none."""
        self.has_old = False
        self._hours = hours
        self._wanted = wanted
        self._names: dict[Names, Names] = {}
        self._kept: defaultdict[str | ChainKey, list[Segment]] = defaultdict(list)
        self.told: dict[str, list[Segment]] = {}
        """Incarnation -> what stands, of those that were asked for a second time as a whole."""
        self.shadowed: dict[str, list[Segment]] = {}
        """The same -> what does not stand."""
        self.observed: dict[tuple[str, int], int] = {}
        """Incarnation and start of a range -> when it was read, nanoseconds since 1970."""
        self._whole: frozenset[str] = frozenset()

    @property
    def tells_all(self) -> bool:
        """Nothing is left out because of its namespace."""
        return self._wanted is None

    # -- first reading -------------------------------------------------------------------------------------------------

    def take(self, entry: Mapping[str, Any], *, before: bool = True) -> None:
        """One entry, as in schemas/avro/ledger_entry. ``before``: it was there before the picture was taken."""
        self.entries += 1
        stage = entry["stage"]
        if stage == "stream":
            self._take_stream(entry)
        elif stage == "producer":
            self._take_producer(entry, before=before)
        elif stage.startswith(SINK):
            self._take_sink(entry)

    def _take_stream(self, entry: Mapping[str, Any]) -> None:
        chunk = self._chunk_of(entry)
        if decided(entry["outcomes"]) != entry["lines"] and len(self.unbalanced) < UNBALANCED_MAX:
            self.unbalanced.append(entry)
        if not entry["incarnation"]:
            if entry["outcomes"]:
                self._unreadable[_place(entry)] = entry["outcomes"]
            return
        names = self._named(entry)
        if self.is_wanted(names.namespace):
            self._take_lines(entry, names, chunk)

    def _chunk_of(self, entry: Mapping[str, Any]) -> Chunk | None:
        """The chunk of logs.raw that an entry is about, which was worked on; None: it is about none, or not told."""
        if entry["topic"] is None:
            self.has_old = True
            return None
        self.knows_since = min(self.knows_since or entry["written_at"], entry["written_at"])
        partition, offset = entry["partition"], entry["topic_offset"]
        if entry["topic"] != self.picture.raw or partition is None or offset is None:
            return None
        if not is_redrive(entry["run"]):  # which says nothing of the worker
            self.chunks[partition].add(offset, offset + 1)
        return Chunk(partition, offset)

    def _take_lines(self, entry: Mapping[str, Any], names: Names, chunk: Chunk | None) -> None:
        is_again = is_redrive(entry["run"])
        file = self._file(entry)
        if file.names is None or (entry["topic"] is not None and not is_again):
            file.names = names
        self.sources[file.source] = file.names
        file.path = file.path or entry["path"] or ""
        file.is_old = file.is_old or entry["topic"] is None
        is_past = chunk is not None and not entry["run"] and self.picture.is_past(*chunk)
        segment = self._stream_segment(entry)
        if is_again and not file.knows(segment):
            self._late.append((file, _place(entry), segment))
        else:
            file.take_segment(segment, chunk, is_past=is_past)

    def _take_late(self) -> None:
        """Redriven chunks that nobody could decode before; of other lines the chunk was told before reading began."""
        for file, place, segment in self._late:
            if place in self._unreadable:
                file.take_segment(segment, Chunk(*place[1:]), is_past=False)
                self._decoded.add(place)
        self._late.clear()

    @property
    def unreadable(self) -> Counter[str]:
        """Outcomes of chunks that could not be decoded, and still cannot."""
        return Counter(summed(told for place, told in self._unreadable.items() if place not in self._decoded))

    def _take_producer(self, entry: Mapping[str, Any], *, before: bool) -> None:
        node = entry["node"] or ""
        self.nodes[node] = max(self.nodes.get(node, 0), entry["written_at"])
        names = self._named(entry)
        if not self.is_wanted(names.namespace):
            return
        file = self._file(entry)
        if file.names is None:
            file.names = names
            self.sources.setdefault(file.source, names)
        file.take_producer(entry, before=before)

    def _take_sink(self, entry: Mapping[str, Any]) -> None:
        if entry["path"]:
            told = self.objects.setdefault(entry["stage"], {})
            new = ObjectTold.of(entry)
            known = told.get(entry["path"])
            told[entry["path"]] = new if known is None else known.merged(new)
        elif entry["topic"] is not None and entry["partition"] is not None:
            key = entry["stage"], entry["topic"], entry["partition"]
            if key not in self.chains:
                self.chains[key] = Account()
            self.chains[key].take(self._sink_segment(entry))

    def _file(self, entry: Mapping[str, Any]) -> File:
        file = self.files.get(entry["incarnation"])
        if file is None:
            file = self.files[entry["incarnation"]] = File(entry["incarnation"])
        file.source = entry["source_id"] or file.source
        path = entry["path"] or ""
        file.is_numbered = file.is_numbered or path in self._journals or path.startswith("journal.")
        return file

    def _named(self, entry: Mapping[str, Any]) -> Names:
        known = self.sources.get(entry["source_id"])
        if known is not None and entry["namespace"] is None and entry["node"] is None:
            return known  # of version 2
        names = Names(*(entry[name] or "" for name in ("namespace", "pod", "container", "node")))
        return self._names.setdefault(names, names)

    def is_wanted(self, namespace: str) -> bool:
        """Whether the lines of a namespace are."""
        return self._wanted is None or self._wanted(namespace)

    def _stream_segment(self, entry: Mapping[str, Any]) -> Segment:
        start, end = entry["start"], entry["end"]
        hour = (entry["observed_timestamp"] or entry["written_at"]) // HOUR_NANOS if self._hours else 0
        outcomes = (("lines", entry["lines"]), ("bytes", end - start), *sorted(entry["outcomes"].items()))
        return Segment(start, end, entry["written_at"], entry["run"] or "", ((hour, outcomes),))

    def _sink_segment(self, entry: Mapping[str, Any]) -> Segment:
        hour = entry["written_at"] // HOUR_NANOS if self._hours else 0
        rest = Counter(entry["outcomes"])
        parts: list[Part] = []
        sources = sorted(entry["sources"].items())
        bytes_ = shared_out(rest.pop("bytes", 0), [sum(each.values()) for _, each in sources])
        for (source, outcomes), share in zip(sources, bytes_, strict=True):
            rest.subtract(outcomes)
            parts.append(((source, hour), tuple(sorted({**outcomes, "bytes": share}.items()))))
        if left := tuple(sorted((name, amount) for name, amount in rest.items() if amount > 0)):
            parts.append((("", hour), left))
        return Segment(entry["start"], entry["end"], entry["written_at"], "", tuple(parts))

    # -- second reading ------------------------------------------------------------------------------------------------

    def wants(self) -> set[str]:
        """Keys of the entries that have to come a second time, since there ranges overlap."""
        self._take_late()
        tangled = {name: file.account for name, file in self.files.items() if file.account.zones is not None}
        chains = {f"{stage}/{topic}/{part}": each for (stage, topic, part), each in self.chains.items() if each.zones}
        for account in (*tangled.values(), *chains.values()):
            account.begin_again()
        return tangled.keys() | chains.keys()

    def wants_whole(self, incarnations: frozenset[str]) -> None:
        """From now on what comes is for `told`."""
        self._whole = incarnations

    def take_again(self, entry: Mapping[str, Any]) -> None:
        """An entry of one of these keys."""
        stage = entry["stage"]
        if stage == "stream":
            self._take_stream_again(entry)
        elif stage.startswith(SINK) and not entry["path"] and entry["topic"] is not None and not self._whole:
            key = stage, entry["topic"], entry["partition"]
            self._keep(key, self.chains.get(key), self._sink_segment(entry))

    def _take_stream_again(self, entry: Mapping[str, Any]) -> None:
        name = entry["incarnation"]
        file = self.files.get(name)
        segment = self._stream_segment(entry)
        if file is None or segment.start == segment.end:
            return
        is_again = is_redrive(entry["run"])
        if is_again and not file.knows(segment):
            return
        if not self._whole:
            self._keep(name, file.account, segment)
        elif name in self._whole:
            self._kept[name].append(segment)
            if not is_again or (name, segment.start) not in self.observed:
                self.observed[name, segment.start] = entry["observed_timestamp"] or entry["written_at"]

    def _keep(self, key: str | ChainKey, account: Account | None, segment: Segment) -> None:
        if account is not None and account.zones is not None and account.is_in_zone(segment):
            self._kept[key].append(segment)

    def settle(self) -> None:
        """Everything of a second reading has come."""
        for key, segments in self._kept.items():
            account = self.files[key].account if isinstance(key, str) else self.chains[key]
            if isinstance(key, str) and key in self._whole:
                account.begin_again()
                self.told[key] = account.settle(segments)
                standing = {(each.start, each.end, each.written_at) for each in self.told[key]}
                self.shadowed[key] = [e for e in segments if (e.start, e.end, e.written_at) not in standing]
            else:
                account.settle(segments)
        self._kept.clear()


def _place(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry["topic"], entry["partition"], entry["topic_offset"]


def shared_out(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in as many parts, by weight; they add up to it. Bytes of sinks are told for all sources together."""
    whole = sum(weights)
    found, given, seen = [], 0, 0
    for weight in weights:
        seen += weight
        upto = amount * seen // whole if whole else 0
        found.append(upto - given)
        given = upto
    return found
