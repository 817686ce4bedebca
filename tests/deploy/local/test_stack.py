"""The stack with its real servers: they do their work, keep it over restarts, and come back after a crash."""

from __future__ import annotations

import http.client
import json
import os
import socket
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from obstore.store import S3Store

from deploy.local.endpoints import find_endpoints
from deploy.local.progress import Progress, Step
from deploy.local.stack import SERVERS, Stack
from schemas.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stack(open_folder: Path) -> Iterator[Stack]:
    with Stack(open_folder / "data", object_store=True) as stack:
        yield stack


def put_record(stack: Stack, value: bytes) -> str:
    topic = f"test-{uuid.uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": stack.endpoints.bootstrap_servers})
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(20)
    producer = Producer({"bootstrap.servers": stack.endpoints.bootstrap_servers})
    producer.produce(topic, value)
    assert producer.flush(20) == 0
    return topic


def get_record(stack: Stack, topic: str) -> bytes | None:
    settings = {"group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": stack.endpoints.bootstrap_servers, **settings})
    consumer.subscribe([topic])
    record = consumer.poll(30)
    consumer.close()
    assert record is not None
    assert record.error() is None
    return record.value()


def ask(stack: Stack, method: str, path: str, body: object = None) -> dict[str, Any]:
    connection = http.client.HTTPConnection(stack.endpoints.elasticsearch_url.removeprefix("http://"), timeout=20)
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert isinstance(answer, dict)
    return answer


def store_of(stack: Stack) -> S3Store:
    s3 = stack.endpoints.object_store
    assert s3 is not None
    return S3Store(
        s3.bucket,
        endpoint=s3.url,
        access_key_id=s3.access_key_id,
        secret_access_key=s3.secret_access_key,
        region=s3.region,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def test_a_record_goes_through_kafka(stack: Stack) -> None:
    topic = put_record(stack, b"a line" * 100_000)

    assert get_record(stack, topic) == b"a line" * 100_000


def test_a_document_is_indexed_and_found(stack: Stack) -> None:
    ask(stack, "PUT", "/logs/_doc/1?refresh=true", {"log": "fizz buzz"})

    assert ask(stack, "GET", "/logs/_search?q=log:fizz")["hits"]["total"]["value"] == 1


def test_an_object_is_put_and_got(stack: Stack) -> None:
    store_of(stack).put("dt=2024-01-01/a.parquet", b"bytes")

    assert bytes(store_of(stack).get("dt=2024-01-01/a.parquet").bytes()) == b"bytes"


def test_topics_are_made_on_purpose_only(stack: Stack) -> None:
    admin = AdminClient({"bootstrap.servers": stack.endpoints.bootstrap_servers})
    admin.list_topics("never-created", timeout=10)

    assert "never-created" not in admin.list_topics(timeout=10).topics


def test_everything_listens_on_loopback_only(stack: Stack) -> None:
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for name in SERVERS
        for process in [psutil.Process(stack.pid(name)), *psutil.Process(stack.pid(name)).children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr
    ]

    assert len(listening) >= 5
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's servers run as that user")
def test_under_root_no_server_runs_as_root(stack: Stack) -> None:
    assert {psutil.Process(stack.pid(name)).username() for name in SERVERS} == {"nobody"}


def test_other_terminals_find_the_endpoints(stack: Stack, tmp_path: Path) -> None:
    assert find_endpoints(stack.data) == stack.endpoints
    assert find_endpoints(tmp_path) is None


def test_a_second_start_on_the_same_folder_is_refused_while_the_first_lives(stack: Stack) -> None:
    with pytest.raises(FatalError) as refusal:
        Stack(stack.data).start()

    assert "already running in this data folder" in str(refusal.value)
    assert f"process {os.getpid()} " in str(refusal.value)
    assert "--data" in str(refusal.value)
    assert stack.is_alive("kafka")


def test_a_restarted_server_keeps_its_data_and_ports(stack: Stack) -> None:
    topic, before, pid = put_record(stack, b"kept"), stack.endpoints, stack.pid("kafka")

    stack.restart("kafka")

    assert stack.pid("kafka") != pid
    assert stack.endpoints == before
    assert get_record(stack, topic) == b"kept"


@pytest.mark.parametrize("server", SERVERS)
def test_a_killed_server_starts_again_with_what_it_had(stack: Stack, server: str) -> None:
    topic = put_record(stack, b"kept")
    ask(stack, "PUT", f"/killed/_doc/{server}", {"log": "kept"})
    store_of(stack).put(server, b"kept")

    stack.kill(server)
    assert not stack.is_alive(server)
    assert stack.pid(server) is None
    stack.start_server(server)

    assert get_record(stack, topic) == b"kept"
    assert ask(stack, "GET", f"/killed/_doc/{server}")["found"]
    assert bytes(store_of(stack).get(server).bytes()) == b"kept"


def test_a_server_whose_port_was_taken_meanwhile_does_not_come_back_elsewhere(stack: Stack) -> None:
    port = int(stack.endpoints.bootstrap_servers.rpartition(":")[2])
    stack.stop_server("kafka")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(FatalError, match=f"port {port} of kafka is taken by process {os.getpid()}"):
            stack.start_server("kafka")

    stack.start_server("kafka")
    assert stack.is_alive("kafka")


def test_stop_and_start_keep_everything(stack: Stack) -> None:
    topic, before = put_record(stack, b"kept"), stack.endpoints
    ask(stack, "PUT", "/stopped/_doc/1", {"log": "kept"})
    seen: list[Progress] = []

    stack.stop()
    assert find_endpoints(stack.data) is None
    stack.start(seen.append)

    assert [p.server for p in seen if p.step is Step.STARTING] == list(SERVERS)
    assert {p.server for p in seen if p.step is Step.READY} == set(SERVERS)
    assert stack.endpoints == before
    assert get_record(stack, topic) == b"kept"
    assert ask(stack, "GET", "/stopped/_doc/1")["found"]
