"""What the ledger says of an archive: each object as its manifest has it, records that were there, what is deleted."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore

from deploy.local.stack import Stack
from sinks.core.manifest import Entry as Listed
from sinks.core.manifest import Manifest, read
from sinks.elasticsearch.retention import HourlyRetention as IndexRetention
from sinks.ledger import Ledger
from sinks.object_storage.retention import HourlyRetention, expired
from tests.sinks.accounted import Accounted, source
from tests.sinks.archives import archive
from tests.sinks.elasticsearch_stand_in import StandIn
from tests.sinks.records import CODEC, HOUR, NOON, log_record
from tests.sinks.test_retention import made
from tests.sinks.told import Entry, chain, entries, of_sources

NOON_SECS = NOON // 1_000_000_000
DAY_SECS = 86_400


def listed(folder: Path) -> dict[str, Listed]:
    found: dict[str, Listed] = {}
    for path in folder.rglob("_manifest/*.json"):
        manifest = read(path.read_bytes())
        assert isinstance(manifest, Manifest)
        found.update({each.name: each for each in manifest.objects})
    return found


def send(sink: Accounted, partition: int, begin: int, count: int) -> None:
    records = [
        log_record(number, namespace=("dev", "test")[number % 2], timestamp=NOON + number % 3 * HOUR)
        for number in range(begin, begin + count)
    ]
    sink.send(partition, *map(CODEC.encode, records))


def test_objects_in_the_ledger_are_those_of_the_manifests_also_when_the_sink_is_killed(
    stack: Stack, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    sink = Accounted(
        stack.endpoints.bootstrap_servers, tmp_path,
        type="object_storage", url=f"file://{folder}", object_max_age_secs=1,
    )  # fmt: skip
    number = 0
    for _ in range(2):
        process = sink.process(tmp_path / "log")
        before = len(listed(folder))
        for _ in range(3):
            for partition in (0, 1):
                send(sink, partition, number, 300)
            number += 300
            time.sleep(0.4)
        sink.send(0, b"unreadable")
        sink.wait(lambda before=before: len(listed(folder)) > before)  # type: ignore[misc]
        process.kill()
        process.wait()
    process = sink.process(tmp_path / "log")
    try:
        sink.wait_for_commits()
    finally:
        process.terminate()
        process.wait(30)
    objects = {each["path"]: each for each in sink.entries() if each["path"] is not None}
    manifests = listed(folder)
    assert {name: (each["start"], each["end"], each["lines"], each["outcomes"]) for name, each in objects.items()} == {
        name: (
            each.first_offset, each.last_offset + 1, each.records, {"archived": each.records, "bytes": each.bytes},
        )
        for name, each in manifests.items()
    }  # fmt: skip
    for partition in (0, 1):
        found = sink.path(partition)
        assert sum(each["lines"] for each in found) == sink.sent[partition]
        counts = of_sources(found)[source(partition)]
        assert counts["archived"] + counts["already_there"] == number
        assert counts["dead_letter/unknown_schema"] == (2 if partition == 0 else 0)
    assert chain(objects.values(), sink.topic, 0) == []


@pytest.fixture
def filled(stack: Stack, tmp_path: Path) -> tuple[Accounted, LocalStore, list[Listed]]:
    """An archive with a day that is over, and one that is not."""
    sink = Accounted(stack.endpoints.bootstrap_servers, tmp_path)
    store = LocalStore(tmp_path / "archive", mkdir=True)
    values = {number: log_record(number, timestamp=NOON - 10 * DAY_SECS * 10**9) for number in range(10, 25)}
    gone = archive(store, values, topic=sink.topic)
    archive(store, {100: log_record(100, timestamp=NOON)}, topic=sink.topic)
    return sink, store, gone


def test_what_retention_deletes_is_in_the_ledger(filled: tuple[Accounted, LocalStore, list[Listed]]) -> None:
    sink, store, gone = filled
    ledger = Ledger(sink.settings, "x")
    clock = float(time.time()) + DAY_SECS * 2
    days = int((clock - NOON_SECS) / DAY_SECS) + 5
    assert len(HourlyRetention(store, [sink.topic], days, lambda: clock, ledger=ledger).run()) == 1
    told = {each["path"]: each for each in sink.entries()}
    assert {name: (each["start"], each["end"], each["outcomes"]) for name, each in told.items()} == {
        each.name: (each.first_offset, each.last_offset + 1, {"deleted/retention": each.records, "bytes": each.bytes})
        for each in gone
    }
    assert Counter(each["stage"] for each in told.values()) == {"sink/x": len(gone)}


def test_nothing_is_deleted_that_the_ledger_was_not_told_of(
    filled: tuple[Accounted, LocalStore, list[Listed]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, store, gone = filled
    away = sink.settings.model_copy(
        update={"kafka": sink.settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})}
    )
    monkeypatch.setattr("sinks.ledger.KEPT_SECS", 0.5)
    clock = float(time.time()) + DAY_SECS * 2
    days = int((clock - NOON_SECS) / DAY_SECS) + 5
    assert len(expired(store, [sink.topic], days, clock).over) == 1
    assert HourlyRetention(store, [sink.topic], days, lambda: clock, ledger=Ledger(away, "x")).run() == []
    names = {each["path"] for page in obstore.list(store) for each in page}
    assert {each.name for each in gone} <= names


def test_indices_that_retention_deletes_are_in_the_ledger_with_their_documents(stack: Stack, tmp_path: Path) -> None:
    sink = Accounted(stack.endpoints.bootstrap_servers, tmp_path)
    with StandIn(lifecycles=False) as cluster:
        today = datetime.now(UTC).date()
        for ago in (0, 40):
            day = today - timedelta(days=ago)
            cluster.indices[f"logstash-{day:%Y.%m.%d}"] = made(day)
        index = {"index": "logstash-%Y.%m.%d", "retention": "14d"}
        with closing(cluster.client(**index)) as client:
            work = IndexRetention(
                client, cluster.sink(**index), ledger=lambda: Ledger(sink.settings, "x"), first_after_secs=1.0
            )
            (gone,) = work.run()
    (told,) = sink_entries(sink)
    assert (told["stage"], told["path"], told["topic"]) == ("sink/x", gone, None)
    assert told["outcomes"] == {"deleted/retention": told["lines"]}


def sink_entries(sink: Accounted) -> list[Entry]:
    return entries(sink.servers, f"{sink.prefix}.ledger", "sink/x")
