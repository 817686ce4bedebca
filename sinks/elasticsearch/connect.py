"""A client for a sink's cluster: its addresses, how it logs in, whom it trusts, and which version it speaks.

Several hosts take turns; one that does not answer is left out for a second, then for two, four and so on up to half a
minute, while the others go on (`elastic_transport.NodePool`). Nothing is sent a second time in here: retries belong to
the sink, which is loud about them.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping
from typing import Any, Final

from elastic_transport import HttpHeaders, NodeConfig, Urllib3HttpNode
from elastic_transport.client_utils import DEFAULT, DefaultType
from elasticsearch import Elasticsearch

from runtime.kafka import read_file
from schemas.errors import SettingsError
from schemas.settings import ElasticsearchSink, resolve

_log = logging.getLogger(__name__)

_OURS: Final = "compatible-with=9"
_OLDER: Final = "compatible-with=8"
_UNKNOWN_VERSION: Final = b"media_type_header_exception"
_SHOWN_BYTES: Final = 1000
CONNECTIONS_LEAST: Final = 10


class AnyVersionNode(Urllib3HttpNode):
    """A node of Elasticsearch 9 or 8.

    Requests say which version's language they speak (Elasticsearch reference, "REST API compatibility"). A node of
    version 8 does not know that of 9 and says so; from then on it is spoken to in that of 8, which both know, so that
    a cluster can be upgraded while sinks run.
    """

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        self._is_older = False

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:
        """As the node does it, in the language that it understands."""
        if not self._is_older:
            answer = super().perform_request(method, target, body, headers, request_timeout)
            if answer.meta.status != 400 or _UNKNOWN_VERSION not in answer.body[:_SHOWN_BYTES]:
                return answer
            self._is_older = True
            _log.info("%s is of version 8", self.base_url)
        return super().perform_request(method, target, body, _in_older(headers), request_timeout)


def _in_older(headers: HttpHeaders | None) -> HttpHeaders:
    changed = HttpHeaders(headers or {})
    for name in ("accept", "content-type"):
        if name in changed:
            changed[name] = changed[name].replace(_OURS, _OLDER)
    return changed


def secrets_of(settings: ElasticsearchSink, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The resolved api_key, username and password. Raises SettingsError for one that is missing."""
    given = {"api_key": settings.api_key, "username": settings.username, "password": settings.password}
    return {name: resolve(value, environ, read_file) for name, value in given.items() if value is not None}


def connect(settings: ElasticsearchSink, secrets: Mapping[str, str], attempts: int = 1) -> Elasticsearch:
    """A client for the sink's cluster; ``secrets`` are those of `secrets_of`.

    ``attempts``: how many hosts a request tries; one, where the caller tries again by itself.
    Raises SettingsError when a certificate cannot be read or an address cannot be used.
    """
    options: dict[str, Any] = {"cloud_id": settings.cloud_id} if settings.cloud_id else {"hosts": list(settings.hosts)}
    if "api_key" in secrets:
        options["api_key"] = secrets["api_key"]
    elif "username" in secrets:
        options["basic_auth"] = (secrets["username"], secrets.get("password", ""))
    files = {"ca_certs": settings.ca_file, "client_cert": settings.certificate_file, "client_key": settings.key_file}
    options |= {name: file for name, file in files.items() if file}
    _check(settings)
    try:
        return Elasticsearch(
            **options,
            node_class=AnyVersionNode,
            connections_per_node=max(CONNECTIONS_LEAST, settings.requests_in_flight + 2),
            request_timeout=settings.request_timeout_secs,
            max_retries=attempts - 1,
            retry_on_timeout=False,
            retry_on_status=(),
            http_compress=False,
        )
    except ValueError as error:
        raise SettingsError(f"the address cannot be used: {error}", where=where(settings)) from error


def where(settings: ElasticsearchSink) -> str:
    """The cluster's addresses, for a person."""
    return f"Elastic Cloud, {settings.cloud_id.partition(':')[0]}" if settings.cloud_id else ", ".join(settings.hosts)


def _check(settings: ElasticsearchSink) -> None:
    """Raise SettingsError for files that TLS could not be set up with."""
    if settings.ca_file:
        _try("ca_file", settings.ca_file, lambda: ssl.create_default_context(cafile=settings.ca_file))
    certificate, key = settings.certificate_file, settings.key_file
    if certificate:
        context = ssl.create_default_context()
        _try("certificate_file", certificate, lambda: read_file(certificate))
        if key:
            _try("key_file", key, lambda: read_file(key))
        _try("certificate_file", certificate, lambda: context.load_cert_chain(certificate, key, password=_no_password))


def _try(name: str, path: str, read: Any) -> None:
    try:
        read()
    except ssl.SSLError as error:
        raise SettingsError(
            f"{name} cannot be used: {error.reason or error.strerror or error}",
            where=path,
            remedy="it has to be PEM, and a key the one of its certificate, without a password",
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{name} cannot be read: {reason}", where=path) from error


def _no_password() -> str:
    """Called for a locked key, so that nobody is asked at a terminal; an empty one does not open it."""
    return ""
