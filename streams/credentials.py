"""TLS and SASL for the client that Faust uses, out of the librdkafka properties that all stages share."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import faust
from faust.types.auth import CredentialsT

from runtime.kafka import properties
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings


def broker_credentials(kafka: KafkaSettings) -> CredentialsT | None:
    """Credentials for kafka.properties; None for a plain connection. Raises SettingsError for what Faust cannot do."""
    values = properties(kafka)
    protocol = values.get("security.protocol", "plaintext").lower()
    if protocol == "plaintext":
        return None
    context = _context(values) if protocol in ("ssl", "sasl_ssl") else None
    if protocol == "ssl":
        return faust.SSLCredentials(context)
    mechanism = values.get("sasl.mechanism", values.get("sasl.mechanisms", "PLAIN")).upper()
    if mechanism not in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        raise SettingsError(
            f"the stream stage cannot log in with {mechanism}",
            where="kafka.properties: sasl.mechanism",
            remedy="use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
        )
    return faust.SASLCredentials(
        username=values.get("sasl.username"),
        password=values.get("sasl.password"),
        mechanism=mechanism,
        ssl_context=context,
    )


def _context(values: dict[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=values.get("ssl.ca.location"))
    if certificate := values.get("ssl.certificate.location"):
        context.load_cert_chain(certificate, values.get("ssl.key.location"), values.get("ssl.key.password"))
    return context
