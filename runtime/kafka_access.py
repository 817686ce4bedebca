"""Why Kafka does not let this process in: one message that says what is wrong, where, and what to do about it.

librdkafka tries again for ever, with back-off, and reports each attempt. Credentials rotate and certificates are
renewed at the broker's end too, so trying again is right; saying it ten times a second is not. And what a client was
given when it was made it keeps: when a file with a credential has changed since, the process has to start again.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.kafka_tls import certificate_end, certificate_problem, tls_context
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from schemas.settings import Secret

AGAIN_SECS: Final = 60.0
"""How often the same trouble is told while it lasts."""
CONSEQUENCE_SECS: Final = 10.0
"""For so long after a refusal a lost connection, or "all brokers are down", means nothing else."""
HANG_UPS: Final = 5
"""So many within AGAIN_SECS mean something: a broker that is going down hangs up too, one that wants TLS every time."""

PROBLEM_MAX_CHARS: Final = 400
"""A token endpoint may answer with a whole page."""

FILES: Final = (
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "https.ca.location",
)
"""Properties that name files of credentials."""


@dataclass(frozen=True)
class Refusal:
    """Why a client is not let in."""

    problem: str
    where: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}; where: {self.where}; do: {self.remedy}; it is tried again until it works"


@dataclass(frozen=True)
class Finding:
    """A report that was recognised: which refusal, the words in it, and the broker's host and port."""

    refusal: Refusal
    groups: tuple[str, ...]
    broker: re.Match[str] | None


_NO_TLS: Final = Refusal(
    "the broker does not speak TLS at this port",
    "kafka.properties: security.protocol: {protocol}",
    "use the port of a listener with TLS, or set security.protocol to what this one has",
)
_REFUSALS: Final[tuple[tuple[re.Pattern[str], Refusal], ...]] = (
    (re.compile(r"connecting to a PLAINTEXT broker listener|closed by peer .*SSL_HANDSHAKE"), _NO_TLS),
    *(
        (re.compile(pattern), Refusal(*texts))
        for pattern, *texts in (
            (
                r"Failed to acquire SASL OAUTHBEARER token: (.*)",
                r"no token for Kafka was given: {0}",
                "kafka.properties: sasl.oauthbearer.token.endpoint.url: {endpoint}",
                "check that the token endpoint answers, and sasl.oauthbearer.client.id, client.secret and scope",
            ),
            (
                r"mechanism handshake failed: .*not valid in current SASL state",
                "this listener of Kafka takes no logins",
                "kafka.properties: security.protocol: {protocol}",
                "use the port of a listener with SASL, or set security.protocol to what this one has (ssl, plaintext)",
            ),
            (
                r"mechanism handshake failed: .*supported mechanisms: ([^(]*?) *(?:\(|$)",
                "Kafka does not offer the login {mechanism}, but {0}",
                "kafka.properties: sasl.mechanism",
                "choose one of those, or enable this one at the broker (sasl.enabled.mechanisms)",
            ),
            (
                r"SASL authentication error: (.*?) *(?:\(after|$)",
                "Kafka refuses the login by {mechanism}: {0}",
                "kafka.properties: {credentials}",
                "correct them, or create the user at the broker; a changed password file is taken up by itself",
            ),
            (
                r"certificate verify failed",
                "the broker's certificate is not accepted: {certificate_problem}",
                "kafka.properties: ssl.ca.location: {authority}",
                "{certificate_remedy}",
            ),
            (
                r"alert certificate required|No matching issuer found",
                "the broker wants a certificate of this client, and got none from an authority that it trusts",
                "kafka.properties: ssl.certificate.location: {certificate}",
                "set ssl.certificate.location and ssl.key.location to what the broker's authority has signed",
            ),
            (
                r"alert ((?:bad |unknown |handshake |access )?(?:certificate|ca|failure|denied)[a-z ]*)",
                "the broker does not accept this client's certificate ({0}{certificate_end})",
                "kafka.properties: ssl.certificate.location: {certificate}",
                "renew it, or let the broker trust its authority; changed files are taken up by themselves",
            ),
        )
    ),
)
"""What librdkafka or the broker says -> what that means. {0} is the first group; names are those of `_facts`."""

_HANG_UP: Final = re.compile(
    r"(?:Disconnected|Connection reset).*after \d{1,3}ms in state (?:APIVERSION_QUERY|UP)|incorrect security\.protocol"
)
_HUNG_UP: Final = Refusal(
    "something takes connections and hangs up before a word is said: that is a broker that wants TLS or a login",
    "kafka.properties: security.protocol: {protocol}",
    "set security.protocol (ssl, sasl_ssl, sasl_plaintext) to what the listener at this port has",
)
_DOUBTFUL: Final = (_NO_TLS, _HUNG_UP)
"""What a broker that is just going down looks like as well, once or twice."""
_BROKER: Final = re.compile(r"(?:^|[\s/])([^\s/:]+|\[[^\]]+\]):(\d+)/(?:bootstrap|\d+)")


class Access:
    """What one process knows of its credentials, and what it has said about them."""

    def __init__(self, properties: Mapping[str, str | Secret], values: Mapping[str, str]) -> None:
        """``properties`` as they stand in the settings, ``values`` with their secrets."""
        self.properties = dict(properties)
        self._values = dict(values)
        self._files = {path: _digest(path) for path in _credential_files(properties)}
        self._said: dict[str, float] = {}
        self._refused_at = float("-inf")
        self._heard: dict[Refusal, list[float]] = {}

    def recognise(self, text: str, now: float) -> Finding | None:
        """What a report of a client is about, if it is about being let in. Cheap; `explain` looks closer."""
        for pattern, refusal in _REFUSALS:
            if found := pattern.search(text):
                return self._found(Finding(refusal, found.groups(), _BROKER.search(text)), now)
        return None

    def recognise_hang_up(self, text: str, now: float) -> Finding | None:
        """The same for a line of librdkafka's log, which alone tells of a broker that says nothing at all."""
        return self._found(Finding(_HUNG_UP, (), _BROKER.search(text)), now) if _HANG_UP.search(text) else None

    def _found(self, finding: Finding, now: float) -> Finding | None:
        self._refused_at = now
        if finding.refusal not in _DOUBTFUL:
            return finding
        heard = [*(at for at in self._heard.get(finding.refusal, ()) if now - at < AGAIN_SECS), now][-HANG_UPS:]
        self._heard[finding.refusal] = heard
        return finding if len(heard) == HANG_UPS else None

    def is_due(self, finding: Finding, now: float) -> bool:
        """Whether to say so (again)."""
        kind = finding.refusal.problem
        due = now - self._said.get(kind, float("-inf")) >= AGAIN_SECS
        if due:
            self._said[kind] = now
        return due

    def is_consequence(self, now: float) -> bool:
        """Whether a lost connection, or "all brokers are down", only follows from a refusal."""
        return now - self._refused_at < CONSEQUENCE_SECS

    def renewed_files(self) -> list[str]:
        """Files of credentials that are not what they were when the clients were made; once, then nothing any more."""
        renewed = [path for path, digest in self._files.items() if _digest(path) not in (digest, b"")]
        if renewed:
            self._files.clear()
        return renewed

    def explain(self, finding: Finding) -> Refusal:
        """The whole message. Takes up to 2 s where a TLS handshake has to tell what is wrong."""
        refusal, broker = finding.refusal, finding.broker
        facts = self._facts()
        if "{certificate_problem}" in refusal.problem:
            facts |= self._trouble_with_broker(broker)
        if "{certificate_end}" in refusal.problem:
            facts |= {"certificate_end": _ended(self._values.get("ssl.certificate.location", ""))}
        at = f"{broker[1]}:{broker[2]}, " if broker else ""
        return Refusal(
            self._without_secrets(refusal.problem.format(*finding.groups, **facts)),
            at + refusal.where.format(**facts),
            refusal.remedy.format(**facts),
        )

    def _without_secrets(self, text: str) -> str:
        """What others answered might repeat what they were sent."""
        for key, value in self.properties.items():
            if not isinstance(value, str):
                text = text.replace(self._values[key], "…")
        return text[:PROBLEM_MAX_CHARS]

    def _facts(self) -> dict[str, str]:
        values = self._values
        mechanism = values.get("sasl.mechanism", values.get("sasl.mechanisms", "GSSAPI"))
        bearer = mechanism.upper() == "OAUTHBEARER"
        return {
            "endpoint": values.get("sasl.oauthbearer.token.endpoint.url", "not set"),
            "mechanism": mechanism,
            "protocol": values.get("security.protocol", "not set, which is plaintext"),
            "credentials": "sasl.oauthbearer.*" if bearer else "sasl.username, sasl.password",
            "authority": values.get("ssl.ca.location", "not set, which is the system's own"),
            "certificate": values.get("ssl.certificate.location", "not set"),
        }

    def _trouble_with_broker(self, broker: re.Match[str] | None) -> dict[str, str]:
        code, text = 0, ""
        if broker is not None:
            try:
                code, text = certificate_problem(broker[1].strip("[]"), int(broker[2]), tls_context(self._values))
            except SettingsError:
                code, text = 0, ""
        return {
            "certificate_problem": text or "it could not be verified",
            "certificate_remedy": _CERTIFICATE_REMEDIES.get(
                code, "set ssl.ca.location to the authority that signed the broker's certificate"
            ),
        }


_WRONG_NAME: Final = "name the broker as its certificate does, in kafka.bootstrap_servers and advertised.listeners"
_CERTIFICATE_REMEDIES: Final[Mapping[int, str]] = {
    9: "check the clocks of both machines: its time has not begun",
    10: "renew the broker's certificate",
    23: "renew the broker's certificate: it was revoked",
    62: _WRONG_NAME,
    64: _WRONG_NAME,
}
"""OpenSSL's X509_V_ERR_* -> what to do."""


def _credential_files(properties: Mapping[str, str | Secret]) -> list[str]:
    named = [properties.get(key) for key in FILES]
    secrets = [value.file for value in properties.values() if not isinstance(value, str) and value.file]
    return [*(value for value in named if isinstance(value, str)), *secrets]


def _digest(path: str) -> bytes:
    """A fingerprint; empty for what cannot be read, or is being written."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return b""
    return hashlib.sha256(content).digest() if content else b""


def _ended(path: str) -> str:
    """What to add to a message when the time of one's own certificate is over."""
    try:
        end = certificate_end(Path(path).read_text(encoding="ascii", errors="replace"))
    except OSError:
        return ""
    return f", ended {end:%Y-%m-%d %H:%M} UTC" if end and end.timestamp() < time.time() else ""
