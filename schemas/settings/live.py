"""Live rules as settings: the same models, checked together with the settings that they stand before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from schemas.settings.explain import Origin, explain
from schemas.settings.parts import Section
from schemas.settings.settings import Settings
from schemas.settings.source import Finding, Source

SECTIONS: Final[Mapping[str, str]] = {
    "severity": "severity",
    "route": "routes",
    "sampling": "sampling",
    "quota": "quotas",
    "redaction": "redaction",
}
"""Kind of a live rule (`schemas/avro/rule.v1.avsc`) -> section of the settings with the same rules."""

ANY_TAG: Final = "**"


def has_match(kind: str) -> bool:
    """Whether rules of a kind are for tags; quotas are for namespaces."""
    return kind != "quota"


def stored_settings(rule: Section) -> str:
    """What `Rule.settings` holds: the text of a JSON object with all but the tag pattern."""
    told = rule.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"match"})
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def stored_rule(kind: str, match: str, settings: str) -> dict[str, Any] | Finding:
    """What `stored_settings` wrote, and the tag pattern, as it would stand in the settings file."""
    try:
        told = json.loads(settings)
    except (ValueError, RecursionError) as error:
        return Finding("settings", None, "", f"no JSON: {error}", "write one JSON object")
    if not isinstance(told, dict):
        return Finding("settings", None, "", "no JSON object", 'write an object such as {"minimum":"warn"}')
    if not has_match(kind):
        return told
    return {"match": match, **told}


def check_rule(kind: str, data: Mapping[str, Any], settings: Settings, name: str) -> Section | tuple[Finding, ...]:
    """A rule as it would stand first in its section of the settings, or what is wrong with it or with both together.

    ``name`` is where it comes from, for the findings. Never raises on input.
    """
    section = SECTIONS[kind]
    whole = {key: getattr(settings, key) for key in type(settings).model_fields}
    whole[section] = [dict(data), *whole.get(section, ())]
    try:
        checked = Settings.model_validate(whole)
    except ValidationError as error:
        found = explain(error, whole, Origin(Source(name, {}, None), {}))
        return tuple(_told(finding, f"{section}[0]") for finding in found)
    rule: Section = getattr(checked, section)[0]
    return rule


def _told(finding: Finding, place: str) -> Finding:
    """A finding that names the key within the rule, and no line."""
    key = finding.key.removeprefix(place).lstrip(".")
    return Finding(finding.file, None, key, finding.problem, finding.remedy)
