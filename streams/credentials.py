"""TLS and SASL for the client that Faust uses, out of the librdkafka properties that all stages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import faust
from faust.types.auth import CredentialsT

from runtime.kafka import properties
from runtime.kafka_tls import tls_context
from schemas.errors import SettingsError
from streams.tokens import ClientCredentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.settings import KafkaSettings

PASSWORD_LOGINS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def broker_credentials(kafka: KafkaSettings) -> CredentialsT | None:
    """Credentials for kafka.properties; None for a plain connection. Raises SettingsError for what Faust cannot do."""
    values = properties(kafka)
    protocol = values.get("security.protocol", "plaintext").lower()
    if protocol == "plaintext":
        return None
    context = tls_context(values) if protocol in ("ssl", "sasl_ssl") else None
    if protocol == "ssl":
        return faust.SSLCredentials(context)
    mechanism = values.get("sasl.mechanism", values.get("sasl.mechanisms", "GSSAPI")).upper()
    if mechanism == "OAUTHBEARER":
        return faust.OAuthCredentials(oauth_cb=ClientCredentials(values), ssl_context=context)
    if mechanism not in PASSWORD_LOGINS:
        raise SettingsError(
            f"the stream stage cannot log in with {mechanism}",
            where="kafka.properties: sasl.mechanism",
            remedy=f"use {', '.join(PASSWORD_LOGINS)} or OAUTHBEARER",
        )
    return faust.SASLCredentials(
        username=_needed(values, "sasl.username"),
        password=_needed(values, "sasl.password"),
        mechanism=mechanism,
        ssl_context=context,
    )


def _needed(values: Mapping[str, str], key: str) -> str:
    if not values.get(key):
        raise SettingsError(f"{key} is missing", where="kafka.properties", remedy="set it: this login asks for it")
    return values[key]
