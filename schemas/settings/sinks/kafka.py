"""Sink ``kafka``: records into topics of another Kafka cluster."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator

from schemas.settings.kafka import KafkaCluster
from schemas.settings.parts import Compression, mistake
from schemas.settings.sinks.ordered import OrderedSink


def _topic(text: str) -> str:
    plain = text.replace("{topic}", "x")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", plain) or plain in {".", ".."}:
        raise mistake(
            f"{text!r} cannot name a Kafka topic", 'write a name, or one with the topic it is of: "west.{topic}"'
        )
    return text


class KafkaSink(OrderedSink):
    """Copies each record into a topic of another cluster, in the order of its partition, under its key."""

    type: Literal["kafka"]
    """The kind of sink."""

    kafka: KafkaCluster
    """The other cluster."""

    topic: Annotated[str, AfterValidator(_topic)] = "{topic}"
    """Topic there; {topic} stands for the name of the topic here. The same name by default."""

    format: Literal["as_is", "json"] = "as_is"
    """as_is: value, key, headers and time untouched, whatever they are, with headers behind them that say where a
    record comes from. json: documents, as routes with format json have them. As it is by default: a copy that anything
    which reads the original can read. Where a schema registry gave the ids in the values, the other side must know
    them."""

    origin_headers: bool = True
    """Add the headers logferry-topic, logferry-partition and logferry-offset, by which a reader recognises a record
    that came twice."""

    compression: Compression = "lz4"
    """Of batches on their way. lz4 costs the least."""

    def written_in(self, cluster: KafkaCluster) -> tuple[str, ...]:
        """Topics of a cluster that it fills, one for each of `topics`; none where it writes to another cluster."""
        if not set(cluster.bootstrap_servers.split(",")) & set(self.kafka.bootstrap_servers.split(",")):
            return ()
        return tuple(self.topic.replace("{topic}", topic) for topic in self.topics)
