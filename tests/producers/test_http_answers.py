"""What the input `http` answers while Kafka has it, waits, or is full; and to whom."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from producers.chunk import Chunk
from producers.http_input import HttpServer
from schemas.errors import SettingsError
from schemas.settings import HttpInput
from tests.producers.http_serving import JSON, PROTOBUF, otlp, serving
from tests.producers.intake import RecordingIntake

TEXT = {"Content-Type": "text/plain"}


# -- answers


def test_200_is_answered_only_when_kafka_has_it() -> None:
    async def run() -> tuple[bool, int]:
        async with serving(RecordingIntake(answers=False)) as web:
            posting = asyncio.create_task(web.post("/", b"a line\n"))
            await web.intake.until(lambda: web.intake.waiting)
            await web.post("/v1/logs", b"", **PROTOBUF)  # another request is served meanwhile
            was_answered = posting.done()
            web.intake.answer()
            return was_answered, (await posting)[0]

    assert asyncio.run(run()) == (False, 200)


def test_otlp_answers_are_in_the_encoding_of_the_request() -> None:
    async def run() -> list[Any]:
        async with serving() as web:
            return [
                await web.post("/v1/logs", otlp("one").SerializeToString(), **PROTOBUF),
                await web.post("/v1/logs", b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}', **JSON),
                await web.post("/v1/logs", b"no protobuf", **PROTOBUF),
                await web.post("/v1/logs", b"no json", **JSON),
                await web.post("/v1/logs", b"a line", **TEXT),
                [chunk.source["framing"] for chunk in web.intake.chunks],
            ]

    taken, taken_json, refused, refused_json, text, framings = asyncio.run(run())
    assert (taken[0], ExportLogsServiceResponse.FromString(taken[1])) == (200, ExportLogsServiceResponse())
    assert taken[2]["Content-Type"] == "application/x-protobuf"
    assert taken_json[:2] == (200, b"{}")
    assert (refused[0], refused[2]["Content-Type"]) == (400, "application/x-protobuf")
    assert "no ExportLogsServiceRequest" in Status.FromString(refused[1]).message
    assert (refused_json[0], json.loads(refused_json[1])["code"]) == (400, 3)
    assert text[0] == 415
    assert framings == ["otlp", "otlp_json"]


def test_pressed_means_429_with_retry_after_and_healthz_still_answers() -> None:
    async def run() -> list[Any]:
        async with serving(retry_after_secs=7) as web:
            web.intake.make_room(full=True)
            async with web.client.get(web.url + "/healthz") as health:
                told = health.status, await health.json()
            return [await web.post("/", b"line"), await web.post("/v1/logs", b"", **PROTOBUF), told, web.intake.chunks]

    lines, request, health, chunks = asyncio.run(run())
    assert (lines[0], lines[2]["Retry-After"]) == (429, "7")
    assert (request[0], request[2]["Retry-After"], Status.FromString(request[1]).code) == (429, "7", 8)
    assert health == (200, {"status": "ok", "room": False})
    assert chunks == []


@pytest.mark.parametrize(
    ("body", "coding"),
    [(bytes(1001), "identity"), (gzip.compress(bytes(500_000)), "gzip"), (gzip.compress(b"") * 100, "gzip")],
    ids=["plain", "bomb", "empty members without end"],
)
def test_what_is_larger_than_allowed_is_413(body: bytes, coding: str) -> None:
    async def chunked() -> Any:
        yield body

    async def run() -> list[int]:
        async with serving(body_max_bytes=1000) as web:
            declared = await web.post("/", body, Content_Encoding=coding)
            async with web.client.post(web.url, data=chunked(), headers={"Content-Encoding": coding}) as undeclared:
                return [declared[0], undeclared.status, len(web.intake.chunks)]

    assert asyncio.run(run()) == [413, 413, 0]


def test_bodies_together_hold_no_more_memory_than_allowed() -> None:
    async def run() -> list[int]:
        async with serving(RecordingIntake(answers=False), body_max_bytes=1000, pending_max_bytes=1500) as web:
            posting = asyncio.create_task(web.post("/", b"x" * 1000))
            await web.intake.until(lambda: web.intake.waiting)
            refused = await web.post("/", b"y" * 1000)
            web.intake.answer()
            kept = await posting
            web.intake.answers = True
            return [refused[0], kept[0], (await web.post("/", b"y" * 1000))[0]]

    assert asyncio.run(run()) == [429, 200, 200]


def test_a_body_holds_its_memory_until_kafka_has_it_also_when_its_client_was_answered_before() -> None:
    async def run() -> list[int]:
        limits = {"body_max_bytes": 1000, "pending_max_bytes": 1500, "answer_timeout_secs": 0.05}
        async with serving(RecordingIntake(answers=False), **limits) as web:
            unconfirmed = await web.post("/", b"x" * 1000)
            declared = await web.post("/", b"y" * 1000)
            undeclared = await web.post("/", gzip.compress(b"y" * 1000), Content_Encoding="gzip")
            web.intake.answers = True
            web.intake.answer()
            return [unconfirmed[0], declared[0], undeclared[0], (await web.post("/", b"y" * 1000))[0]]

    assert asyncio.run(run()) == [503, 429, 429, 200]


def test_a_compressed_body_that_is_cut_off_is_400_and_not_shipped() -> None:
    async def run() -> list[int]:
        async with serving() as web:
            answer = await web.post("/", gzip.compress(b"a line\n")[:-3], Content_Encoding="gzip")
            return [answer[0], len(web.intake.chunks)]

    assert asyncio.run(run()) == [400, 0]


def test_an_empty_body_is_taken_and_nothing_shipped() -> None:
    async def run() -> tuple[int, list[Chunk]]:
        async with serving() as web:
            return (await web.post("/", b""))[0], web.intake.chunks

    assert asyncio.run(run()) == (200, [])


def test_curl_s_expect_is_answered_before_the_body_and_a_refusal_spares_it() -> None:
    async def first_line(port: int, path: bytes) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        writer.write(head % path)
        told = await asyncio.wait_for(reader.readline(), 20)
        await reader.readline()
        writer.write(b"line")
        answer = await asyncio.wait_for(reader.readline(), 20)
        writer.close()
        return told, answer

    async def run() -> list[Any]:
        async with serving() as web:
            return [await first_line(web.port, b"/"), (await first_line(web.port, b"/nowhere"))[0]]

    assert asyncio.run(run()) == [
        (b"HTTP/1.1 100 Continue\r\n", b"HTTP/1.1 200 OK\r\n"),
        b"HTTP/1.1 404 Not Found\r\n",
    ]


# -- who may, and how


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOGS_TOKEN", "s3cret")
    return "s3cret"


def test_without_the_right_token_the_answer_is_401_and_tells_how(token: str) -> None:
    async def run() -> list[Any]:
        async with serving(tokens=[{"env": "LOGS_TOKEN"}], users={"ann": {"env": "LOGS_TOKEN"}}) as web:
            basic = "Basic " + b64encode(f"ann:{token}".encode()).decode()
            return [
                await web.post("/", b"line"),
                (await web.post("/", b"line", Authorization="Bearer " + token))[0],
                (await web.post("/", b"line", Authorization=basic))[0],
                (await web.post("/v1/logs", b"", Authorization="Bearer wrong", **PROTOBUF))[0],
            ]

    refused, *statuses = asyncio.run(run())
    assert (refused[0], refused[2]["WWW-Authenticate"].split()[0]) == (401, "Bearer")
    assert statuses == [200, 200, 401]


def test_a_secret_that_is_missing_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGS_TOKEN", raising=False)
    settings = HttpInput(type="http", listen="127.0.0.1:0", tokens=[{"env": "LOGS_TOKEN"}])
    with pytest.raises(SettingsError, match="a secret is missing"):
        asyncio.run(HttpServer("web", settings, "node-1").start(RecordingIntake()))


def test_an_address_in_use_stops_the_start_and_names_the_setting() -> None:
    async def run() -> None:
        async with serving() as web:
            settings = HttpInput(type="http", listen=f"127.0.0.1:{web.port}")
            await HttpServer("other", settings, "node-1").start(RecordingIntake())

    with pytest.raises(SettingsError) as raised:
        asyncio.run(run())
    assert raised.value.where == "inputs.other.listen"
