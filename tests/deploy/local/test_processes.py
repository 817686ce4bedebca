"""Processes are recognised for sure and stopped within a bound."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from deploy.local.processes import (
    Launch,
    ProcessId,
    exit_status,
    is_alive,
    kill,
    last_lines,
    spawn,
    started_of,
    stop_all,
)


def shell(folder: Path, script: str) -> ProcessId:
    return spawn(Launch(["sh", "-c", script], {}, folder, folder / "out.log", None))


def wait_for(log: Path, text: str) -> None:
    while text not in last_lines(log):
        os.sched_yield()


def test_a_pid_with_another_start_is_not_the_process() -> None:
    me = ProcessId(os.getpid(), started_of(os.getpid()) or "")

    assert is_alive(me)
    assert not is_alive(replace(me, started=me.started + "1"))


def test_an_ended_process_is_not_alive_and_its_status_is_known(tmp_path: Path) -> None:
    process = shell(tmp_path, "sleep 0.2; exit 7")
    while is_alive(process):
        os.sched_yield()

    assert exit_status(process) == 7


def test_who_obeys_is_stopped_gently(tmp_path: Path) -> None:
    process = shell(tmp_path, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    wait_for(tmp_path / "out.log", "up")

    assert stop_all([process], 10) == []
    assert last_lines(tmp_path / "out.log") == "up\nbye"


def test_who_does_not_obey_is_killed_with_its_children(tmp_path: Path) -> None:
    process = shell(tmp_path, "trap '' TERM; sleep 300 & echo $!; wait; wait")
    while not last_lines(tmp_path / "out.log"):
        os.sched_yield()
    child = int(last_lines(tmp_path / "out.log"))

    assert stop_all([process], 0.2) == [process]
    assert not is_alive(process)
    assert started_of(child) is None


def test_a_kill_takes_the_whole_group(tmp_path: Path) -> None:
    process = shell(tmp_path, "sleep 300 & echo $!; wait")
    while not last_lines(tmp_path / "out.log"):
        os.sched_yield()
    child = int(last_lines(tmp_path / "out.log"))

    kill(process)

    assert not is_alive(process)
    assert started_of(child) is None


def test_the_last_lines_are_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "some.log"

    assert last_lines(log) == ""
    log.write_bytes(b"java.lang.Error: reason\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)\n")
    assert last_lines(log) == "java.lang.Error: reason"
    log.write_bytes(b"".join(b"line %d \xff\n" % n for n in range(100_000)))
    assert last_lines(log, 2) == "line 99998 \N{REPLACEMENT CHARACTER}\nline 99999 \N{REPLACEMENT CHARACTER}"
