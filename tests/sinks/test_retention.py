"""Whole indices go when they are over; nothing else ever goes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.stack import Stack
from sinks.elasticsearch.connect import connect
from sinks.elasticsearch.retention import MOST_AT_ONCE, HourlyRetention, delete_index, find_expired, sizes_of, sort_out
from tests.sinks.elasticsearch_stand_in import StandIn, sink

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
PATTERN = "logstash-%Y.%m.%d"
INDEX = {"index": PATTERN, "retention": "14d"}


def made(day: date) -> dict:
    created = int(datetime(day.year, day.month, day.day, 1, tzinfo=UTC).timestamp() * 1000)
    return {"settings": {"index.creation_date": str(created)}}


def names(indices: dict, pattern: str = PATTERN, keep: int = 14) -> list[str]:
    return [each.name for each in sort_out(indices, pattern, keep, TODAY).over]


def daily(*days: date) -> dict:
    return {day.strftime(PATTERN): made(day) for day in days}


def test_a_day_goes_when_its_end_is_as_old_as_the_retention():
    days = [TODAY - timedelta(days=ago) for ago in (30, 16, 15, 14, 13, 1, 0, -1)]
    assert names(daily(*days)) == ["logstash-2026.10.22", "logstash-2026.11.05", "logstash-2026.11.06"]


def test_a_week_and_a_month_go_when_all_of_them_is_over():
    weeks = {f"w-2026.{number}": made(date(2026, 10, 1)) for number in (43, 44, 45)}
    assert names(weeks, "w-%G.%V") == ["w-2026.43", "w-2026.44"]
    months = {f"m-2026.{number:02}": made(date(2026, 1, 1)) for number in (9, 10, 11)}
    assert names(months, "m-%Y.%m", 21) == ["m-2026.09"]
    assert names(months, "m-%Y.%m", 20) == ["m-2026.09", "m-2026.10"]


def test_what_a_replay_or_a_record_without_a_date_has_just_made_stays_as_long_as_anything():
    late = {"logstash-1970.01.01": made(TODAY - timedelta(days=13)), "logstash-2020.01.01": made(TODAY)}
    assert names(late) == []
    assert names({"logstash-1970.01.01": made(TODAY - timedelta(days=14))}) == ["logstash-1970.01.01"]


@pytest.mark.parametrize(
    "change",
    [
        {"data_stream": "logstash"},
        {"settings": {**made(date(2020, 1, 1))["settings"], "index.lifecycle.name": "theirs"}},
        {"settings": {}},
        {"settings": {"index.creation_date": "soon"}},
        {"settings": {"index.creation_date": str(2**63)}},
    ],
)
def test_what_is_not_this_sinks_to_delete_stays(change):
    assert names({"logstash-2020.01.01": made(date(2020, 1, 1)) | change}) == []


@pytest.mark.parametrize(
    "name",
    ["logstash-2020.01.01-new", "logstash-2020.01", "logstash-", "xlogstash-2020.01.01", "logstash-2100.01.01", "logs"],
)
def test_another_name_stays(name):
    assert names({name: made(date(2020, 1, 1))}) == []


@given(st.dates(), st.dates(), st.dates(date(1000, 1, 1)), st.integers(1, 36_500))
def test_nothing_younger_than_the_retention_ever_goes(day, created, today, keep):
    found = sort_out({f"l-{day:%Y-%m-%d}": made(max(created, date(1970, 1, 1)))}, "l-%Y-%m-%d", keep, today).over
    assert not found or (today - day).days > keep


@pytest.fixture
def cluster() -> Iterator[StandIn]:
    with StandIn(lifecycles=False) as found:
        yield found


def fill(cluster: StandIn, count: int, *, young: bool = True) -> None:
    for ago in range(20, 20 + count):
        day = TODAY - timedelta(days=ago)
        cluster.indices[day.strftime(PATTERN)] = made(day)
    if young:
        cluster.indices[TODAY.strftime(PATTERN)] = made(TODAY)


def retention(cluster: StandIn, **times: float) -> HourlyRetention:
    return HourlyRetention(cluster.client(**INDEX), cluster.sink(**INDEX), lambda: NOW, **times)


def test_the_oldest_go_first_and_only_some_in_an_hour(cluster, caplog):
    fill(cluster, MOST_AT_ONCE + 3)
    work = retention(cluster)
    first = work.run()
    assert first == sorted(first)
    assert len(first) == MOST_AT_ONCE
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert len(work.run()) == 3
    assert work.run() == []
    assert list(cluster.indices) == [TODAY.strftime(PATTERN)]


def test_each_deletion_is_a_request_for_one_name_and_a_line_in_the_log(cluster, caplog):
    caplog.set_level(logging.INFO, "sinks.elasticsearch.retention")
    fill(cluster, 2)
    retention(cluster).run()
    gone = ["logstash-2026.10.31", "logstash-2026.11.01"]
    assert [each for each in cluster.asked if each.startswith("DELETE")] == [f"DELETE /{name}" for name in gone]
    assert [record.message.split()[1] for record in caplog.records] == gone


def test_when_nothing_young_is_there_nothing_goes(cluster, caplog):
    fill(cluster, 3, young=False)
    assert retention(cluster).run() == []
    assert len(cluster.indices) == 3
    assert "clock" in caplog.records[0].message


def test_trouble_is_a_warning_and_keeps_neither_the_others_nor_the_next_hour(cluster, caplog):
    fill(cluster, 3)
    cluster.refusing["DELETE /logstash-2026.10.31"] = 503
    work = retention(cluster)
    assert work.run() == ["logstash-2026.10.30", "logstash-2026.11.01"]
    cluster.refusing["GET /logstash-*"] = 403
    assert work.run() == []
    told = [record for record in caplog.records if record.name.startswith("sinks")]
    assert [record.levelname for record in told] == ["WARNING", "WARNING"]
    assert "logstash-2026.10.31 cannot be deleted: status 503" in told[0].message
    cluster.refusing.clear()
    assert work.run() == ["logstash-2026.10.31"]


def test_a_failure_of_our_own_does_not_end_the_thread(cluster, caplog):
    fill(cluster, 1)
    cluster.broken = True
    work = retention(cluster, first_after_secs=0.01, every_secs=0.01)
    work.start()
    until = time.monotonic() + 10
    while cluster.asked.count("GET /logstash-*") < 2 and time.monotonic() < until:
        time.sleep(0.01)
    cluster.broken = False
    while len(cluster.indices) > 1 and time.monotonic() < until:
        time.sleep(0.01)
    work.close()
    assert list(cluster.indices) == [TODAY.strftime(PATTERN)]
    assert {record.levelname for record in caplog.records} == {"ERROR"}


def test_the_thread_works_again_and_again_until_it_is_closed(cluster):
    fill(cluster, 1)
    work = retention(cluster, first_after_secs=0.05, every_secs=0.05)
    work.start()
    until = time.monotonic() + 10
    while cluster.asked.count("GET /logstash-*") < 3 and time.monotonic() < until:
        time.sleep(0.01)
    work.close()
    assert list(cluster.indices) == [TODAY.strftime(PATTERN)]
    asked = len(cluster.asked)
    time.sleep(0.2)
    assert len(cluster.asked) == asked


def test_a_fresh_thread_deletes_nothing_at_once(cluster):
    fill(cluster, 1)
    work = retention(cluster)
    work.start()
    time.sleep(0.1)
    work.close()
    assert cluster.asked == []


def test_without_retention_or_with_a_data_stream_nothing_is_asked(cluster):
    with cluster.client() as client:
        assert find_expired(client, cluster.sink(), NOW).over == []
        assert find_expired(client, cluster.sink(data_stream="logs", retention="1d"), NOW).over == []
    assert cluster.asked == []


@pytest.fixture
def client(stack: Stack) -> Iterator[Elasticsearch]:
    with connect(sink(hosts=[stack.endpoints.elasticsearch_url]), {}) as found:
        yield found


def test_on_the_real_server_days_go_and_aliases_streams_and_closed_indices_are_told_apart(client):
    name = f"ret{os.getpid()}x{time.monotonic_ns()}"
    settings = sink(index=f"{name}-%Y.%m.%d", retention="14d")
    days = ("2020.01.01", "2020.01.02", "2020.01.03", "2100.01.01")
    for day in days:
        client.index(index=f"{name}-{day}", document={"log": "x"}, refresh=True)
    client.indices.put_alias(index=f"{name}-2100.01.01", name=f"{name}-2020.01.04")
    client.indices.create(index=f"{name}-2020.01.05-new")
    client.indices.close(index=f"{name}-2020.01.03")
    assert find_expired(client, settings, time.time()).over == []  # made a moment ago
    later = time.time() + 15 * 86_400
    found = find_expired(client, settings, later)
    assert [each.name for each in found.over] == [f"{name}-{day}" for day in days[:3]]
    assert found.kept == 1
    sizes = sizes_of(client, [each.name for each in found.over])
    assert {key: records for key, (_, records) in sizes.items()} == {f"{name}-{day}": 1 for day in days[:3]}
    assert all(bytes_ > 200 for bytes_, _ in sizes.values())
    for each in found.over:
        delete_index(client, each)
        delete_index(client, each)  # gone already is fine
    assert sorted(client.indices.get(index=f"{name}-*")) == [f"{name}-2020.01.05-new", f"{name}-2100.01.01"]
    for index in (f"{name}-2020.01.05-new", f"{name}-2100.01.01"):
        client.indices.delete(index=index)
