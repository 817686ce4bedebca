"""Our own log as JSON: one object a line, which streams read as it is meant."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.own_logs import JsonFormatter, Seldom, say_last
from runtime.process import OURS, follow_settings, set_up_logging
from schemas.errors import FatalError
from schemas.settings import Settings, parse_settings
from schemas.severity import SEVERITY_BY_TEXT
from streams.core.parsers import json as json_parser

Lines = Callable[[], list[dict[str, Any]]]


def settings_of(text: str) -> Settings:
    return parse_settings(text, "logferry.yaml", {})


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in (*OURS, "urllib3", "faust")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, each in levels.items():
        logging.getLogger(name).setLevel(each)
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Sets up logging as a sink does with JSON at debug level; gives what it has logged since."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    set_up_logging()
    follow_settings(settings_of("kafka: {instance: search-0}\nlogging: {format: json, level: debug}"), "sink/search")
    return lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def logged(**values: Any) -> logging.LogRecord:
    told = {"name": "a.b", "levelno": logging.INFO, "levelname": "INFO", "msg": "x", "pathname": "f", "lineno": 1}
    return logging.makeLogRecord(told | values)


def test_a_line_has_time_level_logger_message_and_whose_it_is(lines: Lines) -> None:
    logging.getLogger("sinks.delivery").warning("%d records wait\nfor 'ü' \udc80", 3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("logferry").items() > {"stage": "sink/search", "instance": "search-0", "pid": os.getpid()}.items()
    assert line == {"level": "WARNING", "logger": "sinks.delivery", "message": "3 records wait\nfor 'ü' \udc80"}


def test_times_have_microseconds_in_utc() -> None:
    text = JsonFormatter("stream", "x").format(logged(created=1795222923.000004))
    assert json.loads(text)["timestamp"] == "2026-11-21T01:02:03.000004Z"


def test_streams_read_level_message_error_and_mark_without_a_rule(lines: Lines) -> None:
    try:
        raise OSError("no space")
    except OSError:
        logging.getLogger("producers.checkpoint").exception("it cannot be written")
    (line,) = lines()
    content = json.dumps(line).encode()
    found = json_parser.read(content)
    assert found is not None
    assert json_parser.severity(found) == SEVERITY_BY_TEXT["error"]
    record = json_parser.fields(content, found)
    attributes = record["attributes"]
    assert (record["body"], record["severity_text"]) == ("it cannot be written", "ERROR")
    assert (attributes["exception.type"], attributes["exception.message"]) == ("OSError", "no space")
    assert attributes["exception.stacktrace"].startswith("Traceback (most recent call last):\n")
    assert attributes["logferry"]["stage"] == "sink/search"


def test_at_debug_only_our_own_code_says_more(lines: Lines) -> None:
    for name in ("urllib3.connectionpool", "botocore.endpoint", "aiokafka", "asyncio"):
        logging.getLogger(name).debug("a request was sent")
    for name in ("faust.app", "opentelemetry.sdk"):
        logging.getLogger(name).info("something was done")
    logging.getLogger("streams.worker").debug("something seldom")
    assert [line["logger"] for line in lines()] == ["streams.worker"]


def test_at_error_neither_we_nor_libraries_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    set_up_logging()
    follow_settings(settings_of("logging: {level: error}"), "stream")
    for name in ("faust.app", "streams.worker", "urllib3"):
        logging.getLogger(name).warning("beware")
    logging.getLogger("streams.worker").error("lost")
    assert [line.split(" ", 1)[1] for line in out.getvalue().splitlines()] == ["ERROR streams.worker: lost"]


def test_text_stays_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    set_up_logging()
    follow_settings(settings_of(""), "stream")
    logging.getLogger("streams.worker").warning("beware")
    assert out.getvalue().split("Z ", 1)[1] == "WARNING streams.worker: beware\n"


def test_what_can_happen_for_each_record_is_said_once_an_hour_for_each_kind() -> None:
    seldom = Seldom()
    moments = (0.0, 10.0, 3599.0, 3600.0, 3601.0)
    said = [seldom.filter(logged(kind="left out", created=1e9 + moment)) for moment in moments]
    assert said == [True, False, False, True, False]
    assert seldom.filter(logged(kind="another", created=1e9 + 10))
    assert [seldom.filter(logged(created=1e9)) for _ in range(3)] == [True] * 3


def test_what_says_too_little_of_its_kind_cannot_fill_the_memory() -> None:
    seldom = Seldom()
    for number in range(1000):
        assert seldom.filter(logged(kind=f"{number}", created=1e9))
    assert len(seldom._said) <= 100


def test_the_last_words_are_json_too(lines: Lines, capfd: pytest.CaptureFixture[str]) -> None:
    say_last(FatalError("Kafka gave up", remedy="look at its log"))
    (line,) = lines()
    assert (line["level"], "Kafka gave up" in line["message"]) == ("CRITICAL", True)


def test_last_words_are_text_before_the_settings_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    say_last(FatalError("no settings"))
    assert capsys.readouterr().err.startswith("error: no settings")


def run(*words: str, config: str, folder: Path) -> tuple[int, str]:
    file = folder / "logferry.yaml"
    file.write_text(config)
    command = [sys.executable, "-m", "deploy.cli", *words, "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("stage", ["produce", "sink none"])
def test_a_stage_that_cannot_begin_says_why_as_json(stage: str, tmp_path: Path) -> None:
    config = f"logging: {{format: json}}\nproducer: {{node: n, state_folder: {tmp_path}/no\0}}".replace("\0", "")
    (tmp_path / "no").write_text("a file")
    status, said = run(*stage.split(), config=config, folder=tmp_path)
    line = json.loads(said.splitlines()[-1])
    assert (status, line["level"]) == (2, "CRITICAL")
    assert line["logferry"]["stage"] == {"produce": "producer", "sink none": "sink/none"}[stage]


def test_settings_that_cannot_be_read_are_told_as_text(tmp_path: Path) -> None:
    status, said = run("sink", "x", config="logging: {format: jsn}", folder=tmp_path)
    assert status == 2
    assert said.startswith("error: ")


def test_an_error_that_nobody_foresaw_is_one_line() -> None:
    program = (
        "from runtime.process import *\nfrom schemas.settings import parse_settings\nimport threading\n"
        "set_up_logging(); follow_settings(parse_settings('logging: {format: json}', 'x', {}), 'stream')\n"
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()\nint('no number')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    first, second = map(json.loads, done.stderr.splitlines())
    assert (first["level"], first["exception.type"]) == ("ERROR", "ZeroDivisionError")
    assert (second["level"], second["exception.type"], done.returncode) == ("CRITICAL", "ValueError", 1)
