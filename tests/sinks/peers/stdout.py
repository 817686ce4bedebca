"""A program that reads the sink's standard output from a pipe, and sometimes does not."""

from __future__ import annotations

import json
import os
import select
import threading
from contextlib import suppress
from typing import Any, ClassVar

from tests.sinks.peers.peer import PeerOfSink, Surroundings


class Peer(PeerOfSink):
    once: ClassVar[bool] = False

    def __init__(self, around: Surroundings) -> None:
        self._read, self._write = os.pipe()
        self._text = b""
        self._reads = threading.Event()
        self._reads.set()
        self._ended = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._ended:
            if self._reads.wait(0.1) and select.select([self._read], [], [], 0.1)[0]:
                self._text += os.read(self._read, 65536)

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "stdout"}

    @property
    def stdout(self) -> int | None:
        return self._write

    def go(self) -> None:
        """A pipe takes some records though nobody reads; so it is filled up."""
        self._reads.clear()
        filling = os.open(f"/proc/self/fd/{self._write}", os.O_WRONLY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            while True:
                os.write(filling, b"\n")
        os.close(filling)

    def come_back(self) -> None:
        self._reads.set()

    def received(self) -> list[str]:
        """A sink that was killed while it wrote leaves half a line, to whose end the next one adds its first."""
        found = []
        for line in self._text.splitlines():
            whole = line[line.rfind(b'{"id":') :]
            try:
                found.append(json.loads(whole)["id"])
            except ValueError:
                continue
        return found

    def close(self) -> None:
        self._ended = True
        self._thread.join()
        os.close(self._read)
        os.close(self._write)
