"""Removes what a trial has made: indices, their template, topics and groups. Nothing without its suffix is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import elastic_transport
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from elasticsearch import ApiError

from deploy.replay.diff import client_of, explained, trial_pattern
from deploy.replay.groups import groups_like, remove_groups
from deploy.replay.isolated import concerned, template_of
from deploy.replay.request import SUFFIX
from deploy.replay.start import trial_store
from runtime.kafka import check_reachable, client_config
from schemas.errors import FatalError, SettingsError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from schemas.settings import ElasticsearchSink, Settings

TIMEOUT_SECS: Final = 30.0


@dataclass
class Trial:
    """What there is of one."""

    settings: Settings
    suffix: str
    indices: dict[str, list[str]] = field(default_factory=dict)
    """Sink -> names."""
    templates: dict[str, str] = field(default_factory=dict)
    """Sink -> name."""
    topics: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def rows(self) -> list[dict[str, str]]:
        """As a table."""
        found = [("index", name) for names in self.indices.values() for name in names]
        found += [("template", name) for name in self.templates.values()]
        found += [("topic", name) for name in self.topics]
        found += [("group", name) for name in self.groups]
        return [{"kind": kind, "name": name} for kind, name in found]

    def remove(self) -> None:
        """All of it. Raises FatalError or TemporaryError."""
        for name, sink in concerned(self.settings).items():
            with client_of(sink) as client:
                try:
                    for index in self.indices.get(name, ()):
                        client.indices.delete(index=index, ignore_unavailable=True)
                    if name in self.templates:
                        client.indices.delete_index_template(name=self.templates[name])
                except (ApiError, elastic_transport.TransportError) as error:
                    raise explained(error) from error
        _delete_topics(self.settings, self.topics)
        remove_groups(self.settings.kafka, self.groups)
        with trial_store(self.settings, self.suffix) as store:
            store.remove()


def find_trial(settings: Settings, suffix: str) -> Trial:
    """What a suffix has. Raises SettingsError, FatalError and TemporaryError."""
    if not SUFFIX.fullmatch(suffix):
        raise SettingsError(f"{suffix!r} is no suffix of a trial", where="--index-suffix", remedy="write it like -try1")
    check_reachable(settings.kafka)
    trial = Trial(settings, suffix)
    for name, sink in concerned(settings).items():
        with client_of(sink) as client:
            _find_in_index(trial, name, sink, client)
    admin = AdminClient(client_config(settings.kafka, "logferry-replay"))
    trial.topics = sorted(name for name in admin.list_topics(timeout=TIMEOUT_SECS).topics if _is_ours(name, trial))
    names = {f"{settings.sink_group(name)}{suffix}" for name in concerned(settings)}
    trial.groups = sorted(name for each in names for name in groups_like(settings.kafka, each) if name == each)
    return trial


def _find_in_index(trial: Trial, name: str, sink: ElasticsearchSink, client: Elasticsearch) -> None:
    """Indices and template of a trial of one sink."""
    try:
        found = client.indices.get(index=trial_pattern(sink, trial.suffix), ignore_unavailable=True)
        trial.indices[name] = sorted(index for index in found.body if index.endswith(trial.suffix))
        template = template_of(name, sink, trial.suffix)
        if client.indices.exists_index_template(name=template):
            trial.templates[name] = template
    except (ApiError, elastic_transport.TransportError) as error:
        raise explained(error) from error


def _is_ours(topic: str, trial: Trial) -> bool:
    """Whether a topic is one that records or letters of these settings go to, with the suffix behind it."""
    base = topic.removesuffix(trial.suffix)
    settings = trial.settings
    if base == topic or topic in settings.routed_topics or topic in settings.topics.names.fixed:
        return False
    return base == settings.topics.names.dead_letter or settings.format_of(base) is not None


def _delete_topics(settings: Settings, names: Iterable[str]) -> None:
    wanted = list(names)
    if not wanted:
        return
    admin = AdminClient(client_config(settings.kafka, "logferry-replay"))
    for name, future in admin.delete_topics(wanted, operation_timeout=TIMEOUT_SECS).items():
        try:
            future.result(TIMEOUT_SECS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise FatalError(
                    f"topic {name} cannot be deleted: {error.args[0].str()}",
                    remedy="this client's user needs the right Delete on it",
                ) from error
