"""Live: the main loop moves. Ready: the process can do its work. Asked by HTTP, answered without any cost before."""

from __future__ import annotations

import http.client
import threading
import time

import pytest

from runtime import health as health_module
from runtime.health import Failing, Health
from runtime.metrics import PORT_FILE_VARIABLE, Metrics
from schemas.errors import SettingsError
from schemas.settings import MetricsSettings


def now_in(secs: float) -> float:
    return time.monotonic() + secs


def test_a_loop_that_beats_is_live_and_one_that_does_not_is_named_with_how_long() -> None:
    health = Health(60)
    assert health.live(now_in(59)) == []
    assert health.live(now_in(75)) == ["the main loop has made no progress for 75 s"]
    health.beat(more_secs=30)
    assert health.live(now_in(89)) == []
    health.beat()
    assert health.live(now_in(89)) == ["the main loop has made no progress for 89 s"]


def test_waiting_is_moving_for_the_main_loop_alone() -> None:
    health = Health(60)
    health.beat(-99)
    other = threading.Thread(target=health.waiting)
    other.start()
    other.join()
    assert health.live(now_in(0)) == ["the main loop has made no progress for 99 s"]
    health.waiting()
    assert health.live(now_in(0)) == []


def test_a_call_that_does_not_return_in_its_time_is_named() -> None:
    health = Health(60)
    with health.call("a request", 5):
        assert health.live(now_in(4)) == []
        assert health.live(now_in(7)) == ["a request has been under way for 7 s"]
    assert health.live(now_in(7)) == []


def test_a_call_that_raised_is_over() -> None:
    health = Health(60)
    with pytest.raises(OSError, match="x"), health.call("a request", 5):
        raise OSError("x")
    assert health.live(now_in(7)) == []


def test_what_is_not_live_is_not_ready_either() -> None:
    health = Health(60)
    health.live_if(lambda _: "the lease's thread has not moved")
    health.ready_if(lambda _: "not joined")
    health.ready_if(lambda _: None)
    assert health.live(now_in(0)) == ["the lease's thread has not moved"]
    assert health.ready(now_in(0)) == ["the lease's thread has not moved", "not joined"]


def test_what_fails_for_a_moment_is_no_trouble_and_the_last_word_counts() -> None:
    failing = Failing("the destination")
    assert failing.check(now_in(99)) is None
    failing.failed("status 429")
    failing.failed("status 503")
    assert failing.check(now_in(health_module.UNREADY_SECS - 1)) is None
    assert failing.check(now_in(40)) == "the destination has failed for 40 s: status 503"
    failing.succeeded()
    assert failing.check(now_in(40)) is None


# -- the endpoint ------------------------------------------------------------------------------------------------------


class Served:
    def __init__(self, host: str = "127.0.0.1") -> None:
        self.health = Health(60)
        self.metrics = Metrics("producer")
        self.host = host
        self.port = self.metrics.serve(MetricsSettings(host=host), self.health)

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        told = answer.status, answer.read().decode(errors="replace")
        connection.close()
        return told


def test_the_endpoint_has_three_pages_and_no_other() -> None:
    served = Served()
    served.metrics.set("logferry_producer_pending_bytes", 7)
    status, text = served.ask("/metrics")
    assert (status, "logferry_producer_pending_bytes 7.0" in text) == (200, True)
    assert served.ask("/live") == (200, "ok\n")
    assert served.ask("/ready") == (200, "ok\n")
    for path in ("/", "/healthz", "/metrics/x", "/live/"):
        assert served.ask(path) == (404, "there are /metrics, /live and /ready\n")


def test_what_is_wrong_is_told_line_by_line() -> None:
    served = Served()
    served.health.ready_if(lambda _: "Kafka does not answer")
    served.health.ready_if(lambda _: "not joined")
    assert served.ask("/ready") == (503, "Kafka does not answer\nnot joined\n")
    assert served.ask("/live") == (200, "ok\n")
    served.health.beat(-99)
    assert served.ask("/live") == (503, "the main loop has made no progress for 99 s\n")


def test_prometheus_gets_the_format_it_asks_for() -> None:
    status, text = Served().ask("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert (status, text.endswith("# EOF\n")) == (200, True)


def test_a_slow_question_holds_up_no_other() -> None:
    served, hold, asked = Served(), threading.Event(), threading.Event()

    def slow(_now: float) -> None:
        asked.set()
        hold.wait(30)

    served.health.ready_if(slow)
    waiting = threading.Thread(target=served.ask, args=("/ready",))
    waiting.start()
    assert asked.wait(10)
    assert served.ask("/live") == (200, "ok\n")
    hold.set()
    waiting.join(10)


def test_the_endpoint_listens_on_ipv6_too() -> None:
    assert Served("::1").ask("/live") == (200, "ok\n")


def test_a_port_that_is_taken_is_named() -> None:
    served = Served()
    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{served.port}"):
        Metrics("producer").serve(MetricsSettings(port=served.port), Health(60))


def test_whoever_started_the_process_learns_the_port(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    file = f"{tmp_path}/port"
    monkeypatch.setenv(PORT_FILE_VARIABLE, file)
    served = Served()
    with open(file, encoding="ascii") as written:  # noqa: PTH123
        assert written.read() == str(served.port)
