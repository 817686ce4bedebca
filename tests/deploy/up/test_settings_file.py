"""The settings that `up` writes are a person's, with this machine's addresses and folders in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.up.settings_file import (
    Servers,
    compose,
    default_text,
    read_wish,
    remembered_node,
    settings_in,
    write_settings,
)
from schemas.settings import ElasticsearchSink, InvalidSettingsError, ObjectStorageSink, Settings

SERVERS = Servers("127.0.0.1:1234", "http://127.0.0.1:5678")


def _written(text: str, data: Path, demo: str | None = None, servers: Servers | None = SERVERS) -> Settings:
    wish = read_wish(text, "x.yaml", {})
    return write_settings(data, compose(wish, data, "node-1", demo, servers), wish.origin)[1]


@pytest.mark.parametrize("name", ["plain", 'with "quotes" and: colon', "ünïcode # hash"])
def test_the_default_settings_are_good_in_any_folder(tmp_path: Path, name: str) -> None:
    data = tmp_path / name
    data.mkdir()
    settings = _written(default_text(data), data, "/demo/*.log")
    assert list(settings.sinks) == ["search", "archive", "raw"]
    archive = settings.sinks["archive"]
    assert isinstance(archive, ObjectStorageSink)
    assert archive.url == f"file://{data}/archive"


def test_local_servers_replace_what_the_settings_name(tmp_path: Path) -> None:
    text = "kafka: {bootstrap_servers: 'far:9092'}\nsinks: {s: {type: elasticsearch, topics: [logs.app]}}"
    settings = _written(text, tmp_path)
    sink = settings.sinks["s"]
    assert isinstance(sink, ElasticsearchSink)
    assert (settings.kafka.bootstrap_servers, sink.hosts) == (SERVERS.kafka, (SERVERS.elasticsearch,))


def test_without_local_servers_addresses_stay(tmp_path: Path) -> None:
    settings = _written("kafka: {bootstrap_servers: 'far:9092'}", tmp_path, servers=None)
    assert settings.kafka.bootstrap_servers == "far:9092"


def test_an_s3_endpoint_takes_every_archive_under_its_own_prefix(tmp_path: Path) -> None:
    key = {"secret_access_key": {"file": "/key"}, "allow_http": "true"}
    servers = Servers(SERVERS.kafka, SERVERS.elasticsearch, {"url": "s3://bucket", "options": key})
    archive = _written(default_text(tmp_path), tmp_path, servers=servers).sinks["archive"]
    assert isinstance(archive, ObjectStorageSink)
    assert archive.url == "s3://bucket/archive"
    assert archive.options["allow_http"] == "true"


def test_the_demo_is_the_only_input_unless_others_are_named(tmp_path: Path) -> None:
    assert list(_written("", tmp_path, "/demo/*.log").inputs) == ["demo"]
    named = "inputs: {mine: {type: container_files}}"
    assert list(_written(named, tmp_path, "/demo/*.log").inputs) == ["mine", "demo"]
    assert list(_written("", tmp_path).inputs) == ["containers"]


def test_checkpoints_and_node_are_the_persons_or_in_the_data_folder(tmp_path: Path) -> None:
    producer = _written("", tmp_path).producer
    assert (producer.state_folder, producer.node) == (str(tmp_path / "producer"), "node-1")
    producer = _written("producer: {state_folder: /mine, node: n}", tmp_path).producer
    assert (producer.state_folder, producer.node) == ("/mine", "n")


def test_the_nodes_name_is_remembered(tmp_path: Path) -> None:
    assert remembered_node(tmp_path) is None
    _written("", tmp_path)
    assert remembered_node(tmp_path) == "node-1"
    (tmp_path / "logferry.yaml").write_text("producer: [\n")
    assert remembered_node(tmp_path) is None


def test_the_environment_is_in_the_file_and_not_laid_over_it_again(tmp_path: Path) -> None:
    wish = read_wish("stream: {group: a}", "x.yaml", {"LOGFERRY_STREAM__GROUP": "b", "LOGFERRY_DATA": "d", "PATH": "p"})
    settings = write_settings(tmp_path, compose(wish, tmp_path, "n", None, None), "x")[1]
    assert settings.stream.group == "b"
    assert wish.variables == {"LOGFERRY_STREAM__GROUP"}


@pytest.mark.parametrize("text", ["", "kafka:\n", "sinks:\ninputs:\nproducer:\n"])
def test_empty_sections_are_no_mistake(tmp_path: Path, text: str) -> None:
    assert _written(text, tmp_path).kafka.bootstrap_servers == SERVERS.kafka


def test_mistakes_are_named_with_the_persons_file_and_line() -> None:
    with pytest.raises(InvalidSettingsError, match=r"mine\.yaml:1: kafka\.bootstrap_server: unknown key"):
        read_wish("kafka: {bootstrap_server: x}", "mine.yaml", {})


def test_the_file_says_where_it_comes_from_and_is_found_again(tmp_path: Path) -> None:
    assert settings_in(tmp_path) is None
    _written("", tmp_path)
    found = settings_in(tmp_path)
    assert found is not None
    assert "from x.yaml" in found.read_text().splitlines()[0]
