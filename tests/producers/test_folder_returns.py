"""A folder of logs that was away for a while, as when it is mounted anew, and whose links stayed where they are."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from producers.chunk import Chunk
from producers.files.formats import CRI
from producers.produce import NodeProducer
from tests.producers.unheard import unheard_producer

AWAY_SECS = CRI.grace_secs + 1.0


class Sent:
    """Stands where Kafka does, and acknowledges at once what it is given."""

    def __init__(self) -> None:
        self.lines: set[bytes] = set()
        self.reports: deque[Callable[[], None]] = deque()

    def send(self, chunk: Chunk, kept: Callable[[], None]) -> None:
        self.lines.update(chunk.payload.splitlines())
        self.reports.append(kept)


@pytest.fixture
def producer(tmp_path: Path) -> Iterator[NodeProducer]:
    text = f"""\
producer: {{node: node-1, state_folder: {tmp_path / "state"}}}
inputs: {{containers: {{type: container_files, path: "{tmp_path}/containers/*.log"}}}}
"""
    with unheard_producer(text) as made:
        yield made


def test_what_was_written_meanwhile_and_later_is_read(
    producer: NodeProducer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pods" / "dev_shop-0_uid-0" / "app"
    folder.mkdir(parents=True)
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers" / f"shop-0_dev_app-{'a' * 64}.log").symlink_to(folder / "0.log")
    sent, written = Sent(), list[bytes]()
    monkeypatch.setattr(producer._output, "send", sent.send)
    with (folder / "0.log").open("ab", buffering=0) as log:

        def go_on(secs: float) -> None:
            until = time.monotonic() + secs
            while time.monotonic() < until:
                written.append(b"2026-11-21T01:02:03Z stdout F line %d" % len(written))
                log.write(written[-1] + b"\n")
                producer.tick(0.05)
                while sent.reports:
                    sent.reports.popleft()()

        go_on(0.5)
        aside = (tmp_path / "pods").rename(tmp_path / "aside")
        (aside / "dev_shop-0_uid-0" / "app" / "heard.tmp").touch()
        go_on(AWAY_SECS)
        assert list(producer.files.tails()) == [], "it has been given up"
        aside.rename(tmp_path / "pods")
        go_on(2.5)
    assert set(written[:-20]) <= sent.lines
