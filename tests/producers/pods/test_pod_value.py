"""What the API says of a pod, as a Pod value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.pods.pod_value import (
    AnnotationRule,
    deletion_time,
    is_same,
    merged,
    pod_uid,
    pod_value,
    without_scheme,
)
from schemas.codec import Codec
from tests.producers.pods.objects import pod, running

EVERYTHING = AnnotationRule()


def value(api: dict[str, Any], rule: AnnotationRule = EVERYTHING, observed_at: int = 7) -> dict[str, Any]:
    return pod_value(api, [], rule, observed_at)


def lives(found: dict[str, Any]) -> list[tuple[str, int, str | None]]:
    return [(each["name"], each["restart"], each["container_id"]) for each in found["containers"]]


def test_every_kind_of_container_is_told_in_the_order_in_which_they_start():
    spec = {
        "initContainers": [{"name": "init", "image": "i"}],
        "containers": [{"name": "main", "image": "m"}],
        "ephemeralContainers": [{"name": "debug", "image": "d"}],
    }
    status = {
        "initContainerStatuses": [running("init", 0)],
        "containerStatuses": [running("main", 0)],
        "ephemeralContainerStatuses": [running("debug", 0)],
    }
    found = value(pod("a", spec=spec, status=status))
    assert lives(found) == [("init", 0, "init-0"), ("main", 0, "main-0"), ("debug", 0, "debug-0")]


def test_a_container_that_has_not_started_is_known_by_its_manifest():
    found = value(pod("a", status={}))
    assert found["containers"] == [
        {"name": "main", "image": "nginx:1", "image_id": None, "container_id": None, "restart": 0}
    ]


def test_the_run_before_the_current_one_is_told_too():
    ended = {"terminated": {"containerID": "containerd://main-2"}}
    found = value(pod("a", status={"containerStatuses": [running("main", 3, lastState=ended)]}))
    assert lives(found) == [("main", 2, "main-2"), ("main", 3, "main-3")]


def test_a_container_that_waits_for_its_restart_is_one_run_not_two():
    ended = {"terminated": {"containerID": "containerd://main-3"}}
    found = value(pod("a", status={"containerStatuses": [running("main", 3, lastState=ended)]}))
    assert lives(found) == [("main", 3, "main-3")]


def test_an_image_known_by_its_digest_alone_has_the_manifests_name():
    status = {"containerStatuses": [running("main", 0, image="sha256:aa")]}
    assert value(pod("a", status=status))["containers"][0]["image"] == "nginx:1"


def test_a_static_pod_has_the_uid_that_its_node_knows():
    mirror = pod("kube-apiserver-node-1", metadata={"annotations": {"kubernetes.io/config.mirror": "0123abcd"}})
    assert (pod_uid(mirror), value(mirror)["uid"]) == ("0123abcd", "0123abcd")


@pytest.mark.parametrize(
    ("runtime_id", "alone"),
    [
        ("containerd://0123", "0123"),
        ("docker://0123", "0123"),
        ("cri-o://0123", "0123"),
        ("docker-pullable://nginx@sha256:aa", "nginx@sha256:aa"),
        ("docker.io/library/nginx@sha256:aa", "docker.io/library/nginx@sha256:aa"),
        ("", None),
        (None, None),
    ],
)
def test_the_runtimes_prefix_is_no_part_of_an_id(runtime_id: str | None, alone: str | None):
    assert without_scheme(runtime_id) == alone


def test_annotations_are_kept_by_name_and_length():
    rule = AnnotationRule(("team", "example.com/*"), ("example.com/secret*",), 5)
    told = {
        "team": "shop",
        "example.com/a": "12345",
        "example.com/b": "123456",
        "example.com/secret1": "x",
        "other": "x",
    }
    assert rule.kept(told) == {"example.com/a": "12345", "team": "shop"}


def test_the_length_of_an_annotation_is_its_bytes():
    assert AnnotationRule(value_max_bytes=5).kept({"a": "ééé", "b": "éé"}) == {"b": "éé"}


def test_values_that_differ_in_the_time_of_observation_only_are_the_same():
    assert is_same(value(pod("a"), observed_at=1), value(pod("a"), observed_at=2))
    assert not is_same(value(pod("a")), value(pod("b")))
    assert not is_same(value(pod("a")), None)


def test_a_run_that_the_api_forgot_stays_known_with_its_image():
    before = value(pod("a", status={"containerStatuses": [running("main", 0, imageID="old@sha256:bb")]}))
    ended = {"terminated": {"containerID": "containerd://main-0"}}
    now = value(pod("a", status={"containerStatuses": [running("main", 1, lastState=ended)]}))
    found = merged(now, before, 20)
    assert [(each["restart"], each["image_id"]) for each in found["containers"]] == [
        (0, "old@sha256:bb"),
        (1, "docker.io/library/nginx@sha256:aa"),
    ]


def test_an_id_that_the_api_does_not_tell_any_more_stays_known():
    before = value(pod("a"))
    assert lives(merged(value(pod("a", status={})), before, 20)) == [("main", 0, "main-0")]


def test_a_restart_number_that_was_given_again_is_the_new_container():
    before = value(pod("a"))
    again = value(pod("a", status={"containerStatuses": [running("main", 0, containerID="containerd://other")]}))
    assert lives(merged(again, before, 20)) == [("main", 0, "other")]


@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_merging_is_bounded_ordered_and_repeating_it_changes_nothing(most: int, told: list[tuple[int, bool]]):
    held = None
    for restart, with_last in told:
        ended = {"terminated": {"containerID": f"containerd://main-{restart - 1}"}} if with_last and restart else {}
        now = value(pod("a", status={"containerStatuses": [running("main", restart, lastState=ended)]}))
        held = merged(now, held, most)
        assert merged(now, held, most) == held
        restarts = [each["restart"] for each in held["containers"]]
        assert restarts == sorted(set(restarts))
        assert len(restarts) <= most


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-11-21T09:55:38Z", 1795254938 * 10**9),
        ("2999-01-01T00:00:00Z", 2 * 10**18),
        (None, 2 * 10**18),
        ("yesterday", 2 * 10**18),
    ],
)
def test_a_deletion_has_the_apis_time_but_none_in_the_future(told: str | None, expected: int):
    assert deletion_time({"metadata": {"deletionTimestamp": told}}, 2 * 10**18) == expected


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(st.dictionaries(texts, texts, max_size=4), texts)
def test_any_labels_and_annotations_make_a_value_that_can_be_written(pairs: dict[str, str], name: str):
    api = pod("a", metadata={"labels": pairs, "annotations": pairs, "name": name})
    codec = Codec("pod")
    assert codec.decode(codec.encode(value(api))) == value(api)
