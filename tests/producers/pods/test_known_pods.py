"""What is written to logs.pods, given what it holds: model-based, with another watcher that writes late."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from producers.core.pods.known_pods import NANOSECONDS, KnownPods
from producers.core.pods.pod_scope import Scope
from producers.core.pods.pod_value import AnnotationRule, pod_value
from schemas.codec import Codec
from tests.producers.pods.objects import pod

KEEP_SECS = 100.0
CODEC = Codec("pod")


def observed(name: str, label: str = "x", at: int = 1) -> dict[str, Any]:
    return pod_value(pod(name, metadata={"labels": {"l": label}}), [], AnnotationRule(), at)


@pytest.fixture
def known() -> KnownPods:
    return KnownPods(KEEP_SECS, 20)


def test_a_pod_is_written_once_however_often_it_is_seen(known: KnownPods) -> None:
    changes = [known.observe(observed("a", at=at)) for at in range(3)]
    assert [write and write.change for write in changes] == ["added", None, None]


def test_the_time_of_deletion_is_the_first_that_was_told(known: KnownPods) -> None:
    known.observe(observed("a"))
    assert known.gone(observed("a"), 5) is not None
    assert known.gone(observed("a"), 9) is None
    held = known.get("uid-a")
    assert held is not None
    assert held["deleted_at"] == 5


def test_a_pod_that_is_there_again_is_not_deleted(known: KnownPods) -> None:
    known.gone(observed("a"), 5)
    write = known.observe(observed("a"))
    assert write is not None
    assert write.change == "changed"
    assert known.counts == (1, 0)
    assert list(known.expired(10**18)) == []


def test_a_tombstone_comes_when_a_deleted_pod_has_been_kept_long_enough(known: KnownPods) -> None:
    known.gone(observed("a"), 0)
    assert list(known.expired(int(KEEP_SECS * NANOSECONDS) - 1)) == []
    (write,) = known.expired(int(KEEP_SECS * NANOSECONDS))
    assert (write.uid, write.value, known.counts) == ("uid-a", None, (0, 0))
    assert list(known.expired(10**18)) == []


def test_only_pods_of_the_scope_that_were_not_listed_have_vanished(known: KnownPods) -> None:
    for name in ("a", "b"):
        known.observe(observed(name))
    known.load("uid-c", CODEC.encode(observed("c") | {"namespace": "elsewhere"}))
    writes = list(known.vanished(Scope("shop"), {"uid-b"}, 9))
    assert [(write.uid, write.change) for write in writes] == [("uid-a", "deleted")]


def test_a_record_that_cannot_be_read_is_told_and_replaced_when_the_pod_is_seen(known: KnownPods) -> None:
    assert known.load("uid-a", b"rubbish") is False
    assert known.get("uid-a") is None
    assert list(known.vanished(Scope(), set(), 9)) == []
    write = known.observe(observed("a"))
    assert write is not None
    assert write.change == "added"


def test_a_pod_that_only_another_watcher_sees_is_left_to_it(known: KnownPods) -> None:
    known.load("uid-a", CODEC.encode(observed("a", "old")))
    known.read_back("uid-a", CODEC.encode(observed("a", "new")))
    assert list(known.repairs()) == []
    held = known.get("uid-a")
    assert held is not None
    assert held["labels"] == {"l": "new"}


names = st.sampled_from(["a", "b"])
labels = st.sampled_from(["x", "y", "z"])


class Topic(RuleBasedStateMachine):
    """One watcher under test, another one that interferes, and the topic as Kafka holds it."""

    def __init__(self) -> None:
        super().__init__()
        self.known = KnownPods(KEEP_SECS, 20)
        self.log: list[tuple[str, bytes | None]] = []
        self.read = 0
        self.wanted: dict[str, tuple[str, bool]] = {}
        self.now = 0

    def _append(self, write: Any) -> None:
        if write is not None:
            self.log.append((write.uid, write.value))

    @rule(name=names, label=labels)
    def see(self, name: str, label: str) -> None:
        self.now += 1
        self._append(self.known.observe(observed(name, label, self.now)))
        self.wanted[f"uid-{name}"] = (label, False)

    @rule(name=names)
    def delete(self, name: str) -> None:
        if self.wanted.get(f"uid-{name}", ("", True))[1]:
            return
        self.now += 1
        label = self.wanted[f"uid-{name}"][0]
        self._append(self.known.gone(observed(name, label, self.now), self.now))
        self.wanted[f"uid-{name}"] = (label, True)

    @rule(name=names, label=labels)
    def other_watcher_writes(self, name: str, label: str) -> None:
        self.now += 1
        self.log.append((f"uid-{name}", CODEC.encode(observed(name, label, self.now))))

    @rule()
    def read_one(self) -> None:
        if self.read < len(self.log):
            self.known.read_back(*self.log[self.read])
            self.read += 1

    @rule()
    def repair(self) -> None:
        for write in self.known.repairs():
            self._append(write)

    @invariant()
    def the_topic_comes_to_hold_what_was_seen_last(self) -> None:
        """Tried on a copy, at any moment."""
        known, log, read = _copy(self.known), list(self.log), self.read
        for _ in range(3):
            while read < len(log):
                known.read_back(*log[read])
                read += 1
            log += [(write.uid, write.value) for write in known.repairs()]
        assert read == len(log)
        last = dict(log)
        for uid, (label, deleted) in self.wanted.items():
            value = last[uid]
            assert value is not None
            told = CODEC.decode(value)
            assert isinstance(told, dict)
            assert (told["labels"], told["deleted_at"] is not None) == ({"l": label}, deleted)


def _copy(known: KnownPods) -> KnownPods:
    made = KnownPods(KEEP_SECS, 20)
    for name in ("_held", "_deleted", "_unread", "_contested", "_ours"):
        setattr(made, name, getattr(known, name).copy())
    return made


TestTopic = Topic.TestCase
TestTopic.settings = settings(max_examples=100, stateful_step_count=30)
