"""Mistakes in the settings of sinks, and what is said about them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.settings import InvalidSettingsError, parse_settings

MAIN = {"bootstrap_servers": "main:9092"}
WEST = {"kafka": {"bootstrap_servers": "west:9092"}}


def findings(**sink: Any) -> list[tuple[str, str, str]]:
    settings = {
        "kafka": MAIN,
        "routes": [
            {"match": "a.**", "topic": "logs.docs", "format": "json"},
            {"match": "**", "topic": "logs.app"},
        ],
        "sinks": {"x": {"topics": ["logs.app"], **sink}},
    }
    try:
        parse_settings(json.dumps(settings), "logferry.yaml", {})
    except InvalidSettingsError as error:
        return [(each.key, each.problem, each.remedy) for each in error.findings]
    return []


@pytest.mark.parametrize(
    "sink",
    [
        {"type": "stdout"},
        {"type": "stdout", "topics": ["logs.docs", "logs.app"], "format": "line"},
        {"type": "file", "path": "/var/log/out/{day}/{topic}.log"},
        {"type": "file", "path": "/out.log", "rotate_max_age_secs": 86400, "rotated_files_max": 7, "fsync": False},
        {"type": "kafka", **WEST},
        {"type": "kafka", **WEST, "topics": ["logs.raw", "logs.dead-letter", "logs.docs"]},
        {"type": "kafka", "kafka": MAIN, "topic": "copy.{topic}"},
        {"type": "http", "url": "https://x/y", "headers": {"X-Team": "a", "Idempotency-Key": "b"}},
        {"type": "otlp"},
    ],
)
def test_these_are_fine(sink: dict[str, Any]) -> None:
    assert findings(**sink) == []


@pytest.mark.parametrize(
    ("sink", "key", "words"),
    [
        ({"type": "stdout", "topics": ["logs.raw"]}, "sinks.x.topics[0]", "logs.raw holds blocks of bytes"),
        ({"type": "otlp", "topics": ["logs.ledger"]}, "sinks.x.topics[0]", "holds accounts, not records"),
        ({"type": "kafka", **WEST, "format": "json", "topics": ["logs.raw"]}, "sinks.x.topics[0]", "blocks of bytes"),
        ({"type": "stdout", "requests_in_flight": 2}, "sinks.x.requests_in_flight", "2"),
        ({"type": "file", "path": "out.log"}, "sinks.x.path", "is a relative path"),
        ({"type": "file", "path": "/out/{namespce}"}, "sinks.x.path", "{namespce} is no field of a path"),
        ({"type": "file", "path": "/out/{day"}, "sinks.x.path", "brace without its other half"),
        ({"type": "file", "path": "/{day}/out"}, "sinks.x.path", "begins with a field"),
        ({"type": "file", "path": "/out/"}, "sinks.x.path", "names no file"),
        ({"type": "file", "path": "/a/../b"}, "sinks.x.path", "names no file"),
        ({"type": "file", "path": "/out", "rotated_files_max": 1}, "sinks.x.rotated_files_max", "without rotation"),
        ({"type": "kafka", "kafka": MAIN}, "sinks.x.topic", "written and read by the same sink of the same cluster"),
        ({"type": "kafka", **WEST, "topic": "a b"}, "sinks.x.topic", "cannot name a Kafka topic"),
        (
            {"type": "kafka", "kafka": {"properties": {"sasl.password": "p"}}, "topic": "x"},
            "sinks.x.kafka.properties.sasl.password",
            "is a secret",
        ),
        ({"type": "kafka", "kafka": {"properties": {"acks": "1"}}, "topic": "x"}, "sinks.x.kafka.properties.acks", ""),
        ({"type": "http", "url": "ftp://x"}, "sinks.x.url", "is no address of the kind http, https"),
        ({"type": "http", "url": "http://u:p@x"}, "sinks.x.url", "contains a password"),
        (
            {"type": "http", "url": "http://x", "headers": {"X-Api-Key": "k"}},
            "sinks.x.headers.X-Api-Key",
            "is a secret",
        ),
        ({"type": "http", "url": "http://x", "headers": {"a b": "k"}}, "sinks.x.headers.a b", "cannot name a header"),
        ({"type": "http", "url": "http://x", "headers": {"Host": "k"}}, "sinks.x.headers.Host", "cannot be set here"),
        ({"type": "http", "url": "http://x", "headers": {"A": "b\nc"}}, "sinks.x.headers.A", "no header can have"),
        ({"type": "http", "url": "http://x", "username": "u"}, "sinks.x", "username without password"),
        ({"type": "http", "url": "http://x", "token": {"env": "T"}, "username": "u"}, "sinks.x", "two ways to log in"),
        (
            {"type": "http", "url": "http://x", "token": {"env": "T"}, "headers": {"Authorization": {"env": "A"}}},
            "sinks.x",
            "another way to log in",
        ),
        ({"type": "http", "url": "https://x", "key_file": "/k"}, "sinks.x", "key_file without certificate_file"),
        ({"type": "otlp", "ca_file": "/ca"}, "sinks.x", "ca_file is of no use with http://"),
    ],
)
def test_a_mistake_is_told_at_its_place(sink: dict[str, Any], key: str, words: str) -> None:
    found = findings(**sink)
    assert [(place, words in problem, bool(remedy) or "expected" in problem) for place, problem, remedy in found] == [
        (key, True, True)
    ]
