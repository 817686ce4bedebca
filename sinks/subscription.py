"""Topics that a sink reads, by name or by a pattern with stars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.topic_templates import topic_regex

NEW_TOPICS_SECS: Final = 5.0
"""How soon a topic that was made meanwhile is read, when a pattern means it. librdkafka's five minutes are for
clusters with thousands of topics and clients."""


def subscription(topic: str) -> str:
    """What librdkafka is asked for: a name, or behind ``^`` a regular expression over all names."""
    return f"^{topic_regex(topic)}$" if "*" in topic else topic


def looking_for_new_ones(topics: Sequence[str]) -> dict[str, int]:
    """Properties of a consumer; without a pattern nothing that is made later can be meant."""
    patterns = any("*" in topic for topic in topics)
    return {"topic.metadata.refresh.interval.ms": int(NEW_TOPICS_SECS * 1000)} if patterns else {}
