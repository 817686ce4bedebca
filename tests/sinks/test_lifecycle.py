"""Where the cluster has lifecycle management, it deletes; the policy is kept in step with the settings."""

import logging

import pytest

from schemas.errors import SettingsError, TemporaryError
from sinks.elasticsearch.cluster import Cluster
from sinks.elasticsearch.lifecycle import policy
from tests.sinks.elasticsearch_stand_in import StandIn, sink

NAME = "logferry-search"


def prepare(cluster: StandIn, **settings) -> None:
    with cluster.client() as client:
        made = Cluster(client, "search", cluster.sink(**settings))
        made.prepare(0.0)
        made.close()


def delete_age(cluster: StandIn) -> str | None:
    phases = cluster.policies[NAME]["phases"]
    return phases["delete"]["min_age"] if "delete" in phases else None


@pytest.mark.parametrize(
    ("settings", "age"),
    [
        ({"index": "logstash-%Y.%m.%d", "retention": "14d"}, "15d"),
        ({"index": "logs-%G.%V", "retention": "2w"}, "21d"),
        ({"index": "logs-%Y.%m", "retention": "365d"}, "396d"),
        ({"data_stream": "logs-kubernetes-default", "retention": "14d"}, "14d"),
    ],
)
def test_an_index_is_deleted_when_its_last_record_is_old_enough(settings, age):
    assert policy(sink(**settings))["phases"]["delete"] == {"min_age": age, "actions": {"delete": {}}}


def test_a_data_stream_begins_an_index_every_day():
    assert policy(sink(data_stream="a", retention="14d"))["phases"]["hot"]["actions"] == {
        "rollover": {"max_age": "1d", "max_primary_shard_size": "50gb"}
    }
    assert policy(sink(retention="14d"))["phases"]["hot"]["actions"] == {}


def test_the_policy_is_put_once_and_the_template_names_it():
    with StandIn() as cluster:
        prepare(cluster, retention="14d")
        prepare(cluster, retention="14d")
        assert cluster.asked.count(f"PUT /_ilm/policy/{NAME}") == 1
        assert cluster.templates[NAME]["template"]["settings"]["index.lifecycle.name"] == NAME
        assert delete_age(cluster) == "15d"


def test_another_retention_changes_the_policy_and_none_takes_its_deletion_away():
    with StandIn() as cluster:
        prepare(cluster, retention="14d")
        prepare(cluster, retention="30d")
        assert delete_age(cluster) == "31d"
        prepare(cluster)
        assert delete_age(cluster) is None
        assert "index.lifecycle.name" not in cluster.templates[NAME]["template"]["settings"]


def test_without_retention_nothing_is_put():
    with StandIn() as cluster:
        prepare(cluster)
        assert cluster.policies == {}
        cluster.refusing[f"GET /_ilm/policy/{NAME}"] = 403
        prepare(cluster)


def test_a_cluster_without_lifecycles_gets_a_template_without_a_policy():
    with StandIn(lifecycles=False) as cluster:
        prepare(cluster, retention="14d")
        assert "index.lifecycle.name" not in cluster.templates[NAME]["template"]["settings"]
        for status in (404, 405, 410):
            cluster.lifecycles = True
            cluster.refusing["GET /_ilm/status"] = status
            prepare(cluster, retention="14d")
        assert cluster.policies == {}


def test_somebody_elses_policy_is_not_overwritten():
    with StandIn() as cluster:
        cluster.policies[NAME] = {"phases": {"hot": {}}}
        with pytest.raises(SettingsError, match="is not logferry's"):
            prepare(cluster, retention="14d")
        prepare(cluster)
        assert cluster.policies[NAME] == {"phases": {"hot": {}}}


def test_a_newer_policy_is_left_alone_with_a_warning(caplog):
    with StandIn() as cluster:
        newer = {"phases": {}, "_meta": {"managed_by": "logferry", "version": 99}}
        cluster.policies[NAME] = newer
        prepare(cluster, retention="14d")
        assert cluster.policies[NAME] == newer
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_lifecycle_management_that_is_stopped_is_a_warning(caplog):
    with StandIn() as cluster:
        cluster.mode = "STOPPED"
        prepare(cluster, retention="14d")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "_ilm/start" in caplog.records[0].message


@pytest.mark.parametrize("place", ["GET /_ilm/status", f"PUT /_ilm/policy/{NAME}", f"GET /_ilm/policy/{NAME}"])
def test_missing_rights_are_asked_for_again_later(place):
    with StandIn() as cluster:
        cluster.refusing[place] = 403
        with pytest.raises(TemporaryError, match="status 403") as caught:
            prepare(cluster, retention="14d")
        assert "docs/elasticsearch.md" in caught.value.remedy
