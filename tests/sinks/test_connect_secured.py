"""On a real server behind TLS: certificates both ways, a password, and a role with just the rights the sink needs."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from elasticsearch import Elasticsearch

from schemas.errors import TemporaryError
from schemas.settings import ElasticsearchSink
from sinks.elasticsearch.cluster import Cluster
from sinks.elasticsearch.connect import connect
from sinks.elasticsearch.request import BulkRequests
from sinks.elasticsearch.retention import delete_index, find_expired
from sinks.verdict import Done, Retry
from tests.secured.certificates import Authority
from tests.sinks.elasticsearch_stand_in import sink
from tests.sinks.secured_elasticsearch import PASSWORD, SecuredElasticsearch

PAGE = Path(__file__).parents[2] / "docs" / "elasticsearch.md"
NOW = 1_795_262_400.0  # 2026-11-21 12:00
LINE = b'{"create":{"_index":"%b","_id":"a"}}\n{"@timestamp":"2026-11-21T00:00:00Z","attributes":{"status":404}}\n'


def documented_role() -> dict[str, Any]:
    """The role that the documentation tells people to make, for this test's indices and without what needs ILM."""
    text = PAGE.read_text().split("PUT /_security/role/logferry\n")[1].split("```")[0]
    role: dict[str, Any] = json.loads(text)
    return role


class Secured(NamedTuple):
    server: SecuredElasticsearch
    authority: Authority
    certificate: tuple[Path, Path]

    def sink(self, user: str = "logferry", **more: Any) -> ElasticsearchSink:
        certificate, key = map(str, self.certificate)
        files = {"ca_file": str(self.authority.ca), "certificate_file": certificate, "key_file": key}
        login = {"username": user, "password": {"env": "PASSWORD"}}
        settings = {"hosts": [self.server.url], "retention": "14d", "promote": {"status": "short"}}
        given = settings | login | files | more
        return sink(**{name: value for name, value in given.items() if value is not None})

    def client(self, settings: ElasticsearchSink) -> Elasticsearch:
        return connect(settings, {"username": str(settings.username), "password": PASSWORD})


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    folder = Path(tempfile.mkdtemp(prefix="logferry-secured-"))
    folder.chmod(0o755)
    authority = Authority(folder, "authority")
    least = {
        "cluster": ["manage_index_templates"],
        "indices": [{"names": ["logstash-*"], "privileges": ["create_doc", "auto_configure"]}],
    }
    roles = {
        "logferry": documented_role(),
        "least": least,
        "reader": {"indices": [{"names": ["*"], "privileges": ["read"]}]},
    }
    server = SecuredElasticsearch(folder / "elasticsearch", authority, roles)
    try:
        server.start()
        yield Secured(server, authority, authority.issue("logferry"))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_documented_role_has_every_right_that_a_sink_needs(secured):
    settings = secured.sink()
    with secured.client(settings) as client:
        today = "logstash-2026.11.21"
        bulk = BulkRequests(client)
        cluster = Cluster(client, "search", settings)
        cluster.prepare(NOW)
        assert bulk.send([LINE % today.encode(), LINE % b"logstash-2020.01.01"]) == [Done.INDEXED] * 2
        cluster.prepare(NOW)
        promoted = secured.sink(promote={"status": "short", "later": "ip"})
        Cluster(client, "search", promoted).prepare(NOW)
        over, kept = find_expired(client, settings, NOW + 30 * 86_400)
        assert ([each.name for each in over], kept) == (["logstash-2020.01.01", today], 0)
        delete_index(client, over[0])
        cluster.close()
    with secured.server.client() as admin:
        assert list(admin.indices.get(index="logstash-*")) == [today]
        properties = admin.indices.get_mapping(index=today)[today]["mappings"]["properties"]["attributes"]["properties"]
        assert (properties["status"]["type"], properties["later"]["type"]) == ("short", "ip")


def test_without_retention_and_promoted_attributes_less_is_enough(secured):
    settings = secured.sink("least", retention=None, promote={})
    with secured.client(settings) as client:
        Cluster(client, "search", settings).prepare(NOW)
        assert BulkRequests(client).send([LINE % b"logstash-2026.11.20"]) == [Done.INDEXED]
    with secured.server.client() as admin:
        admin.indices.delete(index="logstash-2026.11.20")


@pytest.mark.parametrize(
    ("change", "problem", "remedy"),
    [
        ({"ca_file": None}, "TlsError, .*certificate verify failed", "check ca_file"),
        ({"certificate_file": None, "key_file": None}, "(TlsError|ConnectionError), .*certificate.required", ""),
        ({"user": "nobody"}, "status 401, unable to authenticate user", "api_key or password"),
        ({"user": "reader"}, "status 403, .*is unauthorized for user", "docs/elasticsearch.md"),
    ],
)
def test_who_is_not_let_in_is_told_why_and_asks_again(secured, change, problem, remedy):
    settings = secured.sink(**change)
    with secured.client(settings) as client:
        with pytest.raises(TemporaryError, match=problem) as caught:
            Cluster(client, "search", settings).prepare(NOW)
        assert remedy in caught.value.remedy
        assert isinstance(BulkRequests(client).send([LINE % b"logstash-2026.11.21"])[0], Retry)
