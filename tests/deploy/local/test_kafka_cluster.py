"""Three brokers know each other, and what they keep stands three times."""

from __future__ import annotations

from pathlib import Path

from deploy.local import kafka
from deploy.local.endpoints import endpoints_of
from deploy.local.server import Place

USES = [use for name in kafka.names(3) for use in kafka.uses(name)]
PLACE = Place(
    Path("/data/kafka-2"),
    Path("/log"),
    "name",
    {use: 1000 + n for n, use in enumerate(USES)} | {"elasticsearch": 1, "object_store": 2},
    None,
)


def test_brokers_of_a_cluster_have_names_and_ports_of_their_own() -> None:
    assert kafka.names(1) == ("kafka",)
    assert USES == ["kafka", "kafka-controller", "kafka-2", "kafka-controller-2", "kafka-3", "kafka-controller-3"]


def test_a_broker_of_three_knows_all_voters_and_wants_two_copies_in_sync() -> None:
    settings = kafka.settings(PLACE, "kafka-2", 3)
    assert {name: settings[name] for name in ("node.id", "listeners", "controller.quorum.voters")} == {
        "node.id": 2,
        "listeners": "PLAINTEXT://127.0.0.1:1002,CONTROLLER://127.0.0.1:1003",
        "controller.quorum.voters": "1@127.0.0.1:1001,2@127.0.0.1:1003,3@127.0.0.1:1005",
    }
    copies = {
        name: value for name, value in settings.items() if name.endswith(("replication.factor", ".isr", "replicas"))
    }
    assert copies == {
        "default.replication.factor": 3,
        "min.insync.replicas": 2,
        "offsets.topic.replication.factor": 3,
        "transaction.state.log.replication.factor": 3,
        "transaction.state.log.min.isr": 2,
        "share.coordinator.state.topic.replication.factor": 3,
        "share.coordinator.state.topic.min.isr": 2,
    }


def test_one_broker_keeps_one_copy() -> None:
    settings = kafka.settings(PLACE)
    assert {settings[name] for name in settings if name.endswith(("replication.factor", ".isr", "replicas"))} == {1}


def test_clients_are_told_all_brokers() -> None:
    endpoints = endpoints_of(PLACE, with_object_store=False, brokers=3)
    assert endpoints.bootstrap_servers == "127.0.0.1:1000,127.0.0.1:1002,127.0.0.1:1004"
