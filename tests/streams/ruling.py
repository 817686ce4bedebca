"""Rules as settings and live rules make them, and the sources they are asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.settings import Route, SeverityRule, parse_settings
from streams.core.rules import Facts, LiveRule, Plan, Rules

TAG = "kube.shop.cart-0.app"


def facts(tag: str = TAG, labels: Mapping[str, str] | None = None, **annotations: str) -> Facts:
    """A container's facts by its tag; annotations by name with _ for -."""
    parts = tag.split(".") if tag.startswith("kube.") else ["", "", "", ""]
    asked = {f"logferry.io/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return Facts(tag, parts[1], parts[2], parts[3], labels or {}, asked, "node-1")


def rules(text: str, *live: LiveRule) -> Rules:
    return Rules.of(parse_settings(text, "logferry.yaml", {}), live)


def plan(text: str, tag: str = TAG, **annotations: str) -> Plan:
    return rules(text).plan(facts(tag, **annotations))


def live(rule_id: str, kind: str, at: int = 0, **told: Any) -> LiveRule:
    model = {"severity": SeverityRule, "route": Route}[kind]
    return LiveRule(rule_id, kind, model.model_validate({"match": "**", **told}), at)


DESIGN = """
severity:
  - {match: "kube.kube-system.**", minimum: warn}
routes:
  - {match: "kube.*.gallery.access-log.**", topic: logs.access, copy: true}
  - {match: "**", minimum: error, topic: logs.errors, copy: true}
  - {match: "kube.**", topic: logs.app}
"""
