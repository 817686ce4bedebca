"""The input `http` against clients that send nonsense, too little, or too slowly."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.producers.http_serving import REQUESTS, serving


def test_what_is_no_http_is_answered_counted_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[Any]:
        async with serving() as web:
            answers = [
                await web.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
                await web.raw(b"POST / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 10_000 + b"\r\n\r\n"),
                await web.raw(b"POST / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 300 + b"\r\n"),
            ]
            return [[answer.split(b"\r\n")[0] for answer in answers], web.intake.counts[REQUESTS, "web", "unreadable"]]

    with caplog.at_level(logging.INFO):
        assert asyncio.run(run()) == [[b"HTTP/1.0 400 Bad Request"] * 3, 3]
    assert [record.message for record in caplog.records if record.levelno > logging.INFO] == []


def test_a_body_that_is_cut_off_is_never_shipped() -> None:
    async def run() -> int:
        async with serving() as web:
            for head in (
                b"Content-Length: 100\r\n\r\nonly this\n",
                b"Transfer-Encoding: chunked\r\n\r\n5\r\nline\n\r\n",
            ):
                _, writer = await asyncio.open_connection("127.0.0.1", web.port)
                writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + head)
                await writer.drain()
                writer.close()
            await web.intake.until(lambda: web.intake.counts[REQUESTS, "web", "cut_off"] == 2)
            await web.raw(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
            return len(web.intake.chunks)

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize(
    "request_head", [b"", b"POST / HTT", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST / HTTP/1.1\r\nHo"]
)
def test_a_connection_without_a_whole_header_is_closed_in_time(request_head: bytes) -> None:
    async def run() -> bytes:
        async with serving(idle_timeout_secs=0.2) as web:
            return await web.raw(request_head)

    answer = asyncio.run(run())
    assert (b" 200 OK" in answer) == request_head.startswith(b"GET")


def test_a_body_that_does_not_come_in_time_is_refused_and_otlp_clients_may_retry() -> None:
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"

    async def first_line(port: int, path: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head % path + b"{")
        line = await asyncio.wait_for(reader.readline(), 20)
        writer.close()
        return line

    async def run() -> list[bytes]:
        async with serving(body_timeout_secs=0.1) as web:
            return [await first_line(web.port, path) for path in (b"/", b"/v1/logs")]

    assert asyncio.run(run()) == [b"HTTP/1.1 408 Request Timeout\r\n", b"HTTP/1.1 503 Service Unavailable\r\n"]


def test_connections_beyond_the_limit_wait_and_are_served_when_one_goes() -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    async def run() -> list[bool]:
        async with serving(connections_max=2) as web:
            taken = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(2)]
            for reader, writer in taken:
                writer.write(request)
                await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            waiting_reader, waiting = await asyncio.open_connection("127.0.0.1", web.port)
            waiting.write(request)
            answer = asyncio.create_task(waiting_reader.readline())
            done_early, _ = await asyncio.wait((answer,), timeout=0.2)
            taken[0][1].close()
            line = await asyncio.wait_for(answer, 20)
            for _, writer in (*taken, (None, waiting)):
                writer.close()
            return [bool(done_early), b" 200 " in line]

    assert asyncio.run(run()) == [False, True]
