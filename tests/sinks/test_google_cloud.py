"""The Cloud Logging destination against a server made of the vendor's definitions."""

import json
import ssl
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas.errors import SettingsError
from schemas.settings import InvalidSettingsError, parse_settings
from sinks.google_cloud.connections import proxy_of
from sinks.google_cloud.sink import GoogleCloudDestination
from sinks.verdict import Done, Reject, Retry
from tests.producers.certificates import make_identity
from tests.sinks.google_cloud_server import LOST, GoogleCloudServer, as_json
from tests.sinks.records import HOUR, log_record, message

DAY = 24 * HOUR
NAMES = {"project": "shop-prod", "location": "europe-west3", "cluster_name": "shop"}


@pytest.fixture
def server():
    running = GoogleCloudServer()
    yield running
    running.close()


@pytest.fixture
def sink(server):
    made = []

    def make(**changes):
        made.append(destination(**{"endpoint": server.url, "anonymous": True} | changes))
        return made[-1]

    yield make
    for each in made:
        each.close()


def settings_with(changes):
    sink = {"type": "google_cloud", "topics": ["logs.app"], **NAMES, **changes}
    return parse_settings(f"sinks: {{gcp: {json.dumps(sink)}}}", "logferry.yaml", {})


def destination(**changes):
    return GoogleCloudDestination("gcp", settings_with(changes))


def record(number, text="hello", age=0, **changes):
    return log_record(number, timestamp=time.time_ns() - age, **{"body": text, "original": None} | changes)


def build(gcp, *records):
    return gcp.build([message(number, each) for number, each in enumerate(records)])


def deliver(gcp, *records):
    built = build(gcp, *records)
    assert not built.rejected
    return gcp.send(built.pieces)


def texts(server):
    return [as_json(each)["jsonPayload"]["message"] for each in server.shown()]


def test_records_arrive_in_one_request(sink, server):
    assert deliver(sink(), record(1, "one", age=2), record(2, "two", age=1)) == [Done.DELIVERED] * 2
    assert (texts(server), server.requests) == (["one", "two"], [2])


def test_a_lost_answer_doubles_nothing(sink, server):
    gcp = sink()
    records = [record(1, "one"), record(2, "two")]
    server.faults = [(200, LOST)]
    assert all(isinstance(each, Retry) for each in deliver(gcp, *records))
    assert deliver(gcp, *records) == [Done.DELIVERED] * 2
    assert (sorted(texts(server)), len(server.written)) == (["one", "two"], 4)


def test_entries_that_google_does_not_take_are_refused_and_the_others_written(sink, server):
    found = deliver(sink(), record(1, "one"), record(2, "two", age=-2 * DAY), record(3, "three"))
    assert found[1] == Reject(
        "INVALID_ARGUMENT: Log entries with timestamps more than 24 hours in the future are not accepted"
    )
    assert (found[0], found[2], sorted(texts(server))) == (Done.DELIVERED, Done.DELIVERED, ["one", "three"])
    assert server.requests == [3]


def test_where_nothing_is_written_each_entry_is_asked_for_by_itself(sink):
    found = deliver(sink(), *(record(number, age=-2 * DAY) for number in range(3)))
    assert [type(each) for each in found] == [Reject] * 3


def test_a_request_that_cannot_be_read_is_divided_until_the_bad_entry_stands_alone(sink, server):
    gcp = sink()
    pieces = build(gcp, *(record(number, str(number), age=9 - number) for number in range(5))).pieces
    bad = pieces[3].parts[0].replace(b'"severity":', b'"severeness":')
    found = gcp.send([*pieces[:3], pieces[3]._replace(parts=(bad,)), pieces[4]])
    assert [type(each) for each in found] == [Done, Done, Done, Reject, Done]
    assert texts(server) == ["0", "1", "2", "4"]


def test_a_refused_entry_is_tried_as_text(sink, server):
    gcp = sink()
    (piece,) = build(gcp, record(1, "x", original="<x>")).pieces
    text = gcp.safer(piece, "whatever")
    assert gcp.send([text]) == [Done.DELIVERED]
    (entry,) = map(as_json, server.shown())
    assert (entry["textPayload"], entry["labels"]["logferry/shape"]) == ("<x>", "text")
    assert gcp.safer(text, "whatever") is None


def test_a_record_longer_than_an_entry_arrives_in_parts(sink, server):
    line = "ä\n" * 400_000
    assert deliver(sink(), record(1, "before", age=9), record(2, line, age=5)) == [Done.DELIVERED] * 2
    parts = list(map(as_json, server.shown()))[1:]
    assert "".join(each["textPayload"] for each in parts) == line
    assert {each["split"]["totalSplits"] for each in parts} == {len(parts)}


def test_records_beyond_the_retention_are_set_aside_since_google_would_lose_them_silently(sink):
    built = build(sink(), record(1, age=31 * DAY), record(2, age=29 * DAY))
    assert [(each.number, problem.reason) for each, problem in built.rejected] == [(0, "too_old")]
    assert len(build(sink(retention_days=None), record(1, age=31 * DAY)).pieces) == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [(429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE"), (403, "PERMISSION_DENIED"), (500, "INTERNAL")],
)
def test_what_is_not_the_fault_of_records_is_tried_again(sink, server, code, status):
    server.faults = [(code, status)]
    gcp = sink()
    assert [each.cause for each in deliver(gcp, record(1))] == [status]
    assert deliver(gcp, record(1)) == [Done.DELIVERED]


def test_a_server_that_is_not_there_is_tried_again(sink):
    assert deliver(sink(endpoint="http://127.0.0.1:9"), record(1)) == [Retry("NewConnectionError")]


def test_the_environment_may_name_a_proxy(sink, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "other.example")
    gcp = sink(endpoint="http://logs.example")
    assert deliver(gcp, record(1, "one")) == [Done.DELIVERED]
    assert texts(server) == ["one"]
    monkeypatch.setenv("no_proxy", ".example")
    assert proxy_of("http://logs.example/v2/entries:write") == ""


def test_a_machine_asks_for_its_own_token_without_a_proxy(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert proxy_of("http://169.254.169.254/computeMetadata/v1/") == ""
    assert proxy_of("https://oauth2.googleapis.com/token") == "http://proxy:3128"


# -- credentials ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def encrypted(tmp_path, private_key, server, monkeypatch):
    """The service behind TLS, the file of a service account, and the server of its tokens."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    identity = make_identity(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    running = GoogleCloudServer(tls=context)
    account = tmp_path / "account.json"
    account.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "shop-prod",
                "private_key_id": "1",
                "private_key": private_key,
                "client_email": "logs@shop-prod.iam.gserviceaccount.com",
                "token_uri": f"{server.url}/token",
            }
        )
    )
    yield running, {"endpoint": running.url, "anonymous": False, "ca_file": str(identity.certificate)}, str(account)
    running.close()


def test_a_service_account_gets_tokens_and_another_when_one_is_not_accepted(sink, server, encrypted):
    running, changes, account = encrypted
    gcp = sink(**changes, credentials_file=account)
    running.token, server.tokens = "first", ["first"]
    assert deliver(gcp, record(1), record(2)) == [Done.DELIVERED] * 2
    running.token, server.tokens = "second", ["second"]
    assert deliver(gcp, record(3)) == [Done.DELIVERED]
    running.token, server.tokens = "third", ["fourth"]
    (found,) = deliver(gcp, record(4))
    assert (found.cause, bool(found.remedy)) == ("UNAUTHENTICATED", True)


def test_default_credentials_are_found_by_the_environment(sink, server, encrypted, monkeypatch):
    running, changes, account = encrypted
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", account)
    running.token, server.tokens = "first", ["first"]
    assert deliver(sink(**changes), record(1)) == [Done.DELIVERED]


def test_without_a_token_records_wait_and_say_so(sink, server, encrypted):
    _, changes, account = encrypted
    server.close()
    (found,) = deliver(sink(**changes, credentials_file=account), record(1))
    assert (found.cause, bool(found.remedy)) == ("TransportError", True)


def test_a_file_that_is_no_key_is_a_mistake(tmp_path):
    file = tmp_path / "key.json"
    for text in (None, "{}", "no json"):
        if text is not None:
            file.write_text(text)
        with pytest.raises(SettingsError, match="not the key of a service account"):
            destination(credentials_file=str(file))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"log_id": "{name}"}, "nothing is known as {name}"),
        ({"log_id": "a b"}, "cannot name a log"),
        ({"anonymous": True}, "Google takes no entries without credentials"),
        ({"anonymous": True, "credentials_file": "/key.json"}, "exclude each other"),
        ({"endpoint": "http://logs"}, "unencrypted"),
        ({"batch_max_bytes": 20_000_000}, "batch_max_bytes"),
        ({"project": "Shop"}, "project"),
    ],
)
def test_mistakes_in_the_settings_are_named(changes, problem):
    with pytest.raises(InvalidSettingsError) as raised:
        settings_with(changes)
    assert problem in str(raised.value)
