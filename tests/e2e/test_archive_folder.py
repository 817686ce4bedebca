"""An archive in a folder that cannot be written to for a while: it is loud, and nothing is committed meanwhile."""

from __future__ import annotations

import pytest
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.pipeline import Pipeline
from runtime.kafka import client_config
from tests.conftest import PipelineMaker
from tests.sinks.records import CODEC, NOON, log_record

pytestmark = pytest.mark.timeout(200)

RECORDS = 200


def produce(pipeline: Pipeline) -> None:
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for number in range(RECORDS):
        value = log_record(number, namespace="shop", timestamp=NOON)
        producer.produce(f"{pipeline.index}.app", CODEC.encode(value), b"key", partition=0)
    assert producer.flush(20) == 0


def committed(pipeline: Pipeline) -> int:
    """Offset of the archive's group; below zero: none."""
    consumer = Consumer(client_config(pipeline.settings.kafka, "reader") | {"group.id": f"{pipeline.index}-archive"})
    (found,) = consumer.committed([TopicPartition(f"{pipeline.index}.app", 0)], timeout=20)
    consumer.close()
    return int(found.offset)


@pytest.mark.parametrize(("taken", "objects"), [(f"shop/.0-{0:020d}.parquet.tmp", 0), ("_manifest/.0.json.tmp", 1)])
def test_nothing_is_committed_before_objects_and_manifests_are_there(
    new_pipeline: PipelineMaker, taken: str, objects: int
) -> None:
    """A folder stands where a file is to be written first; that stops whoever is root, too."""
    pipeline = new_pipeline()
    settings = yaml.safe_load(pipeline.config.read_text())
    settings["sinks"]["archive"]["object_max_age_secs"] = 0.5
    pipeline.configure(yaml.safe_dump(settings))
    hour = pipeline.archive / f"{pipeline.index}.app/dt=2026-11-21/hour=12"
    in_the_way = hour / taken
    in_the_way.mkdir(parents=True)
    produce(pipeline)
    pipeline.start("archive")
    pipeline.wait_until(lambda: "nothing is committed meanwhile" in pipeline.log("archive"), bool, "a warning")
    assert f"hour=12/{in_the_way.parent.name}" in pipeline.log("archive")
    assert "do: " in pipeline.log("archive")
    assert len(list(hour.rglob("*.parquet"))) == objects
    assert pipeline.stop("archive", 30) == 0
    assert committed(pipeline) < 0
    in_the_way.rmdir()
    pipeline.start("archive")
    pipeline.wait_until(lambda: committed(pipeline), lambda offset: offset == RECORDS, "the commit")
    assert pipeline.archived_count() == RECORDS
    assert (hour / "_manifest/0.json").is_file()
