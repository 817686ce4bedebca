"""`logferry archive cat` prints records in order of time, each once; raw bytes as they are."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import LocalStore

from deploy.archive import cat as cat_module
from deploy.archive.printing import unseen
from schemas.errors import SettingsError
from sinks.object_storage import sorting
from sinks.object_storage.compaction import Compaction
from tests.deploy.archive.conftest import Run, record
from tests.sinks.archives import archive, chunk, names
from tests.sinks.records import NOON

HEAD = "2026-11-21T12:00:00"


def messages(output: str) -> list[str]:
    return [json.loads(line)["message"] for line in output.splitlines()]


def test_every_record_comes_once_in_order(filled: LocalStore, run: Run) -> None:
    expected = [f"line {number}" for number in [*range(40), *range(100, 110)]]
    assert messages(run("cat", "archive", "--format", "json").stdout) == expected


def test_lines_are_for_people(filled: LocalStore, run: Run) -> None:
    first, second = run("cat", "archive", "-n", "2").stdout.splitlines()
    assert first == f"{HEAD}.000Z INFO  shop/numbers-api-7d9f6c5b8-x2lqp/api  line 0  status=404"
    assert second.startswith(f"{HEAD}.001Z ERROR dev/")


def test_json_has_everything_that_is_not_empty(filled: LocalStore, run: Run) -> None:
    shown = json.loads(run("cat", "archive", "-n", "1", "--format", "json").stdout)
    told = {"timestamp": f"{HEAD}.000000000Z", "severity": "INFO", "namespace": "shop", "topic": "logs.app"}
    assert {name: shown[name] for name in told} == told
    assert shown["labels"]["app"] == "numbers-api"
    assert None not in shown.values()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--namespace", "dev", "--until", "2026-11-21T12:00:00.004Z"], [1, 3]),
        (["--severity", "error", "-n", "2"], [1, 3]),
        (["--since", "2026-11-21T12:00:00.038Z", "--until", "2026-11-21T13:00Z"], [38, 39]),
        (["--grep", "line 3$|line 1.5"], [3, 105]),
        (["--match", "kube.**", "-n", "1"], [0]),
        (["--match", "host.**"], []),
        (["--pod", "numbers-*", "--container", "api", "-n", "1"], [0]),
        (["--container", "other"], []),
        (["-n", "0"], []),
    ],
)
@pytest.mark.parametrize("avro", [False, True])
def test_filters_choose(store: LocalStore, run: Run, words: list[str], expected: list[int], avro: bool) -> None:
    archive(store, {number: record(number) for number in range(40)}, avro=avro)
    later = {40 + n: record(100 + n, timestamp=NOON + 3_600_000_000_000 + n) for n in range(10)}
    archive(store, later, avro=avro)
    found = messages(run("cat", "archive", *words, "--format", "json").stdout)
    assert found == [f"line {number}" for number in expected]


def test_an_hour_larger_than_memory_is_sorted_in_files(
    store: LocalStore, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sorting, "BATCH_ROWS", 7)
    monkeypatch.setattr(sorting.SortedRecords.__init__, "__defaults__", (4000,))
    numbers = list(range(300))
    random.Random(6).shuffle(numbers)
    for start in range(0, 300, 50):
        archive(store, {start + n: record(number) for n, number in enumerate(numbers[start : start + 50])})
    found = messages(run("cat", "archive", "--format", "json").stdout)
    assert found == [f"line {number}" for number in range(300)]


def test_a_raw_archive_gives_the_bytes_as_they_are(store: LocalStore, run: Run) -> None:
    payloads = [b"2026 stdout F one\n", b"2026 stderr F t\xffwo\n2026 stdout P th", b"ree\n"]
    offset = 0
    for number, payload in enumerate(payloads):
        value = chunk(offset, payload, observed_timestamp=NOON + number, resumed=None)
        archive(store, {number: value}, topic="logs.raw", kind="raw_chunk")
        offset += len(payload)
    assert run("cat", "raw").stdout_bytes == b"".join(payloads)
    assert run("cat", "raw", "--grep", "stderr").stdout_bytes == b"2026 stderr F t\xffwo\n"
    lines = [json.loads(line) for line in run("cat", "raw", "--format", "json").stdout.splitlines()]
    assert [(each["offset"], each["line"]) for each in lines][:2] == [
        (0, "2026 stdout F one"), (18, "2026 stderr F t\\xffwo"),
    ]  # fmt: skip


def test_bytes_that_were_read_twice_are_printed_once(store: LocalStore, run: Run) -> None:
    for number, (offset, payload) in enumerate([(0, b"a\nb\n"), (2, b"b\nc\n"), (0, b"a\nb\nc\nd\n")]):
        value = chunk(offset, payload, observed_timestamp=NOON + number)
        archive(store, {number: value}, topic="logs.raw", kind="raw_chunk")
    assert run("cat", "raw").stdout_bytes == b"a\nb\nc\nd\n"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=12))
def test_every_byte_is_new_exactly_once(ranges: list[tuple[int, int]]) -> None:
    spans: list[tuple[int, int]] = []
    seen: set[int] = set()
    for start, length in ranges:
        new, spans = unseen(spans, start, start + length)
        fresh = [at for low, high in new for at in range(low, high)]
        assert set(fresh) == set(range(start, start + length)) - seen
        assert len(fresh) == len(set(fresh))
        seen |= set(fresh)
        assert {at for low, high in spans for at in range(low, high)} == seen


def test_raw_chunks_have_no_severity(store: LocalStore, run: Run) -> None:
    with pytest.raises(SettingsError, match="raw chunks have no severity"):
        run("cat", "raw", "--severity", "warn")
    with pytest.raises(SettingsError, match="'loud' is no severity"):
        run("cat", "archive", "--severity", "loud")
    with pytest.raises(SettingsError, match="no regular expression"):
        run("cat", "archive", "--grep", "(")


def test_damaged_objects_are_named_and_the_others_printed(filled: LocalStore, run: Run) -> None:
    bad = next(name for name in names(filled) if "/dev/" in name)
    obstore.put(filled, bad, b"PAR1 nothing PAR1")
    result = run("cat", "archive", "--format", "json", good=False)
    assert result.exit_code == 1
    assert f"warning: {bad} is damaged" in result.stderr
    assert set(messages(result.stdout)) >= {f"line {number}" for number in range(0, 40, 2)}


def test_nothing_is_printed_of_nothing(store: LocalStore, run: Run) -> None:
    obstore.put(store, "logs.app/dt=2026-11-21/hour=12/shop/readme.txt", b"x")
    assert run("cat", "archive").stdout == ""


def test_an_hour_that_is_compacted_while_it_is_read_is_read_again(
    filled: LocalStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = cat_module.rows_of
    compacted: list[object] = []

    def rows_of(*arguments: Any) -> Any:
        if not compacted:
            compacted.extend(Compaction().run(filled, ["logs.app"], time.time() + 10**8))
        return real(*arguments)

    monkeypatch.setattr(cat_module, "rows_of", rows_of)
    found = messages(run("cat", "archive", "--format", "json").stdout)
    assert found == [f"line {number}" for number in [*range(40), *range(100, 110)]]
    assert len(compacted) == 2


def start(tmp_path: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "deploy.cli", "archive", *words, "-c", str(tmp_path / "logferry.yaml")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_whoever_reads_may_leave_and_nobody_is_told(store: LocalStore, run: Run, tmp_path: Path) -> None:
    archive(store, {number: record(number, body="x" * 1000) for number in range(2000)})
    with start(tmp_path, "cat", "archive") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"2026")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_an_interruption_is_quiet(store: LocalStore, run: Run, tmp_path: Path) -> None:
    archive(store, {number: record(number, body="x" * 1000) for number in range(2000)})
    with start(tmp_path, "cat", "archive") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"2026")
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.stderr.read() == b""
        assert process.wait(30) == 130
