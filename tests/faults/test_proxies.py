"""The proxies of the fault suite do what they say, no more and no less."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.faults.kafka_proxy import KafkaProxy, Line
from bench.faults.store_proxy import StoreFault, StoreProxy


class Framed:
    """A server that answers every frame (length in four bytes, then the body) with the same, and remembers it."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.heard: list[bytes] = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self.talk, args=(self.listening.accept()[0],), daemon=True).start()

    def talk(self, client: socket.socket) -> None:
        with closing(client), client.makefile("rb") as frames, suppress(OSError):
            while head := frames.read(4):
                self.heard.append(body := frames.read(int.from_bytes(head)))
                client.sendall(head + body)


def say(client: socket.socket, body: bytes) -> None:
    client.sendall(len(body).to_bytes(4) + body)


def hear(client: socket.socket, timeout: float = 5.0) -> bytes | None:
    """An answer's body; None: the connection is broken. Raises TimeoutError."""
    client.settimeout(timeout)
    try:
        head = client.recv(4, socket.MSG_WAITALL)
        return client.recv(int.from_bytes(head), socket.MSG_WAITALL) if head else None
    except ConnectionError:
        return None


@pytest.fixture
def broker() -> Iterator[Framed]:
    made = Framed()
    yield made
    made.listening.close()


@pytest.fixture
def proxy(broker: Framed) -> Iterator[KafkaProxy]:
    with KafkaProxy(f"127.0.0.1:{broker.port}") as made:
        yield made


@pytest.fixture
def client(proxy: KafkaProxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(proxy.address.rpartition(":")[2])), 5) as made:
        yield made


def test_an_answer_names_the_proxy_where_it_names_the_broker(
    broker: Framed, proxy: KafkaProxy, client: socket.socket
) -> None:
    own = int(proxy.address.rpartition(":")[2])
    say(client, b"at 127.0.0.1" + broker.port.to_bytes(4) + b" it is")
    assert hear(client) == b"at 127.0.0.1" + own.to_bytes(4) + b" it is"


def test_nothing_passes_a_stalled_line_and_everything_once_it_is_well(
    broker: Framed, proxy: KafkaProxy, client: socket.socket
) -> None:
    proxy.line = Line(is_stalled=True)
    say(client, b"hello")
    with pytest.raises(TimeoutError):
        hear(client, 0.3)
    assert broker.heard == []
    proxy.heal()
    assert hear(client) == b"hello"


def test_a_lost_answer_breaks_the_connection_after_the_broker_has_heard(
    broker: Framed, proxy: KafkaProxy, client: socket.socket
) -> None:
    proxy.line = Line(loses_answers=1.0)
    say(client, b"hello")
    assert (hear(client), broker.heard, proxy.lost_answers) == (None, [b"hello"], 1)


def test_a_cut_line_breaks_what_is_connected_and_takes_nobody_new(proxy: KafkaProxy, client: socket.socket) -> None:
    say(client, b"hello")
    assert hear(client) == b"hello"
    proxy.cut()
    assert hear(client) is None
    with socket.create_connection(("127.0.0.1", int(proxy.address.rpartition(":")[2])), 5) as another:
        assert hear(another) is None
    proxy.heal()
    with socket.create_connection(("127.0.0.1", int(proxy.address.rpartition(":")[2])), 5) as another:
        say(another, b"again")
        assert hear(another) == b"again"


def test_a_slow_line_takes_its_time_in_both_directions(proxy: KafkaProxy, client: socket.socket) -> None:
    proxy.line = Line(delay_secs=0.2)
    began = time.monotonic()
    say(client, b"hello")
    assert (hear(client), time.monotonic() - began >= 0.4) == (b"hello", True)


class Store(BaseHTTPRequestHandler):
    """Keeps what it is given."""

    kept: dict[str, bytes]

    def do_PUT(self) -> None:
        self.kept[self.path] = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def store() -> Iterator[StoreProxy]:
    Store.kept = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    with StoreProxy(f"http://127.0.0.1:{server.server_address[1]}") as proxy:
        proxy.share, proxy.late_secs = 1.0, 0.3
        yield proxy
    server.shutdown()
    thread.join()
    server.server_close()


def put(store: StoreProxy, *faults: StoreFault) -> int:
    """The status; 0: no answer came."""
    store.faults = faults
    request = urllib.request.Request(f"{store.url}/object", b"content", method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


@pytest.mark.parametrize(
    ("fault", "status", "is_kept"),
    [
        (StoreFault.BUSY, 503, False),
        (StoreFault.FORBIDDEN, 403, False),
        (StoreFault.RESET_EARLY, 0, False),
        (StoreFault.RESET_LATE, 0, True),
        (StoreFault.LATE, 200, True),
    ],
)
def test_the_store_keeps_what_was_passed_on_whatever_is_answered(
    store: StoreProxy, fault: StoreFault, status: int, *, is_kept: bool
) -> None:
    assert (put(store, fault), Store.kept, store.met[fault]) == (status, {"/object": b"content"} if is_kept else {}, 1)


def test_in_good_weather_a_request_goes_through(store: StoreProxy) -> None:
    assert (put(store), Store.kept) == (200, {"/object": b"content"})
