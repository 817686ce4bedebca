"""A watcher is ready in step, or standing by; and live while its threads move, whatever the API server does."""

import time

from runtime.health import UNREADY_SECS
from tests.producers.pods.api_server import ApiServer
from tests.producers.pods.conftest import NewSettings
from tests.producers.pods.objects import pod
from tests.producers.pods.watching import Running, eventually


def test_the_one_that_writes_and_the_one_that_stands_by_are_both_ready(
    api: ApiServer, new_settings: NewSettings
) -> None:
    settings = new_settings()
    api.set(pod("a"))
    with Running(settings) as leading:
        eventually(leading.is_in_step)
        with Running(settings) as standby:
            eventually(lambda: standby.watcher.health.ready(time.monotonic()) == [])
            assert (leading.leads(), standby.leads()) == (True, False)
            assert leading.watcher.health.ready(time.monotonic()) == []


def test_before_it_begins_a_watcher_is_not_ready(new_settings: NewSettings) -> None:
    watcher = Running(new_settings()).watcher
    assert watcher.health.ready(time.monotonic()) == ["it has not begun yet", "nobody has told whose the lease is"]
    assert watcher.health.live(time.monotonic()) == []


def test_a_watcher_without_the_right_to_list_is_live_and_not_ready(api: ApiServer, new_settings: NewSettings) -> None:
    api.forbidden = {("list", "pods")}
    with Running(new_settings()) as watcher:
        eventually(watcher.leads)
        eventually(
            lambda: (
                watcher.watcher.health.ready(time.monotonic()) == ["not everything that is watched has been listed yet"]
            )
        )
        assert watcher.watcher.health.live(time.monotonic()) == []


def test_a_watch_that_fails_for_long_makes_its_watcher_unready_until_it_works_again(
    api: ApiServer, new_settings: NewSettings
) -> None:
    with Running(new_settings()) as watcher:
        eventually(watcher.is_in_step)
        health = watcher.watcher.health
        api.wait_for_watch()  # one that is just being let in would not be cut
        api.forbidden = {("watch", "pods"), ("list", "pods")}
        api.cut_watches()
        later = UNREADY_SECS + 1
        eventually(lambda: len(health.ready(time.monotonic() + later)) == 1)
        assert "watching the pods of all namespaces has failed for" in health.ready(time.monotonic() + later)[0]
        assert health.ready(time.monotonic()) == []  # that is what retries are for
        api.forbidden = set()
        eventually(lambda: health.ready(time.monotonic() + later) == [])


def test_a_lease_thread_that_hangs_is_found(new_settings: NewSettings) -> None:
    settings = new_settings()
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        lease = watcher.watcher._lease
        assert lease is not None
        secs = settings.metrics.stall_secs + 2 * settings.pods.request_timeout_secs + 1
        assert watcher.watcher.health.live(time.monotonic()) == []
        assert lease.stands_still(settings.metrics.stall_secs, time.monotonic() + secs) == (
            f"the lease's thread has not moved for {secs:.0f} s"
        )
