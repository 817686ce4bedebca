"""The input `http` when clients send again and producers stop."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from typing import Any

from producers.chunk import Chunk
from tests.producers.http_serving import JSON, PROTOBUF, REQUESTS, otlp, serving
from tests.producers.intake import RecordingIntake

TEXT = {"Content-Type": "text/plain"}


def identity(chunk: Chunk) -> tuple[str, bytes, int, bytes]:
    return chunk.source["id"], chunk.incarnation, chunk.offset, chunk.payload


def test_a_retry_while_the_first_is_under_way_waits_for_the_same_chunk() -> None:
    async def run() -> list[Any]:
        async with serving(RecordingIntake(answers=False)) as web:
            first = asyncio.create_task(web.post("/", b"a line\n"))
            await web.intake.until(lambda: web.intake.waiting)
            second = asyncio.create_task(web.post("/", b"a line\n"))
            await web.post("/", b"")
            web.intake.answer()
            answers = [json.loads((await each)[1])["repeated"] for each in (first, second)]
            return [answers, len(web.intake.chunks)]

    assert asyncio.run(run()) == [[False, True], 1]


def test_a_client_that_went_away_and_comes_again_finds_its_body_kept() -> None:
    async def run() -> list[Any]:
        async with serving(RecordingIntake(answers=False)) as web:
            first = asyncio.create_task(web.post("/v1/logs", otlp("one").SerializeToString(), **PROTOBUF))
            await web.intake.until(lambda: web.intake.waiting)
            first.cancel()
            await asyncio.wait((first,))
            web.intake.answer()
            again = await web.post("/v1/logs", gzip.compress(otlp("one").SerializeToString()),
                                   Content_Encoding="gzip", **PROTOBUF)  # fmt: skip
            return [again[0], len(web.intake.chunks), web.intake.counts[REQUESTS, "web", "repeated"]]

    assert asyncio.run(run()) == [200, 1, 1]


def test_when_kafka_takes_too_long_the_answer_is_503_and_the_retry_is_the_same_chunk() -> None:
    async def run() -> list[Any]:
        async with serving(RecordingIntake(answers=False), answer_timeout_secs=0.05) as web:
            unconfirmed = await web.post("/", b"a line\n")
            web.intake.answer()
            again = await web.post("/", b"a line\n")
            return [unconfirmed[0], unconfirmed[2]["Retry-After"], again[0], len(web.intake.chunks)]

    assert asyncio.run(run()) == [503, "5", 200, 1]


def test_the_same_body_later_than_the_window_is_new() -> None:
    async def run() -> int:
        async with serving(repeat_window_secs=0.01) as web:
            await web.post("/", b"tick")
            kept = time.monotonic()
            while time.monotonic() - kept < 0.02:
                await asyncio.sleep(0.002)
            await web.post("/", b"tick")
            return len({chunk.incarnation for chunk in web.intake.chunks})

    assert asyncio.run(run()) == 2


def test_the_same_body_meant_as_json_and_as_text_is_two_incarnations() -> None:
    async def run() -> tuple[list[bytes], int]:
        async with serving() as web:
            await web.post("/", b"[1]", **JSON)
            await web.post("/", b"[1]", **TEXT)
            chunks = web.intake.chunks
            return [chunk.payload for chunk in chunks], len({chunk.incarnation for chunk in chunks})

    assert asyncio.run(run()) == ([b"1\n", b"[1]"], 2)


def test_the_same_body_under_another_key_is_new_and_a_key_for_another_body_is_refused() -> None:
    async def run() -> list[Any]:
        async with serving() as web:
            statuses = [
                (await web.post("/", body, Idempotency_Key=key))[0]
                for key, body in (("1", b"tick"), ("2", b"tick"), ("2", b"tick"), ("2", b"tock"))
            ]
            return [statuses, len({chunk.incarnation for chunk in web.intake.chunks}), len(web.intake.chunks)]

    assert asyncio.run(run()) == [[200, 200, 200, 422], 2, 2]


def test_stopped_between_receiving_and_kafka_s_answer_there_is_no_200_and_the_retry_is_the_same() -> None:
    body = otlp("one", "two").SerializeToString()

    async def first_life() -> tuple[int, list[Chunk]]:
        async with serving(RecordingIntake(answers=False)) as web:
            posting = asyncio.create_task(web.post("/v1/logs", body, Idempotency_Key="k", **PROTOBUF))
            await web.intake.until(lambda: web.intake.waiting)
            stopping = asyncio.create_task(web.server.stop())
            for _, answered in web.intake.waiting:
                answered.cancel()
            await stopping
            return (await posting)[0], web.intake.chunks

    async def second_life() -> tuple[int, list[Chunk]]:
        async with serving() as web:
            return (await web.post("/v1/logs", body, Idempotency_Key="k", **PROTOBUF))[0], web.intake.chunks

    status, first = asyncio.run(first_life())
    status_again, second = asyncio.run(second_life())
    assert (status, status_again) == (503, 200)
    assert list(map(identity, first)) == list(map(identity, second))


def test_stop_ships_and_answers_what_was_received_whole_and_refuses_the_rest() -> None:
    async def run() -> list[Any]:
        async with serving(RecordingIntake(answers=False)) as web:
            whole = asyncio.create_task(web.post("/", b"whole\n"))
            await web.intake.until(lambda: web.intake.waiting)
            reader, partial = await asyncio.open_connection("127.0.0.1", web.port)
            partial.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\npart")
            await web.intake.until(lambda: web.server._receiver._reading)
            stopping = asyncio.create_task(web.server.stop())
            refused = await asyncio.wait_for(reader.readline(), 20)
            partial.close()
            still_waits = not whole.done()
            web.intake.answer()
            await stopping
            return [still_waits, (await whole)[0], b" 503 " in refused, len(web.intake.chunks)]

    assert asyncio.run(run()) == [True, 200, True, 1]


def test_stop_waits_for_what_kafka_has_not_confirmed_though_its_client_was_answered() -> None:
    async def run() -> list[bool]:
        async with serving(RecordingIntake(answers=False), answer_timeout_secs=0.05) as web:
            await web.post("/", b"a line\n")
            stopping = asyncio.create_task(web.server.stop())
            done_early, _ = await asyncio.wait((stopping,), timeout=0.3)
            web.intake.answer()
            await asyncio.wait_for(stopping, 20)
            return [bool(done_early), stopping.done()]

    assert asyncio.run(run()) == [False, True]
