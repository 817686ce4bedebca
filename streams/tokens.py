"""Tokens for SASL OAUTHBEARER, asked for as librdkafka does (``sasl.oauthbearer.method: oidc``).

One POST with the client's id and secret (RFC 6749, section 4.4). A token is kept for four fifths of its time. Kafka
asks for one whenever a connection is made; a broker that wants a fresh one (connections.max.reauth.ms) ends the
connection.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from aiokafka.abc import AbstractTokenProvider

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_SECS: Final = 10.0
PREFIX: Final = "sasl.oauthbearer."
NEEDED: Final = ("token.endpoint.url", "client.id", "client.secret")
KEPT: Final = 0.8
"""Share of a token's time after which the next one is asked for."""
UNSAID_SECS: Final = 60.0
"""How long a token is good whose answer does not say it."""
ANSWER_MAX_BYTES: Final = 1024 * 1024


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc]
    """Gives tokens to the Kafka client. Making one asks for none."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """``values``: librdkafka's properties. Raises SettingsError for what is missing or cannot be done."""
        _check(values)
        self._url = values[f"{PREFIX}token.endpoint.url"]
        self._request = _request(values)
        self._extensions = dict(
            pair.partition("=")[::2] for pair in values.get(f"{PREFIX}extensions", "").split(",") if pair
        )
        self._tls = _endpoint_context(values) if self._url.startswith("https:") else None
        self._turn = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    async def token(self) -> str:
        """A token that is good for a while. Raises ConnectionError when the endpoint gives none."""
        async with self._turn:
            if time.monotonic() >= self._until:
                self._token, lifetime = await asyncio.to_thread(self._ask)
                self._until = time.monotonic() + KEPT * lifetime
            return self._token

    def extensions(self) -> dict[str, str]:
        """What is told to the broker beside the token."""
        return self._extensions

    def _ask(self) -> tuple[str, float]:
        """A token and its time in seconds."""
        try:
            with urllib.request.urlopen(self._request, timeout=TIMEOUT_SECS, context=self._tls) as answer:  # noqa: S310
                found = json.loads(answer.read(ANSWER_MAX_BYTES))
            return str(found["access_token"]), float(found.get("expires_in", UNSAID_SECS))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            # The client takes it for a broker that is away, and tries again. The answer may hold a token: not repeated.
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            reason = str(error) if isinstance(error, OSError) else "its answer holds no access_token"
            raise ConnectionError(f"no token from {self._url}: {reason}") from None


def _check(values: Mapping[str, str]) -> None:
    method = values.get(f"{PREFIX}method", "default").lower()
    if method != "oidc":
        raise SettingsError(
            f"the stream stage cannot get tokens by the method {method}",
            where=f"kafka.properties: {PREFIX}method",
            remedy="use oidc, with the token endpoint of your identity provider",
        )
    grant = values.get(f"{PREFIX}grant.type", "client_credentials")
    if grant != "client_credentials":
        raise SettingsError(
            f"the stream stage cannot get tokens by the grant {grant}",
            where=f"kafka.properties: {PREFIX}grant.type",
            remedy="use client_credentials, with a client id and secret",
        )
    missing = [f"{PREFIX}{key}" for key in NEEDED if not values.get(f"{PREFIX}{key}")]
    if missing:
        raise SettingsError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            where="kafka.properties",
            remedy="ask whoever runs the identity provider",
        )
    url = values[f"{PREFIX}token.endpoint.url"]
    if not url.startswith(("http://", "https://")):
        raise SettingsError(
            f"{url!r} is no address", where=f"kafka.properties: {PREFIX}token.endpoint.url", remedy="write https://…"
        )


def _request(values: Mapping[str, str]) -> urllib.request.Request:
    who = f"{values[f'{PREFIX}client.id']}:{values[f'{PREFIX}client.secret']}"
    form = {"grant_type": "client_credentials"}
    if scope := values.get(f"{PREFIX}scope"):
        form["scope"] = scope
    head = {
        "authorization": f"Basic {base64.b64encode(who.encode()).decode()}",
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
    }
    address = values[f"{PREFIX}token.endpoint.url"]
    return urllib.request.Request(address, urlencode(form).encode(), head)  # noqa: S310  # the scheme was checked


def _endpoint_context(values: Mapping[str, str]) -> ssl.SSLContext:
    place = values.get("https.ca.location", "")
    folder: dict[str, Any] = {"capath": place} if place and Path(place).is_dir() else {"cafile": place or None}
    try:
        return ssl.create_default_context(**folder, cadata=values.get("https.ca.pem"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{place or 'the certificate'} cannot be used: {error}",
            where="kafka.properties: https.ca.location",
            remedy="name a PEM file that this process may read",
        ) from error
