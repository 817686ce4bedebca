"""The rights that `logferry topics rights` prints are enough, and are needed."""

import re
import shlex
import subprocess
import sys
from itertools import pairwise

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from bench.pipeline import Pipeline
from deploy.kafka_acls import kafka_acls
from deploy.rights import NO_WISH, Wish, rights_for
from tests.secured.modes import Secured
from tests.secured.pipelines import LINES, PipelineOf, come_by, wait_for, write_lines

USERS = {"produce": "producer", "stream": "stream", "archive": "sink-archive"}
ARCHIVE = "User:sink-archive"
OPERATIONS = {re.sub(r"_", "", each.name).lower(): each for each in AclOperation}


def printed(pipeline: Pipeline, wish: Wish = NO_WISH) -> list[AclBinding]:
    """What the commands give that are printed for the settings of a pipeline."""
    script = kafka_acls(rights_for(pipeline.settings, wish), "{stage}", ())
    commands = [line for line in script.splitlines() if not line.startswith("#")]
    return [binding for command in commands for binding in bindings(command)]


def bindings(command: str) -> list[AclBinding]:
    words = shlex.split(command)
    options = list(pairwise(words))
    user = next(value for option, value in options if option == "--allow-principal")
    pattern = ResourcePatternType.PREFIXED if "prefixed" in words else ResourcePatternType.LITERAL
    resources = [
        (ResourceType.TOPIC if option == "--topic" else ResourceType.GROUP, value)
        for option, value in options
        if option in ("--topic", "--group")
    ]
    return [
        AclBinding(kind, value, pattern, user, "*", OPERATIONS[operation.lower()], AclPermissionType.ALLOW)
        for kind, value in resources
        for option, operation in options
        if option == "--operation"
    ]


def give(secured: Secured, rights: list[AclBinding]) -> None:
    admin = AdminClient({"bootstrap.servers": secured.kafka.address("PLAINTEXT")})
    for future in admin.create_acls(rights).values():
        future.result(10)


def start_as(secured: Secured, pipeline: Pipeline, stage: str) -> None:
    come_by(pipeline, secured.kafka.address("SECURE"), secured.login("SCRAM-SHA-512", USERS[stage]))
    pipeline.start(stage)
    wait_for(lambda: "INFO" in pipeline.log(stage), pipeline.tails)  # the settings have been read


def test_what_is_printed_is_enough_for_every_stage(secured: Secured, pipeline_of: PipelineOf):
    pipeline = pipeline_of("SECURE", secured.login("SCRAM-SHA-512"))
    give(secured, printed(pipeline))
    write_lines(pipeline)
    for stage in USERS:
        start_as(secured, pipeline, stage)
    wait_for(lambda: pipeline.archived_count() == LINES, pipeline.tails)
    said = "".join(pipeline.log(stage) for stage in USERS)
    assert [pipeline.stop(stage) for stage in USERS] == [0, 0, 0]
    assert [line for line in said.splitlines() if " WARNING " in line or " ERROR " in line] == []


def test_what_is_printed_is_enough_to_make_the_topics(secured: Secured, pipeline_of: PipelineOf):
    pipeline = pipeline_of("SECURE", secured.login("SCRAM-SHA-512"))
    give(secured, printed(pipeline))
    come_by(pipeline, secured.kafka.address("SECURE"), secured.login("SCRAM-SHA-512", "topics"))
    text = pipeline.config.read_text().replace("partitions: 4", "partitions: 5")
    pipeline.config.write_text(f"{text}unmatched: {pipeline.index}.rest\n")
    command = [sys.executable, "-m", "deploy.cli", "topics", "apply", "--config", str(pipeline.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"{pipeline.index}.rest" in done.stdout
    assert "add partitions" in done.stdout


def test_a_producer_without_rights_ends_and_names_them(secured: Secured, pipeline_of: PipelineOf):
    pipeline = pipeline_of("SECURE", secured.login("SCRAM-SHA-512"))
    write_lines(pipeline)
    start_as(secured, pipeline, "produce")
    assert pipeline.processes["produce"].wait(30) == 1
    assert pipeline.log("produce").splitlines()[-3:] == [
        "error: Kafka refuses a record: Broker: Topic authorization failed",
        f"where: topic {pipeline.index}.raw",
        "do: give this client's user the rights Write and Describe on the topic",
    ]


def test_a_sink_that_may_not_write_into_the_ledger_ends_and_names_it(secured: Secured, pipeline_of: PipelineOf):
    pipeline = pipeline_of("SECURE", secured.login("SCRAM-SHA-512"))
    ledger = f"{pipeline.index}.ledger"
    give(secured, [each for each in printed(pipeline) if (each.principal, each.name) != (ARCHIVE, ledger)])
    write_lines(pipeline)
    for stage in USERS:
        start_as(secured, pipeline, stage)
    assert pipeline.processes["archive"].wait(60) == 1
    problem, *rest = pipeline.log("archive").splitlines()[-3:]
    assert re.fullmatch(r"error: Kafka('s client)? .* a record.*: Broker: Topic authorization failed", problem)
    assert rest == [
        f"where: topic {ledger}",
        "do: give this client's user the rights Write and Describe on the topic",
    ]


def test_a_worker_that_may_not_read_the_rules_ends_and_says_so(secured: Secured, pipeline_of: PipelineOf):
    pipeline = pipeline_of("SECURE", secured.login("SCRAM-SHA-512"))
    start_as(secured, pipeline, "stream")
    assert pipeline.processes["stream"].wait(30) == 1
    problem, where, remedy = pipeline.log("stream").splitlines()[-3:]
    assert re.fullmatch(r"error: \S+ cannot be read: Broker: Topic authorization failed", problem)
    assert where.startswith(f"where: topic {pipeline.index}.")
    assert remedy == "do: give this client's user the rights Read and Describe on the topic"


def test_a_sink_without_rights_says_so_and_goes_on_trying(secured: Secured, pipeline_of: PipelineOf):
    pipeline = pipeline_of("SECURE", secured.login("SCRAM-SHA-512"))
    start_as(secured, pipeline, "archive")
    wait_for(lambda: "authorization failed" in pipeline.log("archive"), pipeline.tails)
    assert "Traceback" not in pipeline.log("archive")
    assert pipeline.processes["archive"].poll() is None
