"""Records of several lines are the same wherever chunks are cut and whoever crashes when."""

from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.identity import INCOMPLETE, parse_record_id
from streams.core import process
from tests.streams.replay import Worker, logs, read_back, run_through, run_with_crashes, settings_with, straight
from tests.streams.source import LONG_LINE_BYTES, File, Reading, stamp

SETTINGS = settings_with("severity: [{match: '**', minimum: info}]")
LEDGER = Codec("ledger_entry")
CONTENTS = [
    b"2026-11-21 01:02:03,123 ERROR [main] o.e.App - cannot open",
    b"java.lang.IllegalStateException: not now",
    b"\tat org.example.App.main(App.java:12)",
    b"\tat org.example.App.run(App.java:7)",
    b"Caused by: java.io.IOException: gone",
    b"\t... 2 more",
    b"Traceback (most recent call last):",
    b'  File "app.py", line 3, in <module>',
    b"    run()",
    b"ValueError: no",
    b"",
    b"During handling of the above exception, another exception occurred:",
    b"2026-11-21 01:02:03,124 INFO [main] o.e.App - fine",
    b'{"level":"warn","msg":"json"}',
    b'{"level":"debug","msg":"nobody wants it"}',
    b'{"level":"debug","msg":"nobody wants it"}',
    b"plain words",
    b"E1121 01:02:03.000000       1 probe.go:42] failed",
]


@pytest.fixture(autouse=True, scope="module")
def _short_lines_are_long() -> Iterator[None]:
    with mock.patch.object(process, "LONG_LINE_BYTES", LONG_LINE_BYTES):
        yield


@st.composite
def traces(draw: st.DrawFn) -> list[File]:
    """Files of one container: traces of two streams, interleaved, cut into partial lines, and apart in time."""
    clock, restart, files = 0, 0, []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        lines = []
        for _ in range(draw(st.integers(1, 9))):
            clock += draw(st.sampled_from([0, 0, 0, 1, 1, 2000]))
            stream = draw(st.sampled_from(["stdout", "stderr", "stderr"]))
            content = draw(st.sampled_from(CONTENTS))
            cut = draw(st.integers(0, len(content))) if draw(st.integers(0, 4)) == 0 else None
            pieces = [(b"F", content)] if cut is None else [(b"P", content[:cut]), (b"F", content[cut:])]
            lines += [f"{stamp(clock)} {stream} ".encode() + tag + b" " + piece + b"\n" for tag, piece in pieces]
        files.append(File(number, restart, b"".join(lines)))
        restart += draw(st.sampled_from([0, 0, 1]))
    return files


def without_given_up(reading: Reading) -> Reading:
    """What was given up has ids of its own (bit 47), and what followed it is another record then."""
    given_up = [name for name in reading.records if parse_record_id(name)[1] & INCOMPLETE]
    assert given_up == []
    return reading


def read(log: list[bytes]) -> Reading:
    worker = Worker(0, settings=SETTINGS)
    for _ in log:
        worker.take(log)
    with mock.patch("time.monotonic", return_value=1e9):
        worker.stage.tend()
    worker.client.deliver_all()
    assert worker.committed == len(log), "nothing is held when all has been given up"
    return read_back(worker.client.kept)


def test_a_line_that_was_given_back_and_may_begin_a_record_does_not_vanish_before_another_one():
    lines = [
        b"2026-11-21 01:02:03,123 [main] WARN  o.e.App - one",
        b"ValueError: bad",
        b"2026-11-21 01:02:03,124 WARN two",
    ]
    content = b"".join(f"{stamp(0)} stderr F ".encode() + line + b"\n" for line in lines)
    records = sorted(read(straight([File(1, 0, content)])).records.values())
    assert b"\n".join(each.text.encode() for each in records) == b"\n".join(lines)


def test_traces_are_joined_at_all():
    lines = CONTENTS[1:3]
    content = b"".join(f"{stamp(0)} stderr F ".encode() + line + b"\n" for line in lines)
    (record,) = read(straight([File(1, 0, content)])).records.values()
    assert (record.text.encode(), record.flags) == (b"\n".join(lines), {"multiline"})


def test_a_trace_longer_than_a_record_may_be_goes_on_in_others_that_say_so():
    lines = CONTENTS[1:3] * 1 + CONTENTS[2:4] * 4
    content = b"".join(f"{stamp(0)} stderr F ".encode() + line + b"\n" for line in lines)
    records = sorted(read(straight([File(1, 0, content)])).records.values())
    assert b"\n".join(each.text.encode() for each in records) == b"\n".join(lines)
    assert len(records) > 1
    assert {"multiline", "split"} in [each.flags for each in records]
    assert all("split" in each.flags for each in records)


@given(st.data(), traces())
def test_chunks_cut_anywhere_make_the_same_records(data: st.DataObject, files: list[File]) -> None:
    log = data.draw(logs(files, restarts=0))
    assert run_through(log, SETTINGS).reading == run_through(straight(files), SETTINGS).reading


@given(st.data(), traces())
def test_workers_that_lose_everything_at_any_moment_make_the_same_records(
    data: st.DataObject, files: list[File]
) -> None:
    log = data.draw(logs(files, restarts=0))
    found = run_with_crashes(data, log, settings=SETTINGS).reading
    assert found == run_through(straight(files), SETTINGS).reading


@given(st.data(), traces())
def test_producer_and_workers_that_stop_at_any_moment_lose_and_change_nothing(
    data: st.DataObject, files: list[File]
) -> None:
    log = data.draw(logs(files, across_files=False))
    whole = run_through(straight(files), SETTINGS).reading
    found = run_with_crashes(data, log, settings=SETTINGS).reading
    assert whole.records.items() <= found.records.items()


@given(traces())
def test_every_line_is_in_a_record_once(files: list[File]) -> None:
    worker = Worker(0, settings=SETTINGS)
    for value in straight(files):
        worker.stage.take(0, 1, worker.position, value, worker.position)
        worker.position += 1
    with mock.patch("time.monotonic", return_value=1e9):
        worker.stage.tend()
    worker.client.deliver_all()
    assert len(worker.client.ledger) == len(files)
    for value in worker.client.ledger:
        entry = LEDGER.decode(value)
        assert isinstance(entry, dict)
        kinds = ("routed", "joined", "dropped", "dead_letter")
        told = sum(
            amount for name, amount in entry["outcomes"].items() if name == "routed" or name.split("/")[0] in kinds[1:]
        )
        assert told == entry["lines"]


@given(traces())
def test_when_time_has_passed_everything_is_acknowledged(files: list[File]) -> None:
    read(straight(files))
