"""A worker accounts for every line, acknowledges what is delivered and nothing else, and takes any value at all."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import INCOMPLETE, record_id
from tests.streams.replay import (
    LETTER,
    RAW,
    RECORD,
    Worker,
    counts,
    logs,
    read_back,
    run_through,
    settings_with,
    straight,
)
from tests.streams.source import File, chunk, sources, stamp


def file(content: bytes, number: int = 1, restart: int = 0) -> File:
    return File(number, restart, content)


def line(content: str, *, stream: str = "stdout", tag: str = "F", millis: int = 0) -> bytes:
    return f"{stamp(millis)} {stream} {tag} {content}\n".encode()


def values(content: bytes, *cuts: int, ended: bool = False) -> list[bytes]:
    """One file in chunks that end at ``cuts`` and at its end."""
    files, ends = [file(content)], [*cuts, len(content)]
    begins = [0, *cuts]
    return [
        RAW.encode(chunk(files, 0, begin, end, ended=ended and end == len(content), first=begin == 0, run=1))
        for begin, end in zip(begins, ends, strict=True)
    ]


def taken(log: list[bytes], *, amount: int | None = None) -> Worker:
    worker = Worker(0)
    for _ in log[:amount]:
        worker.take(log)
    return worker


def texts(worker: Worker) -> list[str]:
    found = [RECORD.decode(value) for topic, value in worker.client.kept if topic == "logs.app"]
    return [record["body"] for record in found if isinstance(record, dict)]


# -- the balance ---------------------------------------------------------------------------------------------------


@given(st.data(), sources())
def test_every_line_is_a_record_part_of_one_or_a_dead_letter(data: st.DataObject, files: list[File]) -> None:
    log = data.draw(logs(files))
    outcome = run_through(log)
    found, reading = outcome.counts, outcome.reading
    parts = sum(1 for name in reading.records if _is_later_part(name, reading.records))
    lines = sum(each.content.count(b"\n") + (not each.content.endswith(b"\n")) for each in files)
    unfinished = lines - found["joined_lines"] - found.get("dead_letters", 0) - (found.get("records", 0) - parts)
    assert found["lines"] == lines
    assert 0 <= unfinished <= 2, "at most one line of each stream waits for its rest"


def _is_later_part(name: str, records: dict[str, Any]) -> bool:
    """Whether a record is the second or a later part of a line that is longer than a record may be."""
    each = records[name]
    return "split" in each.flags and any(
        other.offset == each.offset - 1 and other.stream == each.stream and other.timestamp == each.timestamp
        for other in records.values()
        if "split" in other.flags
    )


def test_a_line_below_the_minimum_is_dropped_for_that_reason() -> None:
    worker = Worker(0, settings=settings_with("severity: [{match: '**', minimum: error}]"))
    worker.take(values(line("I1121 01:02:03.000000       1 a.go:1] x") + line("plain words")))
    samples = worker.stage.metrics.registry
    dropped = samples.get_sample_value("logferry_stream_dropped_records_total", {"reason": "severity"})
    assert (dropped, texts(worker)) == (1.0, ["plain words"])


# -- acknowledgement -----------------------------------------------------------------------------------------------


def test_a_chunk_is_acknowledged_when_its_records_are_delivered_and_not_before() -> None:
    worker = taken(values(line("one")))
    assert worker.acknowledged == []
    worker.client.deliver_all()
    assert worker.acknowledged == [0]


def test_a_chunk_waits_for_the_record_that_begins_in_it_and_ends_in_another() -> None:
    begin = line("be", tag="P")
    log = values(begin + line("gin") + line("next"), len(begin))
    worker = taken(log, amount=1)
    worker.client.deliver_all()
    assert worker.acknowledged == []
    worker.take(log)
    assert worker.acknowledged == []
    worker.client.deliver_all()
    assert (worker.acknowledged, texts(worker)) == ([0, 1], ["begin", "next"])


def test_a_chunk_waits_for_the_rest_of_a_line_that_was_cut() -> None:
    log = values(line("one") + line("two"), len(line("one")) + 42)
    worker = taken(log, amount=1)
    worker.client.deliver_all()
    assert worker.acknowledged == []
    worker.take(log)
    worker.client.deliver_all()
    assert (worker.acknowledged, texts(worker)) == ([0, 1], ["one", "two"])


def test_chunks_are_acknowledged_in_order_though_they_are_delivered_in_another() -> None:
    log = values(line("one") + line("two") + line("three"), len(line("one")), len(line("one") + line("two")))
    worker = taken(log)
    for index in (2, 1):  # each is followed by its entry in the ledger, last in the queue
        worker.client.deliver(index)
        worker.client.deliver(-1)
    assert worker.acknowledged == []
    worker.client.deliver_all()
    assert worker.acknowledged == [0, 1, 2]


def test_a_chunk_of_no_bytes_is_acknowledged_when_the_ledger_has_it() -> None:
    worker = taken(values(b""))
    assert (worker.acknowledged, len(worker.client.waiting)) == ([], 1)
    worker.client.deliver_all()
    assert worker.acknowledged == [0]


def test_what_is_delivered_after_revocation_is_not_acknowledged() -> None:
    worker = taken(values(line("one")))
    worker.stage.revoke({0})
    worker.client.deliver_all()
    assert worker.acknowledged == []


def test_a_new_generation_forgets_the_old_one() -> None:
    worker = taken(values(line("one")))
    worker.stage.take(0, 2, 0, values(line("one"))[0], 0)
    old, new = worker.client.waiting
    old()
    worker.client.waiting.pop()()
    assert worker.acknowledged == []
    new()
    worker.client.waiting.pop()()
    assert worker.acknowledged == [0]


@given(st.data(), sources())
def test_when_all_is_delivered_only_chunks_with_something_unfinished_wait(
    data: st.DataObject, files: list[File]
) -> None:
    log = data.draw(logs(files, restarts=0))
    worker = taken(log)
    worker.client.deliver_all()
    (state,) = (state for _, state in dict(worker.stage.assignments)[0].live._states.items()) if log else (None,)
    held = [work.offset for work in state.held()] if state is not None else []
    assert worker.committed == min([*held, len(log)])


# -- at the end of a file ------------------------------------------------------------------------------------------


def test_the_rest_of_a_line_that_was_finished_before_ends_with_its_file() -> None:
    files = [file(line("cut")[:-1]), file(line("next", millis=1), number=2)]
    rest = chunk(files, 0, 42, len(files[0].content), ended=True, first=True, run=2)
    worker = taken([RAW.encode(rest), *straight(files)[1:]])
    assert texts(worker) == ["next"]


def test_a_pause_between_two_pieces_of_a_line_counts_and_not_the_time_they_take_together() -> None:
    pieces = [line("a", tag="P"), line("b", tag="P", millis=20_000), line("c", millis=40_000)]
    assert texts(taken(values(b"".join(pieces)))) == ["abc"]
    assert texts(taken(values(pieces[0] + pieces[2]))) == ["a", "c"]


# -- time-outs -----------------------------------------------------------------------------------------------------


def test_a_partial_line_whose_rest_does_not_come_is_given_up_under_an_id_of_its_own() -> None:
    worker = taken(values(line("begun", tag="P")))
    with mock.patch("time.monotonic", return_value=1e9):
        worker.stage.tend()
    worker.client.deliver_all()
    (name,) = read_back(worker.client.kept).records
    assert name == record_id(file(b"").incarnation, INCOMPLETE)
    assert worker.acknowledged == [0]


def test_a_line_that_never_ends_is_given_up_under_an_id_of_its_own_though_the_other_stream_is_being_skipped() -> None:
    content = line("earlier", stream="stderr", tag="P") + line("cut", millis=1)[:-1]
    skip = len(line("earlier", stream="stderr", tag="P"))
    worker = taken([values(content, skip)[1]])
    with mock.patch("time.monotonic", return_value=1e9):
        worker.stage.tend()
    (record,) = read_back(worker.client.kept).records.items()
    assert record[0] == record_id(file(b"").incarnation, skip | INCOMPLETE)
    assert record[1].flags == {"unterminated", "incomplete"}


def test_nothing_waits_for_what_has_not_waited_long_enough() -> None:
    worker = taken(values(line("begun", tag="P")))
    worker.stage.tend()
    assert worker.client.kept == []


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"nonsense",
        RAW.header,
        RAW.header + b"\xff" * 20,
        values(line("one"))[0][:-1],
        values(line("one"))[0] + b"\x00",
        RAW.encode({**chunk([file(line("x"))], 0, 0, 1, ended=False, first=True, run=1), "offset": -1}),
        RAW.encode({**chunk([file(line("x"))], 0, 0, 1, ended=False, first=True, run=1), "offset": 2**47}),
        RAW.encode({**chunk([file(line("x"))], 0, 0, 1, ended=False, first=True, run=1), "offset": 2**62}),
    ],
)
def test_a_value_that_is_no_chunk_goes_verbatim_to_the_dead_letters_and_is_acknowledged(value: bytes) -> None:
    log = [value, values(line("one"))[0]]
    worker = taken(log)
    worker.client.deliver_all()
    letters = [LETTER.decode(letter) for topic, letter in worker.client.kept if topic == "logs.dead-letter"]
    assert [(each["reason"], each["original"]) for each in letters if isinstance(each, dict)] == [
        ("unreadable_chunk", value)
    ]
    assert (worker.acknowledged, texts(worker)) == ([0, 1], ["one"])


def test_a_line_without_a_timestamp_is_a_dead_letter() -> None:
    worker = taken(values(b" stdout F x\n" + line("one")))
    reading = read_back(worker.client.kept)
    assert ({original for _, _, original in reading.letters}, texts(worker)) == ({b" stdout F x"}, ["one"])


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_any_bytes_in_a_file_end_as_records_or_verbatim_as_dead_letters(pieces: list[bytes], ended: bool) -> None:
    content = b"\n".join(pieces)
    log = values(content, *range(7, len(content), 7), ended=ended)
    worker = taken(log)
    reading = read_back(worker.client.kept)
    assert {original for _, _, original in reading.letters} >= set(content.split(b"\n")[:-1])


def test_a_record_of_a_repeated_chunk_is_the_same_though_the_file_has_another_name_by_then() -> None:
    files = [file(line("one"))]
    again = {**chunk(files, 0, 0, len(line("one")), ended=True, first=True, run=2), "path": "/other"}
    reading = run_through([*straight(files)]).reading
    worker = taken([RAW.encode(again)])
    assert read_back(worker.client.kept) == reading
    assert counts(worker)["lines"] == 1
