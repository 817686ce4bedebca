"""An input `http` in the test's own event loop, and what to send to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from producers.http_input import HttpServer
from schemas.settings import HttpInput
from tests.producers.intake import RecordingIntake

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
REQUESTS = "logferry_producer_http_requests_total"


@dataclass
class Serving:
    """A running input, its intake, and a client."""

    server: HttpServer
    intake: RecordingIntake
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.server.addresses()[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def post(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(self.url + path, data=body, headers=named) as response:
            return response.status, await response.read(), dict(response.headers)

    async def raw(self, request: bytes) -> bytes:
        """Send bytes as they are; everything that comes back until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()


@asynccontextmanager
async def serving(intake: RecordingIntake | None = None, **settings: Any) -> AsyncIterator[Serving]:
    intake = intake or RecordingIntake()
    server = HttpServer("web", HttpInput(**{"type": "http", "listen": "127.0.0.1:0", **settings}), "node-1")
    await server.start(intake)
    try:
        async with aiohttp.ClientSession() as client:
            yield Serving(server, intake, client)
    finally:
        for _, answered in intake.waiting:
            answered.cancel()
        await server.stop()


def otlp(*bodies: str) -> ExportLogsServiceRequest:
    """A request with a log record for each text."""
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for number, body in enumerate(bodies):
        scope.log_records.add(time_unix_nano=number, body=AnyValue(string_value=body))
    return request
