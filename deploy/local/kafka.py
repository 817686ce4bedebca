"""Apache Kafka in KRaft mode: processes that are broker and controller, on loopback; one, or three as a cluster.

Topics are made on purpose only (`auto.create.topics.enable=false`). With one broker nothing is replicated; a record is
safe against the death of the broker's process, because the page cache survives it, not against that of the machine.
With three, Kafka's own topics have three copies of which two must be there, and so may others
(`topics.replication_factor: 3`).
"""

from __future__ import annotations

import logging
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local import processes
from deploy.local.ports import answers
from deploy.local.processes import Launch
from deploy.local.server import Place, Tools
from deploy.local.users import make_folder, write_text
from schemas.errors import FatalError

NAME: Final = "kafka"
CONTROLLER: Final = "kafka-controller"
USES: Final = (NAME, CONTROLLER)

FORMAT_TIMEOUT_SECS: Final = 60
METADATA_TIMEOUT_SECS: Final = 2
MESSAGE_MAX_BYTES: Final = 8 * 1024 * 1024
"""Largest record batch; a chunk of lines has to fit, also one with a line of several MiB."""

JAVA_OPTIONS: Final = (
    *("-server", "-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError"),
    *("-Djava.awt.headless=true", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"),
)

LOG_SETTINGS: Final = """\
status = warn
shutdownHook = disable
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""

silent: Final = logging.getLogger(f"{__name__}.client")
silent.addHandler(logging.NullHandler())
silent.propagate = False  # a client that asks too early complains; that is what the asking is for


def names(brokers: int) -> tuple[str, ...]:
    """Names of a cluster's servers: kafka, kafka-2, kafka-3. Their node ids are 1, 2, 3."""
    return (NAME, *(f"{NAME}-{number}" for number in range(2, brokers + 1)))


def uses(name: str) -> tuple[str, str]:
    """The ports of one of them: its own, and its controller's."""
    return name, f"{CONTROLLER}{name.removeprefix(NAME)}"


def settings(place: Place, name: str = NAME, brokers: int = 1) -> dict[str, object]:
    """The broker's server.properties."""
    broker, controller = (place.ports[use] for use in uses(name))
    nodes = {each: number for number, each in enumerate(names(brokers), 1)}
    voters = (f"{number}@127.0.0.1:{place.ports[uses(each)[1]]}" for each, number in nodes.items())
    return {
        "process.roles": "broker,controller",
        "node.id": nodes[name],
        "controller.quorum.voters": ",".join(voters),
        "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": place.folder / "log",
        "auto.create.topics.enable": "false",
        "default.replication.factor": brokers,
        "min.insync.replicas": max(1, brokers - 1),
        "offsets.topic.replication.factor": brokers,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": brokers,
        "transaction.state.log.min.isr": max(1, brokers - 1),
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": brokers,
        "share.coordinator.state.topic.min.isr": max(1, brokers - 1),
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        "message.max.bytes": MESSAGE_MAX_BYTES,
        "replica.fetch.max.bytes": MESSAGE_MAX_BYTES,
        "log.retention.hours": 168,
        "log.retention.bytes": 4 * 1024**3,  # per partition: a forgotten stack must not fill the disk
        "log.segment.bytes": 256 * 1024**2,
        "log.cleaner.dedupe.buffer.size": 16 * 1024**2,  # of the heap; the default of 128 MiB suits a larger one
        "num.network.threads": 2,
        "num.io.threads": 4,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,
        "initial.broker.registration.timeout.ms": 120_000,  # three start at once on a busy machine
    }


@dataclass(frozen=True)
class Kafka:
    """A broker at its place."""

    place: Place
    name: str = NAME
    """Which one of a cluster."""
    brokers: int = 1
    """How many the cluster has."""

    def prepare(self, tools: Tools) -> None:
        """Write the settings and, the first time, format the storage. Raises FatalError if that fails."""
        make_folder(self.place.folder / "tmp", self.place.user)
        lines = "".join(f"{key}={value}\n" for key, value in self._settings().items())
        write_text(self._settings_file, lines)
        write_text(self._log_settings_file, LOG_SETTINGS)
        if not (self.place.folder / "log" / "meta.properties").exists():
            self._format(tools)

    def launch(self, tools: Tools) -> Launch:
        """One JVM."""
        return self._java(tools, JAVA_OPTIONS, "kafka.Kafka", str(self._settings_file))

    def is_ready(self) -> bool:
        """Whether a client gets metadata of this cluster with this broker and a controller in it."""
        port = self.place.ports[self.name]
        if not answers(port):
            return False
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}"}, logger=silent)
        try:
            metadata = client.list_topics(timeout=METADATA_TIMEOUT_SECS)
        except KafkaException:
            return False
        known = metadata.cluster_id in (None, self.place.name)  # None: a controller that still settles in
        ports = {each.port for each in metadata.brokers.values()}
        return known and port in ports and metadata.controller_id in metadata.brokers

    def _settings(self) -> dict[str, object]:
        return settings(self.place, self.name, self.brokers)

    def _format(self, tools: Tools) -> None:
        arguments = ("kafka.tools.StorageTool", "format", "--ignore-formatted")
        options = ("--cluster-id", self.place.name, "--config", str(self._settings_file))
        launch = self._java(tools, ("-Xmx128m", "-XX:TieredStopAtLevel=1"), *arguments, *options)
        try:
            status = processes.run(launch, FORMAT_TIMEOUT_SECS)
        except subprocess.TimeoutExpired:
            status = -1
        if status:
            raise FatalError(
                f"kafka's storage could not be formatted (exit status {status})",
                where=f"{self.place.log}, which ends:\n{processes.last_lines(self.place.log)}",
            )

    def _java(self, tools: Tools, options: tuple[str, ...], *arguments: str) -> Launch:
        java = (str(tools.java_home / "bin/java"), *options)
        properties = (
            f"-Djava.io.tmpdir={self.place.folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={self._log_settings_file}",
        )
        return Launch(
            command=(*java, *properties, "-cp", tools.distribution.class_path, *arguments),
            environment={},
            folder=self.place.folder,
            log=self.place.log,
            user=self.place.user,
        )

    @property
    def _settings_file(self) -> Path:
        return self.place.folder / "server.properties"

    @property
    def _log_settings_file(self) -> Path:
        return self.place.folder / "log4j2.properties"
