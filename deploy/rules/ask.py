"""Which rules are for a source, and which of them decides. Pure.

A tag tells namespace, pod and container of a source in Kubernetes; labels and node have to be given, or looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.globs import compile_globs
from schemas.settings.live import SECTIONS
from schemas.settings.rules import QuotaRule, Route
from streams.core.rules.facts import Facts, selector
from streams.core.rules.live import LiveRule

if TYPE_CHECKING:
    from schemas.settings import Settings
    from schemas.settings.parts import Section


class Answer(NamedTuple):
    """One rule that is for the source."""

    place: str
    """``live <id>``, or where it stands in the settings: ``severity[0]``."""
    rule: Section
    live: LiveRule | None
    decides: bool


def facts_of_tag(tag: str, labels: Mapping[str, str], node: str = "") -> Facts:
    """What a tag tells: ``kube.<namespace>.<pod>.<container>``; names of pods may contain dots."""
    parts = tag.split(".")
    if parts[0] != "kube" or len(parts) < 4:
        return Facts(tag, "", "", "", labels, {}, node)
    return Facts(tag, parts[1], ".".join(parts[2:-1]), parts[-1], labels, {}, node)


def with_pod(facts: Facts, pods: Iterable[Mapping[str, Any]]) -> Facts:
    """The facts with labels, annotations and node of the pod of that name, where logs.pods knows it."""
    same = [each for each in pods if (each["namespace"], each["name"]) == (facts.namespace, facts.pod)]
    alive = [each for each in same if not each.get("deleted_at")] or same
    if not alive or not facts.pod:
        return facts
    pod = alive[-1]
    labels = {**pod["labels"], **facts.labels}
    return facts._replace(labels=labels, annotations=pod["annotations"], node=facts.node or pod.get("node") or "")


def answers(kind: str, facts: Facts, live: Iterable[LiveRule], settings: Settings) -> list[Answer]:
    """The rules of a kind that are for a source, in the order in which they are asked."""
    section = SECTIONS[kind]
    known: list[tuple[str, Section, LiveRule | None]] = [
        (f"live {each.id}", each.rule, each) for each in live if each.kind == kind
    ]
    known += [(f"{section}[{number}]", rule, None) for number, rule in enumerate(getattr(settings, section, ()))]
    found: list[Answer] = []
    open_ = True
    for place, rule, each in known:
        if is_for(rule, facts):
            found.append(Answer(place, rule, each, decides=open_ or kind == "redaction"))
            open_ = open_ and isinstance(rule, Route) and (rule.copies or _has_conditions(rule))
    return found


def is_for(rule: Any, facts: Facts) -> bool:
    """Whether a rule is for a source."""
    if isinstance(rule, QuotaRule):
        return facts.namespace != "" and compile_globs(rule.namespaces)(facts.namespace)
    return selector(rule)(facts)


def _has_conditions(route: Route) -> bool:
    """Whether it takes only some of a source's records, so that others go on."""
    return bool(route.minimum or route.maximum or route.attributes)
