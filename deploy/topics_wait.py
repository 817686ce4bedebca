"""Waiting until the topics of a stage have been made, which is what pods do before their stage begins.

Kafka is asked for all topics that this user may see, never for one by its name: a broker that makes topics by itself
(``auto.create.topics.enable``) would make it, with its own number of partitions and copies.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.rights import rights_for
from runtime.kafka import client_config
from schemas.errors import SettingsError
from schemas.topics import topics_for

if TYPE_CHECKING:
    import threading

    from schemas.settings import KafkaSettings, Settings

_log = logging.getLogger(__name__)

LOOK_SECS: Final = 1.0
ANSWER_SECS: Final = 5.0
TELL_SECS: Final = 30.0
"""How often it is said what is still missing."""


def topics_of(settings: Settings, stage: str) -> tuple[str, ...]:
    """Topics that a stage reads or writes and that `topics apply` makes.

    Not those that are made while records flow, nor those of another cluster that a sink copies into.
    Stages are called as in `deploy.rights`: producer, pods, stream, sink-search. Raises SettingsError.
    """
    rights = rights_for(settings)
    known = dict.fromkeys(right.stage for right in rights)
    if stage not in known:
        raise SettingsError(f"no stage is called {stage!r}", remedy=f"choose from {', '.join(known)}")
    made = {topic.name for topic in topics_for(settings)}
    return tuple(right.name for right in rights if right.stage == stage and right.name in made)


def wait_for_topics(
    kafka: KafkaSettings, names: tuple[str, ...], stop: threading.Event, at_most_secs: float | None = None
) -> tuple[str, ...]:
    """Return when all are there, when asked to stop, or after ``at_most_secs``: those that were missing at last."""
    admin = AdminClient(client_config(kafka, "logferry-topics"))
    until = None if at_most_secs is None else time.monotonic() + at_most_secs
    next_word = 0.0
    while missing := _missing(admin, names):
        now = time.monotonic()
        if now >= next_word:
            _log.info("waiting for topics: %s", ", ".join(missing))
            next_word = now + TELL_SECS
        if (until is not None and now >= until) or stop.wait(LOOK_SECS):
            break
    return missing


def _missing(admin: AdminClient, names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        known = admin.list_topics(timeout=ANSWER_SECS).topics
    except KafkaException:  # the client has said why (runtime.kafka.log_error)
        return names
    return tuple(name for name in names if name not in known)
