"""Documents as events of CloudWatch Logs, and events as requests."""

import json
import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Undecodable
from sinks.cloudwatch.batches import RequestLimits, requests
from sinks.cloudwatch.events import EVENT_OVERHEAD, MESSAGE_BYTES_AT_MOST, Event, EventBuilder, milliseconds
from sinks.cloudwatch.names import Stream, StreamNames, StreamTemplates, group_name, stream_name

ID = "jxTkX87qFnoAAAAEAAc"
TEMPLATES = StreamTemplates("/kubernetes/{namespace}", "{pod}/{container}", "/hosts/{node}", "{tag}")
NAMES = StreamNames(TEMPLATES)
POD = {"namespace_name": "shop", "pod_name": "cart-1", "container_name": "app", "labels": {"app": "cart"}}


def document(**changes):
    whole = {
        "@timestamp": "2026-11-21T12:00:00.123456789Z",
        "log": "payment refused",
        "message": "payment refused",
        "stream": "stdout",
        "tag": "kube.shop.cart-1.app",
        "kubernetes": POD,
        "logferry": {"node": "node-1", "offset": 7},
    } | changes
    return orjson.dumps({name: value for name, value in whole.items() if value is not None})


def event(body, form="json", at_most=MESSAGE_BYTES_AT_MOST):
    return EventBuilder(NAMES, form, at_most).event(ID, body)


def test_an_event_of_a_document_is_the_document_with_its_id():
    found = event(document())
    assert found.stream == Stream("/kubernetes/shop", "cart-1/app")
    assert found.timestamp == 1795262400123
    assert [json.loads(each) for each in found.messages] == [{"id": ID, **json.loads(document())}]
    assert found.sizes == (len(found.messages[0]) + 26,)


def test_an_event_of_an_original_line_is_the_line():
    assert event(document(log="fünf"), "original").messages == ("fünf",)
    assert event(document(log="fünf"), "original").sizes == (5 + EVENT_OVERHEAD,)


def test_an_empty_line_is_a_blank_since_cloudwatch_takes_no_empty_message():
    assert event(document(log="", message=""), "original").messages == (" ",)


def test_what_comes_from_no_pod_goes_by_the_templates_of_hosts():
    found = event(document(kubernetes=None, tag="host.syslog"))
    assert found.stream == Stream("/hosts/node-1", "host.syslog")


def test_a_label_may_name_a_stream_and_a_missing_one_is_none():
    names = StreamNames(TEMPLATES._replace(log_stream="{label.app}/{label.team}"))
    assert EventBuilder(names, "json").event(ID, document()).stream.name == "cart/none"


@pytest.mark.parametrize("body", [b"{", b"{}", b"[1]", document(**{"@timestamp": "yesterday"}), b'{"@timestamp":5}'])
def test_a_document_without_a_time_is_refused(body):
    assert isinstance(event(body), Undecodable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00.001999999Z", 1),
        ("1969-12-31T23:59:59.999000000Z", -1),
        ("2026-11-21T12:00:00Z", 1795262400000),
        ("2026-11-21T13:00:00.5+01:00", 1795262400500),
        ("2026-11-21T12:00:00", None),
        ("2026-13-21T12:00:00.000000000Z", None),
        (None, None),
    ],
)
def test_times_are_milliseconds(text, expected):
    assert milliseconds(text) == expected


@given(st.text(min_size=1, max_size=600))
def test_any_text_becomes_a_name_that_cloudwatch_allows(text):
    assert re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", group_name(text))
    assert re.fullmatch(r"[^:*]{1,512}", stream_name(text), re.DOTALL)
    assert not group_name("aws/" + text).startswith("aws/")


def test_long_names_that_differ_at_their_ends_stay_apart():
    assert group_name("n" * 600 + "a") != group_name("n" * 600 + "b")


# -- too long for one event ----------------------------------------------------------------------------------------

lines = st.text(st.characters(codec="utf-8"), min_size=1, max_size=400)


@given(lines, st.integers(30, 90))
def test_a_long_original_line_becomes_several_events_that_together_are_the_line(line, at_most):
    found = event(document(log=line), "original", at_most)
    assert "".join(found.messages) == line
    assert all(
        len(each.encode()) + EVENT_OVERHEAD == size for each, size in zip(found.messages, found.sizes, strict=True)
    )
    assert max(found.sizes) <= at_most + EVENT_OVERHEAD


@given(lines)
def test_a_long_document_becomes_several_that_together_have_the_line(line):
    at_most = 900
    found = event(document(log=line * 9, attributes={"a": 1}), at_most=at_most)
    parts = [json.loads(each) for each in found.messages]
    assert "".join(each["log"] for each in parts) == line * 9
    assert max(len(each.encode()) for each in found.messages) <= at_most
    if len(parts) > 1:
        numbers = [(each["logferry"]["part"], each["logferry"]["parts"]) for each in parts]
        assert numbers == [(number, len(parts)) for number in range(1, len(parts) + 1)]
        assert [each["id"] for each in parts] == [f"{ID}/{number}" for number, _ in numbers]
        assert all(each["kubernetes"] == POD and each["attributes"] == {"a": 1} for each in parts)


def test_a_document_that_is_too_long_without_its_line_is_refused():
    found = event(document(attributes={"a": "x" * 800}), at_most=900)
    assert isinstance(found, Undecodable)
    assert found.reason == "record_too_long"


def test_a_record_of_a_mebibyte_fits_with_its_neighbours_overhead():
    found = event(document(log="x" * 1_048_576), "original")
    assert [len(each) for each in found.messages] == [1_048_550, 26]


# -- requests ------------------------------------------------------------------------------------------------------

LIMITS = RequestLimits(max_bytes=400, max_events=5, max_span=1000)
messages = st.lists(st.text("äx", min_size=1, max_size=60), min_size=1, max_size=3)
events = st.lists(
    st.builds(
        lambda time, texts: Event(
            Stream("g", "s"), time, tuple(texts), tuple(len(each.encode()) + EVENT_OVERHEAD for each in texts)
        ),
        st.integers(-2000, 2000),
        messages,
    ),
    max_size=30,
)


@given(events)
def test_requests_are_within_all_limits_and_in_order_and_lose_nothing(found):
    made = list(requests(range(len(found)), found, LIMITS))
    for request in made:
        times = [line.timestamp for line in request.lines]
        assert 1 <= len(request.lines) <= LIMITS.max_events
        assert sum(len(line.message.encode()) + EVENT_OVERHEAD for line in request.lines) <= LIMITS.max_bytes
        assert times == sorted(times)
        assert times[-1] - times[0] <= LIMITS.max_span
    sent = [(line.timestamp, line.event, line.message) for request in made for line in request.lines]
    expected = [(each.timestamp, number, text) for number, each in enumerate(found) for text in each.messages]
    assert sent == sorted(expected, key=lambda each: each[0])
