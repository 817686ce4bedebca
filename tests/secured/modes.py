"""Every way of coming to the secured broker: its listener, and the properties that the documentation tells people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from tests.secured.broker import SecuredKafka
from tests.secured.certificates import Authority
from tests.secured.tokens import CLIENT_ID, TokenEndpoint

PASSWORD: Final = "geheim:+%/ä-1"  # what has to be quoted in some places
KEY_PASSWORD: Final = "schluessel-2"
STAGES: Final = ("topics", "producer", "pods", "stream", "sink-archive", "operator", "redrive", "replay", "scaler")
"""Users without any rights but those that a test gives them."""
USERS: Final[Mapping[str, str]] = dict.fromkeys(("logferry", *STAGES), PASSWORD)
SECRETS: Final = (PASSWORD, KEY_PASSWORD)

Properties = dict[str, Any]


@dataclass(frozen=True)
class Secured:
    """What the tests of one session share."""

    folder: Path
    kafka: SecuredKafka
    authority: Authority
    tokens: TokenEndpoint

    def mode(self, name: str) -> tuple[str, Properties]:
        """Listener and properties of one of MODES."""
        listener, properties = MODES[name]
        return listener, properties(self)

    @cached_property
    def password(self) -> Path:
        """A file with the password, as Kubernetes mounts it."""
        place = self.folder / "password"
        place.write_text(PASSWORD + "\n", encoding="utf-8")
        return place

    @cached_property
    def client(self) -> tuple[Path, Path]:
        """Certificate and key of a client."""
        return self.authority.issue("logferry")

    @cached_property
    def locked_client(self) -> tuple[Path, Path]:
        """Certificate of a client and its key under KEY_PASSWORD."""
        return self.authority.issue_locked("logferry", KEY_PASSWORD)

    def tls(self) -> Properties:
        """The broker's certificate is checked."""
        return {"security.protocol": "ssl", "ssl.ca.location": str(self.authority.ca)}

    def mutual(self) -> Properties:
        """The client shows one as well."""
        certificate, key = self.client
        return {**self.tls(), "ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}

    def mutual_locked(self) -> Properties:
        """Its key is encrypted."""
        certificate, key = self.locked_client
        files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
        return {**self.tls(), **files, "ssl.key.password": {"env": "TEST_KEY_PASSWORD"}}

    def login(self, mechanism: str, user: str = "logferry", *, tls: bool = True) -> Properties:
        """Name and password."""
        channel = {**self.tls(), "security.protocol": "sasl_ssl"} if tls else {"security.protocol": "sasl_plaintext"}
        who = {"sasl.username": user, "sasl.password": {"file": str(self.password)}}
        return {**channel, "sasl.mechanism": mechanism, **who}

    def bearer(self, *, tls: bool = True) -> Properties:
        """A token, asked for with a client's secret."""
        channel = {**self.tls(), "security.protocol": "sasl_ssl"} if tls else {"security.protocol": "sasl_plaintext"}
        return {
            **channel,
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": self.tokens.url,
            "sasl.oauthbearer.client.id": CLIENT_ID,
            "sasl.oauthbearer.client.secret": {"file": str(self.password)},
            "sasl.oauthbearer.scope": "kafka",
        }


MODES: Final[Mapping[str, Any]] = {
    "tls": ("TLS", Secured.tls),
    "mutual tls": ("MUTUAL", Secured.mutual),
    "mutual tls, key under a password": ("MUTUAL", Secured.mutual_locked),
    "PLAIN": ("SECURE", lambda secured: secured.login("PLAIN")),
    "SCRAM-SHA-256": ("SECURE", lambda secured: secured.login("SCRAM-SHA-256")),
    "SCRAM-SHA-512": ("SECURE", lambda secured: secured.login("SCRAM-SHA-512")),
    "SCRAM-SHA-512 without TLS": ("LOGIN", lambda secured: secured.login("SCRAM-SHA-512", tls=False)),
    "OAUTHBEARER": ("SECURE", Secured.bearer),
    "OAUTHBEARER without TLS": ("LOGIN", lambda secured: secured.bearer(tls=False)),
}
"""Name -> listener, and what makes the properties."""
