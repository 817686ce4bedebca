"""Threads for requests, which a process that is asked to stop need not wait for.

`concurrent.futures` joins its threads when the interpreter ends, so a destination that neither answers nor hangs up
would hold the process for request_timeout_secs. Whatever is under way then was not committed and is sent again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class RequestThreads:
    """A fixed number of threads that take calls in the order in which they come."""

    def __init__(self, count: int) -> None:
        self._calls: queue.SimpleQueue[tuple[Future[bool], Callable[..., bool], tuple[Any, ...]] | None]
        self._calls = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"request-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, call: Callable[..., bool], *arguments: Any) -> Future[bool]:
        """Have something called; the future has what it returned or raised."""
        future: Future[bool] = Future()
        self._calls.put((future, call, arguments))
        return future

    def end(self) -> None:
        """Let threads that have nothing to do end; the others are left to themselves."""
        for _ in self._threads:
            self._calls.put(None)

    def _work(self) -> None:
        while task := self._calls.get():
            future, call, arguments = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call(*arguments))
            except BaseException as error:  # whoever asks for the result shall have it
                future.set_exception(error)
