"""What can be known before anything is read: the archive that is meant, the period, how far records reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.replay.plan import Census, begin, context_secs, raw_archive, settle_secs, wait_secs
from deploy.replay.request import NANOS, Request
from deploy.replay.saved import Saved, Store
from producers.replay.found import Chunk, Passed, Trouble
from schemas.errors import SettingsError, TemporaryError
from schemas.settings import Settings, parse_settings

RAW = '{type: object_storage, topics: [logs.raw], url: "file:///x", format: avro, object_max_age_secs: 20}'
NOW = 1_795_266_000.0
REQUEST = Request("kafka", None, "2h", None, "**", "replay", None, "", "logs.raw")


def settings(sinks: str = "{}", more: str = "") -> Settings:
    return parse_settings(f"sinks: {sinks}\nstream: {{join_timeout_secs: 3}}\n{more}", "logferry.yaml", {})


@pytest.mark.parametrize(
    ("sinks", "named", "message"),
    [
        ("{}", None, "no sink archives logs.raw"),
        (f"{{a: {RAW}, b: {RAW.replace('file:///x', 'file:///y')}}}", None, "several sinks"),
        (f"{{a: {RAW}}}", "b", "there is no sink 'b'"),
        (f"{{a: {RAW}, search: {{type: elasticsearch, topics: [logs.app]}}}}", "search", "archives no logs.raw"),
    ],
)
def test_an_archive_that_is_not_clear_is_told_with_the_choice(sinks: str, named: str | None, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        raw_archive(settings(sinks), named)


def test_the_only_archive_is_meant() -> None:
    assert raw_archive(settings(f"{{a: {RAW}}}"), None)[0] == "a"


def test_context_is_as_long_as_the_longest_wait_for_a_rest() -> None:
    slow = 'multiline: [{match: "**", mode: auto, timeout_secs: 60}]'
    assert [context_secs(each) for each in (settings(), settings(more=slow))] == [8.0, 65.0]


def test_an_archive_is_complete_when_its_objects_are_written() -> None:
    found = settings(f"{{a: {RAW}}}")
    archive = Request("archive", None, "2h", None, "**", "replay", None, "", "logs.raw")
    assert [settle_secs(found, each) for each in (REQUEST, archive)] == [8.0, 33.0]


def test_a_period_ends_where_it_is_complete_unless_somebody_says_so() -> None:
    found = begin(REQUEST, settings(), NOW)
    assert (found.since, found.until) == (int(NOW - 7200) * NANOS, int(NOW - 8) * NANOS)
    now = Request("kafka", None, "2h", "now", "**", "replay", None, "", "logs.raw")
    assert wait_secs(begin(now, settings(), NOW), 8.0, NOW) == 8.0
    assert wait_secs(found, 8.0, NOW) == 0.0


def test_a_period_without_time_is_refused() -> None:
    empty = Request("kafka", None, "1s", None, "**", "replay", None, "", "logs.raw")
    with pytest.raises(SettingsError, match="nothing lies between"):
        begin(empty, settings(), NOW)


def test_a_dry_run_counts_what_would_be_sent() -> None:
    census, steps = Census(), [Chunk(b"abc", "s", "record", 5.5, ""), Chunk(b"abc", "t", "context", 9.0, "")]
    for step in (*steps, Chunk(b"a", "s", "record", 3.0, ""), Trouble("x", "gone"), Passed("", 1)):
        census.take(step)
    row = census.rows(REQUEST, Saved(0, 10 * NANOS), "logs.replay", 8.0)
    assert [row[name] for name in ("chunks", "bytes", "sources", "context_chunks")] == [2, 7, 1, 1]
    assert (row["first"], row["last"]) == ("1970-01-01T00:00:03Z", "1970-01-01T00:00:05Z")
    assert census.troubles == [Trouble("x", "gone")]


def test_what_was_kept_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    saved = Saved(1, 2, "kube.**", 3, "sent", "x", 4, 5, 6, 7, 8.5)
    with Store("one") as store:
        assert store.read() is None
        store.write(saved)
    with Store("one") as store, Store("two") as other:
        assert (store.read(), other.read()) == (saved, None)
        with pytest.raises(TemporaryError, match="running already"):
            Store("one").__enter__()
    (tmp_path / "logferry/replay/one.json").write_text('{"since": 1, "un')
    with Store("one") as store:
        assert store.read() is None, "what cannot be read is begun anew"
