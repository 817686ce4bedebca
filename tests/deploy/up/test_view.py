"""The picture is shown whole on a terminal, in one line in a pipe, and as a summary."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace

from rich.console import Console

from deploy.up.picture import Picture, ServerRow, StageRow, Totals, summary
from deploy.up.status import Status
from deploy.up.view import plain_line, screen, status_screen

PICTURE = Picture(
    at=1_000_187.0,
    started_at=1_000_000.0,
    pid=42,
    phase="running",
    data="/data",
    config="/data/logferry.yaml",
    node="node-1",
    demo=True,
    kafka="127.0.0.1:1",
    elasticsearch="http://127.0.0.1:2",
    servers=(ServerRow("kafka", alive=False, restarts=1),),
    stages=(
        StageRow("demo", "running", pid=1, started_at=1_000_000.0, lag_unit=""),
        StageRow("produce", "running", pid=2, started_at=1_000_000.0, lag=2048, lag_unit="bytes"),
        StageRow("stream", "waiting", restarts=3, last_exit=-9, done=7, done_unit="lines"),
        StageRow("sink search", "failed", last_exit=2, lag=5),
    ),
    totals=Totals(
        lines_read=1234,
        bytes_read=5000,
        routed={"logs.app": 1000, "logs.errors": 2},
        dropped={"below_minimum": 30},
        dead_lettered={"bad_cri": 1},
        documents={"indexed": 900, "rejected": 0},
        objects=4,
    ),
    lines_per_sec=12.0,
    warning="stream: broker down [/bold] \x5bred]",
)  # fmt: skip


def _shown(picture: Picture) -> str:
    console = Console(file=io.StringIO(), width=150)
    console.print(screen(picture))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_screen_says_what_runs_lags_and_fails() -> None:
    shown = _shown(PICTURE)
    for words in (
        "running  3m 07s  node node-1 (demo)",
        "12 lines/s",
        "logs.app 1,000, logs.errors 2",
        "below_minimum 30",
        "indexed 900",
        "2.0 KiB",
        "waiting (killed by signal 9)",
        "failed (exit 2)",
        "5 records",
        "down",
        "broker down [/bold] [red]",
    ):
        assert words in shown


def test_a_pipe_gets_one_line() -> None:
    assert plain_line(PICTURE) == (
        "3m 07s: read 1,234 lines (12/s); routed 1,002; dropped 30; dead-lettered 1; documents 900; objects 4; "
        "lag produce 2.0 KiB, stream ?, sink search 5 records; errors 0; restarts 4; stream waiting; sink search failed"
    )


def test_the_summary_is_json_with_everything_that_was_promised() -> None:
    told = json.loads(json.dumps(summary(PICTURE)))
    assert told["seconds"] == 187.0
    assert (told["lines_read"], told["bytes_read"], told["objects"]) == (1234, 5000, 4)
    assert told["routed"] == {"logs.app": 1000, "logs.errors": 2}
    assert told["dropped"] == {"below_minimum": 30}
    assert told["dead_lettered"] == {"bad_cri": 1}
    assert told["documents"] == {"indexed": 900, "rejected": 0}
    assert told["lag"] == {"produce": {"bytes": 2048}, "stream": {"records": None}, "sink search": {"records": 5}}
    assert told["restarts"] == {"demo": 0, "produce": 0, "stream": 3, "sink search": 0, "kafka": 1}
    assert told["failed"] == ["sink search"]


def test_at_its_end_speeds_are_those_of_the_whole_run() -> None:
    averaged = PICTURE.averaged()
    assert averaged.lines_per_sec == 1234 / 187
    assert averaged.stages[2].per_sec == 7 / 187


def test_a_picture_survives_the_file() -> None:
    content = json.loads(json.dumps(asdict(PICTURE)))
    assert Picture.from_json(content) == PICTURE
    assert Picture.from_json({**content, "of_a_later_version": 1}) == PICTURE


def _status_shown(status: Status) -> str:
    console = Console(file=io.StringIO(), width=150)
    console.print(status_screen(status))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_status_says_plainly_when_nothing_runs() -> None:
    never = Status("/data", runs=False, picture=None, kafka="")
    assert _status_shown(never).strip() == "nothing runs in /data; `logferry up` starts a pipeline"
    ended = replace(never, picture=replace(PICTURE, phase="stopped"))
    assert "the last run ended at 1970-01-12 13:49:47 UTC after 3m 07s" in _status_shown(ended)
    assert "broke off" in _status_shown(replace(never, picture=PICTURE))


def test_status_shows_topics_documents_and_the_last_lines_of_what_is_down() -> None:
    status = Status(
        "/data",
        runs=True,
        picture=PICTURE,
        kafka="127.0.0.1:1",
        topics={"logs.raw": 1500},
        documents={"search": None, "other": 7000},
        problems=("Kafka does not answer",),
        last_lines={"sink search": ["error: a secret is missing"]},
    )
    shown = _status_shown(status)
    for words in (
        "runs in /data, process 42",
        "1,500",
        "no index yet",
        "7,000",
        "does not answer",
        "a secret is missing",
    ):
        assert words in shown
