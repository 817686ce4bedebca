"""Any bytes, any split, any damage: the forward protocol's decoder gives requests or a refusal."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producers.core.forward.messages import Request, parse_request
from producers.core.forward.values import Refusal
from tests.producers.forward_client import compressed, event_time, forward, message, packed, packed_forward
from tests.producers.forward_taking import taken, values

_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
_ANYTHING = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5), max_leaves=20
)
_TIMES = st.integers(0, 2**32) | st.builds(event_time, st.integers(0, 2**32 - 1), st.integers(0, 10**9 - 1))
_EVENTS = st.lists(st.tuples(_TIMES, st.dictionaries(st.text(), _ANYTHING, max_size=4)).map(list), max_size=5)
_TAGS = st.text(max_size=50)
_OPTIONS = st.fixed_dictionaries({}, optional={"chunk": st.text(max_size=30), "size": st.integers(0, 100)})
_REQUESTS = (
    st.builds(forward, _TAGS, _EVENTS, _OPTIONS)
    | st.builds(packed_forward, _TAGS, _EVENTS, _OPTIONS)
    | st.builds(compressed, _TAGS, _EVENTS)
    | st.builds(message, _TAGS, st.tuples(_TIMES, st.dictionaries(st.text(), _ANYTHING, max_size=4)), _OPTIONS)
)


@given(requests=st.lists(_REQUESTS, max_size=6), step=st.integers(1, 300))
def test_however_requests_are_split_they_come_out_as_they_went_in(requests: list[bytes], step: int) -> None:
    assert values(b"".join(requests), step) == requests
    assert not any(isinstance(parse_request(each), Refusal) for each in requests)


@given(requests=st.lists(_REQUESTS, max_size=8), copies=st.integers(1, 3), step=st.integers(1, 300))
def test_taken_in_runs_or_one_by_one_requests_are_the_same(requests: list[bytes], copies: int, step: int) -> None:
    requests = [each for each in requests for _ in range(copies)]
    parsed = [(each, parse_request(each)) for each in requests]
    singles = [each for _, each in parsed if isinstance(each, Request) and each.single and each.chunk is None]
    others = [value for value, each in parsed if each not in singles]
    assert taken(b"".join(requests), step) == (b"".join(each.entries for each in singles), others)


@given(events=_EVENTS, tag=_TAGS, option=_OPTIONS)
def test_the_mode_does_not_change_the_payload(events: list[Any], tag: str, option: dict[str, Any]) -> None:
    made = [parse_request(make(tag, events, option)) for make in (forward, packed_forward)]
    singles = [parse_request(message(tag, event, option)) for event in events]
    assert made[0] == made[1] == Request(tag.encode(), packed(events), single=False, chunk=option.get("chunk"))
    assert b"".join(each.entries for each in singles if isinstance(each, Request)) == packed(events)


@given(data=st.binary(max_size=2000), step=st.integers(1, 300))
def test_any_bytes_give_requests_or_a_refusal(data: bytes, step: int) -> None:
    for value in values(data, step):
        if isinstance(value, bytes):
            parse_request(value)


@given(
    requests=st.lists(_REQUESTS, min_size=1, max_size=3),
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=5),
    step=st.integers(1, 300),
)
def test_damaged_requests_give_requests_or_a_refusal(
    requests: list[bytes], damage: list[tuple[int, int]], step: int
) -> None:
    data = bytearray(b"".join(requests))
    for place, byte in damage:
        data[place % len(data)] = byte
    came = 0
    for value in values(bytes(data), step):
        if isinstance(value, bytes):
            came += len(value)
            parse_request(value)
    assert came <= len(data)
    taken(bytes(data), step)
