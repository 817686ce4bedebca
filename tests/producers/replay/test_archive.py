"""A raw archive is read hour by hour, from any position on, whatever of it is damaged or missing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from obstore.store import LocalStore

from producers.core.replay.period import HOUR, Period, Wanted
from producers.replay.archive import Archive
from producers.replay.found import Chunk, Passed, Trouble
from schemas.codec import parsed_schema
from schemas.identity import object_folder, object_name
from schemas.patterns import compile_patterns
from schemas.replay import mark_of

FIRST = 1_000 * HOUR


def chunk(at: int, offset: int = 0) -> dict[str, Any]:
    value = {**mark_of("s"), "observed_timestamp": at, "offset": offset, "payload": b"x\n"}
    container = {"namespace": "shop", "pod": "p", "pod_uid": "u", "name": "app"}
    return {**value, "source": {**value["source"], "tag": None, "container": container}}


def write(folder: Path, at: int, first: int, values: list[dict[str, Any]], kind: str = "raw_chunk") -> Path:
    topic, namespace = ("logs.raw", "shop") if kind == "raw_chunk" else ("logs.pods", "_none")
    path = folder / object_name(object_folder(topic, at, namespace), 0, first, "avro")
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    fastavro.writer(out, parsed_schema(kind), values, "deflate")
    path.write_bytes(out.getvalue())
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    for hour in range(3):
        at = FIRST + hour * HOUR
        write(tmp_path, at, 10 * hour, [chunk(at + 1, 0), chunk(at + 2, 2)])
    return Archive(LocalStore(tmp_path), "file:///archive", "logs.raw")


def wanted(since: int, until: int, context: int = 0, match: str = "**") -> Wanted:
    return Wanted(Period(since, until, context), compile_patterns(match))


def test_chunks_come_in_order_with_their_roles(archive: Archive) -> None:
    steps = archive.read(wanted(FIRST + HOUR, FIRST + 2 * HOUR, HOUR))
    roles = [(step.role, step.pod_uid) for step in steps if isinstance(step, Chunk)]
    assert roles == [(role, "u") for role in ("context", "context", "record", "record", "context", "context")]


def test_reading_goes_on_behind_any_position(archive: Archive) -> None:
    everything = wanted(FIRST, FIRST + 3 * HOUR)
    steps = list(archive.read(everything))
    for number, step in enumerate(steps):
        if isinstance(step, Passed):
            rest = [each for each in steps[number + 1 :] if isinstance(each, Chunk)]
            assert [each for each in archive.read(everything, step.position) if isinstance(each, Chunk)] == rest
    assert sum(isinstance(step, Passed) for step in steps) == 3


def test_folders_of_other_namespaces_are_not_read(archive: Archive) -> None:
    found = [
        archive.overview(wanted(FIRST, FIRST + HOUR, match=each)).objects for each in ("kube.shop.**", "kube.dev.**")
    ]
    assert found == [1, 0]


def test_what_is_damaged_or_missing_is_told_and_the_rest_is_sent(archive: Archive, tmp_path: Path) -> None:
    broken = write(tmp_path, FIRST, 5, [chunk(FIRST + 3)])
    broken.write_bytes(broken.read_bytes()[:-5])
    gone = f"{object_folder('logs.raw', FIRST, 'shop')}/0-{7:020d}.avro"
    manifest = tmp_path / object_folder("logs.raw", FIRST, "_manifest") / "0.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"objects": [{"name": gone}]}))
    steps = list(archive.read(wanted(FIRST, FIRST + HOUR)))
    assert [step.where.rpartition("/")[2] for step in steps if isinstance(step, Trouble)] == [
        f"0-{7:020d}.avro",
        f"0-{5:020d}.avro",
    ]
    assert sum(isinstance(step, Chunk) for step in steps) == 2


def test_nothing_of_a_period_is_nothing(archive: Archive) -> None:
    assert archive.overview(wanted(FIRST + 100 * HOUR, FIRST + 101 * HOUR)).total == 0


def test_pods_are_as_they_were_at_the_end_of_the_period(archive: Archive, tmp_path: Path) -> None:
    def pod(uid: str, at: int) -> dict[str, Any]:
        return {"uid": uid, "namespace": "shop", "name": f"{uid}-{at}", "observed_at": at}

    write(tmp_path, FIRST, 0, [pod("a", 1), pod("a", 5), pod("b", 9)], "pod")
    write(tmp_path, FIRST, 9, [pod("a", 3), pod("b", 12), pod("a", 20)], "pod")
    found = {uid: each["observed_at"] for uid, each in archive.pods("logs.pods", FIRST).items()}
    assert found == {"a": 20, "b": 12}
    assert archive.pods("logs.pods", FIRST - HOUR) == {}
