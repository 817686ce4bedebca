"""News wait within bounds, and nobody waits for a backlog that is closed."""

import threading
from collections.abc import Callable
from typing import Any

from producers.core.pods.pod_scope import Scope
from producers.pods.backlog import Backlog
from producers.pods.watch import PageRead, Present

EVENT = Present(Scope(), {})


def page(pods: int) -> PageRead:
    return PageRead(Scope(), [{}] * pods)


def in_thread(work: Callable[..., Any], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    return thread


def test_news_come_out_in_order() -> None:
    backlog = Backlog(10)
    for news in (EVENT, page(3), EVENT):
        backlog.put(news)
    assert [backlog.get(0), backlog.get(0), backlog.get(0), backlog.get(0)] == [EVENT, page(3), EVENT, None]


def test_a_page_larger_than_the_bound_fits_alone() -> None:
    backlog = Backlog(2)
    backlog.put(page(100))
    assert backlog.get(0) == page(100)


def test_who_finds_no_room_waits_until_there_is() -> None:
    backlog = Backlog(2)
    backlog.put(page(2))
    waiting = in_thread(backlog.put, EVENT)
    waiting.join(0.1)
    assert waiting.is_alive()
    assert backlog.get(5) == page(2)
    assert backlog.get(5) == EVENT
    waiting.join(5)
    assert not waiting.is_alive()


def test_closing_lets_go_of_who_waits() -> None:
    backlog = Backlog(1)
    backlog.put(EVENT)
    waiting = in_thread(backlog.put, EVENT)
    backlog.close()
    waiting.join(5)
    assert (waiting.is_alive(), backlog.get(0)) == (False, None)
