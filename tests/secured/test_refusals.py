"""Not being let in: one message that says what is wrong, where and what to do; then trying again until it works."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.pipeline import Pipeline
from runtime.kafka import check_reachable
from schemas.errors import TemporaryError
from schemas.settings import KafkaSettings
from tests.secured.certificates import Authority
from tests.secured.modes import PASSWORD, SECRETS, Secured
from tests.secured.pipelines import LINES, PipelineOf, wait_for, write_lines

WRONG = "falsch-3"
WATCH_SECS = 3.0
"""How long a client that tries several times a second is watched for saying things twice."""

Case = tuple[str, dict[str, Any]]


def wrong_password(secured: Secured, folder: Path, mechanism: str) -> Case:
    (folder / "wrong").write_text(WRONG)
    return "SECURE", {**secured.login(mechanism), "sasl.password": {"file": str(folder / "wrong")}}


def wrong_secret(secured: Secured, folder: Path) -> Case:
    (folder / "wrong").write_text(WRONG)
    return "SECURE", {**secured.bearer(), "sasl.oauthbearer.client.secret": {"file": str(folder / "wrong")}}


def unknown_authority(secured: Secured, folder: Path) -> Case:
    return "TLS", {**secured.tls(), "ssl.ca.location": str(Authority(folder, "unknown").ca)}


def shown(secured: Secured, certificate: Path, key: Path) -> Case:
    files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    return "MUTUAL", {**secured.tls(), **files}


def expired_client(secured: Secured, folder: Path) -> Case:
    return shown(secured, *secured.authority.issue("logferry", valid=timedelta(days=-1), file="expired-client"))


def stranger(secured: Secured, folder: Path) -> Case:
    return shown(secured, *Authority(folder, "stranger").issue("logferry"))


def no_token(secured: Secured, folder: Path) -> Case:
    return "SECURE", {**secured.bearer(), "sasl.oauthbearer.token.endpoint.url": "http://127.0.0.1:9/token"}


CASES: dict[str, tuple[Callable[[Secured, Path], Case], str, str, str]] = {
    "wrong password, PLAIN": (
        lambda secured, folder: wrong_password(secured, folder, "PLAIN"),
        "Kafka refuses the login by PLAIN: Authentication failed: Invalid username or password",
        "kafka.properties: sasl.username, sasl.password",
        "correct them",
    ),
    "wrong password, SCRAM": (
        lambda secured, folder: wrong_password(secured, folder, "SCRAM-SHA-512"),
        "Kafka refuses the login by SCRAM-SHA-512: Authentication failed during authentication due to invalid",
        "kafka.properties: sasl.username, sasl.password",
        "correct them",
    ),
    "wrong client secret": (
        wrong_secret,
        "no token for Kafka was given: ",
        "kafka.properties: sasl.oauthbearer.token.endpoint.url: http",
        "client.secret",
    ),
    "token endpoint away": (
        no_token,
        "no token for Kafka was given: Failed to connect",
        "kafka.properties: sasl.oauthbearer.token.endpoint.url: http://127.0.0.1:9/token",
        "check that the token endpoint answers",
    ),
    "unknown authority": (
        unknown_authority,
        "the broker's certificate is not accepted: unable to get local issuer certificate",
        "kafka.properties: ssl.ca.location: /",
        "set ssl.ca.location to the authority that signed the broker's certificate",
    ),
    "expired broker": (
        lambda secured, folder: ("EXPIRED", secured.tls()),
        "the broker's certificate is not accepted: certificate has expired",
        "kafka.properties: ssl.ca.location",
        "renew the broker's certificate",
    ),
    "no client certificate": (
        lambda secured, folder: ("MUTUAL", secured.tls()),
        "the broker wants a certificate of this client",
        "kafka.properties: ssl.certificate.location: not set",
        "set ssl.certificate.location and ssl.key.location",
    ),
    "client of another authority": (
        stranger,
        "the broker wants a certificate of this client, and got none from an authority that it trusts",
        "kafka.properties: ssl.certificate.location: /",
        "set ssl.certificate.location",
    ),
    "expired client certificate": (
        expired_client,
        "the broker does not accept this client's certificate (certificate unknown, ended 20",
        "kafka.properties: ssl.certificate.location: /",
        "renew it",
    ),
    "login that is not offered": (
        lambda secured, folder: ("TLS", secured.login("PLAIN")),
        "this listener of Kafka takes no logins",
        "kafka.properties: security.protocol: sasl_ssl",
        "use the port of a listener with SASL",
    ),
    "TLS to a plain listener": (
        lambda secured, folder: ("PLAINTEXT", secured.tls()),
        "the broker does not speak TLS at this port",
        "kafka.properties: security.protocol: ssl",
        "use the port of a listener with TLS",
    ),
    "nothing to a listener with logins": (
        lambda secured, folder: ("LOGIN", {}),
        "something takes connections and hangs up before a word is said",
        "kafka.properties: security.protocol: not set",
        "set security.protocol",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_reason_is_told_within_seconds(secured: Secured, tmp_path: Path, name: str):
    make, problem, where, remedy = CASES[name]
    listener, properties = make(secured, tmp_path)
    address = secured.kafka.address(listener)
    began = time.monotonic()
    with pytest.raises(TemporaryError) as caught:
        check_reachable(KafkaSettings(bootstrap_servers=address, properties=properties))
    assert problem in caught.value.problem
    assert where in caught.value.where
    assert remedy in caught.value.remedy
    assert time.monotonic() - began < 8


def test_a_plain_client_at_a_listener_with_tls_is_told_of_the_protocol(secured: Secured):
    with pytest.raises(TemporaryError) as caught:
        check_reachable(KafkaSettings(bootstrap_servers=secured.kafka.address("TLS")), timeout=3.0)
    assert "security.protocol" in caught.value.remedy


def complaints(pipeline: Pipeline, stage: str) -> list[str]:
    return [line for line in pipeline.log(stage).splitlines() if " WARNING " in line or " ERROR " in line]


SAME_IN_SINKS = ("wrong password, SCRAM", "unknown authority", "nothing to a listener with logins")


@pytest.mark.parametrize(
    ("name", "stage"), [*((name, "produce") for name in CASES), *((name, "archive") for name in SAME_IN_SINKS)]
)
def test_a_stage_says_it_once_and_goes_on_trying(
    secured: Secured, pipeline_of: PipelineOf, tmp_path: Path, name: str, stage: str
):
    make, *texts = CASES[name]
    pipeline = pipeline_of(*make(secured, tmp_path))
    write_lines(pipeline)
    pipeline.start(stage)
    wait_for(lambda: bool(complaints(pipeline, stage)), lambda: pipeline.log(stage))
    time.sleep(WATCH_SECS)
    assert len(complaints(pipeline, stage)) == 1, pipeline.log(stage)
    (complaint,) = complaints(pipeline, stage)
    assert [text for text in texts if text not in complaint] == []
    assert complaint.endswith("; it is tried again until it works")
    assert "Traceback" not in pipeline.log(stage)
    assert [secret for secret in (WRONG, *SECRETS) if secret in pipeline.log(stage)] == []
    assert pipeline.stop(stage) == 0


@pytest.mark.parametrize("command", [["topics", "apply"], ["stream"]])
def test_a_command_ends_with_the_message(secured: Secured, pipeline_of: PipelineOf, tmp_path: Path, command: list[str]):
    pipeline = pipeline_of(*wrong_password(secured, tmp_path, "SCRAM-SHA-256"))
    whole = [sys.executable, "-m", "deploy.cli", *command, "--config", str(pipeline.config)]
    ended = subprocess.run(whole, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "error: Kafka refuses the login by SCRAM-SHA-256: Authentication failed during authentication due to invalid "
        "credentials with SASL mechanism SCRAM-SHA-256",
        f"where: {secured.kafka.address('SECURE')}, kafka.properties: sasl.username, sasl.password",
        "do: correct them, or create the user at the broker; a changed password file is taken up by itself",
    ]


def test_a_corrected_password_file_ends_the_process_and_the_next_one_delivers(
    secured: Secured, pipeline_of: PipelineOf, tmp_path: Path
):
    pipeline = pipeline_of(*wrong_password(secured, tmp_path, "SCRAM-SHA-256"))
    write_lines(pipeline)
    pipeline.start("produce")
    wait_for(lambda: "refuses the login" in pipeline.log("produce"), lambda: pipeline.log("produce"))
    (tmp_path / "wrong").write_text(PASSWORD, encoding="utf-8")
    assert pipeline.processes["produce"].wait(15) == 1
    assert f"where: {tmp_path / 'wrong'}\n" in pipeline.log("produce")
    assert "Traceback" not in pipeline.log("produce")
    assert pipeline.restart_dead() == ["produce"]
    wait_for(lambda: arrived(secured, pipeline) == LINES, pipeline.tails)


def test_a_renewed_certificate_ends_the_process_and_the_next_one_delivers(
    secured: Secured, pipeline_of: PipelineOf, tmp_path: Path
):
    pipeline = pipeline_of(*expired_client(secured, tmp_path))
    write_lines(pipeline)
    pipeline.start("produce")
    wait_for(lambda: "client's certificate" in pipeline.log("produce"), lambda: pipeline.log("produce"))
    secured.authority.issue("logferry", file="expired-client")
    assert pipeline.processes["produce"].wait(15) == 1
    assert "credentials have been replaced" in pipeline.log("produce")
    assert pipeline.restart_dead() == ["produce"]
    wait_for(lambda: arrived(secured, pipeline) == LINES, pipeline.tails)


def test_a_token_endpoint_that_comes_back_is_enough(secured: Secured, pipeline_of: PipelineOf):
    pipeline = pipeline_of(*secured.mode("OAUTHBEARER"))
    write_lines(pipeline)
    secured.tokens.stop()
    try:
        pipeline.start("produce")
        wait_for(lambda: "no token for Kafka" in pipeline.log("produce"), lambda: pipeline.log("produce"))
    finally:
        secured.tokens.start()
    wait_for(lambda: arrived(secured, pipeline) == LINES, pipeline.tails, 60)
    assert pipeline.stop("produce") == 0


def arrived(secured: Secured, pipeline: Pipeline) -> int:
    """Lines in logs.raw."""
    return sum(value["payload"].count(b"\n") for value in pipeline.values("raw", "raw_chunk"))


MISTAKES: dict[str, tuple[dict[str, str], str]] = {
    "no such property": ({"sasl.user": "x"}, 'No such configuration property: "sasl.user"'),
    "no such file": ({"security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"}, "ssl.ca.location failed"),
    "no such login": ({"security.protocol": "sasl_ssl", "sasl.mechanism": "MAGIC"}, "MAGIC"),
    "no password": ({"security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN"}, "sasl.username and sasl.password"),
}


@pytest.mark.parametrize("stage", ["produce", "stream", "archive"])
@pytest.mark.parametrize("name", MISTAKES)
def test_properties_that_cannot_work_end_a_stage(pipeline_of: PipelineOf, name: str, stage: str):
    properties, problem = MISTAKES[name]
    pipeline = pipeline_of("TLS", properties)
    pipeline.start(stage)
    assert pipeline.processes[stage].wait(15) == 2
    error, where, remedy = pipeline.log(stage).splitlines()[-3:]
    assert problem in error
    assert where == "where: kafka.properties"
    assert remedy.startswith("do: correct the property")
    assert "Traceback" not in pipeline.log(stage)
