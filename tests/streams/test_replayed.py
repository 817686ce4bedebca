"""Chunks that are sent again make the records that they made the first time, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.replay import CONTEXT, END, RECORD, Replayed, mark_of
from schemas.settings import Settings
from streams.core import process
from streams.feed import Feed
from streams.worker import StreamWorker
from tests.streams.replay import LETTER, RAW, SETTINGS, Offline, Worker, logs
from tests.streams.replay import RECORD as LOG_RECORD
from tests.streams.source import LONG_LINE_BYTES, File, chunk, sources, stamp
from tests.streams.test_multiline_replay import SETTINGS as JOINING
from tests.streams.test_multiline_replay import traces

RUN = "r-1.1"
FEED = Feed("logs.replay", "replay", RUN)
Made = set[tuple[str, ...]]
Entry = tuple[bytes, Replayed | None]


@pytest.fixture(autouse=True, scope="module")
def _short_lines_are_long() -> Iterator[None]:
    with mock.patch.object(process, "LONG_LINE_BYTES", LONG_LINE_BYTES):
        yield


def numbered(log: list[bytes]) -> list[bytes]:
    """The same chunks, each with its number for the time at which it was read: records and letters tell it."""
    return [RAW.encode({**decoded(value), "observed_timestamp": number}) for number, value in enumerate(log)]


def decoded(value: bytes) -> dict[str, Any]:
    found = RAW.decode(value)
    assert isinstance(found, dict)
    return found


def again(log: list[bytes], wanted: range, run: str = RUN, only: range | None = None) -> list[Entry]:
    """What a replay sends: chunks whose records are wanted, others for context, and its end."""
    sent: list[Entry] = [
        (value, Replayed(run, 0.0, RECORD if number in wanted else CONTEXT))
        for number, value in enumerate(log)
        if only is None or number in only
    ]
    return [*sent, (RAW.encode(mark_of(run)), Replayed(run, 0.0, END))]


class Reader(Worker):
    """One life of a worker that reads chunks with headers."""

    def __init__(
        self, position: int = 0, metadata: str = "", settings: Settings = SETTINGS, feed: Feed | None = FEED
    ) -> None:
        super().__init__(position, metadata, settings)
        connections = Offline(metadata)
        self.client = connections.producer
        self.stage = StreamWorker(settings, self._acknowledge, connections, feed)  # type: ignore[arg-type]

    def read(self, log: Sequence[Entry]) -> None:
        value, replayed = log[self.position]
        self.stage.take(0, 1, self.position, value, self.position, 0.0, replayed)
        self.position += 1


def made(kept: list[tuple[str, bytes]], log: Sequence[bytes] = ()) -> dict[int, Made]:
    """Number of the chunk in which they began -> ids and contents; fails when one id has two contents."""
    found: dict[int, Made] = {}
    contents: dict[str, str] = {}
    for topic, value in kept:
        letter = LETTER.decode(value) if topic == "logs.dead-letter" else None
        if isinstance(letter, dict):
            number = _first_with(log, letter["incarnation"], letter["offset"])
            found.setdefault(number, set()).add(
                (letter["incarnation"], str(letter["offset"]), repr(letter["original"]))
            )
            continue
        record = LOG_RECORD.decode(value)
        assert isinstance(record, dict)
        text = str({**record, "resource": None})
        assert contents.setdefault(record["id"], text) == text, "one id, two contents"
        found.setdefault(record["observed_timestamp"], set()).add((record["id"], text))
    return found


def _first_with(log: Sequence[bytes], incarnation: str, offset: int) -> int:
    """Number of the chunk that had a position first."""
    for number, each in enumerate(map(decoded, log)):
        if each["incarnation"].hex() == incarnation and each["offset"] <= offset < each["offset"] + len(
            each["payload"]
        ):
            return number
    raise AssertionError("a letter of no chunk")


def first_pass(log: list[bytes], settings: Settings) -> dict[int, Made]:
    worker = Reader(settings=settings, feed=None)
    live: list[Entry] = [(value, None) for value in log]
    for _ in live:
        worker.read(live)
    with mock.patch("time.monotonic", return_value=1e9):
        worker.stage.tend()
    worker.client.deliver_all()
    return made(worker.client.kept, log)


def all_of(found: dict[int, Made], wanted: range) -> dict[int, Made]:
    return {number: each for number, each in found.items() if number in wanted}


def run(sent: Sequence[Entry], settings: Settings) -> Reader:
    worker = Reader(settings=settings)
    for _ in sent:
        worker.read(sent)
    worker.client.deliver_all()
    assert worker.committed == len(sent), "nothing is held behind the end"
    return worker


@st.composite
def ranges(draw: st.DrawFn, log: list[bytes]) -> range:
    first = draw(st.integers(0, len(log)))
    return range(first, draw(st.integers(first, len(log))))


@settings(max_examples=40)
@given(st.data(), sources())
def test_any_range_of_any_chunks_makes_the_records_that_it_made_the_first_time(data, files) -> None:
    log = numbered(data.draw(logs(files)))
    wanted = data.draw(ranges(log))
    assert made(run(again(log, wanted), SETTINGS).client.kept, log) == all_of(first_pass(log, SETTINGS), wanted)


@settings(max_examples=40)
@given(st.data(), traces())
def test_any_range_of_stack_traces_makes_the_records_that_it_made_the_first_time(data, files) -> None:
    log = numbered(data.draw(logs(files)))
    wanted = data.draw(ranges(log))
    assert made(run(again(log, wanted), JOINING).client.kept, log) == all_of(first_pass(log, JOINING), wanted)


@settings(max_examples=40)
@given(st.data(), sources())
def test_partial_lines_need_no_context_before_the_range(data, files) -> None:
    log = numbered(data.draw(logs(files, restarts=0)))
    wanted = data.draw(ranges(log))
    sent = again(log, wanted, only=range(wanted.start, len(log)))
    first = {number: each for number, each in first_pass(log, SETTINGS).items() if number in wanted}
    assert made(run(sent, SETTINGS).client.kept, log) == first


@settings(max_examples=25)
@given(st.data(), traces())
def test_what_is_sent_twice_because_the_sender_began_again_changes_nothing(data, files) -> None:
    log = numbered(data.draw(logs(files, restarts=0)))
    wanted = data.draw(ranges(log))
    sent = again(log, wanted)
    broken_at = data.draw(st.integers(0, len(sent) - 1))
    back_to = data.draw(st.integers(0, broken_at))
    twice = [*sent[:broken_at], *sent[back_to:]]
    assert made(run(twice, JOINING).client.kept, log) == all_of(first_pass(log, JOINING), wanted)


@settings(max_examples=25)
@given(st.data(), traces())
def test_workers_that_are_killed_in_the_middle_of_a_replay_make_the_same_records(data, files) -> None:
    log = numbered(data.draw(logs(files, restarts=0)))
    wanted = data.draw(ranges(log))
    sent = again(log, wanted)
    worker, kept = Reader(settings=JOINING), list[tuple[str, bytes]]()
    for _ in range(3):
        for _ in range(data.draw(st.integers(0, len(sent) - worker.position), "chunks")):
            worker.read(sent)
            for _ in range(data.draw(st.integers(0, len(worker.client.waiting)), "delivered")):
                worker.client.deliver(0)
            if data.draw(st.booleans(), "commit"):
                worker.commit()
        kept += worker.client.kept
        worker = Reader(*worker.commits[-1], JOINING)
    while worker.position < len(sent):
        worker.read(sent)
    worker.client.deliver_all()
    assert worker.committed == len(sent)
    assert made(kept + worker.client.kept, log) == all_of(first_pass(log, JOINING), wanted)


@settings(max_examples=25)
@given(st.data(), traces())
def test_replays_among_live_chunks_neither_disturb_them_nor_each_other(data, files) -> None:
    log = numbered(data.draw(logs(files, restarts=0)))
    wanted = data.draw(ranges(log))
    live: list[Entry] = [(value, None) for value in log]
    streams = [live, again(log, wanted, "r-1.1"), again(log, range(len(log)), "r-2.1")]
    mixed: list[Entry] = []
    while any(streams):
        mixed.append(data.draw(st.sampled_from([each for each in streams if each])).pop(0))
    worker = Reader(settings=JOINING, feed=None)
    for _ in mixed:
        worker.read(mixed)
    with mock.patch("time.monotonic", return_value=1e9):
        worker.stage.tend()
    worker.client.deliver_all()
    assert worker.committed == len(mixed)
    first = first_pass(log, JOINING)
    assert made(worker.client.kept, log) == first
    amounts = [sum(map(len, each.values())) for each in (first, all_of(first, wanted), first)]
    assert len(worker.client.kept) == sum(amounts)


# -- what a worker of a replay does not do -----------------------------------------------------------------------------


def lines(*texts: str) -> list[bytes]:
    """A chunk for each CRI line of one file."""
    written = [f"{stamp(at)} stdout F {text}\n".encode() for at, text in enumerate(texts)]
    whole = [File(1, 0, b"".join(written))]
    ends = [sum(map(len, written[: at + 1])) for at in range(len(written))]
    log = [
        chunk(whole, 0, end - len(line), end, ended=False, first=end == len(line), run=1)
        for line, end in zip(written, ends, strict=True)
    ]
    return numbered([RAW.encode(each) for each in log])


def bodies(worker: Reader) -> list[str]:
    return [record["body"] for _, value in worker.client.kept if isinstance(record := LOG_RECORD.decode(value), dict)]


def test_chunks_of_another_replay_and_of_none_are_acknowledged_and_nothing_else() -> None:
    log = lines("one", "two")
    sent: list[Entry] = [(log[0], None), (log[0], Replayed("other", 0.0)), (log[1], Replayed(RUN, 0.0))]
    worker = Reader()
    for _ in sent:
        worker.read(sent)
    worker.client.deliver_all()
    assert (bodies(worker), worker.acknowledged) == (["two"], [0, 1, 2])


def test_context_has_no_account_in_the_ledger_and_what_is_only_tried_has_none_at_all() -> None:
    sent = again(lines("one", "two"), range(1, 2))
    entries = {suffix: len(_read(sent, suffix).client.ledger) for suffix in ("", "-try1")}
    assert entries == {"": 1, "-try1": 0}


def test_a_suffix_stands_behind_every_topic_that_a_record_or_a_letter_goes_to() -> None:
    log = numbered([RAW.encode(chunk([File(2, 0, b"no frame\n")], 0, 0, 9, ended=False, first=True, run=1))])
    sent = again([*lines("one"), *log], range(2))
    assert {topic for topic, _ in _read(sent, "-try1").client.kept} == {"logs.app-try1", "logs.dead-letter-try1"}


def _read(sent: Sequence[Entry], suffix: str) -> Reader:
    worker = Reader(feed=Feed("logs.replay", "replay", RUN, suffix=suffix))
    for _ in sent:
        worker.read(sent)
    worker.client.deliver_all()
    return worker


def test_letters_name_the_topic_that_was_read() -> None:
    log = [RAW.encode(chunk([File(1, 0, b"no frame\n")], 0, 0, 9, ended=False, first=True, run=1))]
    letter = LETTER.decode(run(again(log, range(1)), SETTINGS).client.kept[0][1])
    assert isinstance(letter, dict)
    assert (letter["topic"], letter["topic_offset"]) == ("logs.replay", 0)


def test_a_rest_that_came_too_late_by_the_time_of_its_source_is_too_late_again() -> None:
    files = [File(1, 0, b"java.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\n")]
    whole = files[0].content
    first = whole.index(b"\n") + 1
    raw = [
        {**chunk(files, 0, *span, ended=False, first=span[0] == 0, run=1), "resumed": None}
        for span in ((0, first), (first, len(whole)))
    ]
    log = [RAW.encode({**each, "source": {**each["source"], "framing": "raw"}}) for each in raw]
    waits = {gap: len(bodies(_timed(log, gap))) for gap in (0.9, 40.0)}
    assert waits == {0.9: 1, 40.0: 2}


def _timed(log: list[bytes], gap: float) -> Reader:
    sent: list[Entry] = [(log[0], Replayed(RUN, 100.0)), (log[1], Replayed(RUN, 100.0 + gap))]
    sent.append((RAW.encode(mark_of(RUN)), Replayed(RUN, 200.0, END)))
    return run(sent, JOINING)


def test_live_workers_forget_a_replay_that_was_broken_off_and_commit_again() -> None:
    log = lines("ERROR cart is full", "\tat shop.Cart.add(Cart.java:12)")
    sent: list[Entry] = [(log[0], Replayed(RUN, 0.0))]
    worker = Reader(settings=JOINING, feed=None)
    worker.read(sent)
    worker.client.deliver_all()
    held = worker.committed
    with mock.patch("time.monotonic", return_value=1e9):
        worker.stage.tend()
    worker.client.deliver_all()
    assert (held, worker.committed, bodies(worker)) == (0, 1, [])
