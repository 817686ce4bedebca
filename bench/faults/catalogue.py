"""Every scenario by its name. One more is one entry here, or in `node.scenarios`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bench.elastic_faults import MIXED
from bench.elastic_proxy import Fault, Weather
from bench.faults.kafka_proxy import Line
from bench.faults.network import BadLine, DiskFull
from bench.faults.node.scenarios import SCENARIOS as NODE
from bench.faults.processes import Kill, KillAgain, Pause, PauseBesideAnother, Storm
from bench.faults.scenario import Scenario
from bench.faults.servers import (
    BadWeather,
    ControllerKilled,
    Down,
    Frozen,
    IndexBlocked,
    LeaderKilled,
    RollingRestart,
    StoreFails,
    lasting,
)
from bench.faults.site import STAGES
from bench.faults.store_proxy import StoreFault

MIB: Final = 1 << 20
STREAMS: Final = ("stream-1", "stream-2")
IMPATIENT: Final = {"sinks": {"search": {"request_timeout_secs": 4.0}}}
"""So that an answer that does not come is missed within the scenario."""

PROCESSES: Final = (
    Scenario("kill-produce", "the producer is killed again and again", (KillAgain(("produce",)),)),
    Scenario("kill-streams", "stream workers are killed in turn", (KillAgain(STREAMS, every_secs=4.0),)),
    Scenario("kill-search", "the Elasticsearch sink is killed again and again", (KillAgain(("search",)),)),
    Scenario("kill-archive", "the archive sink is killed again and again", (KillAgain(("archive",), every_secs=4.0),)),
    Scenario(
        "kill-each",
        "every stage is killed, one after the other",
        (KillAgain(STAGES, lasts_secs=10.0, every_secs=2.0),),
        is_short=True,
    ),
    Scenario("kill-all", "all stages are killed at once, twice", (Kill(STAGES, 2.0), Kill(STAGES, 4.0))),
    Scenario("pause-produce", "the producer is paused", (Pause(("produce",)),)),
    Scenario("pause-stream", "a stream worker is paused for longer than its session", (Pause(("stream-1",)),)),
    Scenario("pause-streams", "all stream workers are paused for longer than their sessions", (Pause(STREAMS),)),
    Scenario("pause-search", "the Elasticsearch sink is paused for longer than its session", (Pause(("search",)),)),
    Scenario("pause-archive", "the archive sink is paused for longer than its session", (Pause(("archive",)),)),
    Scenario("pause-all", "everything is paused for longer than a session", (Pause(STAGES),)),
    Scenario(
        "zombies",
        "a paused sink wakes up when another one has had its partitions for a while",
        (PauseBesideAnother("search", "search-2"), PauseBesideAnother("archive", "archive-2")),
    ),
    Scenario("storm", "workers and sinks join and leave every two seconds", (Storm(),)),
    Scenario("short-storm", "the same, shorter", (Storm(lasts_secs=8.0),)),
)

KAFKA: Final = (
    Scenario("broker-stop", "the broker is stopped and started", (Down(),)),
    Scenario("broker-kill", "the broker is killed and started", (Down(is_killed=True),)),
    Scenario("broker-pause", "the broker is paused for longer than a session", (Frozen(secs=13.0),)),
    Scenario("leader-kill", "of three brokers the leader is killed", (LeaderKilled(),), brokers=3),
    Scenario("controller-kill", "of three brokers the controller is killed", (ControllerKilled(),), brokers=3),
    Scenario("rolling-restart", "three brokers are restarted in turn", (RollingRestart(),), brokers=3),
    Scenario("one-of-three-paused", "of three brokers one is paused", (Frozen("kafka-2", 15.0),), brokers=3),
)

DESTINATIONS: Final = (
    Scenario(
        "elastic-mixed",
        "429, lost and half answers, resets, late answers",
        (BadWeather(MIXED, 15.0),),
        settings={"sinks": {"search": {"request_timeout_secs": 4.0, "batch_max_age_secs": 0.3}}},
    ),
    Scenario("elastic-429", "Elasticsearch answers 429", (lasting(Fault.BUSY),)),
    Scenario("elastic-503", "a gateway answers 503", (lasting(Fault.UNAVAILABLE),)),
    Scenario("elastic-401", "credentials are not accepted for a while", (lasting(Fault.UNAUTHORIZED),)),
    Scenario(
        "elastic-lost-answers",
        "the answers of accepted requests are lost or cut in half",
        (BadWeather(Weather({Fault.RESET_LATE: 7, Fault.CUT: 6, Fault.SHORTENED: 6}), 12.0),),
    ),
    Scenario(
        "elastic-short",
        "a gateway answers 503, then credentials are refused, then answers are lost",
        (
            lasting(Fault.UNAVAILABLE, 3.0),
            lasting(Fault.UNAUTHORIZED, 3.0),
            BadWeather(Weather({Fault.RESET_LATE: 7, Fault.CUT: 6, Fault.SOME_REFUSED: 6}), 4.0),
        ),
        settings=IMPATIENT,
    ),
    Scenario("elastic-restart", "Elasticsearch is restarted", (Down("elasticsearch", 5.0),)),
    Scenario("elastic-kill", "Elasticsearch is killed and started", (Down("elasticsearch", 3.0, is_killed=True),)),
    Scenario("elastic-pause", "Elasticsearch is paused", (Frozen("elasticsearch", 10.0),), settings=IMPATIENT),
    Scenario("elastic-flood-stage", "indices are blocked by the disk watermark", (IndexBlocked(),)),
    Scenario("elastic-read-only", "indices are set read-only", (IndexBlocked("read_only"),)),
    Scenario("elastic-write-block", "indices are blocked for writing", (IndexBlocked("write"),)),
    Scenario(
        "s3-errors",
        "S3 answers 503, resets connections, loses answers",
        (StoreFails((StoreFault.BUSY, StoreFault.RESET_EARLY, StoreFault.RESET_LATE), share=0.5, secs=15.0),),
        store="s3",
    ),
    Scenario("s3-busy", "S3 answers 503 to everything", (StoreFails((StoreFault.BUSY,)),), store="s3"),
    Scenario(
        "s3-lost-answers", "S3 keeps objects and no answer comes", (StoreFails((StoreFault.RESET_LATE,)),), store="s3"
    ),
    Scenario("s3-late", "S3 answers too late", (StoreFails((StoreFault.LATE,), secs=15.0),), store="s3"),
    Scenario("s3-forbidden", "S3 refuses the key for a while", (StoreFails((StoreFault.FORBIDDEN,)),), store="s3"),
    Scenario("s3-restart", "the S3 endpoint is restarted", (Down("object_store", 5.0),), store="s3"),
)

NETWORK: Final = (
    Scenario(
        "slow-network", "every request to Kafka and every answer takes 0.3 s more", (BadLine(Line(0.3), secs=15.0),)
    ),
    Scenario("partition", "nothing passes between the stages and Kafka", (BadLine(Line(is_stalled=True), secs=13.0),)),
    Scenario("cut", "all connections to Kafka break and none is made", (BadLine(Line(is_cut=True)),)),
    Scenario("producer-alone", "the producer is cut off", (BadLine(Line(is_stalled=True), ("produce",), 13.0),)),
    Scenario("worker-alone", "one stream worker is cut off", (BadLine(Line(is_stalled=True), ("stream-1",), 13.0),)),
    Scenario(
        "sinks-alone",
        "the sinks are cut off from Kafka, not from their destinations",
        (BadLine(Line(is_stalled=True), ("search", "archive"), 13.0),),
    ),
    Scenario(
        "lost-acknowledgements", "every tenth answer of Kafka is lost", (BadLine(Line(loses_answers=0.1), secs=15.0),)
    ),
    Scenario(
        "short-network",
        "answers of Kafka are lost, then nobody reaches it, then one worker does not",
        (
            BadLine(Line(loses_answers=0.1), secs=4.0),
            BadLine(Line(is_cut=True), secs=2.0),
            BadLine(Line(is_stalled=True), ("stream-1",), 4.0),
        ),
        is_short=True,
    ),
)

DISKS: Final = (
    Scenario("disk-full-checkpoint", "the disk of the producer's checkpoint is full", (DiskFull("producer"),),
             small_disks={"producer": 4 * MIB}),
    Scenario("disk-full-archive", "the disk of the archive is full", (DiskFull("archive"),),
             small_disks={"archive": 64 * MIB}),
    Scenario(
        "disk-full-short",
        "the disks of checkpoint and archive are full",
        (DiskFull("producer", 3.0), DiskFull("archive", 4.0)),
        small_disks={"producer": 4 * MIB, "archive": 64 * MIB},
        is_short=True,
    ),
    Scenario("disk-full-broker", "the broker's disk is full", (DiskFull("kafka"),), small_disks={"kafka": 256 * MIB}),
)  # fmt: skip


def _by_name(scenarios: Iterable[Scenario]) -> dict[str, Scenario]:
    known: dict[str, Scenario] = {}
    for each in scenarios:
        if each.name in known:
            raise ValueError(f"two scenarios are named {each.name}")
        known[each.name] = each
    return known


SCENARIOS: Final[Mapping[str, Scenario]] = _by_name((*PROCESSES, *KAFKA, *DESTINATIONS, *NETWORK, *DISKS, *NODE))
"""By name; those that can share servers are done together."""
