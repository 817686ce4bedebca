"""Puts a replay together: what it reads, its workers and sinks, and how far it has come before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from deploy.replay.children import Children, Job, Stopped
from deploy.replay.groups import Backlog, Group, remove_groups
from deploy.replay.isolated import Data, for_sinks, for_workers, settings_of, with_rules
from deploy.replay.plan import (
    Options,
    Reader,
    begin,
    context_secs,
    group_beginning,
    raw_archive,
    run_name,
    settle_secs,
    target_topic,
    wait_secs,
    wanted_of,
)
from deploy.replay.request import Request
from deploy.replay.run import Outcome, Run, may_go_on, worker_group
from deploy.replay.saved import COMPLETE, Saved, Store, place_of
from deploy.topics import apply_topics
from producers.replay.archive import Archive
from producers.replay.send import Sender
from producers.replay.topic import RawTopic
from runtime.kafka import check_reachable
from runtime.object_store import open_store
from runtime.registry import prepare_codecs
from schemas.topics import DEAD_LETTER, Topic, topics_for

if TYPE_CHECKING:
    from producers.core.replay.period import Wanted
    from schemas.settings import Settings

POD_SECS: Final = 30.0


@dataclass(frozen=True)
class Known:
    """What is to be done, and what was done before."""

    request: Request
    settings: Settings
    data: Data
    """The same, as file and environment say it."""
    saved: Saved
    is_new: bool
    note: str = ""
    """Why it does not go on where it was."""

    @property
    def is_complete(self) -> bool:
        """There is nothing left to do."""
        return not self.is_new and self.saved.phase == COMPLETE

    @property
    def wanted(self) -> Wanted:
        """What is looked for."""
        return wanted_of(self.saved, context_secs(self.settings))


def find(request: Request, settings: Settings, data: Data, *, again: bool) -> Known:
    """What is known of a replay. Raises SettingsError and TemporaryError."""
    request.check()
    if request.origin == "archive":
        raw_archive(settings, request.sink)
    fresh = begin(request, settings, time.time())
    if request.rules is not None:
        settings_of(for_workers(with_rules(data, request.rules, "--rules")), "--rules")
    check_reachable(settings.kafka)
    prepare_codecs(settings)
    with store_of(request, settings) as store:
        saved = store.read()
    if saved is None:
        return Known(request, settings, data, fresh, is_new=True)
    if again:
        return Known(request, settings, data, saved.again(fresh.since, fresh.until), is_new=True)
    if saved.phase == COMPLETE:
        return Known(request, settings, data, saved, is_new=False)
    with ExitStack() as stack:
        name = worker_group(request, saved, settings, group_beginning(settings))
        topic = target_topic(request, settings)
        group = None if name is None else stack.enter_context(Group(settings.kafka, name, topic))
        if may_go_on(request, saved, group, time.time()):
            return Known(request, settings, data, saved, is_new=False)
    note = "it was broken off so long ago that it begins anew; what it made before stays, and nothing is doubled"
    return Known(request, settings, data, saved.again(saved.since, saved.until), is_new=True, note=note)


def execute(known: Known, options: Options, stop: Event) -> Outcome:
    """Do it. Raises Stopped when asked to stop, and whatever else ends it; the same request goes on."""
    request, settings, saved = known.request, known.settings, known.saved
    _wait_until_complete(known, stop)
    with ExitStack() as stack:
        reader = stack.enter_context(reader_of(known, options.late_secs))
        total = reader.overview(known.wanted).total
        store = stack.enter_context(store_of(request, settings))
        run = run_name(request, saved)
        topic = target_topic(request, settings)
        name = worker_group(request, saved, settings, group_beginning(settings))
        group = None if name is None else stack.enter_context(Group(settings.kafka, name, topic))
        if known.is_new and request.has_own_workers and group is not None:
            group.begin_at_the_end()
        store.write(saved.at(written_at=time.time()))
        if request.suffix:
            _remember(known)
        children = stack.enter_context(Children(run))
        sinks = _start(known, options, children, stack) if request.has_own_workers else []
        sender = Sender(settings.kafka, topic, run, options.rate)
        sender.partitions()
        work = Run(
            request, options, settings, reader, known.wanted, saved, store, sender, group, children, stop
        )  # fmt: skip
        outcome = work.go(total, sinks)
    if request.has_own_workers and name is not None:
        remove_groups(settings.kafka, [name])
    return outcome


def store_of(request: Request, settings: Settings) -> Store:
    """Where it is kept how far a replay has come."""
    return Store(place_of(settings, request.id))


def trial_store(settings: Settings, suffix: str) -> Store:
    """Where it is kept what the latest replay with a suffix was about."""
    return Store(place_of(settings, f"trial{suffix}"))


def _remember(known: Known) -> None:
    with trial_store(known.settings, known.request.suffix) as store:
        store.write(replace(known.saved, position="", written_at=time.time()))


@contextmanager
def reader_of(known: Known, late_secs: float) -> Iterator[Reader]:
    """Where chunks are read. Raises SettingsError."""
    settings = known.settings
    if known.request.origin == "archive":
        yield archive_of(known)
        return
    topic = RawTopic(settings.kafka, settings.topics.names.raw, late_secs)
    try:
        yield topic
    finally:
        topic.close()


def archive_of(known: Known) -> Archive:
    """The raw archive. Raises SettingsError."""
    _, sink = raw_archive(known.settings, known.request.sink)
    return Archive(open_store(sink.url, sink.options), sink.url, known.settings.topics.names.raw)


def _wait_until_complete(known: Known, stop: Event) -> None:
    """Until what began in the period has its rest."""
    while secs := wait_secs(known.saved, settle_secs(known.settings, known.request)):
        if stop.wait(min(secs, 1.0)):
            raise Stopped


def _start(known: Known, options: Options, children: Children, stack: ExitStack) -> list[Backlog]:
    """Workers, and for a trial the sinks; returns what these have to do."""
    request, settings, saved = known.request, known.settings, known.saved
    data = known.data if request.rules is None else with_rules(known.data, request.rules, "--rules")
    sinks = _start_sinks(known, data, children, stack) if request.suffix else []
    group = worker_group(request, saved, settings, group_beginning(settings))
    assert group is not None
    job = Job(
        topic=settings.topics.names.replay,
        group=group,
        run=run_name(request, saved),
        follows_rules=request.rules is None,
        suffix=request.suffix,
        pods=_pods(known),
    )
    children.start_workers(job, for_workers(data), options.workers)
    return sinks


def _start_sinks(known: Known, data: Data, children: Children, stack: ExitStack) -> list[Backlog]:
    suffix = known.request.suffix
    made = for_sinks(data, known.settings, suffix)
    isolated = settings_of(made, f"the settings with --index-suffix {suffix}")
    apply_topics(isolated.kafka, trial_topics(isolated, known.settings, suffix))
    children.start_sinks(list(isolated.sinks), made)
    return [
        stack.enter_context(Backlog(isolated.kafka, isolated.sink_group(name), sink.topics))
        for name, sink in isolated.sinks.items()
    ]


def trial_topics(isolated: Settings, settings: Settings, suffix: str) -> list[Topic]:
    """Topics that a trial has for itself."""
    routed = set(isolated.routed_topics)
    letters = settings.topics.names.dead_letter
    found = topics_for(isolated)
    return [
        *(each for each in found if each.name in routed),
        *(replace(each, name=letters + suffix) for each in found if each.kind.name == DEAD_LETTER),
    ]


def _pods(known: Known) -> dict[str, dict[str, Any]]:
    """Pods that logs.pods no longer has, out of the archive, where it has them."""
    settings = known.settings
    names = settings.topics.names
    if known.request.origin != "archive":
        return {}
    _, sink = raw_archive(settings, known.request.sink)
    if names.pods not in sink.topics:
        return {}
    from streams.pods import PodTable

    table = PodTable(settings.kafka, names.pods)
    try:
        table.load(POD_SECS)
    finally:
        table.close()
    archived = archive_of(known).pods(names.pods, known.saved.until)
    return {uid: pod for uid, pod in archived.items() if uid not in table.pods}
