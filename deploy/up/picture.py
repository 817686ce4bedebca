"""All that is known about a running pipeline at one moment, as plain values. Pure.

It is what the view shows, what ``up.json`` keeps for `logferry status`, and what the summary is made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from deploy.up.figures import Figures


@dataclass(frozen=True)
class StageRow:
    """One stage."""

    name: str
    state: str
    """A value of supervisor.State."""
    pid: int | None = None
    started_at: float = 0.0
    """Of its process; seconds since 1970."""
    restarts: int = 0
    last_exit: int | None = None
    lag: int | None = None
    """What waits for it, in ``lag_unit``; None: not known now."""
    lag_unit: str = "records"
    done: int = 0
    """What it has worked off, in ``done_unit``."""
    done_unit: str = ""
    per_sec: float = 0.0
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    log: str = ""


@dataclass(frozen=True)
class ServerRow:
    """One local server."""

    name: str
    alive: bool
    pid: int | None = None
    address: str = ""
    restarts: int = 0


@dataclass(frozen=True)
class Totals:
    """Everything that was counted since `up` started."""

    lines_read: int = 0
    bytes_read: int = 0
    lost_bytes: int = 0
    routed: Mapping[str, int] = field(default_factory=dict)
    """Records by topic."""
    joined: int = 0
    """Lines that became part of a record which began in an earlier one."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Records by reason."""
    dead_lettered: Mapping[str, int] = field(default_factory=dict)
    """By reason, from the stream and the sinks."""
    documents: Mapping[str, int] = field(default_factory=dict)
    """By outcome: indexed, already_there, rejected."""
    objects: int = 0
    object_bytes: int = 0
    archived: Mapping[str, int] = field(default_factory=dict)
    """Records (of logs.raw: chunks) in the objects written, by sink."""
    errors: Mapping[str, int] = field(default_factory=dict)
    """By `<side>: <kind>`."""
    retries: Mapping[str, int] = field(default_factory=dict)
    """Requests of sinks that were tried again, by cause."""


@dataclass(frozen=True)
class Picture:
    """One moment."""

    at: float
    """Seconds since 1970."""
    started_at: float
    pid: int
    phase: str
    """starting, running, draining, stopping or stopped."""
    data: str
    config: str
    node: str
    demo: bool
    kafka: str
    elasticsearch: str
    """Empty when no sink goes there."""
    servers: tuple[ServerRow, ...] = ()
    stages: tuple[StageRow, ...] = ()
    totals: Totals = field(default_factory=Totals)
    lines_per_sec: float = 0.0
    bytes_per_sec: float = 0.0
    warning: str = ""
    """The last warning of any stage, with the stage's name before it."""

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.at - self.started_at

    def averaged(self) -> Self:
        """The same with speeds over the whole run, for its end."""
        secs = max(self.seconds, 1.0)
        stages = tuple(replace(row, per_sec=row.done / secs) for row in self.stages)
        lines, size = self.totals.lines_read / secs, self.totals.bytes_read / secs
        return replace(self, stages=stages, lines_per_sec=lines, bytes_per_sec=size)

    @property
    def restarts(self) -> dict[str, int]:
        """By stage and server."""
        stages = {row.name: row.restarts for row in self.stages}
        return stages | {row.name: row.restarts for row in self.servers}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The picture that `asdict` made JSON of. Raises TypeError or KeyError for anything else."""
        known = {each.name for each in fields(cls)}
        rest = {key: value for key, value in content.items() if key in known - {"servers", "stages", "totals"}}
        return cls(
            servers=tuple(ServerRow(**row) for row in content["servers"]),
            stages=tuple(StageRow(**row) for row in content["stages"]),
            totals=Totals(**content["totals"]),
            **rest,
        )


def totals_of(figures: Figures) -> Totals:
    """What the stages' metrics add up to."""
    dead = _sum(
        figures.by("logferry_stream_dead_letters_total", "reason"),
        figures.by("logferry_sink_dead_letters_total", "reason"),
    )
    return Totals(
        lines_read=figures.total("logferry_producer_read_lines_total"),
        bytes_read=figures.total("logferry_producer_read_bytes_total"),
        lost_bytes=figures.total("logferry_producer_lost_bytes_total"),
        routed=figures.by("logferry_stream_records_total", "topic"),
        joined=figures.total("logferry_stream_joined_lines_total"),
        dropped=figures.by("logferry_stream_dropped_records_total", "reason"),
        dead_lettered=dead,
        documents=figures.by("logferry_sink_documents_total", "outcome"),
        objects=figures.total("logferry_sink_objects_total"),
        object_bytes=figures.total("logferry_sink_object_bytes_total"),
        archived=figures.by("logferry_sink_archived_records_total", "sink"),
        errors={
            f"{side}: {kind}": amount
            for side in ("producer", "stream", "sink")
            for kind, amount in figures.by(f"logferry_{side}_errors_total", "kind").items()
        },
        retries=figures.by("logferry_sink_retries_total", "cause"),
    )


def _sum(*counts: Mapping[str, int]) -> dict[str, int]:
    names = sorted({name for each in counts for name in each})
    return {name: sum(each.get(name, 0) for each in counts) for name in names}


def summary(picture: Picture) -> dict[str, Any]:
    """What `up --json` prints at its end."""
    return {
        "seconds": round(picture.seconds, 1),
        **asdict(picture.totals),
        "lag": {
            row.name: {row.lag_unit: row.lag}
            for row in picture.stages
            if row.lag is not None or row.lag_unit == "records"
        },
        "restarts": picture.restarts,
        "failed": [row.name for row in picture.stages if row.state == "failed"],
        "last_warning": picture.warning,
        "data": picture.data,
        "config": picture.config,
        "kafka": picture.kafka,
        "elasticsearch": picture.elasticsearch,
    }
