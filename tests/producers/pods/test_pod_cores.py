"""Scopes, owner chains, watch events, refusals and leases: what is decided without anybody being asked."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.pods.api_failure import Ask, failure
from producers.core.pods.lease_step import held, released, sighting, step
from producers.core.pods.owner_chain import LONGEST, Owner, longer, owner_chain, owner_of
from producers.core.pods.pod_scope import Scope, SelectorError, field_requirements, label_requirements
from producers.core.pods.watch_event import Bookmark, Broken, Gone, Seen, read_event
from tests.producers.pods.objects import controlled_by

NOW = datetime(2026, 11, 21, 9, 0, 0, 5, UTC)
POD = {"namespace": "shop", "name": "web-1", "node": "node-1", "labels": {"app": "web", "tier": "front"}}


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app!=web", False),
        ("other!=x", True),
        ("app in (api, web),tier", True),
        ("app in (api)", False),
        ("tier notin (back, side)", True),
        ("other notin (x)", True),
        ("!app", False),
        ("!other", True),
        ("other", False),
        ("other=", False),
    ],
)
def test_label_selectors_choose_as_kubernetes_does(selector: str, fits: bool) -> None:
    assert all(requirement(POD["labels"]) for requirement in label_requirements(selector)) is fits
    assert Scope(None, selector).covers(POD) is fits


@pytest.mark.parametrize("selector", ["app in web", "a=b=c", "=x", "app,,b", "a in (x", "a > 1"])
def test_a_selector_that_cannot_be_read_is_named(selector: str) -> None:
    with pytest.raises(SelectorError):
        label_requirements(selector)


@given(st.text())
def test_any_text_is_a_selector_or_named_as_none(text: str) -> None:
    for read in (label_requirements, field_requirements):
        try:
            requirements = read(text)
        except SelectorError:
            continue
        assert all(isinstance(requirement({}), bool) for requirement in requirements)


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope("shop"), True),
        (Scope("bank"), False),
        (Scope(None, "", "spec.nodeName=node-1"), True),
        (Scope(None, "", "spec.nodeName!=node-1"), False),
        (Scope(None, "", "metadata.name=web-2"), False),
        (Scope(None, "", "status.phase=Running"), True),
    ],
)
def test_a_scope_covers_what_its_request_would_have_listed(scope: Scope, covers: bool) -> None:
    assert scope.covers(POD) is covers


def test_the_controller_is_the_owner_else_the_first() -> None:
    both = [{"kind": "Other", "name": "o", "uid": "1", "apiVersion": "v1"}, *controlled_by("Job", "j", "batch/v1")]
    assert owner_of({"ownerReferences": both}) == Owner("Job", "j", "uid-j", "batch")
    assert owner_of({"ownerReferences": both[:1]}) == Owner("Other", "o", "1", "")
    assert owner_of({}) is None


def test_only_owners_that_usually_have_owners_are_looked_up() -> None:
    asked: list[str] = []

    def look_up(owner: Owner) -> Owner | None:
        asked.append(owner.kind)
        return Owner("Deployment", "web", "d", "apps")

    chain = owner_chain({"ownerReferences": controlled_by("ReplicaSet", "web-1", "apps/v1")}, look_up)
    assert [each["kind"] for each in chain] == ["ReplicaSet", "Deployment"]
    owner_chain({"ownerReferences": controlled_by("DaemonSet", "agent", "apps/v1")}, look_up)
    owner_chain({"ownerReferences": controlled_by("Job", "j", "other.example/v1")}, look_up)
    assert asked == ["ReplicaSet"]


def test_a_circle_of_owners_ends() -> None:
    circle = owner_chain({"ownerReferences": controlled_by("Job", "j", "batch/v1")}, lambda owner: owner)
    assert len(circle) == LONGEST


def test_a_chain_that_was_known_further_stays() -> None:
    near, far = {"kind": "ReplicaSet"}, {"kind": "Deployment"}
    assert longer([near], [near, far]) == [near, far]
    assert longer([near, far], [near]) == [near, far]
    assert longer([far], [near, far]) == [far]
    assert longer([], [near]) == []


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b'{"type": "ADDED", "object": {"metadata": {"resourceVersion": "5"}}}', Seen),
        (b'{"type": "MODIFIED", "object": {"metadata": {"resourceVersion": "5"}}}', Seen),
        (b'{"type": "DELETED", "object": {"metadata": {"resourceVersion": "5"}}}', Gone),
        (b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "5"}}}', Bookmark),
        (b'{"type": "ERROR", "object": {"code": 410, "message": "too old"}}', Broken),
        (b'{"type": "NEW", "object": {"metadata": {"resourceVersion": "5"}}}', Broken),
        (b'{"type": "ADDED", "object": {}}', Broken),
    ],
)
def test_a_line_of_a_watch_is_an_event(line: bytes, event: type[Any]) -> None:
    found = read_event(line)
    assert isinstance(found, event)
    assert getattr(found, "version", "5") == "5"


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_broken(line: bytes) -> None:
    assert isinstance(read_event(line), Seen | Gone | Bookmark | Broken)


@given(st.integers(300, 599), st.binary(max_size=300))
def test_any_refusal_has_words(status: int, body: bytes) -> None:
    found = failure(Ask("list", "pods"), status, body)
    assert str(status) in found.problem
    assert len(found.problem) < 700


def test_what_rbac_lacks_is_told_with_whom_it_concerns() -> None:
    body = '{"kind": "Status", "message": "jobs.batch is forbidden: User \\"sam\\" cannot get"}'
    found = failure(Ask("get", "jobs", "batch", "shop", "nightly"), 403, body)
    assert found.kind == "forbidden"
    assert found.remedy.startswith(
        'allow it to sam: a Role in namespace shop with apiGroups ["batch"], resources ["jobs"], verbs ["get"]'
    )


def lease(holder: str | None, renewed: str = "1", **spec: Any) -> dict[str, Any]:
    return {"spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15, **spec}}


def test_a_lease_runs_out_by_our_own_clock_after_we_last_saw_it_change() -> None:
    seen = sighting(lease("other"), None, 100.0)
    assert step(lease("other"), seen, "me", 114.9) == "wait"
    assert step(lease("other"), sighting(lease("other"), seen, 114.9), "me", 115.0) == "take"
    renewed = sighting(lease("other", "2"), seen, 114.9)
    assert step(lease("other", "2"), renewed, "me", 115.0) == "wait"


@pytest.mark.parametrize(
    ("there", "expected"),
    [(None, "create"), (lease("me"), "renew"), (lease(None), "take"), (lease(""), "take"), (lease("other"), "wait")],
)
def test_what_to_do_about_a_lease_that_was_just_seen(there: dict[str, Any] | None, expected: str) -> None:
    assert step(there, sighting(there, None, 0.0), "me", 0.0) == expected


def test_a_lease_that_is_renewed_keeps_its_beginning_and_one_that_is_taken_counts_it() -> None:
    mine = lease("me", acquireTime="then", leaseTransitions=3)
    assert held(mine, "me", 15, NOW) == mine["spec"] | {"renewTime": "2026-11-21T09:00:00.000005Z"}
    taken = held(mine, "you", 15, NOW)
    assert (taken["acquireTime"], taken["leaseTransitions"]) == ("2026-11-21T09:00:00.000005Z", 4)
    assert held(None, "me", 15, NOW)["leaseTransitions"] == 0


def test_a_released_lease_can_be_taken_at_once() -> None:
    free = {"spec": released(lease("me"), NOW)}
    assert step(free, sighting(free, None, 0.0), "you", 0.0) == "take"
