"""What real programs send arrives whole and in order: logger of util-linux, rsyslog, Python's own handler."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import platform
import re
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.producers.intake import RecordingIntake
from tests.producers.syslog_messages import messages_of, place, running
from tests.tools.debian import Program, program

Check = Callable[[RecordingIntake], Awaitable[None]]
LOOPBACK = "127.0.0.1:0"
LINES = [f"line {number} of an application: ümlaut" for number in range(300)]


def run(check: Check) -> None:
    asyncio.run(asyncio.wait_for(check(RecordingIntake()), 120))


def in_thread(command: list[str], environment: dict[str, str]) -> Awaitable[object]:
    """Run a client to its end while the loop serves it."""
    return asyncio.to_thread(subprocess.run, command, check=True, timeout=60, env=environment)


@pytest.fixture(scope="module")
def logger() -> Program:
    return program("bsdutils", "usr/bin/logger")


@pytest.fixture
def lines(tmp_path) -> Path:
    path = tmp_path / "lines"
    path.write_text("\n".join(LINES) + "\n")
    return path


def texts_of(intake: RecordingIntake) -> list[str]:
    """What stands behind the headers."""
    return [found[0] for each in messages_of(intake.chunks) if (found := re.search("line .*ümlaut", each.decode()))]


RFC3164 = re.compile(rb"<13>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \S+ app: line")
RFC5424 = re.compile(rb"<13>1 \d{4}-\d\d-\d\dT\S+ \S+ app - - (-|\[timeQuality [^]]*\]) line")


@pytest.mark.parametrize(("rfc", "form"), [("--rfc3164", RFC3164), ("--rfc5424", RFC5424)])
@pytest.mark.parametrize("by", [["--udp"], ["--tcp"], ["--tcp", "--octet-count"]], ids="".join)
def test_logger_sends_over_the_network(logger, lines, by, rfc, form):
    async def check(intake):
        async with running(intake, udp=LOOPBACK, tcp=LOOPBACK) as server:
            host, port = place(server, by[0].strip("-"))
            options = ["--server", host, "--port", str(port), *by, rfc, "--tag", "app", "--file", str(lines)]
            await in_thread([logger.path, *options], logger.environment)
            await intake.until(lambda: len(messages_of(intake.chunks)) == len(LINES))
        assert texts_of(intake) == LINES
        assert all(form.match(message) for message in messages_of(intake.chunks))

    run(check)


@pytest.mark.parametrize(("by", "transport"), [("--udp", "unixgram"), ("--tcp", "unix")])
def test_logger_writes_to_a_unix_socket(logger, lines, tmp_path, by, transport):
    path = tmp_path / "log"

    async def check(intake):
        async with running(intake, **{transport: str(path)}):
            options = ["--socket", str(path), by, "--tag", "app", "--file", str(lines)]
            await in_thread([logger.path, *options], logger.environment)
            await intake.until(lambda: len(messages_of(intake.chunks)) == len(LINES))
        assert texts_of(intake) == LINES

    run(check)


FORWARDING = """
global(workDirectory="{folder}")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="{folder}/in" rateLimit.interval="0")
action(type="omfwd" target="{host}" port="{port}" {how})
"""


@pytest.mark.parametrize(
    ("transport", "how"),
    [
        ("udp", 'protocol="udp"'),
        ("udp", 'protocol="udp" template="RSYSLOG_SyslogProtocol23Format"'),
        ("tcp", 'protocol="tcp" TCP_Framing="traditional"'),
        ("tcp", 'protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"'),
    ],
    ids=["udp-3164", "udp-5424", "tcp-lines", "tcp-counted-5424"],
)
def test_rsyslog_forwards(logger, lines, tmp_path, transport, how):
    rsyslog = program("rsyslog", "usr/sbin/rsyslogd")
    modules = Path(rsyslog.path).parents[1] / "lib" / f"{platform.machine()}-linux-gnu" / "rsyslog"
    config = tmp_path / "rsyslog.conf"

    async def check(intake):
        async with running(intake, udp=LOOPBACK, tcp=LOOPBACK) as server:
            host, port = place(server, transport)
            config.write_text(FORWARDING.format(folder=tmp_path, host=host, port=port, how=how))
            command = [rsyslog.path, "-n", "-f", str(config), "-i", str(tmp_path / "pid"), "-M", str(modules)]
            daemon = subprocess.Popen(command, env=rsyslog.environment)
            try:
                await intake.until((tmp_path / "in").exists)
                options = ["--socket", str(tmp_path / "in"), "--tag", "app", "--file", str(lines)]
                await in_thread([logger.path, *options], logger.environment)
                await intake.until(lambda: len(texts_of(intake)) == len(LINES))
            finally:
                daemon.terminate()
                await asyncio.to_thread(daemon.wait, 30)
        assert texts_of(intake) == LINES
        version = b"1 " if "23Format" in how else b""
        assert all(re.match(rb"<\d+>%b" % version, message) for message in messages_of(intake.chunks))

    run(check)


@pytest.mark.parametrize("transport", ["udp", "tcp", "unix", "unixgram"])
def test_pythons_handler_ends_messages_with_nul(tmp_path, transport):
    path = str(tmp_path / "log")

    def send(where: tuple[str, int] | str, kind: socket.SocketKind) -> None:
        handler = logging.handlers.SysLogHandler(where, socktype=kind)
        for text in LINES:
            handler.emit(logging.LogRecord("app", logging.WARNING, "", 0, text, None, None))
        handler.close()

    async def check(intake):
        how = {transport: path if transport.startswith("unix") else LOOPBACK}
        async with running(intake, **how) as server:
            kind = socket.SOCK_STREAM if transport in ("tcp", "unix") else socket.SOCK_DGRAM
            await asyncio.to_thread(send, path if transport.startswith("unix") else place(server, transport), kind)
            await intake.until(lambda: len(messages_of(intake.chunks)) == len(LINES))
        trailer = "" if kind == socket.SOCK_STREAM else "\0"
        assert messages_of(intake.chunks) == [f"<12>{text}{trailer}".encode() for text in LINES]

    run(check)
