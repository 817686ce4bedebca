"""Librdkafka's properties as a Python context, and what is wrong with a certificate."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from runtime.kafka_tls import certificate_end, tls_context
from schemas.errors import SettingsError
from tests.secured.certificates import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


def handshake(client: ssl.SSLContext, authority: Authority, name: str = "127.0.0.1") -> str:
    """The common name that a server which wants a certificate sees; raises what the client does."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*authority.issue("server"))
    server.load_verify_locations(authority.ca)
    server.verify_mode = ssl.CERT_REQUIRED
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    subject = dict(pair[0] for pair in (sides[1].getpeercert() or {})["subject"])
    return subject["commonName"]


def test_files_make_a_context_that_shows_its_certificate(authority: Authority):
    certificate, key = authority.issue("client")
    files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    assert handshake(tls_context({"ssl.ca.location": str(authority.ca), **files}), authority) == "client"


def test_texts_make_the_same_context(authority: Authority):
    certificate, key = authority.issue("client")
    texts = {"ssl.certificate.pem": certificate.read_text(), "ssl.key.pem": key.read_text()}
    assert handshake(tls_context({"ssl.ca.pem": authority.ca.read_text(), **texts}), authority) == "client"


def test_an_encrypted_key_is_opened_with_its_password(authority: Authority):
    certificate, key = authority.issue_locked("client", "geheim")
    files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    context = tls_context({"ssl.ca.location": str(authority.ca), **files, "ssl.key.password": "geheim"})
    assert handshake(context, authority) == "client"


@pytest.mark.parametrize("password", [{}, {"ssl.key.password": "falsch"}])
def test_an_encrypted_key_without_its_password_is_a_mistake_in_the_settings(
    authority: Authority, password: dict[str, str]
):
    certificate, key = authority.issue_locked("client", "geheim")
    files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    with pytest.raises(SettingsError, match="cannot be used") as caught:
        tls_context({**files, **password})
    assert "falsch" not in str(caught.value)


def test_another_name_is_refused_unless_names_do_not_matter(authority: Authority):
    certificate, key = authority.issue("client")
    files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    values = {"ssl.ca.location": str(authority.ca), **files}
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tls_context(values), authority, "kafka.example")
    lax = {**values, "ssl.endpoint.identification.algorithm": "none"}
    assert handshake(tls_context(lax), authority, "kafka.example") == "client"


def test_an_unknown_authority_is_refused_unless_nothing_is_checked(authority: Authority, tmp_path: Path):
    certificate, key = authority.issue("client")
    files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    values = {"ssl.ca.location": str(Authority(tmp_path, "other").ca), **files}
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tls_context(values), authority)
    blind = {**values, "enable.ssl.certificate.verification": "false"}
    assert handshake(tls_context(blind), authority) == "client"


@pytest.mark.parametrize("values", [{"ssl.ca.location": "/nowhere/ca.pem"}, {"ssl.ca.pem": "no certificate"}])
def test_what_cannot_be_read_is_a_mistake_in_the_settings(values: dict[str, str]):
    with pytest.raises(SettingsError) as caught:
        tls_context(values)
    assert caught.value.where == f"kafka.properties: {next(iter(values))}"


def test_a_property_without_counterpart_is_refused_by_its_name():
    with pytest.raises(SettingsError, match=r"ssl\.keystore\.location"):
        tls_context({"ssl.keystore.location": "/etc/store.p12"})


@pytest.mark.parametrize("days", [-3, 1, 40 * 365])
def test_the_end_of_a_certificate_is_read(authority: Authority, days: int):
    certificate, _ = authority.issue("some", valid=timedelta(days=days))
    expected = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    assert certificate_end(certificate.read_text()) == expected
    assert abs(expected - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5)


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "-----BEGIN"])
def test_what_is_no_certificate_has_no_end(text: str):
    assert certificate_end(text) is None
