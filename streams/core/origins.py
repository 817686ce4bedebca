"""What the records of a chunk have in common, made once for as long as it stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.codec import Codec
from schemas.document import shared_part
from schemas.log_record import RecordWriter
from schemas.tags import tag_of
from streams.core.enrich import Pods, facts_of, is_resolved, resource_of
from streams.core.treatment import Treatments
from streams.core.work import Origin

REMEMBERED: Final = 20_000


class _Made(NamedTuple):
    """An origin, and all that it was made of."""

    pod: Mapping[str, Any] | None
    treatments: Treatments
    source: Mapping[str, Any]
    path: str
    restart: int
    origin: Origin


class Origins:
    """Origins by source and incarnation. Pods and treatments never change: another one is another object."""

    def __init__(self, pods: Pods) -> None:
        self._pods = pods
        self._writer = RecordWriter(Codec("log_record"))
        self._made: dict[tuple[str, bytes], _Made] = {}

    def of(self, chunk: Mapping[str, Any], treatments: Treatments) -> Origin:
        """The origin of a chunk's records."""
        source, key = chunk["source"], (chunk["source"]["id"], chunk["incarnation"])
        container = source["container"]
        pod = None if container is None else self._pods.get(container["pod_uid"])
        made = self._made.get(key)
        if (
            made is not None
            and made.pod is pod
            and made.treatments is treatments
            and made.source == source
            and made.path == chunk["path"]
            and made.restart == chunk["restart"]
        ):
            return made.origin
        if len(self._made) >= REMEMBERED:
            self._made.clear()
        origin = self.make(chunk, treatments)
        self._made[key] = _Made(pod, treatments, source, chunk["path"], chunk["restart"], origin)
        return origin

    def make(self, chunk: Mapping[str, Any], treatments: Treatments) -> Origin:
        """The same, made anew."""
        resource = resource_of(chunk, tag_of(chunk["source"], chunk["path"]), self._pods)
        treatment = treatments.of(facts_of(resource, chunk["source"]))
        return Origin(
            self._writer.prefix(resource),
            shared_part(resource) if treatment.plan.json_topics else b"",
            treatment,
            is_resolved(resource),
        )
