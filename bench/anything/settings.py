"""Settings that switch on everything, drawn section by section."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Any, Final

from bench.anything.lines import rarely
from schemas.settings import Settings, parse_settings
from schemas.settings.redaction import RedactionRule
from schemas.settings.rules import QuotaRule, Route, SamplingRule, SeverityRule
from streams.core.rules import LiveRule

KEY: Final = "LOGFERRY_ANYTHING_KEY"
"""Environment variable with the key of the hashes."""

_PARSERS: Final = {
    "words": {"type": "regex", "pattern": [r"^(?P<level>\w+) (?P<message>.*)$", r"(?P<rest>.+)"], "message": "message"},
    "took": {
        "type": "grok",
        "pattern": "took %{NUMBER:took:float}ms at %{TIMESTAMP_ISO8601:at} by %{INT:n:int} of %{GREEDYDATA:size}",
        "fields": {"size": "bytes"},
        "time": {"field": "at", "format": "iso8601", "timezone": "Europe/Berlin"},
    },
    "table": {"type": "csv", "columns": ["a", "level"], "fields": {"a": "int"}, "severity": {"field": "level"}},
    "pairs": {"type": "key_value", "sign": ":", "status": "status"},
    "own-json": {"type": "json", "fields": {"n": "duration"}, "time": {"field": "time", "format": "unix_ms"}},
}

_ROUTES: Final = (
    {"match": "**", "minimum": "error", "topic": "logs.errors", "copy": True},
    {"match": "**", "attributes": {"http.status": "5*"}, "topic": "logs.failed", "copy": True, "format": "json"},
    {"match": "kube.**", "attributes": {"n": ["3", "7"], "level": "*"}, "topic": "logs.chosen"},
    {"match": "kube.**", "topic": "logs.ns.{namespace}"},
    {"match": "**", "topic": "logs.by.{label.app}.{container}", "format": "json"},
    {"match": "**", "maximum": "info", "topic": "logs.documents", "format": "json"},
    {"where": {"namespaces": ["shop"]}, "topic": "logs.shop", "copy": True},
)

_REDACTION: Final = (
    {"match": "**", "detect": ["email", "card", "iban", "ip", "token", "base64"]},
    {"match": "kube.**", "detect": ["email", "token"], "mode": "hash", "key": {"env": KEY}},
    {"match": "**", "detect": ["ip"], "mode": "remove", "patterns": [{"name": "order", "regex": "order(?:s)?"}]},
    {"match": "host.**", "patterns": [{"name": "begin", "regex": "^\\w+ (\\w+)", "replacement": "<{name}>"}]},
)

_TRANSFORM: Final = (
    {"match": "**", "lift": {"http": "http.", "err": ""}, "rename": {"n": "count"}, "remove": ["pass*", "deep"]},
    {"match": "kube.**", "promote": {"status": "severity", "json": "body", "trace": "trace_id"}},
    {"match": "**", "add": {"env": "prod", "where": "{namespace}/{pod}", "copied": "{http.status}", "n": 7}},
    {"match": "**", "promote": {"severity": "severity", "a.b": "body"}, "remove": ["*"]},
)

_MULTILINE: Final = (
    {"match": "**", "mode": "auto", "timeout_secs": 5.0},
    {"match": "**", "mode": "off"},
    {"match": "**", "mode": ["java", "python"]},
    {"match": "**", "mode": {"start": r"^\S"}},
    {"match": "**", "mode": {"start": "^[A-Z]", "continuation": r"^\s|^\w", "end": "more$"}},
    {"match": "kube.**", "mode": {"end": "[0-9]$"}},
)

_SAMPLING: Final = (
    {"match": "**", "keep_one_in": 3, "below": "fatal"},
    {"match": "kube.**", "per_second": 1},
)

_PARSE: Final = tuple({"match": "**", "parser": name} for name in (*_PARSERS, "json", "klog", "csv", "logfmt", "text"))


_LIVE: Final = (
    LiveRule("quiet", "severity", SeverityRule(match="**", minimum="error"), 1),
    LiveRule("loud", "severity", SeverityRule(match="kube.**", minimum="trace"), 2),
    LiveRule("few", "sampling", SamplingRule(match="**", keep_one_in=2, below="fatal"), 3),
    LiveRule("copy", "route", Route(match="**", topic="logs.live.{container}", copy=True), 4),
    LiveRule("mail", "redaction", RedactionRule(match="**", detect=("email",)), 5),
    LiveRule("little", "quota", QuotaRule(namespaces=("shop",), bytes_per_minute=1), 6),
)


def settings(random: Random, *, repeatable: bool = False) -> Settings:
    """Settings for a worker. ``repeatable``: a second pass over the same chunks decides everything the same."""
    told: dict[str, Any] = {
        "stream": {
            "record_max_bytes": random.choice((1 << 20, 150, 40, 8)),
            "join_timeout_secs": 30,
            "pod_wait_secs": random.choice((0, 2)),
            "pod_wait_max_bytes": random.choice((1 << 24, 1 << 10)),
        },
        "parsers": _PARSERS,
        "routes": _some(random, _ROUTES) or [{"match": "**", "topic": "logs.app"}],
        "unmatched": random.choice(("drop", "logs.rest")),
        "severity": _maybe(random, [{"match": random.choice(("**", "kube.shop.**")), "minimum": "warn"}]),
        "redaction": _some(random, _REDACTION),
        "transform": _some(random, _TRANSFORM),
        "multiline": _some(random, _MULTILINE, 2),
        "parse": _some(random, _PARSE, 1),
        "topics": {"dynamic_max": 50 if repeatable else random.choice((50, 1))},
    }
    if rarely(random, 2):
        told["attributes"] = {"max_count": 2, "max_depth": random.choice((1, 2)), "max_bytes": 1024}
    if not repeatable:
        told["sampling"] = _some(random, _SAMPLING)
        told["quotas"] = _maybe(random, [{"namespaces": "*", "bytes_per_minute": random.choice((1, 500))}])
        told.setdefault("attributes", {})["keys_per_namespace_max"] = random.choice((1000, 3))
    return _parsed(json.dumps(told))


@lru_cache(256)
def _parsed(text: str) -> Settings:
    return parse_settings(text, "drawn settings", {})


def _maybe(random: Random, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rules if rarely(random, 2) else []


def _some(random: Random, rules: Sequence[Mapping[str, Any]], most: int = 3) -> list[Mapping[str, Any]]:
    """Up to so many of the rules, in their order."""
    numbers = {random.randrange(len(rules)) for _ in range(random.randrange(most + 1))}
    return [rules[number] for number in sorted(numbers)]


def live_rules(random: Random) -> tuple[LiveRule, ...]:
    """Rules that come to be in force while a worker runs, in place of those before."""
    return tuple(each for each in _LIVE if rarely(random, 2))


def pods() -> dict[str, dict[str, Any]]:
    """The pods that logs.pods knows in the beginning; others become known later, or never."""
    wishes = {
        "plain": {},
        "left-out": {"logferry.io/exclude": "true"},
        "picky": {
            "logferry.io/parser": "json",
            "logferry.io/multiline": "start:^\\S",
            "logferry.io/minimum-severity": "warn",
        },
        "odd": {"logferry.io/parser": "nobody", "logferry.io/multiline": "start:(", "logferry.io/exclude.app": "true"},
    }
    return {uid: pod(uid, annotations) for uid, annotations in wishes.items()}


def pod(uid: str, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A pod as logs.pods has it."""
    container = {"name": "app", "image": "shop:1", "image_id": "sha256:ab", "container_id": "cd", "restart": 0}
    return {
        "uid": uid,
        "namespace": "shop",
        "name": f"{uid}-1",
        "node": "node-1",
        "labels": {"app": uid, "tier": "a/b c"},
        "annotations": dict(annotations or {}),
        "owners": [],
        "containers": [container],
        "deleted_at": None,
    }
