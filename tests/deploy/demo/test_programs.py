"""The demo runs, and each of its programs prints what it is known for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from deploy.demo import demo
from deploy.demo.programs import gallery, node_probe, numbers_api, numbers_client, timecheck
from tests.deploy.demo.reading import CriLine, parse

COMBINED = re.compile(
    rb"127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "
    rb'"GET /\S* HTTP/1\.1" (200|404|500) \d+ "[^"]*" "[^"]+"'
)
KLOG = re.compile(rb'[IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \w+\.go:\d+\] "[^"]+"( \w+="[^"]*")*')
TIMECHECK = re.compile(rb"\d+: (Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}")
LOGFMT = re.compile(rb'time=\S+Z level=(info|warn|error) msg=("[^"]+"|\S+)( \w+=("[^"]*"|\S+))*')


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """Run the whole demo until its client has met a failure of its service, then stop it."""
    root, published, stop = tmp_path_factory.mktemp("node"), list[dict[str, Any]](), threading.Event()
    thread = threading.Thread(target=demo.run, args=(root, "node-1", published.append, stop))
    thread.start()
    waited = threading.Event()
    for _ in range(300):
        if b"Traceback" in text_of(root, "numbers-api", "numbers-api") and b"\n" in text_of(
            root, "gallery", "access-log"
        ):
            break
        waited.wait(0.1)
    stop.set()
    thread.join(15)
    assert not thread.is_alive()
    return root, published


def text_of(root: Path, pod: str, container: str) -> bytes:
    return b"".join(path.read_bytes() for path in root.glob(f"var/log/containers/{pod}_*_{container}-*.log"))


def lines_of(root: Path, pod: str, container: str) -> list[CriLine]:
    return parse(text_of(root, pod, container))


Demo = tuple[Path, list[dict[str, Any]]]


def test_each_pod_was_published_with_its_labels(run: Demo) -> None:
    apps = {(pod["namespace"], pod["labels"]["app"], pod["labels"]["app.kubernetes.io/name"]) for pod in run[1]}
    assert apps == {
        ("dev", "timecheck", "timecheck"),
        ("dev", "numbers-api", "numbers-api"),
        ("test", "gallery", "gallery"),
        ("kube-system", "node-probe", "node-probe"),
    }
    assert all(entry["restart"] == 0 for pod in run[1] for entry in pod["containers"])


def test_timecheck_counts_and_tells_the_time(run: Demo) -> None:
    lines = lines_of(run[0], "timecheck", "timecheck")
    assert all(TIMECHECK.fullmatch(line.content) for line in lines)
    assert [int(line.content.split(b":")[0]) for line in lines] == list(range(len(lines)))


def test_numbers_api_logs_json_and_fails_with_a_traceback_in_both_forms(run: Demo) -> None:
    lines = lines_of(run[0], "numbers-api", "numbers-api")
    documents = [json.loads(line.content) for line in lines if line.stream == "stdout"]
    requests = [document for document in documents if document["logger"] == "numbers.http"]
    assert {"ts", "level", "msg", "logger", "request_id", "path", "status", "duration_ms"} <= requests[0].keys()
    assert {"fizz", "buzz", "fizzbuzz"} <= {document["msg"] for document in requests}
    failed = next(document for document in requests if document["status"] == 500)
    assert failed["level"] == "error"
    assert failed["error"].startswith("Traceback (most recent call last):\n")
    plain = [line.content.decode() for line in lines if line.stream == "stderr"]
    assert "\n".join(plain) + "\n" == "".join(document.get("error", "") for document in requests)
    assert documents[-1]["msg"] == "stopped"


def test_numbers_client_logs_what_it_was_answered(run: Demo) -> None:
    lines = lines_of(run[0], "numbers-api", "numbers-client")
    assert all(LOGFMT.fullmatch(line.content) for line in lines)
    assert any(b"level=error" in line.content for line in lines)


def test_gallery_writes_an_access_log(run: Demo) -> None:
    access = [line for line in lines_of(run[0], "gallery", "access-log") if line.stream == "stdout"]
    assert access
    assert all(COMBINED.fullmatch(line.content) for line in access)


def test_node_probe_writes_klog(run: Demo) -> None:
    lines = lines_of(run[0], "node-probe", "node-probe")
    assert all(KLOG.fullmatch(line.content) and line.stream == "stderr" for line in lines)
    assert b'"Node load' in b"".join(line.content for line in lines)
    assert b"Shutting down" in lines[-1].content


def test_programs_end_without_tracebacks(run: Demo) -> None:
    for pod, container in (("timecheck", "timecheck"), ("gallery", "access-log"), ("numbers-api", "numbers-client")):
        assert b"Traceback" not in text_of(run[0], pod, container)
        assert b"KeyboardInterrupt" not in text_of(run[0], pod, container)


@pytest.mark.parametrize("name", ["timecheck", "numbers_api", "numbers_client", "gallery", "node_probe"])
def test_a_program_ends_when_its_runtime_is_gone(name: str, tmp_path: Path) -> None:
    lifeline, held = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", f"deploy.demo.programs.{name}", "1000"],
        env={**os.environ, "POD_LIFELINE": str(lifeline), "POD_SHARED_FOLDER": str(tmp_path)},
        pass_fds=(lifeline,),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(lifeline)
    os.close(held)
    try:
        assert b"Traceback" not in process.communicate(timeout=20)[0]
    finally:
        process.kill()
    assert process.returncode == 0


def test_a_line_of_timecheck_is_that_of_date() -> None:
    assert timecheck.line(0, 1_795_222_800.9) == "0: Sat Nov 21 01:00:00 UTC 2026\n"
    assert timecheck.line(7, 1_793_840_400.0) == "7: Thu Nov  5 01:00:00 UTC 2026\n"


def test_children_say_fizz_and_buzz() -> None:
    assert [numbers_api.fizzbuzz(n) for n in (1, 3, 5, 15)] == ["1", "fizz", "buzz", "fizzbuzz"]
    assert numbers_api.answer("/nowhere")[0] == 404
    with pytest.raises(ValueError, match="seven"):
        numbers_api.answer("/fizzbuzz/seven")
    assert (
        sum(
            path.startswith("/fizzbuzz/") and not path[10:].isdigit()
            for path in map(numbers_client.path_of, range(100))
        )
        == 4
    )


def test_one_picture_cannot_be_drawn() -> None:
    assert gallery.picture(1).startswith(b"<svg")
    with pytest.raises(ZeroDivisionError):
        gallery.picture(13)


def test_a_klog_line_is_klog() -> None:
    line = node_probe.line("I", "probe.go:42", "msg", 1_795_222_923.25, key="value")
    assert re.fullmatch(r'I1121 01:02:03\.250000 +\d+ probe\.go:42\] "msg" key="value"\n', line)
