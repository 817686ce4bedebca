"""logferry's own http input as a receiver of OTLP."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, ClassVar

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from bench.tcp_proxy import TcpProxy
from producers.http_input import HttpServer
from schemas.settings import HttpInput
from tests.producers.intake import RecordingIntake
from tests.sinks.peers.peer import PeerOfSink, Surroundings


class Receiver:
    """The input in an event loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._intake = RecordingIntake()
        self._server = HttpServer("web", HttpInput(type="http", listen="127.0.0.1:0"), "node-1")
        asyncio.run_coroutine_threadsafe(self._server.start(self._intake), self._loop).result(20)
        self.port = int(self._server.addresses()[0].rpartition(":")[2])

    def requests(self) -> list[ExportLogsServiceRequest]:
        return [ExportLogsServiceRequest.FromString(chunk.payload) for chunk in list(self._intake.chunks)]

    def records(self) -> list[LogRecord]:
        return [
            record
            for request in self.requests()
            for of_resource in request.resource_logs
            for of_scope in of_resource.scope_logs
            for record in of_scope.log_records
        ]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def uid(record: LogRecord) -> str:
    return next(each.value.string_value for each in record.attributes if each.key == "log.record.uid")


class Peer(PeerOfSink):
    once: ClassVar[bool] = False

    def __init__(self, around: Surroundings) -> None:
        self._receiver = Receiver()
        self._gate = TcpProxy([("127.0.0.1", self._receiver.port)])
        self._gate.start()

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "otlp", "url": f"http://127.0.0.1:{self._gate.ports[0]}", "batch_max_age_secs": 0.2}

    def go(self) -> None:
        self._gate.shut()

    def come_back(self) -> None:
        self._gate.open()

    def received(self) -> list[str]:
        return [uid(record) for record in self._receiver.records()]

    def close(self) -> None:
        self._gate.close()
        self._receiver.close()
