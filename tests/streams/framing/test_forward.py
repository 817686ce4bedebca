"""Entries of the forward protocol, as its clients send them."""

from __future__ import annotations

import time
from typing import Any

import msgpack
import pytest

from streams.core.framing.forward import MEMBERS_MAX
from tests.schemas.examples import example
from tests.streams.framing.chunks import OBSERVED, chunk, only, outcome_of
from tests.streams.framing.samples import SPAN, TRACE, event_time

NOW = event_time(1795222923, 4)
NANOS = 1795222923_000000004


def read(record: dict[Any, Any], moment: Any = NOW) -> dict[str, Any]:
    return only("forward", msgpack.packb([moment, record]))


def test_what_dockers_driver_sends_is_read() -> None:
    found = read({"container_id": "a" * 64, "container_name": "/web", "source": "stderr", "log": "[warn] low"})
    assert (found["body"], found["stream"], found["severity_number"], found["timestamp"]) == (
        "[warn] low",
        "stderr",
        13,
        NANOS,
    )
    assert found["attributes"] == {"container.id": "a" * 64, "container.name": "web"}
    assert (found["original"], found["offset"]) == (None, 0)


def test_a_pod_that_a_filter_named_is_the_records_pod() -> None:
    kubernetes = {
        "namespace_name": "dev", "pod_name": "shop-1", "pod_id": "uid-1", "container_name": "app", "docker_id": "abc",
        "container_image": "app:1", "host": "node-2", "labels": {"app": "shop"}, "annotations": {"n": 1},
    }  # fmt: skip
    record = {"log": "hello\n", "stream": "stdout", "kubernetes": kubernetes}
    found = read(record)
    assert (found["body"], found["stream"], found["attributes"]) == ("hello", "stdout", {})
    described = found["resource"]["kubernetes"]
    assert (described["namespace"], described["pod"], described["pod_uid"], described["container"]) == (
        "dev", "shop-1", "uid-1", "app",
    )  # fmt: skip
    assert (described["container_image"], described["labels"], described["annotations"], described["resolved"]) == (
        "app:1", {"app": "shop"}, {"n": "1"}, False,
    )  # fmt: skip
    pods = {"uid-1": {**example("pod"), "uid": "uid-1", "labels": {"app": "known"}}}
    payload = msgpack.packb([NOW, record]) + msgpack.packb([NOW, {"log": "of no pod"}])
    known, other = outcome_of(chunk("forward", payload), pods=pods).records
    assert (known["resource"]["kubernetes"]["labels"], known["resource"]["tag"]) == ({"app": "known"}, "given.tag")
    assert other["resource"]["kubernetes"] is None


@pytest.mark.parametrize(
    ("record", "body", "number", "attributes"),
    [
        ({"message": "x", "level": "error", "n": 1}, "x", 17, {"n": 1}),
        ({"msg": "x", "severity": "WARNING"}, "x", 13, {}),
        ({"log": '{"level":"warn","msg":"deep","n":1}', "n": 2, "m": 3}, "deep", 13, {"n": 1, "m": 3}),
        ({"log": b"bytes"}, "bytes", 0, {}),
        ({"log": "plain", "level": "banana"}, "plain", 0, {"level": "banana"}),
        ({"log": {"a": 1}, "message": "m"}, "m", 0, {"log": {"a": 1}}),
        ({"message": "x", 7: b"\xff", b"k": None, "big": 2**63, "list": [b"a"]}, "x", 0,
         {"7": "\\xff", "k": None, "big": 2**63, "list": ["a"]}),
    ],
)  # fmt: skip
def test_a_record_has_a_text_a_level_and_the_rest(
    record: dict[Any, Any], body: str, number: int, attributes: dict[str, Any]
) -> None:
    found = read(record)
    assert (found["body"], found["severity_number"], found["attributes"]) == (body, number, attributes)


def test_a_record_without_a_text_is_its_own_text() -> None:
    found = read({"level": "warn", "status": 500})
    assert (found["body"], found["severity_number"], found["attributes"]) == (
        '{"level":"warn","status":500}',
        13,
        {"status": 500},
    )


def test_trace_and_span_are_found() -> None:
    found = read({"log": "x", "trace_id": TRACE, "span_id": SPAN})
    assert (found["trace_id"], found["span_id"], found["attributes"]) == (TRACE, SPAN, {})


def test_bytes_that_are_not_utf_8_stand_as_hexadecimal() -> None:
    packed = (
        msgpack.packb([1, {"log": "1234", "k": "5678"}])
        .replace(b"1234", b"caf\xe9")
        .replace(b"5678", b"\xff\xfe\xfd\xfc")
    )
    found = only("forward", packed)
    assert (found["body"], found["flags"], found["attributes"]) == (
        "caf\\xe9",
        ["invalid_utf8"],
        {"k": "\\xff\\xfe\\xfd\\xfc"},
    )


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOW, NANOS), (1795222923, 1795222923_000000000), (1795222923.25, 1795222923_250000000),
        (msgpack.Timestamp(1795222923, 4), NANOS), ([NOW, {}], NANOS), (None, OBSERVED), (0, OBSERVED), (-1, OBSERVED),
        (2**63, OBSERVED), (1e300, OBSERVED),
    ],
)  # fmt: skip
def test_a_time_is_whatever_clients_send(moment: Any, expected: int) -> None:
    assert read({"log": "x"}, moment)["timestamp"] == expected


def test_metadata_of_fluent_bit_is_kept() -> None:
    assert read({"log": "x"}, [NOW, {"a": 1}])["attributes"] == {"metadata": {"a": 1}}


def test_a_record_has_the_position_of_its_entry() -> None:
    one, two = msgpack.packb([NOW, {"log": "one"}]), msgpack.packb([NOW, {"log": "two"}])
    found = outcome_of(chunk("forward", one + two, 1000))
    assert [record["offset"] for record in found.records] == [1000, 1000 + len(one)]


@pytest.mark.parametrize(
    "bad",
    [
        msgpack.packb("text"),
        msgpack.packb([1]),
        msgpack.packb([1, 2]),
        msgpack.packb(["now", {}]),
        msgpack.packb([True, {}]),
        msgpack.packb([float("nan"), {}]),
        msgpack.packb([msgpack.ExtType(0, b"short"), {}]),
        msgpack.packb({}),
        b"\x92\x01\x81\x90\x01",  # a map whose key is an array
        msgpack.packb([1, {"log": list(range(MEMBERS_MAX + 1))}]),
    ],
)
def test_what_is_no_entry_is_a_dead_letter_and_the_next_one_is_read(bad: bytes) -> None:
    one, two = msgpack.packb([NOW, {"log": "one"}]), msgpack.packb([NOW, {"log": "two"}])
    found = outcome_of(chunk("forward", one + bad + two))
    assert (found.bodies(), found.originals()) == (["one", "two"], [bad])


def test_an_entry_that_is_not_whole_is_a_dead_letter() -> None:
    one, two = msgpack.packb([NOW, {"log": "one"}]), msgpack.packb([NOW, {"log": "two"}])
    found = outcome_of(chunk("forward", one + two[:-1]))
    assert (found.bodies(), found.originals()) == (["one"], [two[:-1]])


def test_bytes_made_to_cost_time_cost_little() -> None:
    begun = time.process_time()
    found = outcome_of(chunk("forward", b"\x81\x90\x01" * 80_000), chunk("forward", b"\xdd\x00\x00\xff\xff" * 40_000))
    assert b"".join(found.originals()) == b"\x81\x90\x01" * 80_000 + b"\xdd\x00\x00\xff\xff" * 40_000
    assert time.process_time() - begun < 10


def test_nesting_deeper_than_json_is_written_is_cut_off() -> None:
    value: Any = 1
    for _ in range(300):
        value = [value]
    assert "(nested too deeply)" in str(read({"log": "x", "deep": value})["attributes"])
