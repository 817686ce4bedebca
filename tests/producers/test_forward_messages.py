"""Bytes of the forward protocol to requests: all modes, any split, any damage."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from producers.core.forward.messages import (
    OPTION_MAX_BYTES,
    TAG_MAX_BYTES,
    Request,
    acknowledgement,
    parse_request,
)
from producers.core.forward.values import READ_MAX_BYTES, Refusal, ValueStream
from tests.producers.forward_client import (
    compressed,
    entries,
    event_time,
    forward,
    message,
    packed,
    packed_forward,
)
from tests.producers.forward_taking import LIMIT, taken, values


def refusal(value: Any) -> Refusal:
    assert isinstance(value, Refusal), value
    return value


# -- modes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", [event_time(1, 2), 1_800_000_000, 1.5, 0, None, msgpack.Timestamp(1, 2)])
def test_a_message_becomes_one_entry_of_the_very_bytes_it_came_in(time: Any) -> None:
    event = [time, {"log": "hello", "n": [1, {"a": None}]}]
    assert parse_request(message("docker.web", event)) == Request(b"docker.web", packed([event]), single=True)


def test_a_message_with_an_option_becomes_the_same_entry() -> None:
    event = [event_time(1), {"log": "hello"}]
    plain = parse_request(message("t", event))
    assert [parse_request(message("t", event, option)) for option in (None, {}, {"size": 1})] == [plain] * 3


def test_a_message_may_ask_for_an_acknowledgement() -> None:
    request = parse_request(message("t", [1, {}], {"chunk": "p8n9gmxTQVC8/nh2wlKKeQ=="}))
    assert request == Request(b"t", packed([[1, {}]]), single=True, chunk="p8n9gmxTQVC8/nh2wlKKeQ==")


@pytest.mark.parametrize("count", [0, 1, 15, 16, 70_000])
def test_entries_of_forward_mode_lie_in_the_payload_as_they_came(count: int) -> None:
    events = entries(count, 1)
    expected = Request(b"t", packed(events), single=False)
    assert [parse_request(forward("t", events, *option)) for option in ((), ({},))] == [expected, expected]


@pytest.mark.parametrize("bin_type", [True, False])
@pytest.mark.parametrize("count", [0, 1, 10, 3000])
def test_packed_entries_may_be_bin_or_str(count: int, bin_type: bool) -> None:
    stream = packed(entries(count))
    text = stream if bin_type else stream.decode("utf-8", "surrogateescape")
    value = msgpack.packb(["t", text, {"size": count, "chunk": "c"}], unicode_errors="surrogateescape")
    assert parse_request(value) == Request(b"t", stream, single=False, chunk="c")


def test_gzipped_entries_are_left_as_they_are() -> None:
    request = parse_request(compressed("t", entries(2), chunk="c"))
    assert isinstance(request, Request)
    assert (request.gzipped, request.chunk, request.entries[:2]) == (True, "c", b"\x1f\x8b")


def test_text_is_the_name_of_no_compression() -> None:
    assert parse_request(packed_forward("t", [], {"compressed": "text"})) == Request(b"t", b"", single=False)


def test_tag_and_option_may_be_bin_as_old_clients_write_them() -> None:
    request = parse_request(packed_forward(b"t", [], {b"chunk": b"\xff", b"compressed": b"gzip"}))
    assert request == Request(b"t", b"", single=False, gzipped=True, chunk=b"\xff")


def test_nil_is_a_heartbeat() -> None:
    assert [parse_request(value) for value in values(b"\xc0\xc0")] == ["heartbeat", "heartbeat"]  # type: ignore[arg-type]


@pytest.mark.parametrize("chunk", ["abc", b"abc", "", "\udcff\udcfe"])
def test_an_acknowledgement_has_the_client_s_own_bytes(chunk: Any) -> None:
    option = msgpack.packb({"chunk": chunk}, unicode_errors="surrogateescape")
    request = parse_request(b"\x93\xa1t\x90" + option)
    assert isinstance(request, Request)
    assert request.chunk is not None
    assert acknowledgement(request.chunk) == option.replace(b"\xa5chunk", b"\xa3ack")


# -- many messages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", [[], [None], [{}]])
@pytest.mark.parametrize("step", [1, 7, 100, READ_MAX_BYTES])
def test_a_run_of_messages_is_taken_at_once(step: int, option: list[Any]) -> None:
    events = entries(500)
    data = b"".join(message("t", event, *option) for event in events)
    assert taken(data, step) == (packed(events), [])


def test_a_run_ends_at_another_tag_an_option_another_mode_and_damage() -> None:
    a, b, c = entries(3)
    asks = message("t", b, {"chunk": "c"})
    other = message("u", b)
    for between in (asks, forward("t", [b]), packed_forward("t", [b], {}), b"\xc0", message("t", b, {"x": {}})):
        for option in ([], [{}]):
            data = message("t", a, *option) * 2 + between + message("t", c, *option) * 2
            single = between[:1] == b"\x94" and between is not asks
            expected = packed([a, a, b, c, c] if single else [a, a, c, c])
            assert taken(data, READ_MAX_BYTES) == (expected, [] if single else [between])
    assert taken(message("t", a) * 2 + other + message("t", c), READ_MAX_BYTES) == (packed([a, a, b, c]), [])
    found, (bad,) = taken(message("t", a) * 2 + b"\x93\xa1t\x01\xc1" + message("t", c), READ_MAX_BYTES)
    assert (found, refusal(bad).reason) == (packed([a, a]), "malformed")


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "tag"),
        (["t"], "tag"),
        ([1, []], "tag"),
        ([{}, []], "tag"),
        (["t" * (TAG_MAX_BYTES + 1), []], "tag"),
        (["t", {}], "modes"),
        (["t", True, {}], "modes"),
        (["t", 1], "modes"),
        (["t", [], {}, {}], "more elements"),
        (["t", 1, {}, {}, {}], "more elements"),
        (["t", [], []], "no map"),
        (["t", [], "chunk"], "no map"),
        (["t", [], {1: 2}], "decoded"),
        (["t", [], {"chunk": 1}], "chunk"),
        (["t", [], {"x": "y" * OPTION_MAX_BYTES}], "option"),
    ],
)
def test_what_is_no_request_is_refused_with_its_reason(value: Any, words: str) -> None:
    found = refusal(parse_request(msgpack.packb(value)))
    assert (found.reason, words in found.detail) == ("malformed", True)


def test_compression_that_is_not_known_is_named() -> None:
    assert refusal(parse_request(packed_forward("t", [], {"compressed": "zstd"}))) == Refusal(
        "compression", "entries are compressed by 'zstd': switch to gzip or none"
    )


def test_metrics_and_traces_of_fluent_bit_are_refused() -> None:
    found = [parse_request(packed_forward("t", [], {"fluent_signal": signal})) for signal in (0, 1, 2)]
    assert [each.reason if isinstance(each, Refusal) else "" for each in found] == ["", "not_logs", "not_logs"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GET / HTTP/1.1\r\n", "HTTP"),
        (b"\x16\x03\x01\x02\x00", "TLS"),
        (b'["tag",1,{"a":1}]', "JSON"),
        (b"<34>1 2026-11-21", "syslog"),
        (b"\xc1", "no request"),
        (b"\x81\xa3ack\xa1c", "no request"),
        (b"\xc6\xff\xff\xff\xff", "no request"),
        (b"\x91\xc1", "no MessagePack"),
        (b"\x91" * 2000, "nested"),
    ],
)
def test_other_protocols_and_garbage_are_refused_at_once(data: bytes, words: str) -> None:
    (found,) = values(data)
    assert (refusal(found).reason, words in refusal(found).detail) == ("malformed", True)


def test_a_declared_length_costs_nothing_until_the_bytes_come() -> None:
    stream = ValueStream(LIMIT)
    stream.feed(b"\x92\xa1t\xc6\xff\xff\xff\xff")
    assert (stream.next_value(), stream.pending) == (None, 8)


@pytest.mark.parametrize("head", [b"\x92\xa1t\xc6\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff"])
def test_a_request_that_does_not_end_is_refused_at_the_limit(head: bytes) -> None:
    data = b"\x91" + head + b"\x00" * (2 * LIMIT)
    stream = ValueStream(LIMIT)
    fed = 0
    while (found := stream.next_value()) is None:
        stream.feed(data[fed : fed + READ_MAX_BYTES])
        fed += READ_MAX_BYTES
    assert refusal(found).reason == "too_large"
    assert fed <= LIMIT + READ_MAX_BYTES


def test_a_whole_request_above_the_limit_is_refused() -> None:
    assert refusal(values(message("t", [1, {"log": "x" * 1000}]), limit=1000)[0]).reason == "too_large"


def test_a_lower_limit_can_be_given_for_a_single_value() -> None:
    stream = ValueStream(LIMIT)
    stream.feed(message("t", [1, {"log": "x" * 1000}]))
    assert refusal(stream.next_value(100)).reason == "too_large"


def test_after_a_large_request_the_stream_goes_on() -> None:
    large, small = forward("t", entries(3000)), message("t", [1, {}])
    assert values((large + small) * 3) == [large, small] * 3
