"""Chunks of unknown pods wait, a while and not without bound; the order of each pod's chunks is kept."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bench.anything.chunks import RAW, Value
from bench.anything.offline import Offline
from bench.anything.settings import pod
from bench.anything.standins import Clock, running
from schemas.settings import parse_settings
from streams.waiting import Waiting

SETTINGS = parse_settings("stream: {pod_wait_secs: 2}\nroutes: [{match: '**', topic: logs.app}]\n", "logferry.yaml", {})


def waiting(*uids: str, longest: float = 2.0, most: int = 1000, size: int = 10, now: float = 0.0) -> Waiting[str]:
    """One chunk of each pod, named after it and its number."""
    found: Waiting[str] = Waiting(longest, most)
    for number, uid in enumerate(uids):
        found.add(uid, f"{uid}{number}", size, now + number)
    return found


def test_a_pod_that_is_known_is_not_waited_for() -> None:
    assert not Waiting[str](2.0, 1000).must_wait("a", {"a"})


def test_a_pod_that_is_unknown_is_waited_for() -> None:
    assert Waiting[str](2.0, 1000).must_wait("a", {"b"})


def test_nobody_waits_where_waiting_is_off() -> None:
    assert not Waiting[str](0.0, 1000).must_wait("a", set())


def test_a_pod_that_became_known_waits_behind_its_earlier_chunks() -> None:
    found = waiting("a")
    assert found.must_wait("a", {"a"})
    assert list(found.ready({"a"}, 0.0)) == ["a0"]
    assert not found.must_wait("a", {"a"})


def test_chunks_are_ready_when_their_pod_is_known_and_no_others() -> None:
    found = waiting("a", "b", "a")
    assert list(found.ready({"a"}, 1.0)) == ["a0", "a2"]
    assert (len(found), found.bytes) == (1, 10)


def test_chunks_are_ready_when_the_first_of_their_pod_has_waited_long_enough() -> None:
    found = waiting("a", "b", "a")
    assert list(found.ready(set(), 1.9)) == []
    assert list(found.ready(set(), 2.0)) == ["a0", "a2"]
    assert list(found.ready(set(), 3.0)) == ["b1"]
    assert (len(found), found.bytes) == (0, 0)


def test_a_pod_that_was_given_up_is_not_waited_for_again() -> None:
    found = waiting("a")
    list(found.ready(set(), 2.0))
    assert not found.must_wait("a", set())


def test_what_waited_longest_goes_on_when_there_is_no_room() -> None:
    found = waiting("a", "b", "c", most=20)
    assert list(found.ready(set(), 0.0)) == ["a0"]
    assert found.bytes == 20


def test_as_much_as_is_allowed_may_wait() -> None:
    assert list(waiting("a", "b", most=20).ready(set(), 0.0)) == []


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.sampled_from([0.0, 0.5, 3.0])), max_size=20),
    st.integers(0, 100),
)
def test_no_chunk_is_lost_or_overtakes_another_of_its_pod(chunks: list[tuple[str, int, float]], most: int) -> None:
    found: Waiting[tuple[str, int]] = Waiting(2.0, most)
    known: set[str] = set()
    out: list[tuple[str, int]] = []
    now = 0.0
    for number, (uid, size, passed) in enumerate(chunks):
        now += passed
        if found.must_wait(uid, known):
            found.add(uid, (uid, number), size, now)
        else:
            out.append((uid, number))
        out += found.ready(known, now)
        assert found.bytes <= most
        if number == 9:
            known.add("a")
    out += found.ready(known, now + 2.0)
    assert (len(found), found.bytes) == (0, 0)
    for uid in "abc":
        assert [each for each in out if each[0] == uid] == [
            (name, number) for number, (name, _, _) in enumerate(chunks) if name == uid
        ]


# -- in the worker -------------------------------------------------------------------------------------------------


def chunk(uid: str, text: str, number: int = 0) -> Value:
    container: dict[str, Any] = {"namespace": "shop", "pod": uid, "pod_uid": uid, "name": "app", "id": None}
    source = {"id": uid, "node": "n", "kind": "files", "framing": "raw", "tag": None, "container": container}
    life = f"{uid:8.8}".encode()
    told = {"source": source, "path": "/x", "restart": 0, "incarnation": life, "offset": number, "ended": False}
    return Value(0, 0.0, RAW.encode({**told, "observed_timestamp": 1, "resumed": None, "payload": text.encode()}))


def records(worker: Offline) -> list[tuple[str, bool]]:
    """Text of each record, and whether its pod was known."""
    found = worker.contents()[0].values()
    return [(each["body"], each["resource"]["kubernetes"]["resolved"]) for each in found]


def test_chunks_of_other_pods_do_not_wait() -> None:
    with running(Clock()) as clock:
        worker = Offline(SETTINGS, clock)
        worker.take(chunk("late", "waits\n"))
        worker.take(chunk("plain", "goes\n"))
        assert records(worker) == [("goes", True)]


def test_a_pod_that_becomes_known_in_time_has_its_labels() -> None:
    with running(Clock()) as clock:
        worker = Offline(SETTINGS, clock)
        worker.take(chunk("late", "one\n"))
        worker.pods["late"] = pod("late")
        worker.take(chunk("late", "two\n", 4))
        worker.stage.attend()
        assert records(worker) == [("one", True), ("two", True)]
        worker.rest()
        assert worker.problems() == []


def test_a_pod_that_stays_unknown_is_told_by_its_path_and_counted() -> None:
    with running(Clock()) as clock:
        worker = Offline(SETTINGS, clock)
        worker.take(chunk("late", "one\n"))
        clock.now += 2.0
        worker.stage.attend()
        assert records(worker) == [("one", False)]
        assert worker.measured()["unresolved_records", ""] == 1.0


def test_a_chunk_that_waits_when_its_partition_is_revoked_is_forgotten() -> None:
    with running(Clock()) as clock:
        worker = Offline(SETTINGS, clock)
        worker.take(chunk("late", "one\n"))
        worker.stage.revoke({0})
        clock.now += 2.0
        worker.stage.attend()
        assert (worker.client.kept, worker.acknowledged) == ([], {})
