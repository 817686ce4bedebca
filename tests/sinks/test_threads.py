"""Threads for requests: calls in their order, results and errors to whoever asks, and an end that waits for nobody."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from sinks.threads import RequestThreads


def test_one_thread_takes_calls_in_their_order() -> None:
    threads, seen = RequestThreads(1), list[int]()

    def note(number: int) -> bool:
        seen.append(number)
        return True

    futures = [threads.submit(note, number) for number in range(100)]
    assert [each.result(10) for each in futures] == [True] * 100
    assert seen == list(range(100))
    threads.end()


def test_several_work_at_once_and_what_one_raises_is_heard() -> None:
    threads, met = RequestThreads(2), threading.Barrier(2, timeout=10)

    def meet(name: str) -> bool:
        met.wait()
        if name == "b":
            raise ValueError(name)
        return True

    first, second = threads.submit(meet, "a"), threads.submit(meet, "b")
    assert first.result(10) is True
    with pytest.raises(ValueError, match="b"):
        second.result(10)
    threads.end()


def test_a_process_ends_while_a_request_has_no_answer() -> None:
    program = (
        "import time; from sinks.threads import RequestThreads; "
        "threads = RequestThreads(2); threads.submit(time.sleep, 60); threads.end(); print('ended')"
    )
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50)
    assert (ended.stdout, ended.returncode) == ("ended\n", 0)
    assert time.monotonic() - began < 40
