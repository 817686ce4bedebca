"""A client speaks the cluster's language, logs in as told, and goes round hosts that do not answer."""

import socket
from base64 import b64encode

import pytest
from elasticsearch import BadRequestError

from schemas.errors import SettingsError
from sinks.elasticsearch.capabilities import has_lifecycles, version_of
from sinks.elasticsearch.cluster import Cluster
from sinks.elasticsearch.connect import connect, secrets_of, where
from sinks.elasticsearch.request import HEADERS
from tests.secured.certificates import Authority
from tests.sinks.elasticsearch_stand_in import StandIn, sink

CLOUD = "shop:" + b64encode(b"eu-west-1.aws.example.net$abc$def").decode()


def test_a_cluster_of_version_9_is_spoken_to_in_its_language():
    with StandIn("9.2.4") as cluster, cluster.client() as client:
        assert version_of(client) == "9.2.4"
        assert cluster.spoken == ["9"]


def test_a_cluster_of_version_8_is_spoken_to_in_its_language_after_it_was_asked_once():
    with StandIn("8.19.2") as cluster, cluster.client() as client:
        assert version_of(client) == "8.19.2"
        assert has_lifecycles(client)
        client.perform_request("GET", "/_nodes/_local", headers=HEADERS)
        assert cluster.spoken == ["9", "8", "8", "8"]


def test_a_cluster_that_is_upgraded_meanwhile_goes_on():
    with StandIn("8.19.2") as cluster, cluster.client() as client:
        assert version_of(client) == "8.19.2"
        cluster.version = "9.2.4"
        assert version_of(client) == "9.2.4"


def test_another_bad_request_is_not_asked_twice():
    with StandIn() as cluster, cluster.client() as client:
        cluster.refusing["GET /_nodes/_local"] = 400
        with pytest.raises(BadRequestError):
            client.nodes.info(node_id="_local")
        assert cluster.spoken == ["9"]


def test_a_server_that_is_not_elasticsearch_is_refused_by_name():
    with StandIn("2.19.0", product="") as cluster, cluster.client() as client:
        cluster.version = "9.0.0"  # whatever it calls itself, it knows no versions of languages
        with pytest.raises(SettingsError, match=r"this is opensearch 9.0.0, not Elasticsearch") as caught:
            Cluster(client, "search", cluster.sink()).prepare(0.0)
        assert cluster.url in caught.value.where


def test_an_api_key_and_a_password_reach_the_cluster(monkeypatch):
    monkeypatch.setenv("KEY", "VuaCfGcBCdbkQm")
    monkeypatch.setenv("WORD", "correct-horse")
    with StandIn() as cluster:
        for login in ({"api_key": {"env": "KEY"}}, {"username": "shop", "password": {"env": "WORD"}}):
            settings = cluster.sink(**login)
            with connect(settings, secrets_of(settings)) as client:
                version_of(client)
        assert cluster.logged_in == ["ApiKey VuaCfGcBCdbkQm", "Basic " + b64encode(b"shop:correct-horse").decode()]


def test_a_secret_that_is_missing_is_named():
    with pytest.raises(SettingsError, match="NOT_THERE"):
        secrets_of(sink(api_key={"env": "NOT_THERE"}), {})


def closed_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def test_a_host_that_does_not_answer_is_left_out_while_others_do():
    with StandIn() as one, StandIn() as other:
        settings = sink(hosts=[f"http://127.0.0.1:{closed_port()}", one.url, other.url])
        with connect(settings, {}, attempts=3) as client:
            assert [version_of(client) for _ in range(12)] == ["9.2.4"] * 12
            dead = [node for node in client.transport.node_pool.all() if node.base_url == settings.hosts[0]]
            assert dead[0].config not in client.transport.node_pool._alive_nodes
        assert len(one.asked) + len(other.asked) == 12
        assert min(len(one.asked), len(other.asked)) >= 4


def test_a_cloud_id_leads_to_its_address():
    settings = sink(cloud_id=CLOUD)
    with connect(settings, {"api_key": "x"}) as client:
        assert [node.base_url for node in client.transport.node_pool.all()] == [
            "https://abc.eu-west-1.aws.example.net:443"
        ]
    assert where(settings) == "Elastic Cloud, shop"


def test_files_of_tls_that_cannot_be_used_are_named(tmp_path):
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("client")
    locked = authority.issue_locked("locked", "word")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nothing")
    binary = tmp_path / "binary.pem"
    binary.write_bytes(b"\xff\xfe")
    cases = [
        ({"ca_file": "/not/there.pem"}, "ca_file cannot be read: No such file"),
        ({"ca_file": str(nonsense)}, "ca_file cannot be used"),
        ({"certificate_file": "/not/there.pem"}, "certificate_file cannot be read: No such file"),
        ({"certificate_file": str(binary)}, "certificate_file cannot be read: it is not text"),
        ({"certificate_file": str(certificate)}, "certificate_file cannot be used"),
        ({"certificate_file": str(certificate), "key_file": "/not/there.key"}, "key_file cannot be read: No such file"),
        ({"certificate_file": str(certificate), "key_file": str(locked[1])}, "certificate_file cannot be used"),
        ({"certificate_file": str(locked[0]), "key_file": str(key)}, "certificate_file cannot be used"),
    ]
    for files, problem in cases:
        with pytest.raises(SettingsError, match=problem):
            connect(sink(hosts=["https://127.0.0.1:9200"], **files), {})
