"""What Kafka's client reports is told once, in words that a person can act on."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kafka_access import AGAIN_SECS, CONSEQUENCE_SECS, HANG_UPS, Access
from schemas.settings import Secret

BROKER = "sasl_ssl://kafka-1.example:9093/bootstrap: "
REFUSED = (
    BROKER + "SASL authentication error: Authentication failed: Invalid username or password "
    "(after 303ms in state AUTH_REQ, 3 identical error(s) suppressed)"
)
HUNG_UP = "FAIL [x#producer-1] [thrd:k:9092/bootstrap]: k:9092/bootstrap: Disconnected: connection closed by peer "
HUNG_UP += "(after 1ms in state APIVERSION_QUERY)"


def access(**values: str) -> Access:
    named = {key.replace("_", "."): value for key, value in values.items()}
    return Access(named, named)


def told(text: str, **values: str) -> str:
    one = access(**values)
    finding = one.recognise(text, 0.0)
    return str(one.explain(finding)) if finding else ""


def test_a_refused_login_is_told_with_reason_place_and_remedy():
    assert told(REFUSED, sasl_mechanism="PLAIN") == (
        "Kafka refuses the login by PLAIN: Authentication failed: Invalid username or password; "
        "where: kafka-1.example:9093, kafka.properties: sasl.username, sasl.password; "
        "do: correct them, or create the user at the broker; a changed password file is taken up by itself; "
        "it is tried again until it works"
    )


def test_logins_that_the_broker_offers_are_named():
    text = BROKER + "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: "
    text += "broker's supported mechanisms: SCRAM-SHA-256,SCRAM-SHA-512 (after 2ms in state AUTH_HANDSHAKE)"
    assert "Kafka does not offer the login PLAIN, but SCRAM-SHA-256,SCRAM-SHA-512;" in told(
        text, sasl_mechanism="PLAIN"
    )


@pytest.mark.parametrize(
    "alert",
    ["ssl/tls alert certificate unknown", "sslv3 alert bad certificate", "tlsv1 alert unknown ca",
     "sslv3 alert certificate expired", "sslv3 alert certificate revoked"],
)  # fmt: skip
def test_an_alert_about_the_own_certificate_is_one(alert: str):
    text = (
        f"ssl://k:9093/bootstrap: Receive failed: error:0A000416:SSL routines::{alert}: SSL alert number 46 (after 1ms"
    )
    assert "the broker does not accept this client's certificate (" in told(text)


def test_the_same_is_told_once_a_minute():
    one = access()
    finding = one.recognise(REFUSED, 0.0)
    assert finding is not None
    times = [0.0, 0.1, AGAIN_SECS - 0.1, AGAIN_SECS, AGAIN_SECS + 1]
    assert [one.is_due(finding, at) for at in times] == [True, False, False, True, False]


def test_brokers_that_are_down_behind_a_refusal_are_no_news():
    one = access()
    assert not one.is_consequence(0.0)
    one.recognise(REFUSED, 0.0)
    assert one.is_consequence(CONSEQUENCE_SECS - 0.1)
    assert not one.is_consequence(CONSEQUENCE_SECS)


def test_a_hang_up_means_something_when_it_is_one_of_several():
    one = access()
    found = [one.recognise_hang_up(HUNG_UP, float(at)) for at in range(HANG_UPS)]
    assert [each is not None for each in found] == [False] * (HANG_UPS - 1) + [True]


def test_hang_ups_of_brokers_that_go_down_now_and_then_mean_nothing():
    one = access()
    assert [one.recognise_hang_up(HUNG_UP, at * AGAIN_SECS) for at in range(20)] == [None] * 20


def test_a_connection_that_lived_is_no_hang_up():
    one = access()
    text = HUNG_UP.replace("after 1ms in state APIVERSION_QUERY", "after 61234ms in state UP")
    assert [one.recognise_hang_up(text, 0.0) for _ in range(20)] == [None] * 20


def test_an_answer_that_repeats_the_secret_is_told_without_it():
    key = "sasl.oauthbearer.client.secret"
    one = Access({key: Secret(env="S")}, {key: "geheim", "sasl.mechanism": "OAUTHBEARER"})
    finding = one.recognise('Failed to acquire SASL OAUTHBEARER token: {"error": "geheim is wrong"}', 0.0)
    assert finding is not None
    assert one.explain(finding).problem == 'no token for Kafka was given: {"error": "… is wrong"}'


@pytest.mark.parametrize("how", ["property", "secret"])
def test_a_file_that_has_other_content_is_renewed_and_told_once(tmp_path: Path, how: str):
    place = tmp_path / "credential"
    place.write_text("old")
    named = {"ssl.key.location": str(place)} if how == "property" else {"sasl.password": Secret(file=str(place))}
    one = Access(named, {})
    assert one.renewed_files() == []
    place.write_text("new")
    assert one.renewed_files() == [str(place)]
    assert one.renewed_files() == []


@pytest.mark.parametrize("state", ["gone", "empty", "written again"])
def test_a_file_that_is_away_or_the_same_is_not_renewed(tmp_path: Path, state: str):
    place = tmp_path / "credential"
    place.write_text("old")
    one = Access({"ssl.ca.location": str(place)}, {})
    place.unlink()
    if state != "gone":
        place.write_text("old" if state == "written again" else "")
    assert one.renewed_files() == []


@given(st.text(), st.sampled_from(["", REFUSED, "Failed to acquire SASL OAUTHBEARER token: ", BROKER]))
def test_any_text_is_told_or_left_alone(text: str, begin: str):
    one = access()
    finding = one.recognise(begin + text, 0.0)
    assert finding is None or len(str(one.explain(finding))) < 2000
