"""What the watching thread hands over, whatever the API server does."""

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from producers.core.pods.pod_scope import Scope
from producers.pods.watch import Absent, Complete, Died, News, PageRead, PodWatch, Present, Trouble
from schemas.settings import PodsSettings
from tests.producers.pods.api_server import ApiServer
from tests.producers.pods.objects import pod

DEADLINE_SECS = 20.0


class Following:
    """A running watch, and what it handed over."""

    def __init__(self, settings: PodsSettings, scope: Scope) -> None:
        self._news: queue.Queue[News] = queue.Queue()
        self.past: list[News] = []
        self.watch = PodWatch(settings, scope, self._news.put)
        self.watch.start()

    def until(self, wanted: Callable[[News], bool]) -> News:
        deadline = time.monotonic() + DEADLINE_SECS
        while True:
            news = self._news.get(timeout=max(0.01, deadline - time.monotonic()))
            self.past.append(news)
            assert not isinstance(news, Died), news
            if wanted(news):
                return news

    def until_listed(self, why: str) -> Complete:
        found = self.until(lambda news: isinstance(news, Complete))
        assert isinstance(found, Complete)
        assert found.why == why
        return found

    def until_pod(self, kind: type[Present | Absent], name: str, label: str | None = None) -> None:
        self.until(
            lambda news: (
                isinstance(news, kind)
                and news.pod["metadata"]["name"] == name
                and label in (None, news.pod["metadata"]["labels"]["app"])
            )
        )

    def troubles(self) -> list[Trouble]:
        return [news for news in self.past if isinstance(news, Trouble)]

    def stop(self) -> None:
        began = time.monotonic()
        self.watch.stop()
        self.watch.join(DEADLINE_SECS)
        assert not self.watch.is_alive()
        assert time.monotonic() - began < 5.0


Follow = Callable[..., Following]


@pytest.fixture
def follow(pods_settings: Callable[..., PodsSettings]) -> Iterator[Follow]:
    running: list[Following] = []

    def begin(scope: Scope = Scope(), **changes: Any) -> Following:  # noqa: B008 - frozen
        running.append(Following(pods_settings(**changes), scope))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


def test_a_list_comes_in_pages_and_is_complete_at_its_end(api: ApiServer, follow: Follow) -> None:
    for number in range(7):
        api.set(pod(f"p{number}"))
    following = follow(page_size=3)
    complete = following.until_listed("start")
    pages = [len(news.pods) for news in following.past if isinstance(news, PageRead)]
    assert (pages, complete.uids) == ([3, 3, 1], frozenset(f"uid-p{number}" for number in range(7)))


def test_changes_after_the_list_come_in_order(api: ApiServer, follow: Follow) -> None:
    api.set(pod("a"))
    following = follow()
    following.until_listed("start")
    api.set(pod("b"))
    api.set(pod("b", metadata={"labels": {"app": "changed"}}))
    api.delete("uid-a")
    following.until_pod(Present, "b")
    following.until_pod(Present, "b", "changed")
    following.until_pod(Absent, "a")


def test_a_page_that_expires_begins_the_list_anew(api: ApiServer, follow: Follow) -> None:
    for number in range(5):
        api.set(pod(f"p{number}"))
    api.expiring_pages = 2
    following = follow(page_size=2)
    assert len(following.until_listed("expired").uids) == 5
    assert len(following.troubles()) == 1  # the first time is usual, the second is told and waits


def test_a_version_that_the_server_has_forgotten_leads_to_a_new_list(api: ApiServer, follow: Follow) -> None:
    api.set(pod("a"))
    following = follow()
    following.until_listed("start")
    api.wait_for_watch()
    with api.changed:
        api.set(pod("b"))
        api.delete("uid-a", silently=True)
    assert following.until_listed("expired").uids == {"uid-b"}
    assert following.troubles() == []


def test_a_broken_connection_resumes_behind_the_last_change_without_a_list(api: ApiServer, follow: Follow) -> None:
    following = follow()
    following.until_listed("start")
    api.set(pod("a"))
    following.until_pod(Present, "a")
    api.cut_watches()
    following.until(lambda news: isinstance(news, Trouble))
    api.set(pod("b"))
    following.until_pod(Present, "b")
    assert api.counted()["list pods"] == 1
    seen = [news.pod["metadata"]["name"] for news in following.past if isinstance(news, Present)]
    assert seen == ["a", "b"]


def test_a_watch_that_ends_resumes_where_a_bookmark_said(api: ApiServer, follow: Follow) -> None:
    following = follow()
    following.until_listed("start")
    api.wait_for_watch()
    version = api.bookmark()
    api.set(pod("a"))
    following.until_pod(Present, "a")
    version_a = version + 1
    newest = api.bookmark()
    api.set(pod("b", namespace="elsewhere"))
    following.until_pod(Present, "b")
    api.cut_watches()
    api.wait_for("watch pods", 2)
    resumed = [query["resourceVersion"] for verb, _, query in api.requests if verb == "watch pods"][1]
    assert int(resumed) == newest + 1 == version_a + 2
    assert all(
        query["allowWatchBookmarks"].lower() == "true" for verb, _, query in api.requests if verb == "watch pods"
    )


def test_a_bookmark_alone_moves_the_version_so_that_forgotten_history_does_no_harm(
    api: ApiServer, follow: Follow
) -> None:
    following = follow()
    following.until_listed("start")
    api.wait_for_watch()
    before = following.watch._version
    newest = api.bookmark()
    deadline = time.monotonic() + DEADLINE_SECS
    while following.watch._version == before and time.monotonic() < deadline:
        time.sleep(0.01)
    api.compact()
    api.cut_watches()
    following.until(lambda news: isinstance(news, Trouble))
    api.set(pod("a"))
    following.until_pod(Present, "a")
    assert (following.watch._version, api.counted()["list pods"]) == (str(newest + 1), 1)


def test_everything_is_listed_anew_at_the_resync_interval(api: ApiServer, follow: Follow) -> None:
    following = follow(resync_interval_secs=1.5)
    following.until_listed("start")
    following.until_listed("resync")
    assert following.troubles() == []


def test_a_namespace_is_watched_alone_with_its_selectors(api: ApiServer, follow: Follow) -> None:
    api.set(pod("a"))
    api.set(pod("b", namespace="elsewhere"))
    following = follow(Scope("elsewhere", "app=b", "spec.nodeName=node-1"))
    assert following.until_listed("start").uids == {"uid-b"}
    asked = [(namespace, query["labelSelector"], query["fieldSelector"]) for _, namespace, query in api.requests]
    assert set(asked) == {("elsewhere", "app=b", "spec.nodeName=node-1")}


def test_a_token_that_was_replaced_is_read_anew(api: ApiServer, follow: Follow, tmp_path: Any) -> None:
    api.token = "first"
    following = follow()
    following.until_listed("start")
    api.wait_for_watch()
    api.token = "second"
    (tmp_path / "token").write_text("second")
    api.cut_watches()
    api.set(pod("a"))
    following.until_pod(Present, "a")
    assert [trouble.error.kind for trouble in following.troubles()] == ["unreachable"]


def test_credentials_that_are_not_valid_are_told_and_tried_again(api: ApiServer, follow: Follow, tmp_path: Any) -> None:
    api.token = "second"
    following = follow()
    trouble = following.until(lambda news: isinstance(news, Trouble))
    assert isinstance(trouble, Trouble)
    assert (trouble.error.kind, "kubeconfig" in trouble.error.remedy) == ("unauthorized", True)
    (tmp_path / "token").write_text("second")
    following.until_listed("start")


def test_what_rbac_lacks_is_named(api: ApiServer, follow: Follow) -> None:
    api.forbidden = {("watch", "pods")}
    following = follow()
    trouble = following.until(lambda news: isinstance(news, Trouble))
    assert isinstance(trouble, Trouble)
    for words in (
        "system:serviceaccount:logging:logferry-pods",
        'resources ["pods"]',
        'verbs ["watch"]',
        "ClusterRole",
    ):
        assert words in trouble.error.remedy
    api.forbidden = set()
    api.set(pod("a"))
    following.until_pod(Present, "a")


def test_a_server_that_closes_without_an_answer_is_asked_again(api: ApiServer, follow: Follow) -> None:
    api.silent = True
    following = follow()
    trouble = following.until(lambda news: isinstance(news, Trouble))
    assert isinstance(trouble, Trouble)
    assert (trouble.error.kind, trouble.error.where) == ("unreachable", api.url)
    api.silent = False
    following.until_listed("start")
