"""The same on a real S3 endpoint: listing, checking, printing, asking, compacting with kills, and deleting."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from obstore.store import ObjectStore

from deploy.local.endpoints import ObjectStoreEndpoint
from deploy.local.stack import Stack
from runtime.object_store import open_store
from sinks.object_storage.retention import delete, expired
from tests.deploy.archive.conftest import record
from tests.sinks.archives import archive, chunk, names
from tests.sinks.records import NOON


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ObjectStoreEndpoint]:
    folder = Path(tempfile.mkdtemp(prefix="logferry-test-"))
    folder.chmod(0o755)
    with Stack(folder / "data", servers=("object_store",)) as stack:
        assert stack.endpoints.object_store is not None
        yield stack.endpoints.object_store
    shutil.rmtree(folder, ignore_errors=True)


class Bucket:
    """A folder of the bucket, and commands about it."""

    def __init__(self, endpoint: ObjectStoreEndpoint, folder: Path, name: str) -> None:
        self.url = f"s3://{endpoint.bucket}/{name}"
        self.options = {
            "endpoint": endpoint.url,
            "region": endpoint.region,
            "access_key_id": endpoint.access_key_id,
            "virtual_hosted_style_request": "false",
            "allow_http": "true",
        }
        secret = {"env": "TEST_SECRET"}
        options: dict[str, Any] = {**self.options, "secret_access_key": secret}
        common = {"type": "object_storage", "url": self.url, "options": options}
        sinks = {
            "archive": {**common, "topics": ["logs.app"]},
            "raw": {**common, "topics": ["logs.raw"], "format": "avro"},
        }
        self.config = folder / "logferry.yaml"
        self.config.write_text(yaml.safe_dump({"sinks": sinks}))
        self.environment = os.environ | {"TEST_SECRET": endpoint.secret_access_key}
        self.store: ObjectStore = open_store(
            self.url, {**self.options, "secret_access_key": endpoint.secret_access_key}
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "deploy.cli", "archive", *words, "--config", str(self.config)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )

    def run(self, *words: str, status: int = 0) -> str:
        with self.start(*words) as process:
            output, errors = process.communicate(timeout=60)
        assert process.returncode == status, errors
        assert errors == ""
        return output

    def count(self) -> dict[str, int]:
        asked = "select count(*) as records, count(distinct id) as ids from logs"
        found: dict[str, int] = json.loads(self.run("query", asked, "archive", "--json"))
        return found


@pytest.fixture
def bucket(endpoint: ObjectStoreEndpoint, tmp_path: Path) -> Bucket:
    return Bucket(endpoint, tmp_path, tmp_path.name)


def test_everything_can_be_listed_checked_printed_and_asked(bucket: Bucket) -> None:
    archive(bucket.store, {number: record(number) for number in range(30)})
    archive(bucket.store, {30 + number: record(25 + number) for number in range(10)})
    value = chunk(0, b"a line\n", observed_timestamp=NOON)
    archive(bucket.store, {0: value}, topic="logs.raw", kind="raw_chunk")
    assert json.loads(bucket.run("ls", "archive", "--check", "--read", "--json"))["ok"] is True
    lines = bucket.run("cat", "archive", "--format", "json").splitlines()
    assert [json.loads(line)["message"] for line in lines] == [f"line {number}" for number in range(35)]
    assert bucket.run("cat", "raw") == "a line\n"
    assert bucket.count() == {"records": 35, "ids": 35}


def test_compaction_that_is_killed_again_and_again_ends_with_every_record_once(bucket: Bucket) -> None:
    for start in range(0, 240, 20):
        archive(bucket.store, {start + number: record(start + number - 3 * (start > 0)) for number in range(20)})
    expected = 237
    pause, killed = 0.7, 0
    while killed < 4:
        process = bucket.start("compact", "archive", "--older-than", "1s", "--json")
        time.sleep(pause)
        process.kill()
        process.communicate()
        killed, pause = killed + 1, pause + 0.25
    time.sleep(1.1)
    bucket.run("compact", "archive", "--older-than", "1s")
    assert bucket.count() == {"records": expected, "ids": expected}
    assert len([name for name in names(bucket.store) if "_manifest" not in name]) == 2
    assert json.loads(bucket.run("ls", "archive", "--check", "--read", "--json"))["ok"] is True


def test_days_that_are_over_are_deleted(bucket: Bucket) -> None:
    archive(bucket.store, {number: record(number) for number in range(4)})
    found = expired(bucket.store, ["logs.app"], 7, NOON / 1e9 + 10**9)
    assert [each.records for each in found.over] == [4]
    delete(bucket.store, found.over[0])
    assert names(bucket.store) == []


def test_a_store_that_refuses_is_told_in_a_sentence(bucket: Bucket) -> None:
    bucket.environment["TEST_SECRET"] = "wrong"
    with bucket.start("ls", "archive") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2, errors
    assert errors.startswith("error: the object store refuses: ")
    assert len(errors.splitlines()) == 3
