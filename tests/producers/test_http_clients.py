"""The input `http` and real clients over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import time
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from producers.chunk import Chunk
from tests.producers.http_serving import JSON, REQUESTS, serving
from tests.secured.certificates import Authority

TEXT = {"Content-Type": "text/plain"}


# -- real clients


def export(url: str, compression: Compression, texts: list[str]) -> None:
    """What a program with OpenTelemetry's SDK does."""
    provider = LoggerProvider()
    exporter = OTLPLogExporter(url + "/v1/logs", compression=compression)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("shop")
    for text in texts:
        logger.emit(LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.WARN, body=text))
    assert provider.force_flush()
    provider.shutdown()


def bodies(chunks: list[Chunk]) -> list[str]:
    requests = [ExportLogsServiceRequest.FromString(chunk.payload) for chunk in chunks]
    return [
        record.body.string_value
        for request in requests
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


@pytest.mark.parametrize("compression", list(Compression))
def test_every_record_of_the_opentelemetry_sdk_is_shipped_once(compression: Compression) -> None:
    texts = [f"record {number}" for number in range(1500)]

    async def run() -> list[Chunk]:
        async with serving() as web:
            await asyncio.to_thread(export, web.url, compression, texts)
            return web.intake.chunks

    chunks = asyncio.run(run())
    assert bodies(chunks) == texts
    assert {(chunk.source["framing"], chunk.source["tag"], chunk.offset) for chunk in chunks} == {("otlp", "otlp", 0)}
    assert all(chunk.ended and chunk.end_reason == "complete" for chunk in chunks)
    assert chunks[0].path == "http://127.0.0.1/v1/logs"
    assert sum(chunk.lines for chunk in chunks) == 1500


def test_the_sdk_s_exporter_sends_again_after_429_and_nothing_is_lost_or_doubled() -> None:
    async def run() -> list[Chunk]:
        async with serving(retry_after_secs=1) as web:
            web.intake.make_room(full=True)
            exporting = asyncio.create_task(asyncio.to_thread(export, web.url, Compression.Gzip, ["one", "two"]))
            await web.intake.until(lambda: web.intake.counts[REQUESTS, "web", "pressed"])
            web.intake.make_room()
            await exporting
            return web.intake.chunks

    assert bodies(asyncio.run(run())) == ["one", "two"]


def test_lines_posted_by_the_standard_library_become_one_incarnation() -> None:
    body = b'{"a": 1}\n{"a": 2}\nlast without end'

    def post(url: str) -> tuple[int, Any]:
        request = urllib.request.Request(url + "/logs/shop.checkout", data=body)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)

    async def run() -> tuple[Any, list[Chunk]]:
        async with serving() as web:
            return await asyncio.to_thread(post, web.url), web.intake.chunks

    answer, [chunk] = asyncio.run(run())
    assert answer == (200, {"lines": 3, "repeated": False})
    assert (chunk.payload, chunk.lines, chunk.offset, chunk.ended) == (body, 3, 0, True)
    assert (chunk.source["tag"], chunk.source["framing"], chunk.source["kind"]) == ("shop.checkout", "raw", "http")
    assert chunk.path == "http://127.0.0.1/logs"


def test_a_json_array_becomes_lines_as_fluent_bit_s_http_output_means_it() -> None:
    async def run() -> tuple[int, list[Chunk]]:
        async with serving(tag_header="Fluent-Tag") as web:
            status, *_ = await web.post("/", b'[{"date":1.0,"log":"a"},\n {"log":"b"}]', Fluent_Tag="cpu.0", **JSON)
            return status, web.intake.chunks

    status, [chunk] = asyncio.run(run())
    assert (status, chunk.payload, chunk.lines) == (200, b'{"date":1.0,"log":"a"}\n{"log":"b"}\n', 2)
    assert chunk.source["tag"] == "cpu.0"


def test_a_large_body_of_lines_is_cut_at_line_ends_into_chunks_that_follow_one_another() -> None:
    body = b"".join(b"line %06d\n" % number for number in range(100_000))

    async def run() -> tuple[int, list[Chunk]]:
        async with serving() as web:
            status, *_ = await web.post("/", gzip.compress(body), Content_Encoding="gzip", **TEXT)
            return status, web.intake.chunks

    status, chunks = asyncio.run(run())
    assert status == 200
    assert b"".join(chunk.payload for chunk in chunks) == body
    assert len(chunks) == 5
    assert len({chunk.incarnation for chunk in chunks}) == 1
    assert [chunk.offset for chunk in chunks[1:]] == [chunk.offset + len(chunk.payload) for chunk in chunks[:-1]]
    assert [chunk.ended for chunk in chunks] == [False, False, False, False, True]
    assert all(chunk.payload.endswith(b"\n") for chunk in chunks)


# -- TLS


def test_with_mutual_tls_only_clients_with_a_certificate_are_served(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    certificate, key = map(str, authority.issue("server"))
    shown = tuple(map(str, authority.issue("client")))
    tls = {"certificate_file": certificate, "key_file": key, "client_ca_file": str(authority.ca)}

    def context(*files: str) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=str(authority.ca))
        if files:
            made.load_cert_chain(*files)
        return made

    async def run() -> list[Any]:
        async with serving(tls=tls, connections_max=1) as web:
            for _ in range(3):  # each gives its place back
                with pytest.raises((aiohttp.ClientError, ConnectionError)):
                    await web.client.post(web.url, data=b"line", ssl=context())
                _, plain = await asyncio.open_connection("127.0.0.1", web.port)
                plain.write(b"POST / HTTP/1.1\r\n\r\n")
                plain.close()
            async with web.client.post(web.url, data=b"line", ssl=context(*shown)) as answer:
                return [answer.status, [chunk.path for chunk in web.intake.chunks]]

    assert asyncio.run(run()) == [200, ["https://127.0.0.1/"]]


def test_the_sdk_s_exporter_speaks_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests would prefer them to the exporter's own
        monkeypatch.delenv(variable, raising=False)
    authority = Authority(tmp_path, "authority")
    certificate, key = map(str, authority.issue("server"))

    def export_over_tls(url: str) -> None:
        provider = LoggerProvider()
        exporter = OTLPLogExporter(url + "/v1/logs", certificate_file=str(authority.ca))
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        provider.get_logger("shop").emit(LogRecord(body="over TLS"))
        provider.shutdown()

    async def run() -> list[Chunk]:
        async with serving(tls={"certificate_file": certificate, "key_file": key}) as web:
            await asyncio.to_thread(export_over_tls, web.url)
            return web.intake.chunks

    assert bodies(asyncio.run(run())) == ["over TLS"]
