"""Files straight to Kafka, as a sidecar and beside a program: with the container's identity, no line twice."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException

from bench.pipeline import Pipeline
from producers.relay.identity import Container, container_from
from producers.relay.kafka_files import settings_for
from schemas.errors import SettingsError
from schemas.settings import FilesInput, Settings
from tests.conftest import PipelineMaker
from tests.producers.relay.running import Relay, python, wait_until, wrapped

pytestmark = pytest.mark.timeout(200)

POD = {"POD_NAMESPACE": "shop", "POD_NAME": "cart-1", "POD_UID": "uid-1", "CONTAINER_NAME": "app"}
CONTAINER = Container("shop", "cart-1", "uid-1", "app")


def content_of(pipeline: Pipeline) -> bytes:
    try:
        chunks = sorted(pipeline.values("raw", "raw_chunk"), key=lambda chunk: int(chunk["offset"]))
    except KafkaException:  # a topic's leader is not known at once
        return b""
    content = b""
    for chunk in chunks:
        content = content[: chunk["offset"]] + chunk["payload"]
    return content


def test_each_file_is_an_input_of_its_own_with_the_containers_identity(tmp_path: Path) -> None:
    files = [tmp_path / "app.log", tmp_path / "odd[1]*.log"]
    made = settings_for(Settings(), files, CONTAINER, tag="shop", from_end=True)
    found = list(made.inputs.values())
    paths = [str(tmp_path / "app.log"), str(tmp_path / "odd[[]1][*].log")]
    assert [each.path for each in found] == paths
    for each in found:
        assert isinstance(each, FilesInput)
        assert each.container is not None
        assert each.container.model_dump() == {"namespace": "shop", "pod": "cart-1", "pod_uid": "uid-1", "name": "app"}
        assert (each.tag, each.start_at) == ("shop", "end")
    assert Path(made.producer.state_folder).parent == tmp_path / ".logferry-relay"


def test_relays_of_other_files_have_other_checkpoints(tmp_path: Path) -> None:
    folders = {
        settings_for(Settings(), files, None).producer.state_folder
        for files in ([tmp_path / "a"], [tmp_path / "b"], [tmp_path / "a", tmp_path / "b"])
    }
    assert len(folders) == 3
    assert settings_for(Settings(), [tmp_path / "a"], None, state_folder=tmp_path).producer.state_folder == str(
        tmp_path
    )


def test_options_win_over_the_environment_and_half_an_identity_is_a_mistake() -> None:
    nothing: dict[str, Any] = {"namespace": None, "pod": None, "pod_uid": None, "name": None}
    assert container_from({}, nothing) is None
    assert container_from({"CONTAINER_NAME": "app"}, nothing) is None
    assert container_from(POD, nothing) == CONTAINER
    assert container_from(POD, {**nothing, "name": "web"}) == Container("shop", "cart-1", "uid-1", "web")
    with pytest.raises(SettingsError, match="POD_NAMESPACE, CONTAINER_NAME is missing"):
        container_from({"POD_NAME": "cart-1"}, nothing)


def test_a_sidecar_ships_a_file_with_the_containers_identity_and_goes_on_after_a_restart(
    new_pipeline: PipelineMaker, tmp_path: Path
) -> None:
    pipeline, log = new_pipeline(), tmp_path / "app.log"
    log.write_bytes(b"one\n")
    for line in (b"two\n", b"three\n"):
        with Relay(log, "--to", "kafka", "--config", pipeline.config, env=POD) as relay:
            with log.open("ab") as file:
                file.write(line)
            wait_until(lambda: line in content_of(pipeline), "the line in Kafka", 60)  # noqa: B023 - called at once
            assert relay.end(signal.SIGTERM) == 0
    assert content_of(pipeline) == b"one\ntwo\nthree\n"
    chunks = list(pipeline.values("raw", "raw_chunk"))
    assert sum(len(chunk["payload"]) for chunk in chunks) == len(b"one\ntwo\nthree\n"), "a line twice"
    for chunk in chunks:
        container = {"namespace": "shop", "pod": "cart-1", "pod_uid": "uid-1", "name": "app"}
        assert {name: chunk["source"]["container"][name] for name in container} == container


def test_beside_a_program_its_files_and_its_output_reach_kafka_to_the_last_line(
    new_pipeline: PipelineMaker, tmp_path: Path
) -> None:
    pipeline, log = new_pipeline(), tmp_path / "app.log"
    code = f"print('out'); f = open({str(log)!r}, 'w'); f.write('in the file\\n'); f.close(); raise SystemExit(4)"
    with wrapped(python(code), log, "--to", "kafka", "--config", pipeline.config, env=POD) as relay:
        assert relay.end(secs=60) == 4
        assert relay.output == b"out\n"
    by_kind = {chunk["source"]["kind"]: b"" for chunk in pipeline.values("raw", "raw_chunk")}
    for chunk in pipeline.values("raw", "raw_chunk"):
        by_kind[chunk["source"]["kind"]] += chunk["payload"]
    assert by_kind["files"] == b"in the file\n"
    assert by_kind["relay"].endswith(b" stdout F out\n")
