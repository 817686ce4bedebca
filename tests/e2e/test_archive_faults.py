"""The archive on a real S3 endpoint, while its sinks are killed and partitions move between them.

Every record is there, once by its id; objects are read by duckdb and pyarrow; manifests say what is there.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from confluent_kafka import Producer
from obstore.store import ObjectStore

from bench.pipeline import Pipeline
from deploy.local.endpoints import ObjectStoreEndpoint
from deploy.local.stack import Stack
from runtime.object_store import open_store
from schemas.identity import record_id
from sinks.core.manifest import Manifest, read
from sinks.object_storage.stored import object_place
from tests.conftest import PipelineMaker
from tests.sinks.records import CODEC, HOUR, NOON, log_record

pytestmark = pytest.mark.timeout(300)

RECORDS = 40_000
NAMESPACES = ("shop", "search", "kube-system", "dev")
KILLS = 5


@pytest.fixture(scope="module")
def s3_stack() -> Iterator[Stack]:
    """A real S3 endpoint in a folder that its user can reach, since pytest's own may be closed."""
    folder = Path(tempfile.mkdtemp(prefix="logferry-s3-"))
    folder.chmod(0o755)
    with Stack(folder / "data", servers=("object_store",)) as stack:
        yield stack
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def s3(s3_stack: Stack) -> ObjectStoreEndpoint:
    s3_stack.start_server("object_store")
    assert s3_stack.endpoints.object_store is not None
    return s3_stack.endpoints.object_store


def options(s3: ObjectStoreEndpoint) -> dict[str, Any]:
    return {
        "endpoint": s3.url,
        "region": s3.region,
        "access_key_id": s3.access_key_id,
        "secret_access_key": {"env": "ARCHIVE_SECRET"},
        "allow_http": "true",
    }


def archive(name: str, topics: list[str], s3: ObjectStoreEndpoint, **more: Any) -> dict[str, Any]:
    return {
        "type": "object_storage",
        "topics": topics,
        "group": f"{name}-archive",
        "url": f"s3://{s3.bucket}/{name}",
        "options": options(s3),
        "object_max_age_secs": 0.7,
        **more,
    }


def produce(pipeline: Pipeline, numbers: range) -> set[str]:
    """Records of four namespaces, some of them hours late; returns their ids."""
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers, "linger.ms": 20})
    ids = set()
    for number in numbers:
        value = log_record(
            number,
            id=record_id(b"archive!", number),
            namespace=NAMESPACES[number % len(NAMESPACES)],
            timestamp=NOON + number * 1000 - (number % 10 == 0) * (number % 4) * HOUR,
        )
        ids.add(value["id"])
        producer.produce(f"{pipeline.index}.app", CODEC.encode(value), f"key{number % 16}".encode())
        if number % 2000 == 0:
            producer.flush()
    producer.flush()
    return ids


def with_sink(pipeline: Pipeline, name: str, sink: dict[str, Any]) -> Pipeline:
    """The pipeline with one sink alone."""
    settings = yaml.safe_load(pipeline.config.read_text())
    pipeline.configure(yaml.safe_dump(settings | {"sinks": {name: sink}}))
    return pipeline


def test_kills_and_rebalances_lose_and_double_nothing(
    new_pipeline: PipelineMaker, s3: ObjectStoreEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ARCHIVE_SECRET", s3.secret_access_key)
    pipeline, beside = new_pipeline(), new_pipeline()
    prefix = pipeline.index
    sink = archive(prefix, [f"{prefix}.app"], s3, promote={"status": "int64"})
    members = {"one": with_sink(pipeline, "one", sink), "other": beside}
    beside.configure(pipeline.config.read_text().replace("one:", "other:"))
    store = _store(s3, prefix)

    ids = produce(pipeline, range(RECORDS // 2))
    pipeline.start("one")
    more_objects(store, 0)
    for start, name in zip(range(RECORDS // 2, RECORDS, RECORDS // 2 // KILLS), itertools.cycle(members), strict=False):
        known = len(bodies(store, ".parquet", names_only=True))
        if "other" not in beside.processes:
            beside.start("other")  # partitions move to it
        ids |= produce(pipeline, range(start, min(start + RECORDS // 2 // KILLS, RECORDS)))
        more_objects(store, known)
        members[name].kill(name)
        members[name].start(name)
    beside.kill("other")  # for good: its partitions move
    pipeline.wait_until(lambda: len(archived_ids(store)), lambda found: found >= len(ids), "all records", 60)
    assert pipeline.stop("one", 30) == 0
    assert archived_ids(store).keys() == ids
    check_manifests(store, ids)
    check_duckdb(store, tmp_path, len(ids))


def more_objects(store: ObjectStore, known: int, most_secs: float = 15.0) -> None:
    """Wait until the archive grows, so that what is killed is at work."""
    until = time.monotonic() + most_secs
    while len(bodies(store, ".parquet", names_only=True)) <= known and time.monotonic() < until:
        time.sleep(0.1)


def _store(s3: ObjectStoreEndpoint, prefix: str) -> ObjectStore:
    return open_store(f"s3://{s3.bucket}/{prefix}", {**options(s3), "secret_access_key": s3.secret_access_key})


def bodies(store: ObjectStore, ending: str, *, names_only: bool = False) -> dict[str, bytes]:
    names = [each["path"] for page in obstore.list(store) for each in page if each["path"].endswith(ending)]
    return {name: b"" if names_only else obstore.get(store, name).bytes().to_bytes() for name in names}


def archived_ids(store: ObjectStore) -> Counter[str]:
    found: Counter[str] = Counter()
    for body in bodies(store, ".parquet").values():
        found.update(pq.read_table(io.BytesIO(body), columns=["id"]).column("id").to_pylist())
    return found


def check_manifests(store: ObjectStore, ids: set[str]) -> None:
    """What they list is there and as they say, and is everything."""
    objects = bodies(store, ".parquet")
    listed: set[str] = set()
    for name, body in bodies(store, ".json").items():
        manifest = read(body)
        assert isinstance(manifest, Manifest), manifest
        assert manifest.name == name
        assert manifest.records == sum(each.records for each in manifest.objects)
        for each in manifest.objects:
            own = objects[each.name]
            table = pq.read_table(io.BytesIO(own))
            found = table.column("id").to_pylist()
            assert (each.bytes, each.sha256) == (len(own), hashlib.sha256(own).hexdigest())
            assert (each.records, each.first_id, each.last_id) == (len(found), min(found), max(found))
            times = table.column("timestamp").cast(pa.int64()).to_pylist()
            assert (each.first_timestamp, each.last_timestamp) == (min(times), max(times))
            place = object_place(each.name)
            assert place is not None
            assert (place.namespace, place.first_offset) == (each.namespace, each.first_offset)
            listed.update(found)
    assert listed == ids


def check_duckdb(store: ObjectStore, folder: Path, count: int) -> None:
    for name, body in bodies(store, ".parquet").items():
        path = folder / "read" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    query = (
        "select count(distinct id), count(distinct id) filter (attributes['status'] = '404'), max(status), "
        "count(distinct labels['app']), min(dt)::varchar "
        f"from read_parquet('{folder}/read/**/*.parquet', hive_partitioning = true)"
    )
    assert duckdb.sql(query).fetchall() == [(count, count, 404, 1, "2026-11-21")]


def test_a_store_that_refuses_is_tried_again_and_nothing_is_committed(
    new_pipeline: PipelineMaker, s3: ObjectStoreEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_SECRET", "wrong")
    pipeline = new_pipeline()
    sink = archive(pipeline.index, [f"{pipeline.index}.app"], s3)
    with_sink(pipeline, "one", sink)
    ids = produce(pipeline, range(500))
    pipeline.start("one")
    pipeline.wait_until(lambda: "no_access" in pipeline.log("one"), bool, "a warning")
    assert "do: check the key" in pipeline.log("one")
    assert pipeline.stop("one", 30) == 0
    monkeypatch.setenv("ARCHIVE_SECRET", s3.secret_access_key)
    pipeline.start("one")
    store = _store(s3, pipeline.index)
    pipeline.wait_until(lambda: len(archived_ids(store)), lambda found: found >= len(ids), "all records", 40)
    assert pipeline.stop("one", 30) == 0
    assert archived_ids(store) == Counter(ids)


def test_a_bucket_that_is_missing_is_loud_and_nothing_is_committed(
    new_pipeline: PipelineMaker, s3: ObjectStoreEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_SECRET", s3.secret_access_key)
    pipeline = new_pipeline()
    sink = archive(pipeline.index, [f"{pipeline.index}.app"], s3)
    with_sink(pipeline, "one", sink | {"url": f"s3://{pipeline.index}-missing/a"})
    ids = produce(pipeline, range(200))
    pipeline.start("one")
    pipeline.wait_until(lambda: "no_bucket" in pipeline.log("one"), bool, "a warning")
    assert "do: make the bucket" in pipeline.log("one")
    assert pipeline.stop("one", 30) == 0
    with_sink(pipeline, "one", sink).start("one")
    store = _store(s3, pipeline.index)
    pipeline.wait_until(lambda: len(archived_ids(store)), lambda found: found >= len(ids), "all records", 40)
    assert pipeline.stop("one", 30) == 0
    assert archived_ids(store) == Counter(ids)


def test_an_endpoint_that_is_away_at_the_start_and_later_is_waited_for(
    new_pipeline: PipelineMaker, s3: ObjectStoreEndpoint, s3_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_SECRET", s3.secret_access_key)
    pipeline = with_sink(new := new_pipeline(), "one", archive(new.index, [f"{new.index}.app"], s3))
    store = _store(s3, pipeline.index)
    ids: set[str] = set()
    for start, end in ((0, 300), (300, 600)):
        s3_stack.stop_server("object_store")
        known = pipeline.log("one").count("unreachable:") if start else 0
        ids |= produce(pipeline, range(start, end))
        if not start:
            pipeline.start("one")
        pipeline.wait_until(
            lambda: pipeline.log("one").count("unreachable:"), lambda found, most=known: found > most, "a warning", 40
        )
        assert "do: check that the endpoint is right and reachable from here" in pipeline.log("one")
        s3_stack.start_server("object_store")
        pipeline.wait_until(
            lambda: len(archived_ids(store)), lambda found, count=end: found >= count, "all records", 60
        )
    assert pipeline.stop("one", 30) == 0
    assert archived_ids(store) == Counter(ids)


def test_what_cannot_be_meant_ends_the_sink_with_a_remedy(
    new_pipeline: PipelineMaker, s3: ObjectStoreEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ARCHIVE_SECRET", s3.secret_access_key)
    pipeline = new_pipeline()
    sink = archive(pipeline.index, [f"{pipeline.index}.app"], s3)
    (tmp_path / "file").touch()
    wrong = {
        "did you mean region?": {"options": options(s3) | {"regoin": "here"}},
        "check the url, that its folder may be written to": {"url": f"file://{tmp_path}/file/a", "options": {}},
    }
    for remedy, change in wrong.items():
        with_sink(pipeline, "one", sink | change).start("one")
        assert pipeline.processes.pop("one").wait(30) != 0
        assert remedy in pipeline.log("one")
    assert "Traceback" not in pipeline.log("one")
    assert "panicked" not in pipeline.log("one")
