"""A pipeline's settings and topics on the real broker, one for each test, and the command line in this process."""

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer
from typer.testing import CliRunner, Result

from deploy.cli.app import app
from deploy.local.stack import Stack
from deploy.topics import apply_topics
from schemas.codec import Codec
from schemas.settings import Settings, parse_settings
from schemas.topics import topics_for

_numbers = itertools.count(1)


class Site:
    """A pipeline without stages: its settings file, its topics, and the command line."""

    def __init__(self, stack: Stack, folder: Path, **changes: Any) -> None:
        self.prefix = f"cli{os.getpid()}x{next(_numbers)}."
        self.config = folder / "logferry.yaml"
        text = yaml.safe_dump(
            {
                "kafka": {"bootstrap_servers": stack.endpoints.bootstrap_servers},
                "topics": {"prefix": self.prefix, "partitions": 3},
                "severity": [{"match": "kube.kube-system.**", "minimum": "warn"}],
                "routes": [{"match": "**", "topic": f"{self.prefix}app"}],
                **changes,
            }
        )
        self.config.write_text(text)
        self.settings: Settings = parse_settings(text, str(self.config), {})
        apply_topics(self.settings.kafka, topics_for(self.settings))
        self._producer = Producer({"bootstrap.servers": stack.endpoints.bootstrap_servers, "linger.ms": 0})

    def run(self, *words: str) -> Result:
        """A command with these settings; errors that a person can meet are in ``exception``."""
        return CliRunner().invoke(app, [*words, "--config", str(self.config)])

    def ask(self, *words: str) -> Any:
        """What a command that succeeds answers in JSON."""
        result = self.run(*words, "--json")
        if result.exception is not None:
            raise result.exception
        return json.loads(result.stdout)

    def put(self, topic: str, key: str, value: bytes | None) -> None:
        self._producer.produce(self.prefix + topic, value, key)
        assert self._producer.flush(10) == 0

    def ship(self, namespace: str, pod: str, *lines: str, uid: str = "u-1") -> None:
        """Lines of a container into logs.raw, as its node's producer would send them."""
        stamped = "".join(
            f"2026-11-21T01:02:{number:02}.000000001Z stdout F {line}\n" for number, line in enumerate(lines)
        )
        container = {"namespace": namespace, "pod": pod, "pod_uid": uid, "name": "app"}
        source_id = f"{namespace}/{pod}"
        source = {
            "id": source_id,
            "node": "node-1",
            "kind": "container_files",
            "framing": "cri",
            "container": container,
        }
        chunk = {
            "source": source,
            "path": f"/var/log/containers/{pod}.log",
            "incarnation": pod.encode()[:8].ljust(8),
            "offset": 0,
            "observed_timestamp": 1795222923000000004,
            "payload": stamped.encode(),
        }
        self.put("raw", source_id, Codec("raw_chunk").encode(chunk))

    def know(self, namespace: str, pod: str, uid: str = "u-1", **changes: Any) -> None:
        """A pod into logs.pods."""
        value = {"uid": uid, "namespace": namespace, "name": pod, "observed_at": 1, **changes}
        self.put("pods", uid, Codec("pod").encode(value))


NewSite = Callable[..., Site]


@pytest.fixture
def new_site(stack: Stack, tmp_path: Path) -> NewSite:
    return lambda **changes: Site(stack, tmp_path, **changes)


@pytest.fixture
def site(new_site: NewSite) -> Site:
    return new_site()
