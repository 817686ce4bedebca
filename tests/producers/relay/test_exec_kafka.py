"""A program's output passed through and shipped as well, to a real Kafka, and to none."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException

from bench.pipeline import Pipeline
from tests.conftest import PipelineMaker
from tests.producers.relay.running import environment, python, wait_until, wrapped

pytestmark = pytest.mark.timeout(200)

POD = {"POD_NAMESPACE": "shop", "POD_NAME": "cart-1", "POD_UID": "uid-1", "CONTAINER_NAME": "app", "NODE_NAME": "n1"}
NOWHERE = {"LOGFERRY_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}


def chunks_of(pipeline: Pipeline) -> list[dict[str, Any]]:
    try:
        return sorted(pipeline.values("raw", "raw_chunk"), key=lambda chunk: int(chunk["offset"]))
    except KafkaException:  # a topic's leader is not known at once
        return []


def content_of(chunks: list[dict[str, Any]], stream: bytes) -> bytes:
    content = []
    for line in b"".join(chunk["payload"] for chunk in chunks).split(b"\n")[:-1]:
        _, name, tag, text = line.split(b" ", 3)
        if name == stream:
            content.append(text + (b"\n" if tag == b"F" else b""))
    return b"".join(content)


def test_output_is_passed_through_and_shipped_with_stream_time_and_container(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    program = ["sh", "-c", "echo out; echo err >&2; printf 'no end'; exit 3"]
    with wrapped(program, "--to", "kafka", "--config", pipeline.config, env=POD) as relay:
        assert relay.end(secs=60) == 3
        assert (relay.output, relay.errors) == (b"out\nno end", b"err\n")
    chunks = chunks_of(pipeline)
    assert (content_of(chunks, b"stdout"), content_of(chunks, b"stderr")) == (b"out\nno end\n", b"err\n")
    source = chunks[0]["source"]
    assert (source["node"], source["kind"], source["framing"], source["tag"]) == ("node-1", "relay", "cri", None)
    container = {"namespace": "shop", "pod": "cart-1", "pod_uid": "uid-1", "name": "app"}
    assert {name: source["container"][name] for name in container} == container
    assert {chunk["incarnation"] for chunk in chunks} == {chunks[0]["incarnation"]}
    assert (chunks[-1]["ended"], chunks[-1]["end_reason"]) == (True, "closed")
    assert chunks[0]["resumed"] == {"inside_line": False, "open_streams": {}}


def test_a_line_reaches_kafka_within_half_a_second_while_the_program_runs(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    code = "import sys\nfor line in sys.stdin: print(line, end='')\n"
    program = python(f"import time\nprint('first'); time.sleep(3); print(time.time_ns()); time.sleep(60)\n{code}")
    with wrapped(program, "--to", "kafka", "--config", pipeline.config) as relay:
        wait_until(lambda: relay.output.count(b"\n") == 2, "the second line", 60)
        wait_until(lambda: content_of(chunks_of(pipeline), b"stdout").count(b"\n") == 2, "it in Kafka", 10)
        written = int(content_of(chunks_of(pipeline), b"stdout").splitlines()[1])
        assert chunks_of(pipeline)[-1]["observed_timestamp"] - written < 250_000_000
        assert relay.end(15) == -15


def test_everything_a_program_writes_at_full_speed_arrives_when_full_means_wait(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    code = "import sys\nfor number in range(300000): sys.stdout.write(f'line {number} of this program\\n')"
    options = ("--to", "kafka", "--when-full", "block", "--memory-max-bytes", "1000000", "--drain-secs", "60")
    with wrapped(python(code), *options, "--config", pipeline.config) as relay:
        assert relay.end(secs=120) == 0
        expected = b"".join(b"line %d of this program\n" % number for number in range(300_000))
        assert relay.output == expected
        assert relay.errors == b""
    assert content_of(chunks_of(pipeline), b"stdout") == expected


def test_without_kafka_the_program_neither_waits_nor_dies_and_the_loss_is_told() -> None:
    code = "import sys\nfor number in range(200000): sys.stdout.write(f'line {number} of this program\\n')\nsys.exit(6)"
    options = ("--to", "kafka", "--memory-max-bytes", "100000", "--drain-secs", "1")
    began = time.monotonic()
    with wrapped(python(code), *options, env=NOWHERE) as relay:
        assert relay.end(secs=60) == 6
        assert relay.output.count(b"\n") == 200_000
        assert b"of the program's output Kafka does not have 200000 lines" in relay.errors
    assert time.monotonic() - began < 30


def test_a_program_that_waits_for_kafka_is_passed_through_first_and_ends_when_it_is_told_to() -> None:
    code = "import sys\nfor number in range(200000): sys.stdout.write(f'line {number} of this program\\n')\nsys.exit(6)"
    options = ("--to", "kafka", "--when-full", "block", "--memory-max-bytes", "100000", "--drain-secs", "1")
    with wrapped(python(code), *options, env=NOWHERE) as relay:
        relay.wait_for(b"line 100 of")
        assert relay.end(15, secs=30) == -15


def test_a_grandchild_that_holds_the_pipe_open_does_not_hold_up_the_end() -> None:
    program = ["sh", "-c", "(sleep 20; echo late) & echo early; exit 5"]
    began = time.monotonic()
    with wrapped(program, "--to", "kafka", "--drain-secs", "1", env=NOWHERE) as relay:
        assert relay.end(secs=30) == 5
        assert relay.output == b"early\n"
        assert b"was not passed through" not in relay.errors
    assert time.monotonic() - began < 15


def test_a_reader_that_went_away_is_the_programs_broken_pipe() -> None:
    program = ["sh", "-c", "while echo line; do :; done; exit 9"]
    command = [sys.executable, "-m", "deploy.cli", "relay", "--to", "kafka", "--drain-secs", "1", "--exec", "--"]
    relay = subprocess.Popen(
        [*command, *program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**environment(), **NOWHERE}
    )
    assert relay.stdout is not None
    assert relay.stdout.readline() == b"line\n"
    relay.stdout.close()
    assert relay.wait(30) == -13


def test_mistakes_in_the_settings_are_told_before_the_program_starts(tmp_path: Path) -> None:
    config = tmp_path / "logferry.yaml"
    config.write_text("kafka: {bootstrap_server: a:1}\n")
    program = ["touch", str(tmp_path / "started")]
    with wrapped(program, "--to", "kafka", "--config", config) as relay:
        assert relay.end() == 2
        assert b"did you mean" in relay.errors
    with wrapped(program, "--to", "kafka", env={**NOWHERE, "POD_NAME": "cart-1"}) as relay:
        assert relay.end() == 2
        assert b"POD_NAMESPACE, CONTAINER_NAME is missing" in relay.errors
    assert not (tmp_path / "started").exists()
