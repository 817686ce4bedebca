"""What an entry of the stream stage says of its chunk; that every value of logs.raw has one, and the same each time."""

from __future__ import annotations

from typing import Any

import pytest

from bench.anything.accounts import distinct
from schemas.codec import Codec
from schemas.replay import CONTEXT, END, RECORD, Replayed, mark_of
from schemas.settings import Settings
from streams.feed import Feed
from streams.worker import StreamWorker
from tests.streams.replay import RAW, SETTINGS, Offline, Worker, settings_with
from tests.streams.source import stamp

LEDGER = Codec("ledger_entry")
CONTAINER = {"namespace": "shop", "pod": "cart-0", "pod_uid": "u", "name": "app", "id": None, "labels": {}}
LIFE = bytes(range(8))


def line(text: str, millis: int = 0) -> bytes:
    return f"{stamp(millis)} stdout F {text}\n".encode()


def raw(payload: bytes, offset: int = 0, *, container: dict[str, Any] | None = None, **told: Any) -> bytes:
    framing = told.pop("framing", "cri")
    source = {"id": "s", "node": "node-1", "kind": "x", "framing": framing, "tag": None, "container": container}
    chunk = {"source": source, "path": "/x.log", "incarnation": LIFE, "offset": offset, "observed_timestamp": 7}
    return RAW.encode({**chunk, "payload": payload, **told})


class Reader(Worker):
    """One life of a worker, of values with headers."""

    def __init__(self, position: int = 0, settings: Settings = SETTINGS, feed: Feed | None = None) -> None:
        super().__init__(position, "", settings)
        connections = Offline()
        self.client = connections.producer
        self.stage = StreamWorker(settings, self._acknowledge, connections, feed)  # type: ignore[arg-type]

    def read(self, *values: bytes, replayed: Replayed | None = None) -> Reader:
        for value in values:
            self.stage.take(0, 1, self.position, value, self.position, 0.0, replayed)
            self.position += 1
        return self

    def entries(self) -> list[dict[str, Any]]:
        """All that the ledger has, once everything is delivered."""
        self.client.deliver_all()
        found = [LEDGER.decode(value) for value in self.client.ledger]
        return sorted((each for each in found if isinstance(each, dict)), key=lambda each: each["topic_offset"])


def test_an_entry_says_whose_bytes_they_are_and_where_the_chunk_stands() -> None:
    (entry,) = Reader(5).read(raw(line("one"), 100, container=CONTAINER, ended=True)).entries()
    del entry["written_at"]
    assert entry == {
        "incarnation": LIFE.hex(),
        "source_id": "s",
        "stage": "stream",
        "start": 100,
        "end": 100 + len(line("one")),
        "lines": 1,
        "outcomes": {"routed": 1, "routed/logs.app": 1},
        "ended": True,
        "open_end": False,
        "next_incarnation": None,
        "path": "/x.log",
        "node": "node-1",
        "namespace": "shop",
        "pod": "cart-0",
        "container": "app",
        "observed_timestamp": 7,
        "run": None,
        "topic": "logs.raw",
        "partition": 0,
        "topic_offset": 5,
        "sources": {},
        "detail": None,
    }


@pytest.mark.parametrize(
    ("container", "names"),
    [(None, (None, None, None)), ({**CONTAINER, "namespace": "", "pod": "", "name": "db"}, (None, None, "db"))],
)
def test_what_is_of_no_pod_has_no_names_of_one(container: Any, names: tuple[str | None, ...]) -> None:
    (entry,) = Reader().read(raw(line("one"), container=container)).entries()
    assert (entry["namespace"], entry["pod"], entry["container"]) == names


def test_a_chunk_of_repeated_bytes_has_an_entry_of_no_bytes_and_a_partly_repeated_one_of_the_rest() -> None:
    one, two = line("one"), line("two", 1)
    entries = Reader().read(raw(one), raw(one), raw(one + two)).entries()
    assert [(each["topic_offset"], each["start"], each["end"], each["lines"]) for each in entries] == [
        (0, 0, len(one), 1),
        (1, len(one), len(one), 0),
        (2, len(one), len(one + two), 1),
    ]


@pytest.mark.parametrize(("value", "source"), [(b"no chunk", ""), (raw(line("one"), -5, container=CONTAINER), "s")])
def test_what_is_no_chunk_has_an_entry_once_its_letter_is_delivered(value: bytes, source: str) -> None:
    worker = Reader(3).read(value)
    assert (worker.client.ledger, worker.acknowledged) == ([], [])
    worker.client.deliver(0)
    assert (len(worker.client.ledger), worker.acknowledged) == (1, [])
    (entry,) = worker.entries()
    assert worker.acknowledged == [3]
    told = ("incarnation", "source_id", "start", "end", "lines", "outcomes", "topic", "partition", "topic_offset")
    assert tuple(entry[name] for name in told) == (
        "", source, 0, 0, 1, {"dead_letter/unreadable_chunk": 1}, "logs.raw", 0, 3,
    )  # fmt: skip


COPIES = """
routes:
  - {match: "**", minimum: error, topic: logs.errors, copy: true}
  - {match: "**", minimum: warn, topic: logs.warnings, copy: true}
  - {match: "**", topic: logs.all}
"""


def test_records_of_several_topics_are_counted_by_their_sorted_names() -> None:
    levels = ("error", "warn", "error", "info")
    payload = b"".join(line(f'{{"level":"{level}"}}', number) for number, level in enumerate(levels))
    (entry,) = Reader(settings=_routed(COPIES)).read(raw(payload)).entries()
    assert entry["outcomes"] == {
        "routed": 4,
        "routed/logs.all": 4,
        "routed/logs.errors": 2,
        "routed/logs.warnings": 3,
        "together/logs.all+logs.errors+logs.warnings": 2,
        "together/logs.all+logs.warnings": 1,
    }
    sinks = {("logs.all",): 4, ("logs.errors", "logs.warnings"): 3, ("logs.all", "logs.errors", "logs.warnings"): 4}
    assert {topics: distinct(entry["outcomes"], topics) for topics in sinks} == sinks


def _routed(routes: str) -> Settings:
    return settings_with("").model_copy(update={"routes": Settings.model_validate(_yaml(routes)).routes})


def _yaml(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def test_a_worker_that_reads_chunks_again_says_of_them_what_was_said() -> None:
    log = [raw(line("one")), b"no chunk", raw(line("two"), len(line("one"))), raw(line("two"), len(line("one")))]
    first, second = (
        [{**each, "written_at": 0} for each in Reader(begin).read(*log[begin:]).entries()] for begin in (0, 1)
    )
    assert first[1:] == second


# -- replays -----------------------------------------------------------------------------------------------------------


def test_entries_of_a_replay_name_it() -> None:
    feed = Feed("logs.replay", "replay", "r-1.1")
    reader = Reader(feed=feed).read(raw(line("one")), b"no chunk", replayed=Replayed("r-1.1", 0.0, RECORD))
    assert [(each["run"], each["topic"], each["topic_offset"]) for each in reader.entries()] == [
        ("r-1.1", "logs.replay", 0),
        ("r-1.1", "logs.replay", 1),
    ]


def test_every_offset_of_logs_raw_has_an_entry_those_of_context_and_marks_of_nothing() -> None:
    reader = Reader()
    reader.read(raw(line("one")), replayed=Replayed("r-1.1", 0.0, CONTEXT))
    reader.read(raw(line("two"), len(line("one"))), replayed=Replayed("r-1.1", 0.0, RECORD))
    reader.read(RAW.encode(mark_of("r-1.1")), replayed=Replayed("r-1.1", 0.0, END))
    entries = reader.entries()
    assert [(each["topic_offset"], each["end"] - each["start"], each["lines"], each["run"]) for each in entries] == [
        (0, 0, 0, "r-1.1"),
        (1, len(line("two")), 1, "r-1.1"),
        (2, 0, 0, "r-1.1"),
    ]
    assert reader.acknowledged == [0, 1, 2]
