"""What tests of the logging handler need: handlers that end, and the lines that arrived."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

from bench.pipeline import Pipeline
from producers.handler import KafkaHandler

NOWHERE = "127.0.0.1:1"

Maker = Callable[..., KafkaHandler]


def chunks_of(pipeline: Pipeline) -> list[dict[str, Any]]:
    found = pipeline.values("raw", "raw_chunk")
    return sorted(found, key=lambda chunk: (chunk["incarnation"], int(chunk["offset"])))


def lines_of(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [json.loads(line) for chunk in chunks_of(pipeline) for line in chunk["payload"].splitlines()]


def held(handler: KafkaHandler) -> bytes:
    """Lines that no chunk holds yet."""
    return bytes(handler._sender._batches._open)


class forwarder:  # noqa: N801 - used like a function
    """Listens on a port and passes connections on to a server; ends with its ``with`` block."""

    def __init__(self, port: int, target: str) -> None:
        host, _, number = target.partition(",")[0].rpartition(":")
        self._target = (host, int(number))
        self._server = socket.create_server(("127.0.0.1", port))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> None:
        self._threads[0].start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._sockets += [client, server]
            for pair in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._copy, args=pair))
                self._threads[-1].start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(65536):
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
