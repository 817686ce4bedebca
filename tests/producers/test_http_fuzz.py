"""Whatever is sent to the input `http`: an HTTP status, never 500, and nothing shipped that was not answered 200.

LOGFERRY_FUZZ_SECS makes it longer: 600 are ten minutes.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import random
import re
import time
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.core.http.refusals import OUTCOMES
from tests.producers.http_serving import REQUESTS, Serving, otlp, serving

FUZZ_SECS = float(os.environ.get("LOGFERRY_FUZZ_SECS", "5"))
STATUSES = {200, 400, 401, 404, 405, 408, 413, 415, 417, 422, 429, 503}
BODY_MAX_BYTES = 4096

TARGETS = st.sampled_from(["/", "/v1/logs", "/logs", "/logs/shop", "/?tag=a", "/healthz", "/x", "/logs/%ff", "*", "//"])
NAMES = st.sampled_from(
    [
        "Content-Type",
        "Content-Encoding",
        "Idempotency-Key",
        "Logferry-Tag",
        "Authorization",
        "X",
        "Connection",
        "Upgrade",
    ]
)
VALUES = st.sampled_from(
    ["application/json", "application/x-protobuf", "text/plain", "text/plain; charset=latin-1", "gzip", "deflate",
     "zstd", "identity", "br", "close", "keep-alive", "websocket", "", "\xff", "a;b=c"]
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([otlp("a", "b").SerializeToString(), b'{"resourceLogs":[{}]}', b"[1,2]", b"line\n" * 9]),
    st.builds(bytes, st.just(BODY_MAX_BYTES + 1)),
)
PACKED = st.one_of(
    BODIES, BODIES.map(gzip.compress), BODIES.map(zlib.compress), BODIES.map(lambda b: gzip.compress(b)[:-5])
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request that may be anything from right to nonsense; the connection is to be closed after it."""
    method = draw(st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT", "OPTIONS", "B@D", "CONNECT"]))
    lines = [f"{method} {draw(TARGETS)} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"{draw(NAMES)}: {draw(VALUES)}" for _ in range(draw(st.integers(0, 4)))]
    body = draw(PACKED)
    if draw(st.booleans()):
        lines.append(f"Content-Length: {draw(st.sampled_from([len(body), len(body), len(body) + 1, 0, -1]))}")
    else:
        lines.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


async def answers_to(web: Serving, request: bytes) -> list[int] | None:
    """Statuses that come back; None when the connection was reset, for the client wrote more than a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    try:
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return None
    finally:
        writer.close()
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", answer, re.MULTILINE) if status != b"100"]


@pytest.fixture
def web() -> Iterator[tuple[asyncio.Runner, Serving]]:
    limits = {"body_max_bytes": BODY_MAX_BYTES, "body_timeout_secs": 0.2, "idle_timeout_secs": 0.2}
    with asyncio.Runner() as runner:
        context = serving(**limits)
        yield runner, runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


def is_orderly(web: Serving, statuses: list[int], shipped_before: int) -> bool:
    failures = web.intake.counts[REQUESTS, "web", "failed"]
    unshipped = len(web.intake.chunks) == shipped_before
    outcomes = {labels[2] for labels in web.intake.counts if labels[0] == REQUESTS}
    return set(statuses) <= STATUSES and not failures and (unshipped or 200 in statuses) and outcomes <= set(OUTCOMES)


def test_any_request_gets_a_status_and_never_500(web: tuple[asyncio.Runner, Serving]) -> None:
    runner, serving_ = web

    @settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
    @given(requests())
    def check(request: bytes) -> None:
        before = len(serving_.intake.chunks)
        statuses = runner.run(answers_to(serving_, request))
        assert statuses != []
        assert statuses is None or is_orderly(serving_, statuses, before)

    check()
    assert runner.run(answers_to(serving_, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")) == [200]


def mutated(chance: random.Random, request: bytes) -> bytes:
    """Some bytes changed, doubled or missing."""
    changed = bytearray(request)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(3):
            case 0:
                changed[place : place + 1] = chance.randbytes(1)
            case 1:
                del changed[place : place + chance.randint(1, 30)]
            case _:
                changed[place:place] = changed[max(0, place - chance.randint(1, 30)) : place]
    return bytes(changed)


def test_bytes_that_only_resemble_requests_do_no_harm(web: tuple[asyncio.Runner, Serving]) -> None:
    runner, serving_ = web
    chance = random.Random(4)
    body = gzip.compress(otlp("one", "two").SerializeToString())
    head = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n"
    seeds = [
        head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body,
        head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        b"POST /logs/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\nline\nline 2\n" * 3,
    ]

    async def many() -> None:
        batch = [mutated(chance, chance.choice(seeds)) for _ in range(40)]
        before = len(serving_.intake.chunks)
        statuses = [
            status for each in await asyncio.gather(*(answers_to(serving_, b) for b in batch)) for status in each or ()
        ]
        assert is_orderly(serving_, statuses, before), batch

    end = time.monotonic() + FUZZ_SECS
    while time.monotonic() < end:
        runner.run(many())
    assert runner.run(answers_to(serving_, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")) == [200]
