"""``get``: which rules are for a source, and which of them decides."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from deploy.cli.output import print_json, print_table

if TYPE_CHECKING:
    from deploy.rules.ask import Answer
    from deploy.rules.versions import Version
    from schemas.settings import Settings
    from streams.core.rules import Facts

LOAD_SECS = 30.0


def explain(
    settings: Settings,
    versions: Sequence[Version],
    kind: str,
    tag: str,
    labels: Mapping[str, str],
    node: str,
    *,
    as_json: bool,
) -> None:
    """Print the rules of a kind for a source, in the order in which they are asked."""
    from deploy.rules.ask import answers, facts_of_tag
    from deploy.rules.change import live_rules

    facts = _with_pod(facts_of_tag(tag, labels, node), settings)
    found = answers(kind, facts, live_rules(versions, settings, time.time_ns()), settings)
    decided = _minimum(facts, found, settings) if kind == "severity" else {}
    if as_json:
        source = {name: value for name, value in facts._asdict().items() if name != "annotations"}
        print_json(source | decided | {"rules": [_row(each, for_people=False) for each in found]})
        return
    for name, value in decided.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")
    if found:
        print_table([_row(each, for_people=True) for each in found])
    elif not decided:
        typer.echo(f"no {kind} rule is for {tag}")


def _minimum(facts: Facts, found: Sequence[Answer], settings: Settings) -> dict[str, str]:
    """The minimum severity and who says so; a pod's annotation stands between live rules and settings."""
    from streams.core.rules.annotations import Obedience, wishes

    first = next(iter(found), None)
    asked = wishes(facts, (), Obedience(settings.stream.annotations).of(facts.namespace)).minimum
    if first is not None and (first.live is not None or asked is None):
        told = f"{first.live.author}: {first.live.reason}" if first.live else "the settings"
        return {"minimum": str(getattr(first.rule, "minimum", "")), "because": f"{first.place} ({told})"}
    if asked is not None:
        return {"minimum": asked, "because": "the pod's annotation logferry.io/minimum-severity"}
    return {"minimum": "none", "because": "no rule is for it, so everything is kept"}


def _with_pod(facts: Facts, settings: Settings) -> Facts:
    """With what logs.pods says of the pod, so that rules by label answer as workers do."""
    from deploy.rules.ask import with_pod
    from streams.pods import PodTable

    if not facts.pod:
        return facts
    table = PodTable(settings.kafka, settings.topics.names.pods)
    try:
        table.load(LOAD_SECS)
    finally:
        table.close()
    return with_pod(facts, table.pods.values())


def _row(each: Answer, *, for_people: bool) -> dict[str, Any]:
    from deploy.rules.words import show_time

    told = each.rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
    live = each.live
    return {
        "decides": ("yes" if each.decides else "") if for_people else each.decides,
        "rule": each.place,
        "says": json.dumps(told, ensure_ascii=False) if for_people else told,
        "until": show_time(live.expires_at) if live and live.expires_at else None,
        "author": live.author if live else None,
        "reason": live.reason if live else None,
    }
