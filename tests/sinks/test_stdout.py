"""The destination `stdout`: whole batches in order, and an end with words when nobody reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Producer

from schemas.errors import FatalError
from schemas.settings import Settings, parse_settings
from sinks.stdout.sink import StdoutDestination
from sinks.verdict import Done, Retry
from tests.conftest import PipelineMaker
from tests.sinks.arrived import arrived


def settings(**changes: object) -> Settings:
    sink = {"type": "stdout", "topics": ["logs.app"], **changes}
    return parse_settings(json.dumps({"sinks": {"out": sink}}), "logferry.yaml", {})


def test_a_batch_is_written_in_its_order(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        destination = StdoutDestination("out", settings(), out.fileno())
        pieces = destination.build([arrived(number) for number in range(100)]).pieces
        assert destination.send(pieces) == [Done.DELIVERED] * 100
    lines = (tmp_path / "out").read_text().splitlines()
    assert [json.loads(each)["logferry"]["offset"] for each in lines] == list(range(100))


def test_a_full_disk_is_waited_for() -> None:
    with Path("/dev/full").open("wb", buffering=0) as out:
        destination = StdoutDestination("out", settings(), out.fileno())
        pieces = destination.build([arrived(1)]).pieces
        assert destination.send(pieces) == [Retry("standard output: No space left on device")]


def test_what_was_taken_of_a_batch_is_not_written_again() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    destination = StdoutDestination("out", settings(format="original"), write)
    pieces = destination.build([arrived(number, body="x" * 999, original=None) for number in range(100)]).pieces
    answers = destination.send(pieces)
    assert answers == [Retry("standard output: Resource temporarily unavailable")] * 100
    text = os.read(read, 1 << 20)
    while destination.send(pieces) != [Done.DELIVERED] * 100:
        text += os.read(read, 1 << 20)
    text += os.read(read, 1 << 20)
    assert text == (b"x" * 999 + b"\n") * 100
    os.close(read)
    os.close(write)


def test_when_the_reader_has_gone_the_sink_ends() -> None:
    read, write = os.pipe()
    os.close(read)
    destination = StdoutDestination("out", settings(), write)
    with pytest.raises(FatalError, match="whoever read standard output has gone"):
        destination.send(destination.build([arrived(1)]).pieces)
    os.close(write)


def test_a_pipe_whose_reader_ends_gets_a_message_and_no_traceback(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    settings = yaml.safe_load(pipeline.config.read_text())
    settings["sinks"] = {"out": {"type": "stdout", "topics": [f"{pipeline.index}.app"]}}
    pipeline.configure(yaml.safe_dump(settings))
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for number in range(2000):
        record = arrived(number)
        producer.produce(f"{pipeline.index}.app", record.value(), record.key())
    assert producer.flush(20) == 0
    script = f"set -o pipefail; {sys.executable} -m deploy.cli sink out --config {pipeline.config} | head -n 3"
    ended = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"LOGFERRY_METRICS__PORT": "0"},
    )
    assert len(ended.stdout.splitlines()) == 3
    assert ended.returncode == 1
    assert "whoever read standard output has gone" in ended.stderr
    assert "Traceback" not in ended.stderr
