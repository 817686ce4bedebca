"""Values with their lengths before them, as kcat writes them, become JSON lines."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from deploy.values import decoded
from schemas.codec import Codec
from tests.schemas.examples import example


def framed(*values: bytes) -> io.BytesIO:
    return io.BytesIO(b"".join(len(value).to_bytes(4, "big") + value for value in values))


def test_values_become_lines_and_a_bad_one_does_not_spoil_its_neighbours() -> None:
    chunk = {**example("raw_chunk"), "payload": b"\xff", "incarnation": b"lifelife"}
    good = Codec("raw_chunk").encode(chunk)
    first, bad, last = decoded("raw_chunk", framed(good, b"nonsense", good))
    told = json.loads(first[0])
    assert (told["payload"], told["incarnation"], told["path"]) == ({"base64": "/w=="}, "lifelife", chunk["path"])
    assert (bad[0], bad[1].startswith("value 2 cannot be read: raw_chunk")) == ("", True)
    assert last == first


def test_a_tombstone_is_no_value() -> None:
    assert list(decoded("rule", io.BytesIO(b"\xff\xff\xff\xff"))) == []


@given(st.binary(max_size=40))
def test_any_input_comes_to_an_end(content: bytes) -> None:
    assert all(bool(line) != bool(problem) for line, problem in decoded("log_record", io.BytesIO(content)))
