"""Workers that take a partition over one after another, in the middle of records of several lines."""

from __future__ import annotations

from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.settings import parse_settings
from tests.streams.replay import RAW, RECORD, Worker, run_through, run_with_crashes, straight
from tests.streams.source import File, chunk, stamp

JOINING = parse_settings('stream: {pod_wait_secs: 0}\nroutes: [{match: "**", topic: logs.app}]\n', "logferry.yaml", {})
TRACE = [
    "ERROR cart is full",
    "\tat shop.Cart.add(Cart.java:12)",
    "\tat shop.Cart.fill(Cart.java:9)",
    "\tat a.B.c(B.java:1)",
]


def in_chunks(lines: list[str], cuts: set[int], streams: list[str] | None = None) -> list[bytes]:
    """CRI lines of one file, in chunks that end before the lines numbered ``cuts``."""
    names = streams or ["stdout"] * len(lines)
    written = [
        f"{stamp(at)} {name} F {text}\n".encode() for at, (text, name) in enumerate(zip(lines, names, strict=True))
    ]
    files, log, begin, end = [File(1, 0, b"".join(written))], [], 0, 0
    for number, line in enumerate(written, 1):
        end += len(line)
        if number in cuts or number == len(written):
            value = chunk(files, 0, begin, end, ended=number == len(written), first=begin == 0, run=1)
            log.append(RAW.encode(value))
            begin = end
    return log


def texts(workers: list[Worker]) -> dict[str, str]:
    """Record id -> text; fails when one id has two texts."""
    found: dict[str, str] = {}
    for worker in workers:
        for topic, value in worker.client.kept:
            assert topic == "logs.app", topic
            record: Any = RECORD.decode(value)
            text = record["body"] if record["original"] is None else record["original"]
            assert found.setdefault(record["id"], text) == text
    return found


def test_what_a_commit_says_to_pass_over_is_said_by_the_next_commit_too() -> None:
    log = in_chunks([*TRACE, "INFO next"], {1, 2, 3})
    first = Worker(0, settings=JOINING)
    for _ in log:
        first.take(log)
    first.client.deliver(-1)  # the records
    first.client.deliver(2)  # what the ledger says of the chunk in which the first of them begins
    first.commit()
    second = Worker(*first.commits[-1], JOINING)
    second.take(log)
    second.client.deliver_all()
    second.commit()
    assert [worker.committed for worker in (first, second)] == [1, 2]
    third = Worker(*second.commits[-1], JOINING)
    for _ in log[2:]:
        third.take(log)
    third.client.deliver_all()
    assert list(texts([first, second, third]).values()) == ["\n".join(TRACE), "INFO next"]


def test_a_chunk_of_a_partition_that_was_revoked_is_not_taken() -> None:
    log = in_chunks([*TRACE, "INFO next"], {1, 2, 3})
    worker = Worker(0, settings=JOINING)
    worker.take(log)
    worker.stage.revoke({0})
    worker.take(log)
    worker.take(log)
    worker.client.deliver_all()
    assert texts([worker]) == {}


def test_what_was_given_up_at_the_end_of_a_file_keeps_nothing_of_the_next_one_from_being_read() -> None:
    files = [File(1, 0, f"{stamp(0)} stdout P begun\n".encode()), File(2, 0, f"{stamp(9)} stdout F next\n".encode())]
    log = straight(files)
    first = Worker(0, settings=JOINING)
    first.take(log)
    with mock.patch("time.monotonic", return_value=1e9):
        first.stage.tend()
    first.client.deliver_all()
    first.commit()
    assert first.committed == 1
    second = Worker(*first.commits[-1], JOINING)
    second.take(log)
    assert sorted(texts([first, second]).values()) == ["begun", "next"]


PIECES = [
    *TRACE,
    "Traceback (most recent call last):",
    '  File "/app/cart.py", line 12, in add',
    "    raise FullError(1)",
    "FullError: 1",
    "",
    "During handling of the above exception, another exception occurred:",
    "Caused by: java.lang.IllegalStateException: x",
    "\t... 3 more",
    "panic: full",
    "goroutine 1 [running]:",
    "main.main()",
    "INFO next",
    "words",
    '{"level":"warn","message":"m"}',
]


@st.composite
def traces(draw: st.DrawFn) -> list[bytes]:
    """Chunks of one file with lines that may go on, of two streams."""
    lines = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=24))
    streams = draw(st.lists(st.sampled_from(["stdout", "stderr"]), min_size=len(lines), max_size=len(lines)))
    return in_chunks(lines, draw(st.sets(st.integers(1, len(lines)))), streams)


@settings(max_examples=40)  # each makes several workers
@given(st.data(), traces())
def test_workers_that_lose_everything_at_any_moment_join_the_same_lines(data: st.DataObject, log: list[bytes]) -> None:
    outcome = run_with_crashes(data, log, settings=JOINING)
    assert outcome.reading == run_through(log, JOINING).reading


def test_what_was_acknowledged_before_a_revocation_is_committed_only_when_it_is_read_again() -> None:
    log = in_chunks(["words"] * 3, {1, 2})
    worker = Worker(0, settings=JOINING)
    worker.take(log)
    worker.take(log)
    worker.client.deliver_all()
    worker.stage.take(0, 2, 0, log[0], 0)  # the same partition in a new generation
    assert worker.stage.metadata(0, 2) is None
    worker.committed = 0
    worker.client.deliver_all()
    assert worker.stage.metadata(0, 1) == ""


def test_a_stream_that_falls_silent_does_not_keep_its_source_on_the_slow_path() -> None:
    log = in_chunks([*TRACE, "INFO next", "INFO last"], {1, 4, 5}, ["stderr"] * 4 + ["stdout"] * 2)
    first = Worker(0, settings=JOINING)
    for _ in log[:3]:
        first.take(log)
    with mock.patch("time.monotonic", return_value=1e9):
        first.stage.tend()
    first.client.deliver(-1)
    first.client.deliver(-1)
    first.commit()
    assert first.committed == 1
    second = Worker(*first.commits[-1], JOINING)
    second.take(log)
    (state,) = (state for _, state in dict(second.stage.assignments)[0].live._states.items())
    assert state.is_plain()
