"""Whatever happens in whatever order, what is committed is in the archive, and stays there.

Several processes work on one partition with the real buffers, placement and manifests over a store in memory. They
read, cut folders at any point, write, commit, are killed, are thrown out of their group without knowing it, and write
late. A schedule decides who does what when.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from typing import Any

import fastavro
import obstore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from schemas.settings import ObjectStorageSink
from schemas.topic_names import TopicNames
from sinks.core.manifest import Manifest, read
from sinks.object_storage.buffers import ArchiveObject, Folder, Origin
from sinks.object_storage.compaction import Compaction
from sinks.object_storage.kinds import Kinds
from sinks.object_storage.mending import Event, LeftAlone
from sinks.object_storage.placement import Placement
from sinks.object_storage.stored import hours_in, read_hour
from sinks.object_storage.writer import Found, RemoteObjects, Unconditional
from tests.sinks.records import NOON, Record, log_record, message

SINK = ObjectStorageSink(type="object_storage", topics=("logs.app",), url="file:///a", format="avro")
KINDS = Kinds(TopicNames(), SINK, "1")
RECORDS = 9
HOUR_TEXT = "2026-11-21T12"


class Busy(RemoteObjects):
    """Something else happens between looking at an object and replacing it."""

    meanwhile: Callable[[], None] | None = None
    conditional = True

    def create(self, name: str, body: bytes) -> bool:
        if not self.conditional:
            raise Unconditional
        return super().create(name, body)

    def replace(self, name: str, body: bytes, version: str) -> bool:
        if not self.conditional:
            raise Unconditional
        return super().replace(name, body, version)

    def read(self, name: str) -> Found | None:
        found = super().read(name)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return found


class World:
    """A topic of one partition, its archive, and the offset that is committed."""

    def __init__(self, namespaces: list[str], *, conditional: bool) -> None:
        self.log: list[Record] = [
            message(number, log_record(number, namespace=namespace, timestamp=NOON))
            for number, namespace in enumerate(namespaces)
        ]
        self.ids = [log_record(number)["id"] for number in range(len(namespaces))]
        self.store = MemoryStore()
        self.objects = Busy(self.store)
        self.objects.conditional = conditional
        self.placement = Placement(self.objects)
        self.placement.probe()
        assert self.placement.conditional is conditional
        self.committed = 0
        self.owner: Process | None = None

    def archived(self) -> dict[str, list[str]]:
        """Object -> ids of its records."""
        names = [each["path"] for each in obstore.list(self.store).collect()]
        return {
            name: [row["id"] for row in fastavro.reader(io.BytesIO(self.body(name)))]  # type: ignore[index,call-overload]
            for name in names
            if name.endswith(".avro")
        }

    def body(self, name: str) -> bytes:
        return obstore.get(self.store, name).bytes().to_bytes()

    def check(self) -> None:
        archived = self.archived()
        there = {id_ for ids in archived.values() for id_ in ids}
        assert set(self.ids[: self.committed]) <= there
        assert all(len(set(ids)) == len(ids) for ids in archived.values())

    def compact(self) -> list[Event]:
        """At once, though a sink is at work: one that waits two hours for it has it easier."""
        (hour,) = hours_in(self.store, "logs.app") or [NOON // 1_000_000_000]
        return list(Compaction().hour(self.store, read_hour(self.store, "logs.app", hour), math.inf))

    def manifest(self) -> Manifest:
        found = read(self.body("logs.app/dt=2026-11-21/hour=12/_manifest/3.json"))
        assert isinstance(found, Manifest)
        return found


class Process:
    """One process of the sink, from the moment at which the partition is assigned to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.position = world.committed
        self.buffer = KINDS.buffer(Origin("logs.app", 3, "id"))
        for entry in world.placement.manifest("logs.app", HOUR_TEXT, 3).objects:
            self.buffer.coverage.add(HOUR_TEXT, entry, self.position)
        self.to_put: list[ArchiveObject] = []
        self.to_list: list[Any] = []

    def read(self, count: int) -> None:
        records = self.world.log[self.position : self.position + count]
        self.buffer.take(self.buffer.read(records), 0.0)  # type: ignore[arg-type]
        self.position += len(records)

    def cut(self, which: int) -> None:
        """Some folders, as long as those of the last cut have been written."""
        if not (self.to_put or self.to_list):
            keys: list[Folder] = sorted(each.key for each in self.buffer.open())
            self.to_put = list(self.buffer.cut({key for place, key in enumerate(keys) if which >> place & 1}))

    def put(self) -> None:
        if self.to_put:
            made = self.to_put.pop(0)
            entry = self.world.placement.put(made)
            if entry.last_offset > made.entry.last_offset:
                self.buffer.coverage.add(made.hour, entry, made.entry.last_offset)
            self.to_list.append(entry)

    def work(self, count: int) -> None:
        self.read(count)
        self.cut(7)
        self.finish()

    def finish(self) -> None:
        """Manifest, then commit; Kafka takes the commit of the member that has the partition."""
        while self.to_put:
            self.put()
        if self.to_list:
            self.world.placement.list_in_manifest("logs.app", HOUR_TEXT, 3, self.to_list)
            self.to_list = []
        if self.world.owner is self:
            lowest = self.buffer.lowest()
            self.world.committed = self.position if lowest is None else lowest


namespaces = st.lists(st.sampled_from(["a", "b", "c"]), min_size=RECORDS, max_size=RECORDS)
ACTIONS = (
    "read", "cut", "put", "finish", "new", "late put", "late put", "late finish", "race", "work", "left behind",
    "compact",
)  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 7)), max_size=25)


@pytest.mark.parametrize("conditional", [True, False])
@settings(max_examples=200)
@given(namespaces=namespaces, schedule=steps)
def test_nothing_committed_is_ever_missing_from_the_archive(conditional, namespaces, schedule):
    world = World(namespaces, conditional=conditional)
    late: list[Process] = []
    world.owner = Process(world)
    for action, number in schedule:
        step(world, late, action, number)
        world.check()
    for process in late:
        process.finish()  # the latest of all
        world.check()
    last = world.owner = Process(world)
    last.read(RECORDS)
    last.cut(7)
    last.finish()
    world.check()
    assert world.committed == RECORDS
    world.compact()  # mends what a process that died behind an object could not write into the manifest
    assert [each for each in world.compact() if isinstance(each, LeftAlone)] == []
    world.check()
    archived = world.archived()
    manifest = world.manifest()
    assert archived.keys() == {each.name for each in manifest.objects}
    assert {each.name: each.sha256 for each in manifest.objects}.items() <= {
        name: hashlib.sha256(world.body(name)).hexdigest() for name in archived
    }.items()
    assert {id_ for each in manifest.objects for id_ in archived[each.name]} == set(world.ids)
    assert [each.records for each in manifest.objects] == [len(archived[each.name]) for each in manifest.objects]


def step(world: World, late: list[Process], action: str, number: int) -> None:
    owner = world.owner
    assert owner is not None
    chosen = late[number % len(late)] if late else owner
    if action == "left behind":  # with objects that it is about to write
        owner.read(number)
        owner.cut(7)
        late.append(owner)
        world.owner = Process(world)
    elif action == "new":  # the one before does not know, or is dead: then it does nothing more
        late.append(owner)
        world.owner = Process(world)
    elif action == "race":  # within a step of the owner
        world.objects.meanwhile = chosen.put if chosen is not owner else None
        owner.put()
        world.objects.meanwhile = None
    else:
        actions = {
            "read": lambda: owner.read(number),
            "cut": lambda: owner.cut(number),
            "put": owner.put,
            "finish": owner.finish,
            "work": lambda: owner.work(number),
            "late put": chosen.put,
            "compact": world.compact,
            "late finish": chosen.finish,
        }
        actions[action]()


@given(namespaces=namespaces, cuts=st.lists(st.integers(1, 7), min_size=1, max_size=6))
@settings(max_examples=30)
def test_kills_behind_the_manifest_double_nothing(namespaces, cuts):
    """Whoever starts again passes over what the manifest lists, though it was not committed."""
    world = World(namespaces, conditional=True)
    for which in cuts:
        process = Process(world)  # nobody ever commits
        process.read(RECORDS)
        process.cut(which)
        process.finish()
    last = Process(world)
    last.read(RECORDS)
    last.cut(7)
    last.finish()
    assert sorted(id_ for ids in world.archived().values() for id_ in ids) == sorted(world.ids)


@given(namespaces=namespaces, pieces=st.lists(st.integers(1, 4), min_size=1), start=st.integers(0, RECORDS))
@settings(max_examples=50)
def test_who_starts_again_from_an_older_offset_doubles_nothing_that_was_compacted(namespaces, pieces, start):
    world = World(namespaces, conditional=True)
    world.owner = Process(world)
    for count in pieces:
        world.owner.work(count)
    world.compact()
    known = world.manifest()
    world.committed = min(start, world.committed)  # the group's offsets were set back
    again = world.owner = Process(world)
    again.work(RECORDS)
    assert sorted(id_ for ids in world.archived().values() for id_ in ids) == sorted(world.ids)
    assert set(known.objects) <= set(world.manifest().objects)
    assert world.committed == RECORDS


def test_an_object_of_a_topic_that_was_made_anew_stands_beside_that_of_the_old_one():
    world = World(["a"] * 3, conditional=True)
    for topic_id in ("before", "now"):
        buffer = KINDS.buffer(Origin("logs.app", 3, topic_id))
        buffer.take(buffer.read(world.log[: 3 if topic_id == "before" else 2]), 0.0)  # type: ignore[arg-type]
        (made,) = buffer.cut({each.key for each in buffer.open()})
        world.placement.put(made)
    first = "logs.app/dt=2026-11-21/hour=12/a/3-00000000000000000000"
    assert {name: len(ids) for name, ids in world.archived().items()} == {
        f"{first}.avro": 3,
        f"{first}-00000000000000000001.avro": 2,
    }


def test_who_writes_late_makes_no_object_shorter():
    world = World(["a"] * 6, conditional=True)
    late: list[Process] = []
    world.owner = Process(world)
    for action, number in [("left behind", 2), ("work", 6), ("late put", 1), ("late finish", 1)]:
        step(world, late, action, number)
        world.check()
    assert [len(ids) for ids in world.archived().values()] == [6]
    assert [each.records for each in world.manifest().objects] == [6]


def test_who_is_overtaken_while_it_replaces_looks_again():
    world = World(["a"] * 6, conditional=True)
    late: list[Process] = []
    world.owner = Process(world)
    schedule = [("left behind", 2), ("left behind", 6), ("read", 4), ("cut", 7), ("late put", 2), ("race", 1)]
    for action, number in schedule:  # of two, four and six records under one name, the six come between
        step(world, late, action, number)
    assert [len(ids) for ids in world.archived().values()] == [6]
