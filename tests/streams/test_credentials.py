"""What the stream worker's consumer is given for kafka.properties."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import faust
import pytest

from schemas.errors import SettingsError
from schemas.settings import KafkaSettings
from streams.credentials import broker_credentials
from streams.tokens import ClientCredentials
from tests.secured.certificates import Authority
from tests.secured.tokens import CLIENT_ID, TokenEndpoint

SECRET = "geheim:+%/ä"


@pytest.fixture
def tokens() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint(SECRET)
    yield endpoint
    endpoint.stop()


def bearer(url: str, **changes: str) -> dict[str, str]:
    values = {"method": "oidc", "token.endpoint.url": url, "client.id": CLIENT_ID, "client.secret": SECRET} | changes
    return {f"sasl.oauthbearer.{key}": value for key, value in values.items()}


def test_a_plain_connection_needs_no_credentials():
    assert broker_credentials(KafkaSettings()) is None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "scram-sha-512"])
@pytest.mark.parametrize("key", ["sasl.mechanism", "sasl.mechanisms"])
def test_name_and_password_go_to_faust(monkeypatch: pytest.MonkeyPatch, mechanism: str, key: str):
    monkeypatch.setenv("TEST_PASSWORD", SECRET)
    login = {key: mechanism, "sasl.username": "me", "sasl.password": {"env": "TEST_PASSWORD"}}
    found = broker_credentials(KafkaSettings(properties={"security.protocol": "SASL_SSL", **login}))
    assert isinstance(found, faust.SASLCredentials)
    assert (found.mechanism.value, found.username, found.password) == (mechanism.upper(), "me", SECRET)
    assert found.protocol.value == "SASL_SSL"
    assert SECRET not in repr(found)


def test_without_tls_there_is_no_context(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEST_PASSWORD", SECRET)
    login = {"sasl.mechanism": "PLAIN", "sasl.username": "me", "sasl.password": {"env": "TEST_PASSWORD"}}
    found = broker_credentials(KafkaSettings(properties={"security.protocol": "sasl_plaintext", **login}))
    assert isinstance(found, faust.SASLCredentials)
    assert (found.ssl_context, found.protocol.value) == (None, "SASL_PLAINTEXT")


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"security.protocol": "sasl_ssl"}, "GSSAPI"),
        ({"security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN"}, r"sasl\.username is missing"),
        ({"security.protocol": "sasl_ssl", "sasl.mechanism": "OAUTHBEARER"}, "method default"),
    ],
)
def test_a_login_that_cannot_work_is_a_mistake_in_the_settings(properties: dict[str, str], problem: str):
    with pytest.raises(SettingsError, match=problem) as caught:
        broker_credentials(KafkaSettings(properties=properties))
    assert caught.value.remedy


@pytest.mark.parametrize("key", ["token.endpoint.url", "client.id", "client.secret"])
def test_what_a_token_needs_is_named(key: str):
    with pytest.raises(SettingsError, match=key.replace(".", r"\.")):
        ClientCredentials(bearer("http://login.example/token", **{key: ""}))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"grant.type": "urn:x"}, "grant urn:x"), ({"token.endpoint.url": "file:///etc/passwd"}, "no address")],
)
def test_what_is_not_done_for_a_token_is_refused(changes: dict[str, str], problem: str):
    with pytest.raises(SettingsError, match=problem):
        ClientCredentials(bearer("http://login.example/token", **changes))


def test_a_token_is_kept_while_it_is_good(tokens: TokenEndpoint):
    provider = ClientCredentials(bearer(tokens.url, scope="kafka logs"))

    async def several() -> list[str]:
        return await asyncio.gather(*(provider.token() for _ in range(5)))

    first, *others = asyncio.run(several())
    assert others == [first] * 4
    assert tokens.grants == 1


def test_a_token_whose_time_is_over_is_replaced(tokens: TokenEndpoint):
    tokens.lifetime_secs = 0
    provider = ClientCredentials(bearer(tokens.url))

    async def twice() -> None:
        await provider.token()
        await provider.token()

    asyncio.run(twice())
    assert tokens.grants == 2


def test_a_token_endpoint_with_tls_is_checked_by_its_own_authority(tmp_path: Path):
    authority = Authority(tmp_path, "authority")
    endpoint = TokenEndpoint(SECRET, authority.issue("login"))
    try:
        known = bearer(endpoint.url) | {"https.ca.location": str(authority.ca)}
        assert asyncio.run(ClientCredentials(known).token()).count(".") == 2
        with pytest.raises(ConnectionError, match="certificate verify failed"):
            asyncio.run(ClientCredentials(bearer(endpoint.url)).token())
    finally:
        endpoint.stop()


def test_a_wrong_secret_is_an_endpoint_that_gives_no_token(tokens: TokenEndpoint):
    values = bearer(tokens.url) | {"sasl.oauthbearer.client.secret": "falsch"}
    with pytest.raises(ConnectionError, match="401") as caught:
        asyncio.run(ClientCredentials(values).token())
    assert "falsch" not in str(caught.value)


@pytest.mark.parametrize(
    "answer", [b"", b"{", b"[]", b"null", b'{"token": 1}', b'{"access_token": "x", "expires_in": []}']
)
def test_an_answer_without_a_token_is_an_endpoint_that_gives_none(answer: bytes):
    class Requests(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

    with HTTPServer(("127.0.0.1", 0), Requests) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        provider = ClientCredentials(bearer(f"http://127.0.0.1:{server.server_address[1]}/token"))
        with pytest.raises(ConnectionError, match="holds no access_token"):
            asyncio.run(provider.token())
        thread.join()


def test_extensions_are_told_to_the_broker():
    provider = ClientCredentials(
        bearer("http://login.example/token", extensions="logicalCluster=lkc,identityPoolId=p1")
    )
    assert provider.extensions() == {"logicalCluster": "lkc", "identityPoolId": "p1"}
