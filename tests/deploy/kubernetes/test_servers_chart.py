"""The chart logferry-servers: users with the rights that `logferry topics rights` prints, servers that may fail."""

import re
from typing import Any

import pytest
import yaml

from deploy.rights import Wish, rights_for
from deploy.strimzi import user_resources
from schemas.settings import Settings, parse_settings
from tests.deploy.kubernetes.servers import EXAMPLES, SEARCH, Objects, config_of, of_kind, render, values_for_logferry
from tests.tools import helm

POOL = {"name": "node", "roles": ["broker", "controller"], "replicas": 3, "storage": {"type": "ephemeral"}}


def settings_of(config: dict[str, Any]) -> Settings:
    return parse_settings(yaml.safe_dump(config), "config", {})


def granted(users: Objects) -> set[tuple[str, ...]]:
    """User, resource, its name and pattern, operation."""
    return {
        (user["metadata"]["name"], *acl["resource"].values(), operation)
        for user in users
        for acl in [
            {**each, "resource": dict(sorted(each["resource"].items()))}
            for each in user["spec"]["authorization"]["acls"]
        ]
        for operation in acl["operations"]
    }


CONFIGS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "development": config_of(EXAMPLES / "development.yaml"),
    "production": config_of(EXAMPLES / "production.yaml"),
    "a tenant": {
        "topics": {"prefix": "red."},
        "stream": {"group": "red.stream"},
        "routes": [{"match": "**", "topic": "red.app"}, {"match": "**", "topic": "other.app"}],
        "sinks": {"search": {**SEARCH, "topics": ["red.app"], "group": "red.search"}},
    },
    "topics of fields": {
        "routes": [
            {"match": "a.**", "topic": "logs.ns.{namespace}"},
            {"match": "b.**", "topic": "logs.app-{label.app}.{container}"},
            {"match": "**", "topic": "logs.app"},
        ],
        "sinks": {"archive": {"type": "object_storage", "topics": ["logs.ns.*", "logs.ns.shop"], "url": "file:///x"}},
    },
    "quotas and the rest": {
        "unmatched": "logs.rest",
        "quotas": [
            {"namespaces": "a", "bytes_per_minute": 1000000},
            {"namespaces": "*", "bytes_per_minute": 1000000, "topic": "logs.late"},
        ],
    },
    "copies": {
        "kafka": {"bootstrap_servers": ["a:9092", "b:9092"]},
        "sinks": {
            "here": {
                "type": "kafka",
                "topics": ["logs.app"],
                "topic": "copy.{topic}",
                "kafka": {"bootstrap_servers": "c:9092, b:9092"},
            },
            "West_1.x": {"type": "kafka", "topics": ["logs.app"], "kafka": {"bootstrap_servers": "c:9092"}},
        },
    },
}


@pytest.mark.parametrize("name", CONFIGS)
def test_users_have_the_rights_that_are_printed(name: str) -> None:
    values = {"config": CONFIGS[name], "kafka": {"pools": [POOL], "replicationFactor": 3}}
    users = of_kind(render(values), "KafkaUser")
    printed = user_resources(rights_for(settings_of(CONFIGS[name])), "logferry-{stage}", "logferry", "tls")
    assert granted(list(users.values())) == granted(printed)
    assert {name: each["spec"]["authentication"] for name, each in users.items()} == {
        each["metadata"]["name"]: each["spec"]["authentication"] for each in printed
    }


def test_wishes_give_the_rights_that_are_printed() -> None:
    config = CONFIGS["topics of fields"]
    users = {"name": "west", "livePrefix": "live.", "indexSuffix": "-try1"}
    found = of_kind(render({"config": config, "kafka": {"users": users}}), "KafkaUser")
    rights = rights_for(settings_of(config), Wish("live.", "-try1"))
    assert granted(list(found.values())) == granted(user_resources(rights, "west", "logferry", "tls"))


def test_only_the_stages_that_are_wanted_have_users() -> None:
    values = {"kafka": {"users": {"stages": ["producer", "sinks"]}}}
    assert sorted(of_kind(render(EXAMPLES / "production.yaml", values), "KafkaUser")) == [
        "logferry-producer",
        "logferry-sink-raw",
        "logferry-sink-search",
    ]


def test_one_more_pipeline_has_users_of_its_own_on_the_same_servers() -> None:
    page = (helm.ROOT / "docs/servers.md").read_text()
    values = yaml.safe_load(page.partition('```yaml title="red.yaml"\n')[2].partition("```")[0])
    objects = render(values)
    users = of_kind(objects, "KafkaUser")
    assert {each["kind"] for each in objects} == {"KafkaUser", "ConfigMap"}
    assert all(name.startswith("red-") for name in users)
    names = [acl["resource"]["name"] for user in users.values() for acl in user["spec"]["authorization"]["acls"]]
    assert [name for name in names if not name.startswith("red.")] == []
    assert values_for_logferry(objects)["streams"]["secretMounts"][0]["secret"] == "red-stream"


def test_the_role_of_sinks_is_for_their_indices() -> None:
    sinks = {
        "a": SEARCH,
        "b": {**SEARCH, "index": "shop-%Y.%m"},
        "c": {**SEARCH, "data_stream": "logs-k8s-default"},
    }
    secret = of_kind(render({"config": {"sinks": sinks}}), "Secret")["logferry-es-custom-roles"]
    roles = yaml.safe_load(secret["stringData"]["roles.yml"])
    assert roles["logferry"]["indices"] == [
        {
            "names": ["logstash-*", "shop-*", "logs-k8s-default"],
            "privileges": ["create_doc", "auto_configure", "manage"],
        }
    ]
    page = (helm.ROOT / "docs/elasticsearch.md").read_text()
    documented = yaml.safe_load(
        page[page.index("PUT /_security/role/logferry") :].partition("\n")[2].partition("```")[0]
    )
    assert roles["logferry"]["cluster"] == documented["cluster"]
    assert roles["logferry"]["indices"][0]["privileges"] == documented["indices"][0]["privileges"]


def test_production_goes_on_without_any_one_node() -> None:
    objects = render(EXAMPLES / "production.yaml")
    kafka = of_kind(objects, "Kafka")["logferry"]["spec"]["kafka"]
    assert kafka["config"]["default.replication.factor"] == 3
    assert kafka["config"]["min.insync.replicas"] == 2
    assert kafka["rack"]["topologyKey"] == "topology.kubernetes.io/zone"
    assert [each["tls"] for each in kafka["listeners"]] == [True]
    pools = of_kind(objects, "KafkaNodePool")
    assert {name: (pool["spec"]["roles"], pool["spec"]["replicas"]) for name, pool in pools.items()} == {
        "controller": (["controller"], 3),
        "broker": (["broker"], 3),
    }
    sets = of_kind(objects, "Elasticsearch")["logferry"]["spec"]["nodeSets"]
    assert {each["name"]: (each["count"], each["config"]["node.roles"][0]) for each in sets} == {
        "master": (3, "master"),
        "data": (3, "data"),
    }
    pods = [each["spec"]["template"]["pod"] for each in pools.values()] + [each["podTemplate"]["spec"] for each in sets]
    for pod in pods:
        assert "requiredDuringSchedulingIgnoredDuringExecution" in pod["affinity"]["podAntiAffinity"]
        assert pod["topologySpreadConstraints"][0]["topologyKey"] == "topology.kubernetes.io/zone"
    volumes = [pool["spec"]["storage"]["volumes"][0]["type"] for pool in pools.values()]
    assert volumes == ["persistent-claim"] * 2
    assert all(each["volumeClaimTemplates"] for each in sets)


def _contexts(objects: Objects) -> dict[str, dict[str, Any]]:
    kafka = of_kind(objects, "Kafka")["logferry"]["spec"]
    (node,) = of_kind(objects, "KafkaNodePool").values()
    (nodes,) = of_kind(objects, "Elasticsearch")["logferry"]["spec"]["nodeSets"]
    return {
        "broker": node["spec"]["template"]["pod"]["securityContext"],
        "operators": kafka["entityOperator"]["template"]["pod"]["securityContext"],
        "elasticsearch": nodes["podTemplate"]["spec"]["securityContext"],
        "kibana": of_kind(objects, "Kibana")["logferry"]["spec"]["podTemplate"]["spec"]["securityContext"],
    }


def test_servers_may_write_to_their_volumes() -> None:
    """Strimzi sets its images' group on a volume only where no security context is given at all."""
    contexts = _contexts(render())
    assert (contexts["broker"]["fsGroup"], contexts["elasticsearch"]["fsGroup"]) == (0, 1000)
    assert all(each["runAsNonRoot"] for each in contexts.values())


def test_openshift_may_choose_users_and_groups() -> None:
    page = (helm.ROOT / "docs/servers.md").read_text()
    values = yaml.safe_load(page.partition('```yaml title="openshift.yaml"\n')[2].partition("```")[0])
    rest = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert list(_contexts(render(values)).values()) == [rest] * 4


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "copies without brokers": ({"kafka": {"replicationFactor": 3}}, "3 copies need as many brokers"),
    "two controllers": (
        {
            "kafka": {
                "pools": [
                    {"name": "a", "roles": ["broker", "controller"], "replicas": 2, "storage": {"type": "ephemeral"}}
                ]
            }
        },
        "2 controllers; with an odd number",
    ),
    "two replication factors": (
        {"config": {"topics": {"replication_factor": 2}}},
        "config.topics.replication_factor is 2, kafka.replicationFactor 1",
    ),
    "a topic with too many copies": (
        {"kafka": {"topics": [{"name": "x", "partitions": 1, "replicas": 3}]}},
        "x shall have 3 copies",
    ),
    "no master": (
        {"elasticsearch": {"nodeSets": [{"name": "a", "count": 1, "roles": ["data"], "storage": {"ephemeral": True}}]}},
        "no node may become master",
    ),
    "two masters": (
        {"elasticsearch": {"nodeSets": [{"name": "a", "count": 2, "roles": [], "storage": {"ephemeral": True}}]}},
        "of two masters none may fail",
    ),
    "Kibana alone": ({"elasticsearch": {"enabled": False}}, "Kibana needs the Elasticsearch of this chart"),
    "a user's name that is too long": (
        {"config": {"sinks": {"s" * 60: SEARCH}}},
        "a certificate's name at most 64",
    ),
    "an old Elasticsearch": ({"elasticsearch": {"version": "8.12.0"}}, "version"),
    "an unknown key": ({"kafka": {"brokers": 3}}, "brokers"),
    "a volume without a size": (
        {
            "kafka": {
                "pools": [
                    {
                        "name": "a",
                        "roles": ["broker", "controller"],
                        "replicas": 1,
                        "storage": {"type": "persistent-claim"},
                    }
                ]
            }
        },
        "size",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_work_is_refused_with_a_reason(name: str) -> None:
    values, words = WRONG[name]
    with pytest.raises(helm.HelmError, match=re.escape(words)):
        render(values)
