"""Settings of a replay's own workers and sinks: the pipeline's, with other rules and other targets.

Written as files of their own, with the environment laid over them beforehand, so that no variable of the environment
leads a trial into the indices of production.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import yaml

from schemas.errors import SettingsError
from schemas.settings import ElasticsearchSink, Settings, parse_settings
from schemas.settings.environment import overlay
from schemas.topic_templates import TopicTemplate, share_names

RULES: Final = frozenset(
    {
        "attributes", "http_status", "multiline", "parse", "parsers", "quotas", "redaction", "routes", "sampling",
        "severity", "transform", "unmatched",
    }
)  # fmt: skip
"""Sections that a file of rules may have; each replaces that of the settings."""

Data = dict[str, Any]


def data_of(text: str, environ: Mapping[str, str]) -> Data:
    """What a settings file and the environment say together; they were found to be right before."""
    data = yaml.safe_load(text) or {}
    return overlay({key: value for key, value in data.items() if value is not None}, environ).data


def with_rules(data: Data, rules: str, name: str) -> Data:
    """Settings with the rules of a file in place of their own. Raises SettingsError."""
    try:
        given = yaml.safe_load(rules) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"the rules cannot be read: {error}", where=name, remedy="correct the YAML") from error
    if not isinstance(given, dict) or set(given) - RULES:
        others = ", ".join(sorted(set(given) - RULES)) if isinstance(given, dict) else "no mapping at all"
        raise SettingsError(
            f"a file of rules cannot have this: {others}",
            where=name,
            remedy=f"keep what is said of rules: {', '.join(sorted(RULES))}",
        )
    return {**data, **given}


def for_workers(data: Data) -> Data:
    """Settings of the workers: nobody is waited for, and nothing is delivered."""
    made = deepcopy(data)
    made.pop("sinks", None)
    made.pop("inputs", None)
    made.setdefault("topics", {}).pop("overrides", None)
    made["stream"] = {**(made.get("stream") or {}), "pod_wait_secs": 0}
    return made


def for_sinks(data: Data, settings: Settings, suffix: str) -> Data:
    """Settings of the Elasticsearch sinks that a trial needs, with topics, indices and groups of their own.

    ``data`` has the rules of the trial, ``settings`` are those of the pipeline.
    """
    ruled = settings_of(for_workers(data), "the settings with --rules")
    made = for_workers(data)
    made["routes"] = [
        {**each, "topic": each["topic"] + suffix}
        for each in made.get("routes") or [{"match": "**", "topic": "logs.app"}]
    ]
    if made.get("unmatched", "drop") != "drop":
        made["unmatched"] += suffix
    made["quotas"] = [
        {**each, "topic": (each.get("topic") or settings.topics.names.delayed) + suffix}
        for each in made.get("quotas") or []
    ]
    made["sinks"] = {
        name: _sink(name, data["sinks"][name], settings, ruled, suffix) for name in concerned(settings, ruled)
    }
    return made


def concerned(settings: Settings, ruled: Settings | None = None) -> dict[str, ElasticsearchSink]:
    """Elasticsearch sinks that read what the routes write. Raises SettingsError without any.

    ``ruled``: settings with other routes; None: those of the sinks' own settings.
    """
    found = {
        name: sink
        for name, sink in settings.sinks.items()
        if isinstance(sink, ElasticsearchSink) and sink.data_stream is None and _read(sink, ruled or settings)
    }
    if not found:
        raise SettingsError(
            "no Elasticsearch sink with indices reads what the routes write: there is nothing to try out in",
            where="sinks in the settings",
            remedy="add one, or leave --index-suffix out. Data streams cannot be compared: an id is unique in an index",
        )
    return found


def _read(sink: ElasticsearchSink, ruled: Settings) -> list[str]:
    """What a sink reads of what routes write."""
    written = (*ruled.routed_topics, *(TopicTemplate(each).pattern for each in ruled.dynamic_topics))
    return [topic for topic in sink.topics if any(share_names(topic, each) for each in written)]


def _sink(name: str, data: Data, settings: Settings, ruled: Settings, suffix: str) -> Data:
    sink = settings.sinks[name]
    assert isinstance(sink, ElasticsearchSink)
    kept = {key: value for key, value in data.items() if key not in ("retention", "data_stream")}
    return {
        **kept,
        "topics": [topic + suffix for topic in _read(sink, ruled)],
        "group": f"{settings.sink_group(name)}{suffix}",
        "index": sink.index + suffix,
        "template_name": template_of(name, sink, suffix),
        "template_priority": sink.template_priority + 1,
    }


def template_of(name: str, sink: ElasticsearchSink, suffix: str) -> str:
    """Name of the template of a trial's indices: it goes before that of production, whose pattern may fit them too."""
    return f"{sink.template_name or f'logferry-{name}'}{suffix}".lower()


def settings_of(data: Data, name: str) -> Settings:
    """The settings that data make. Raises SettingsError."""
    return parse_settings(yaml.safe_dump(data, sort_keys=False), name, {})


def plain_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without variables that mean settings: what they say stands in the files already."""
    return {
        key: value
        for key, value in environ.items()
        if not (key.upper().startswith("LOGFERRY_") and ("__" in key or key.upper() == "LOGFERRY_CONFIG"))
    }
