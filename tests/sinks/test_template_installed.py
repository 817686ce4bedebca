"""On the real server: the template is installed, updated, left alone; promoted attributes take any value."""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from deploy.local.stack import Stack
from schemas.errors import SettingsError, TemporaryError
from schemas.settings.sinks.elasticsearch_names import PromotedType
from sinks.elasticsearch.cluster import Cluster
from sinks.elasticsearch.connect import connect
from sinks.elasticsearch.template import VERSION
from tests.sinks.elasticsearch_stand_in import StandIn
from tests.sinks.elasticsearch_stand_in import sink as make_sink

_numbers = itertools.count(1)
TYPES = PromotedType.__args__  # type: ignore[attr-defined]
VALUES: list[Any] = [
    "abc", "", "12", "2026-11-21", "10.0.0.1", "x" * 40_000, 1, -1, 70_000, 10**30, 1.5, 1e308, True, None, [], {},
    [1, "x", {"b": 2}], [[1, 2], [3]], {"a": 1}, {"a": {"b": [{"c": 1}]}}, [{"x": 1}, {"x": "y"}],
]  # fmt: skip


class Site:
    """A sink of its own on the server: its name, its indices."""

    def __init__(self, url: str) -> None:
        self.name = f"site{os.getpid()}x{next(_numbers)}"
        self.url = url
        self.client = connect(make_sink(hosts=[url]), {})
        self.template = f"logferry-{self.name}"
        self.index = f"{self.name}-%Y.%m.%d"
        self.today = datetime.now(UTC).strftime(self.index)

    def prepare(self, name: str = "", **settings: Any) -> None:
        target = {} if "data_stream" in settings else {"index": self.index}
        cluster = Cluster(self.client, name or self.name, make_sink(hosts=[self.url], **(target | settings)))
        cluster.prepare(time.time())
        cluster.close()

    def installed(self) -> dict[str, Any]:
        found = self.client.indices.get_index_template(name=self.template)["index_templates"]
        return dict(found[0]["index_template"])

    def settings(self) -> dict[str, Any]:
        return dict(self.installed()["template"]["settings"]["index"])


def told(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """What the sink said, without what the session's other servers and clients say meanwhile."""
    found = [record for record in caplog.records if record.name.startswith("sinks.")]
    return [record.message for record in found if record.levelno >= level]


@pytest.fixture
def site(stack: Stack) -> Iterator[Site]:
    found = Site(stack.endpoints.elasticsearch_url)
    yield found
    there = found.client.indices.get(index=f"{found.name}-*", features="settings").body
    streams = {each["data_stream"] for each in there.values() if "data_stream" in each}
    for index in there:  # one by one: a server in use forbids wildcards here
        if "data_stream" not in there[index]:
            found.client.indices.delete(index=index)
    if not streams:  # they stay until the session ends: the distribution has no request that deletes them
        found.client.options(ignore_status=404).indices.delete_index_template(name=f"{found.template}*")
    found.client.close()


def test_it_is_installed_once_and_updated_when_settings_change(site, caplog):
    caplog.set_level(logging.INFO, "sinks.elasticsearch.install")
    site.prepare()
    site.prepare()
    assert told(caplog) == [f"index template {site.template} installed: new indices follow it"]
    site.prepare(shards=3)
    assert site.settings()["number_of_shards"] == "3"
    assert told(caplog)[-1] == f"index template {site.template} updated: new indices follow it"


def test_the_template_of_an_older_version_is_replaced(site):
    body = {"index_patterns": [f"{site.name}-*"], "version": 1, "_meta": {"managed_by": "logferry"}}
    site.client.indices.put_index_template(name=site.template, body=body)
    site.prepare()
    assert site.installed()["version"] == VERSION


def test_the_template_of_a_newer_version_is_left_alone_with_a_warning(site, caplog):
    body = {"index_patterns": [f"{site.name}-*"], "_meta": {"managed_by": "logferry", "version": VERSION + 1}}
    site.client.indices.put_index_template(name=site.template, body=body)
    site.prepare()
    assert site.installed() == site.installed() | body
    assert "mappings" not in site.installed().get("template", {})
    assert len(told(caplog, logging.WARNING)) == 1


def test_somebody_elses_template_is_not_overwritten(site):
    site.client.indices.put_index_template(name=site.template, body={"index_patterns": [f"{site.name}-*"]})
    with pytest.raises(SettingsError, match="is not logferry's") as caught:
        site.prepare()
    assert "template_name" in caught.value.remedy
    assert "_meta" not in site.installed()


def test_two_templates_of_one_priority_for_the_same_indices_are_a_mistake_with_a_way_out(site):
    site.prepare()
    with pytest.raises(SettingsError, match="same priority") as caught:
        site.prepare(f"{site.name}b")
    assert "template_priority" in caught.value.remedy
    site.prepare(f"{site.name}b", template_priority=201)


def test_another_pattern_under_the_same_name_is_a_warning(site, caplog):
    site.prepare()
    site.prepare(index=f"{site.name}-other-%Y.%m")
    (warning,) = told(caplog, logging.WARNING)
    assert "template_name" in warning


def test_an_operators_own_component_is_part_of_new_indices(site):
    name = f"{site.template}@custom"
    site.client.cluster.put_component_template(name=name, template={"settings": {"index.codec": "best_compression"}})
    try:
        site.prepare()
        site.client.indices.create(index=site.today)
        found = site.client.indices.get_settings(index=site.today, flat_settings=True)
        assert found[site.today]["settings"]["index.codec"] == "best_compression"
    finally:
        site.client.indices.delete(index=site.today)
        site.client.indices.delete_index_template(name=site.template)
        site.client.cluster.delete_component_template(name=name)


def test_no_value_of_a_promoted_attribute_makes_a_document_fail(site):
    site.prepare(promote={f"p.{each}": each for each in TYPES})
    operations: list[dict[str, Any]] = []
    for value in VALUES:
        document = {"@timestamp": "2026-11-21T00:00:00Z", "attributes": {f"p.{each}": value for each in TYPES}}
        operations += [{"create": {"_index": site.today}}, document]
    answer = site.client.bulk(operations=operations, refresh=True)
    refused = [each["create"]["error"] for each in answer["items"] if "error" in each["create"]]
    assert refused == []
    assert site.client.count(index=site.today, q="attributes.p.short:1")["count"] >= 1
    mapping = site.client.indices.get_mapping(index=site.today)[site.today]["mappings"]
    properties = mapping["properties"]["attributes"]["properties"]
    assert {each: properties[f"p.{each}"]["type"] for each in TYPES} == {each: each for each in TYPES}


def test_todays_index_gets_new_promoted_attributes_where_it_has_not_seen_them(site, caplog):
    site.prepare()
    site.client.index(index=site.today, document={"attributes": {"user": "7"}})
    caplog.set_level(logging.INFO, "sinks.elasticsearch.install")
    site.prepare(promote={"user": "long", "status": "short"})
    site.client.index(index=site.today, document={"attributes": {"status": "404"}}, refresh=True)
    assert site.client.count(index=site.today, query={"range": {"attributes.status": {"gte": 90}}})["count"] == 1
    words = " ".join(told(caplog))
    assert f"index {site.today}: status can be searched by type from now on" in words
    assert f"index {site.today} has attribute user as keyword already; it is long in the next one" in words


def test_indices_of_1970_and_2100_follow_the_template(site):
    site.prepare()
    for day in ("1970.01.01", "2100.12.31"):
        stamp = day.replace(".", "-") + "T00:00:00.000000001Z"
        site.client.index(index=f"{site.name}-{day}", document={"@timestamp": stamp, "log": "x"}, refresh=True)
        found = site.client.search(index=f"{site.name}-{day}", query={"range": {"@timestamp": {"gte": stamp}}})
        assert found["hits"]["total"]["value"] == 1


def test_a_data_stream_takes_records_and_doubles_one_only_across_a_rollover(site, caplog):
    stream = f"{site.name}-stream"
    site.prepare(data_stream=stream, retention="14d", promote={"status": "short"})
    (warning,) = told(caplog, logging.WARNING)
    assert "is there twice" in warning

    def create() -> int:
        line = {"@timestamp": "2026-11-21T00:00:00Z", "attributes": {"status": 404}}
        answer = site.client.bulk(operations=[{"create": {"_index": stream, "_id": "a"}}, line], refresh=True)
        return int(answer["items"][0]["create"]["status"])

    assert [create(), create()] == [201, 409]
    site.client.indices.rollover(alias=stream)
    assert create() == 201
    assert site.client.count(index=stream)["count"] == 2
    caplog.set_level(logging.INFO, "sinks.elasticsearch.install")
    site.prepare(data_stream=stream, retention="14d", promote={"status": "short", "address": "ip"})
    latest = max(site.client.indices.get_mapping(index=stream).body)
    assert f"index {latest}: address can be searched by type from now on" in told(caplog)


def test_a_cluster_that_refuses_or_is_away_is_asked_again_later():
    with StandIn() as cluster, cluster.client() as client:
        for status in (401, 403, 429, 503):
            cluster.refusing["PUT /_index_template/logferry-search"] = status
            with pytest.raises(TemporaryError, match=f"status {status}") as caught:
                Cluster(client, "search", cluster.sink()).prepare(0.0)
            assert bool(caught.value.remedy) == (status < 429)
        cluster.refusing.clear()
        Cluster(client, "search", cluster.sink()).prepare(0.0)
        assert "logferry-search" in cluster.templates
    with pytest.raises(TemporaryError, match="ConnectionError"), Elasticsearch(cluster.url, max_retries=0) as client:
        Cluster(client, "search", cluster.sink()).prepare(0.0)


def test_template_false_leaves_templates_alone():
    with StandIn() as cluster, cluster.client() as client:
        Cluster(client, "search", cluster.sink(template=False)).prepare(0.0)
        assert cluster.templates == {}


def test_what_an_older_server_does_not_know_is_explained():
    with StandIn("8.11.4") as cluster, cluster.client() as client:
        cluster.unknown_setting = "index.mapping.total_fields.ignore_dynamic_beyond_limit"
        with pytest.raises(SettingsError, match="unknown setting") as caught:
            Cluster(client, "search", cluster.sink()).prepare(0.0)
        assert "this is 8.11.4" in caught.value.remedy
