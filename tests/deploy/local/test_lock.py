"""The pins: complete, readable, and laid out as a Maven repository is."""

from __future__ import annotations

import re

import pytest

from deploy.local.lock import parse_coordinate, read_lock
from deploy.local.stack import SERVERS


def test_every_server_is_pinned_with_checksum_and_size() -> None:
    lock = read_lock()

    assert set(lock) == set(SERVERS)
    for server in lock.values():
        assert server.artifacts
        for artifact in server.artifacts:
            assert re.fullmatch(r"[0-9a-f]{64}", artifact.sha256), artifact
            assert artifact.size > 0, artifact


def test_every_root_is_among_its_servers_artifacts_and_gives_the_version() -> None:
    for server in read_lock().values():
        pinned = {artifact.coordinate for artifact in server.artifacts}
        assert {root.coordinate for root in server.roots} <= pinned
        assert server.version == server.roots[0].version


def test_kafka_has_one_version_of_everything() -> None:
    names = [(artifact.group, artifact.name) for artifact in read_lock()["kafka"].artifacts]

    assert len(names) == len(set(names))


def test_kafkas_own_jars_all_have_the_brokers_version() -> None:
    kafka = read_lock()["kafka"]

    assert {a.version for a in kafka.artifacts if a.group == "org.apache.kafka"} == {kafka.version}


@pytest.mark.parametrize(
    ("coordinate", "path"),
    [
        ("org.slf4j:slf4j-api:jar:1.7.36", "org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar"),
        ("a.b:c:jar:all:1", "a/b/c/1/c-1-all.jar"),
        ("a:b:zip:2", "a/b/2/b-2.zip"),
    ],
)
def test_a_coordinate_says_where_the_file_lies(coordinate: str, path: str) -> None:
    artifact = parse_coordinate(coordinate)

    assert str(artifact.path) == path
    assert artifact.coordinate == coordinate


@pytest.mark.parametrize("coordinate", ["", "a:b:c", "a:b:jar:all:1:compile"])
def test_anything_else_is_not_a_coordinate(coordinate: str) -> None:
    with pytest.raises(ValueError, match="is not group:name"):
        parse_coordinate(coordinate)
