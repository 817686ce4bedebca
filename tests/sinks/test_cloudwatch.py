"""The CloudWatch destination: AWS's own client against a stand-in over HTTP."""

import dataclasses
import json
import time
from collections.abc import Iterator

import botocore.session
import pytest

from schemas.errors import SettingsError, TemporaryError
from schemas.settings import InvalidSettingsError, parse_settings
from sinks.cloudwatch.batches import RequestLimits
from sinks.cloudwatch.sink import CloudwatchDestination
from sinks.cloudwatch.verdict import EXPIRED, TOO_NEW, TOO_OLD
from sinks.verdict import Done, Reject, Retry
from tests.sinks.cloudwatch_server import LOST, STRANGER, CloudwatchServer
from tests.sinks.records import HOUR, log_record, message

DAY = 24 * HOUR
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDOWN", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="module")
def running() -> Iterator[CloudwatchServer]:
    server = CloudwatchServer()
    yield server
    server.close()


@pytest.fixture
def server(running, monkeypatch):
    running.reset()
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    return running


@pytest.fixture(scope="module")
def made():
    """Destinations by their settings: AWS's client takes a second to be made."""
    found: dict[str, CloudwatchDestination] = {}
    yield found
    for each in found.values():
        each.close()


@pytest.fixture
def sink(server, made):
    def make(**changes):
        changes = {"region": "eu-central-1", "endpoint_url": server.url} | changes
        key = json.dumps(changes)
        if key not in made:
            made[key] = destination(**changes)
            made[key].prepare()
        return made[key]

    return make


def settings_with(sink):
    return parse_settings(f"sinks: {{aws: {json.dumps(sink)}}}", "logferry.yaml", {})


@pytest.fixture(scope="module")
def reader(running):
    keys = {"aws_access_key_id": "AKIREADER", "aws_secret_access_key": "secret"}
    session = botocore.session.Session()
    client = session.create_client("logs", region_name="eu-central-1", endpoint_url=running.url, **keys)
    yield client
    client.close()


@pytest.fixture
def logs(server, reader):
    client = reader

    def events(group="/kubernetes/shop", stream="numbers-api-7d9f6c5b8-x2lqp/api"):
        found = client.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [(each["timestamp"], each["message"]) for each in found["events"]]

    return client, events


NOW = time.time_ns()


def deliver(aws, *records):
    built = aws.build([message(number, each) for number, each in enumerate(records)])
    assert not built.rejected
    return aws.send(built.pieces)


def record(number, text="hello", age=0, **changes):
    changes = {"namespace": "shop", "body": text, "original": None} | changes
    return log_record(number, timestamp=NOW - age, **changes)


def test_records_arrive_in_streams_that_are_made_with_retention_and_tags(sink, logs):
    client, events = logs
    aws = sink(format="original", retention_days=14, tags={"team": "shop"}, log_class="infrequent_access")
    assert (
        deliver(aws, record(1, "one"), record(2, "two", age=-1_000_000), record(3, "x", namespace="dev"))
        == [Done.DELIVERED] * 3
    )
    assert events() == [(NOW // 10**6, "one"), (NOW // 10**6 + 1, "two")]
    groups = {each["logGroupName"]: each for each in client.describe_log_groups()["logGroups"]}
    assert set(groups) == {"/kubernetes/shop", "/kubernetes/dev"}
    assert groups["/kubernetes/shop"]["retentionInDays"] == 14
    assert client.list_tags_log_group(logGroupName="/kubernetes/shop")["tags"] == {"team": "shop"}


def test_a_document_carries_its_record_id(sink, logs):
    _, events = logs
    deliver(sink(), record(5, "one"))
    assert events()[0][1].startswith('{"id":"bGlmZWxpZmUAAAAAAAU","@timestamp":')


def test_events_that_aws_finds_too_old_or_too_new_are_refused_and_the_others_taken(sink, logs):
    _, events = logs
    ages = (0, 15 * DAY, -3 * HOUR, HOUR)
    found = deliver(sink(format="original"), *(record(number, str(number), age) for number, age in enumerate(ages)))
    assert found == [Done.DELIVERED, Reject(TOO_OLD), Reject(TOO_NEW), Done.DELIVERED]
    assert [text for _, text in events()] == ["3", "0"]


def test_events_older_than_the_groups_retention_are_refused(sink, logs):
    _, events = logs
    deliver(sink(format="original", retention_days=3), record(0, "0"))
    found = deliver(sink(format="original", retention_days=3), record(4, "4", age=4 * DAY), record(5, "5"))
    assert found == [Reject(EXPIRED), Done.DELIVERED]
    assert [text for _, text in events()] == ["0", "5"]


def test_more_than_a_request_takes_is_divided_and_nothing_is_lost(sink, server, logs):
    _, events = logs
    large = [record(number, "ä" * 200_000, age=(7 - number) * 10**6) for number in range(7)]
    long = record(9, "z" * 1_300_000, age=2 * DAY)
    assert set(deliver(sink(format="original"), *large, long)) == {Done.DELIVERED}
    assert server.refused == []
    assert len(server.puts) == 6  # two days ago: the long line in two, its rest alone for the span; 2 in each of 4 - 1
    assert "".join(text for _, text in events()) == "z" * 1_300_000 + "ä" * 1_400_000


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ThrottlingException"),
        (500, "ServiceUnavailableException"),
        (503, "InternalFailure"),
        (400, "UnrecognizedClientException"),
        (403, "ExpiredTokenException"),
        (400, "AccessDeniedException"),
    ],
)
def test_what_is_not_the_fault_of_records_is_tried_again_by_the_sink_alone(sink, server, logs, status, code):
    _, events = logs
    aws = sink(format="original")
    deliver(aws, record(0, "zero", age=HOUR))
    server.faults = [(status, code)]
    assert [each.cause for each in deliver(aws, record(1, "one"))] == [code]
    assert deliver(aws, record(1, "one")) == [Done.DELIVERED]
    assert [text for _, text in events()] == ["zero", "one"]


def test_nothing_overtakes_a_part_of_a_stream_that_has_to_wait(sink, server):
    aws = sink(format="original", streams_in_flight=1)
    deliver(aws, record(0), record(1, namespace="dev"))
    aws._limits = dataclasses.replace(RequestLimits(), max_events=2)
    server.puts.clear()
    server.faults = [(400, "ThrottlingException")]
    found = deliver(aws, *(record(number) for number in range(5)), record(6, namespace="dev"))
    assert found == [Retry("ThrottlingException")] * 5 + [Done.DELIVERED]
    assert [each["logGroupName"] for each in server.puts] == ["/kubernetes/dev"]


def test_a_lost_answer_leaves_what_was_taken_there_twice(sink, server, logs):
    _, events = logs
    aws = sink(format="original")
    deliver(aws, record(0, "zero", age=HOUR))
    server.faults = [(200, LOST)]
    assert all(isinstance(each, Retry) for each in deliver(aws, record(1, "one")))
    assert deliver(aws, record(1, "one")) == [Done.DELIVERED]
    assert [text for _, text in events()] == ["zero", "one", "one"]


def test_an_answer_of_somebody_else_is_not_believed(sink, server):
    aws = sink(format="original")
    deliver(aws, record(0))
    server.faults = [(200, STRANGER)]
    assert deliver(aws, record(1)) == [Retry("an answer that is not of CloudWatch")]


def test_what_was_accepted_before_is_there(sink, server):
    aws = sink(format="original")
    deliver(aws, record(0))
    server.faults = [(400, "DataAlreadyAcceptedException")]
    assert deliver(aws, record(1)) == [Done.ALREADY_THERE]


def test_one_event_that_is_refused_does_not_hold_up_the_others(sink, server, logs):
    _, events = logs
    aws = sink(format="original")
    pieces = aws.build([message(n, record(n, str(n), age=HOUR - n)) for n in range(5)]).pieces
    pieces[3] = pieces[3]._replace(messages=("",))  # nothing that the builder makes is refused
    found = aws.send(pieces)
    assert [isinstance(each, Reject) for each in found] == [False, False, False, True, False]
    assert found[3] == Reject("InvalidParameterException: Log event message must not be empty")
    assert [text for _, text in events()] == ["0", "1", "2", "4"]


def test_without_create_records_wait_for_somebody_to_make_the_group(sink, logs):
    client, _ = logs
    aws = sink(create=False)
    (found,) = deliver(aws, record(1))
    assert (found.cause, bool(found.remedy)) == ("ResourceNotFoundException", True)
    assert client.describe_log_groups()["logGroups"] == []


def test_without_credentials_nothing_is_read_until_there_are_some(server, monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(TemporaryError, match="no AWS credentials"):
        destination(region="eu-central-1").prepare()


def test_a_role_is_assumed_with_the_credentials_found(sink, server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    aws = sink(role_arn="arn:aws:iam::123456789012:role/logs", external_id="shop")
    assert deliver(aws, record(1)) == [Done.DELIVERED]
    assert {each.split("Credential=")[1][:4] for each in server.signed_by} == {"ASIA"}


def test_a_key_may_stand_in_a_file(sink, server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    aws = sink(access_key_id="AKIFILE", secret_access_key={"file": str(secret)})
    assert deliver(aws, record(1)) == [Done.DELIVERED]
    assert {each.split("Credential=")[1][:7] for each in server.signed_by} == {"AKIFILE"}


def test_a_server_that_is_not_there_is_tried_again(sink):
    aws = sink(endpoint_url="http://127.0.0.1:9")
    assert deliver(aws, record(1)) == [Retry("EndpointConnectionError")]


def test_a_sink_needs_a_region_and_a_profile_that_exists(server, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="region"):
        destination().prepare()
    with pytest.raises(SettingsError, match="nobody"):
        destination(profile="nobody").prepare()


def destination(**changes):
    return CloudwatchDestination("aws", settings_with({"type": "cloudwatch", "topics": ["logs.app"]} | changes))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"log_group": "/kubernetes/{name}"}, "nothing is known as {name}"),
        ({"log_group": "aws/{namespace}"}, "cannot name a log group"),
        ({"log_group": "a b"}, "cannot name a log group"),
        ({"log_stream": "{pod}:{container}"}, "cannot name a log stream"),
        ({"log_stream": "{pod"}, "brace"),
        ({"access_key_id": "AKI"}, "access_key_id without secret_access_key"),
        ({"access_key_id": "AKI", "secret_access_key": {"env": "X"}, "profile": "p"}, "two ways to log in"),
        ({"external_id": "shop"}, "external_id without role_arn"),
        ({"create": False, "retention_days": 7}, "create is false"),
        ({"retention_days": 8}, "retention_days"),
    ],
)
def test_mistakes_in_the_settings_are_named(changes, problem):
    with pytest.raises(InvalidSettingsError) as raised:
        settings_with({"type": "cloudwatch", "topics": ["logs.app"]} | changes)
    assert problem in str(raised.value)
