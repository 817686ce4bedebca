"""Whole days go by their date, only what is ours goes, and an interrupted deletion is finished by the next."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.exceptions import PermissionDeniedError
from obstore.store import LocalStore

from deploy.retention import open_stores, sinks_with_retention
from schemas.settings import parse_settings
from sinks.core.expiry import is_over
from sinks.core.layout import hour_prefix, manifest_place, object_place
from sinks.object_storage.retention import HourlyRetention, delete, expired
from tests.sinks.archives import archive, names
from tests.sinks.records import HOUR, NOON, log_record

DAY = 24 * HOUR
NOW = NOON / 1e9
TODAY = datetime.fromtimestamp(NOW, UTC).date()


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path))


def fill(store: LocalStore, root: Path, days_ago: list[int], topic: str = "logs.app", age_days: int = 400) -> None:
    """Records of some days, written long ago."""
    for number, ago in enumerate(days_ago):
        times = (NOON - ago * DAY, NOON - ago * DAY - HOUR)
        values = {
            2 * number + n: log_record(2 * number + n, timestamp=time, namespace="shop") for n, time in enumerate(times)
        }
        archive(store, values, topic=topic)
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (NOW - age_days * 86_400,) * 2)


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(1, 36_500))
def test_a_day_is_over_when_it_ended_so_long_ago_at_midnight(day: date, keep: int) -> None:
    end = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + (keep + 1) * 86_400
    assert is_over(day, keep, end)
    assert not is_over(day, keep, end - 1)


def test_days_that_are_over_are_found_with_their_size_the_oldest_first(store: LocalStore, tmp_path: Path) -> None:
    fill(store, tmp_path, [0, 6, 7, 8, 100])
    found = expired(store, ["logs.app"], 7, NOW)
    assert [(TODAY - each.day).days for each in found.over] == [100, 8]
    assert [(each.objects, each.records) for each in found.over] == [(2, 2), (2, 2)]
    assert found.over[0].bytes == sum(p.stat().st_size for p in tmp_path.rglob("*2026-08-13/**/*.parquet"))
    assert found.kept == 3


def test_only_that_day_goes_with_its_folders(store: LocalStore, tmp_path: Path) -> None:
    fill(store, tmp_path, [0, 8, 100])
    (oldest, _) = expired(store, ["logs.app"], 7, NOW).over
    delete(store, oldest)
    assert not (tmp_path / oldest.name).exists()
    assert {name.split("/")[1] for name in names(store)} == {"dt=2026-11-21", "dt=2026-11-13"}
    delete(store, oldest)  # gone already is fine


def test_what_has_another_name_stays(store: LocalStore, tmp_path: Path) -> None:
    foreign = [
        "logs.app/dt=2020-01-01/hour=12/notes.txt",
        "logs.app/dt=2020-01-01/hour=12/shop/backup.parquet",
        "logs.app/dt=2020-01-01/hour=12/shop/3-1.parquet",
        "logs.app/dt=2020-01-01/hour=12/_manifest/3.json.bak",
        "logs.app/dt=2020-01-01/README",
        "logs.app/2020/hour=12/shop/3-00000000000000000001.parquet",
        "other/dt=2020-01-01/hour=12/shop/3-00000000000000000001.parquet",
        "dt=2020-01-01/hour=12/shop/3-00000000000000000001.parquet",
    ]
    for name in foreign:
        obstore.put(store, name, b"mine")
    ours = "logs.app/dt=2020-01-01/hour=12/shop/3-00000000000000000001.parquet"
    obstore.put(store, ours, b"ours, damaged or not")
    fill(store, tmp_path, [0])
    for day in expired(store, ["logs.app"], 7, NOW).over:
        delete(store, day)
    assert [name for name in names(store) if "2026-11-21" not in name] == sorted(foreign)


def test_topics_of_other_sinks_stay(store: LocalStore, tmp_path: Path) -> None:
    fill(store, tmp_path, [100], topic="logs.ns.shop")
    fill(store, tmp_path, [100], topic="logs.app")
    assert [each.topic for each in expired(store, ["logs.ns.*"], 7, NOW).over] == ["logs.ns.shop"]
    assert expired(store, ["logs"], 7, NOW).over == []


def test_a_day_in_which_something_was_written_lately_rests(store: LocalStore, tmp_path: Path) -> None:
    """A replay of last year's raw archive brings back records of last year."""
    fill(store, tmp_path, [100], age_days=0)
    found = expired(store, ["logs.app"], 7, NOW)
    assert (found.over, len(found.resting)) == ([], 1)


@pytest.mark.parametrize("number", range(6))
def test_an_interrupted_deletion_is_finished_and_names_nothing_that_is_gone(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fill(store, tmp_path, [0, 100])
    (day,) = expired(store, ["logs.app"], 7, NOW).over
    real: Callable[..., Any] = obstore.delete
    done: list[str] = []

    def counted(store_: Any, name: str) -> None:
        if len(done) == number:
            raise KeyboardInterrupt
        done.append(name)
        real(store_, name)

    monkeypatch.setattr(obstore, "delete", counted)
    if number < 4:
        with pytest.raises(KeyboardInterrupt):
            delete(store, day)
    else:
        delete(store, day)
    monkeypatch.setattr(obstore, "delete", real)
    for name in names(store):
        manifest = manifest_place(name)
        if manifest is not None:  # then all of its objects are there
            folder = hour_prefix(manifest.topic, manifest.hour)
            assert [each for each in names(store) if each.startswith(folder) and object_place(each)]
    for again in expired(store, ["logs.app"], 7, NOW).over:
        delete(store, again)
    assert [name for name in names(store) if day.name in name] == []


def test_a_sink_deletes_a_few_days_an_hour(store: LocalStore, tmp_path: Path) -> None:
    fill(store, tmp_path, [0, *range(100, 115)])
    retention = HourlyRetention(store, ["logs.app"], 7, clock=lambda: NOW)
    assert (len(retention.run()), len(retention.run()), len(retention.run())) == (10, 5, 0)
    assert len(names(store)) == 4


def test_a_day_that_cannot_be_deleted_does_not_keep_the_others(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fill(store, tmp_path, [0, 100, 101, 102])
    locked = expired(store, ["logs.app"], 7, NOW).over[1]
    really = obstore.delete

    def refuse(store: LocalStore, name: str) -> None:
        if name.startswith(locked.name):
            raise PermissionDeniedError("the object is locked")
        really(store, name)

    monkeypatch.setattr(obstore, "delete", refuse)
    gone = HourlyRetention(store, ["logs.app"], 7, clock=lambda: NOW).run()
    assert len(gone) == 2
    assert locked.name not in gone
    assert [each.levelname for each in caplog.records if locked.name in each.message] == ["WARNING"]


def test_with_a_clock_that_is_wrong_a_sink_deletes_nothing(store: LocalStore, tmp_path: Path) -> None:
    fill(store, tmp_path, [0, 1])
    before = names(store)
    assert HourlyRetention(store, ["logs.app"], 7, clock=lambda: NOW * 2).run() == []
    assert names(store) == before


def test_the_command_finds_and_deletes_through_the_settings(store: LocalStore, tmp_path: Path) -> None:
    fill(store, tmp_path, [0, 100])
    text = f"sinks: {{a: {{type: object_storage, topics: [logs.app], url: 'file://{tmp_path}', retention: 7d}}}}"
    settings = parse_settings(text, "x", {})
    opened = open_stores(settings, sinks_with_retention(settings, []))["a"]
    found = opened.find(NOW)
    assert [(each.name, each.records) for each in found.expired] == [("logs.app/dt=2026-08-13", 2)]
    opened.delete(found.expired[0])
    assert opened.find(NOW).expired == []
