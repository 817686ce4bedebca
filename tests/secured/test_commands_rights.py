"""The rights that `logferry topics rights` prints are enough for commands, the pod watcher and for scaling by lag."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from confluent_kafka import KafkaException, Producer

from bench.pipeline import Pipeline
from deploy.local.stack import Stack
from deploy.rights import Wish, rights_for
from deploy.up.lag import KafkaQuestions
from producers.core.pods.known_pods import Write
from producers.pods.publish import PodTopic
from schemas.settings import Settings, parse_settings
from tests.secured.modes import Secured
from tests.secured.pipelines import LINES, come_by, make_pipeline, wait_for, write_lines
from tests.secured.test_rights import give, printed

SUFFIX = "-try1"
JOIN_SECS = 0.5
"""What is unfinished is waited for no longer, so that a replay of just now begins soon."""


@pytest.fixture(scope="module")
def pipeline(secured: Secured, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Lines that went through the stream stage, and a value in logs.raw that nobody can read."""
    name = f"commands{os.getpid()}"
    kafka = secured.kafka
    folder = tmp_path_factory.mktemp("commands") / "pipeline"
    login = secured.login("SCRAM-SHA-512")
    with make_pipeline(folder, name, kafka.address("PLAINTEXT"), kafka.address("SECURE"), login) as pipeline:
        settings = yaml.safe_load(pipeline.config.read_text())
        settings["stream"]["join_timeout_secs"] = JOIN_SECS
        settings["sinks"]["search"]["hosts"] = [stack.endpoints.elasticsearch_url]
        pipeline.config.write_text(yaml.safe_dump(settings))
        give(secured, printed(pipeline, Wish(index_suffix=SUFFIX)))
        write_lines(pipeline)
        producer = Producer({"bootstrap.servers": kafka.address("PLAINTEXT")})
        producer.produce(f"{name}.raw", b"nobody can read this", "key")
        assert producer.flush(10) == 0
        pipeline.start("produce", "stream")
        wait_for(lambda: size(pipeline, "app") == LINES, pipeline.tails)
        wait_for(lambda: size(pipeline, "dead-letter") == 1, pipeline.tails)
        yield pipeline


def size(pipeline: Pipeline, topic: str) -> int:
    """Records in a topic; -1 while a partition that was made just now has no leader."""
    try:
        return pipeline.topic_size(topic)
    except KafkaException:
        return -1


def as_user(secured: Secured, pipeline: Pipeline, user: str) -> Settings:
    """The settings with the login of a user who has nothing but the rights of one stage."""
    come_by(pipeline, secured.kafka.address("SECURE"), secured.login("SCRAM-SHA-512", user))
    return parse_settings(pipeline.config.read_text(), "test", {})


def run(pipeline: Pipeline, *words: str, status: int = 0) -> str:
    """What a command prints. It ends with 1 where a chunk was left out."""
    command = [sys.executable, "-m", "deploy.cli", *words, "--config", str(pipeline.config)]
    environ = {"XDG_STATE_HOME": str(pipeline.folder / "state"), "PATH": "/usr/bin:/bin", "HOME": str(pipeline.folder)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ, cwd=Path("/"))
    assert done.returncode == status, done.stderr + done.stdout
    return done.stdout


def test_the_operator_sets_a_level_and_looks_at_dead_letters(secured: Secured, pipeline: Pipeline) -> None:
    as_user(secured, pipeline, "operator")
    run(pipeline, "level", "set", "kube.shop.**", "debug", "--reason", "looking", "--dry-run")
    run(pipeline, "level", "set", "kube.shop.**", "debug", "--reason", "looking")
    assert "looking" in run(pipeline, "level", "list")
    assert "unreadable_chunk" in run(pipeline, "dead-letters", "list", "--json")


def test_letters_are_sent_again(secured: Secured, pipeline: Pipeline) -> None:
    as_user(secured, pipeline, "redrive")
    run(pipeline, "dead-letters", "redrive", "--yes", "--limit", "1")


def test_pods_are_published(secured: Secured, pipeline: Pipeline) -> None:
    topic = PodTopic(as_user(secured, pipeline, "pods"))
    assert list(topic.load(20)) == []
    topic.send(Write("uid", None, "removed"))
    assert topic.drain(10)
    topic.poll()
    topic.close()


def test_the_lag_of_every_group_is_seen(secured: Secured, pipeline: Pipeline) -> None:
    settings = as_user(secured, pipeline, "scaler")
    groups = {"stream": (settings.stream.group, (settings.topics.names.raw,))}
    groups |= {name: (settings.sink_group(name), sink.topics) for name, sink in settings.sinks.items()}
    questions = KafkaQuestions(settings.kafka)
    assert questions.lags(groups)["archive"] == LINES
    questions.close()


def test_what_is_in_kafka_is_replayed(secured: Secured, pipeline: Pipeline) -> None:
    as_user(secured, pipeline, "replay")
    run(pipeline, "replay", "--from", "kafka", "--since", "1h", status=1)
    assert pipeline.topic_size("app") == 2 * LINES


def test_rules_are_tried_out_and_forgotten(secured: Secured, pipeline: Pipeline) -> None:
    as_user(secured, pipeline, "replay")
    run(pipeline, "replay", "--from", "kafka", "--since", "1h", "--index-suffix", SUFFIX, status=1)
    assert f"{pipeline.index}.app{SUFFIX}" in run(pipeline, "replay", "forget", "--index-suffix", SUFFIX, "--yes")


def test_a_trial_needs_rights_that_others_have_not(pipeline: Pipeline) -> None:
    plain, trial = (rights_for(pipeline.settings, wish) for wish in (Wish(), Wish(index_suffix=SUFFIX)))
    assert [each.stage for each in trial if each not in plain and each.name.endswith(SUFFIX)] == ["replay"] * 4
