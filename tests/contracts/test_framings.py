"""What every framing promises, whatever its format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import schemas.framing
from schemas.identity import record_id
from streams.core.framing import FRAMINGS
from streams.core.framing.event import Unreadable
from streams.core.framing.line import LineFraming
from tests.streams.framing.chunks import LIFE, chunk, outcome_of
from tests.streams.framing.samples import SAMPLES

ENTRIES = [name for name in FRAMINGS if not isinstance(FRAMINGS[name](chunk(name, b"")), LineFraming)]


def _mutated(sample: bytes) -> st.SearchStrategy[bytes]:
    """A sample with some bytes cut out, put in or changed."""
    places = st.integers(0, len(sample))
    return st.lists(st.tuples(places, places, st.binary(max_size=4)), max_size=3).map(
        lambda edits: _edited(sample, edits)
    )


def _edited(sample: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for begin, end, new in edits:
        sample = sample[:begin] + new + sample[max(begin, end if end - begin < 5 else begin) :]
    return sample


payloads = st.binary(max_size=120) | st.sampled_from(list(SAMPLES.values())).flatmap(_mutated)
encodings = st.sampled_from([None, "latin-1", "utf-16", "utf-16-be", "utf-32-le", "shift_jis", "utf-7", "idna", "no"])


def test_every_framing_of_the_contract_with_producers_can_be_read() -> None:
    assert set(FRAMINGS) == set(schemas.framing.FRAMINGS)


@pytest.mark.parametrize("name", FRAMINGS)
def test_a_framing_has_a_sample_that_is_read_whole(name: str) -> None:
    found = outcome_of(chunk(name, SAMPLES[name], ended=True))
    assert found.letters == []
    assert found.records


@pytest.mark.parametrize("name", FRAMINGS)
@given(payload=payloads, encoding=encodings, offset=st.integers(0, 5), ended=st.booleans())
@example(payload=b"\x92\x01" + b"\x91" * 5000, encoding=None, offset=0, ended=True)
@example(payload=b"\xdd\xff\xff\xff\xff" * 50, encoding=None, offset=0, ended=True)
@example(payload=b"\x81\x90\x01" * 500, encoding=None, offset=0, ended=True)
@example(payload=b'{"resourceLogs":' * 3000, encoding=None, offset=0, ended=True)
@example(payload=b'{"resourceLogs":[7]}', encoding=None, offset=0, ended=True)
@example(payload=b'{"log":"x\\n","stream":[],"time":"2026-11-21T01:02:03Z"}', encoding=None, offset=0, ended=True)
@example(payload=b"MESSAGE\n" + b"\xff" * 8 + b"\n", encoding=None, offset=0, ended=True)
@example(payload=b"9999999999 <34>1 ", encoding=None, offset=0, ended=True)
def test_any_bytes_give_records_or_dead_letters_and_never_raise(
    name: str, payload: bytes, encoding: str | None, offset: int, ended: bool
) -> None:
    found = outcome_of(chunk(name, payload, offset, source_encoding=encoding, ended=ended))
    for record in found.records:
        assert 0 <= record["severity_number"] <= 24
        assert record["id"] == record_id(LIFE, record["offset"])
        assert isinstance(record["attributes"], dict)
    found.worker.client.deliver_all()
    may_go_on = name in ("cri", "docker") or (name == "raw" and not ended)
    assert found.worker.acknowledged == [0] or may_go_on


@pytest.mark.parametrize("name", ENTRIES)
@given(payload=payloads)
def test_a_chunk_of_entries_makes_the_same_records_as_often_as_it_comes(name: str, payload: bytes) -> None:
    once, twice = outcome_of(chunk(name, payload)), outcome_of(chunk(name, payload), chunk(name, payload))
    assert twice.records == once.records * 2
    assert twice.originals() == once.originals() * 2


@pytest.mark.parametrize("name", ENTRIES)
def test_no_two_entries_have_one_id(name: str) -> None:
    found = outcome_of(chunk(name, SAMPLES[name]))
    assert len({record["id"] for record in found.records}) == len(found.records)


def test_a_framing_that_nobody_knows_goes_to_the_dead_letters_whole() -> None:
    found = outcome_of(chunk("runes", b"one\ntwo\n", 7))
    assert [(each["reason"], each["offset"], each["original"]) for each in found.letters] == [
        ("unsupported_framing", 7, b"one\ntwo\n")
    ]
    found.worker.client.deliver_all()
    assert (found.records, found.worker.acknowledged) == ([], [0])


@pytest.mark.parametrize("name", ["syslog", "journald", "forward"])
@given(payload=payloads)
def test_no_byte_of_a_chunk_is_lost(name: str, payload: bytes) -> None:
    """Entries and dead letters, put together in order, are the payload (empty lines between journal entries aside)."""
    framing: Any = FRAMINGS[name](chunk(name, payload))
    found = [
        each.original if isinstance(each, Unreadable) else each.original() for each in framing(chunk(name, payload))
    ]
    passed_over = b"\n" if name == "journald" else b""
    assert b"".join(found).translate(None, passed_over) == payload.translate(None, passed_over)
