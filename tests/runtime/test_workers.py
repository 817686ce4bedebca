"""Workers and the parent that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

PARENT = """
import sys, threading
from runtime.workers import Worker, run_workers

sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
workers = [Worker(0), Worker(1)]
told = lambda: print(*(each.process.pid for each in workers if each.process), flush=True)
run_workers(workers, sleep, lambda number: {}, threading.Event(), told)
"""


def is_there(pid: int) -> bool:
    """Whether a process lives; one that is a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_do_not_outlive_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = next(found for line in parent.stdout if len(found := [int(each) for each in line.split()]) == 2)
        assert [is_there(pid) for pid in pids] == [True, True]
        parent.kill()
    until = time.monotonic() + 10
    while any(is_there(pid) for pid in pids):
        assert time.monotonic() < until, [os.kill(pid, 9) for pid in pids]
        time.sleep(0.02)
