"""Posting to one address: connections that are kept, TLS, credentials, compression, and the answer as a value.

urllib3 rather than httpx: it is what the Elasticsearch client speaks HTTP with, so most installations have it already;
httpx would bring six packages more and nothing that threads with few connections need.
"""

from __future__ import annotations

import os
import ssl
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from runtime.kafka import read_file
from schemas.errors import SettingsError
from schemas.settings import resolve
from sinks.http.retry_after import retry_after_secs

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from schemas.settings.sinks.posting import PostingSink

CONNECT_SECS: Final = 10.0
ANSWER_MAX_BYTES: Final = 64 * 1024
"""So much of an answer is read; it only says what was wrong."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_FASTEST: Final = 1


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes
    retry_after_secs: float | None
    """How long it asks to be left alone; None: it does not say."""

    def text(self, most: int = 500) -> str:
        """The beginning of the body, for a person."""
        return " ".join(self.body.decode(errors="replace").split())[:most]


@dataclass(frozen=True)
class NoAnswer:
    """Why there is none."""

    cause: str
    remedy: str = ""
    detail: str = ""


def _plain(data: bytes) -> bytes:
    return data


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(_FASTEST, wbits=_GZIP)
    return packer.compress(data) + packer.flush()


def _zstd(data: bytes) -> bytes:
    return zstd.compress(data, _FASTEST)


_COMPRESS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"none": _plain, "gzip": _gzip, "zstd": _zstd}


class Poster:
    """Posts bodies; several threads may call at once."""

    def __init__(self, name: str, settings: PostingSink) -> None:
        """Raises SettingsError for files and secrets that cannot be used."""
        self._url = settings.url
        self._place = urllib3.util.parse_url(settings.url).netloc
        """For the log: a path or a query may have a secret in it."""
        self._compress = _COMPRESS[settings.compression]
        self._headers = {"user-agent": "logferry", **_headers(settings)}
        if settings.compression != "none":
            self._headers["content-encoding"] = settings.compression
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=settings.requests_in_flight,
            retries=False,  # the sink tries again by itself, and loudly
            timeout=urllib3.Timeout(min(CONNECT_SECS, settings.request_timeout_secs), settings.request_timeout_secs),
            ssl_context=_tls(name, settings) if settings.url.startswith("https:") else None,
        )

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer | NoAnswer:
        """Post a body. Never raises."""
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=self._compress(body),
                headers={**self._headers, **headers},
                redirect=False,
                preload_content=False,
            )
            answer = response.read(ANSWER_MAX_BYTES, decode_content=True)
            response.drain_conn()
            response.release_conn()
        except SSLError as error:
            return NoAnswer("TLS", f"check ca_file, certificate_file and the server's certificate: {error}")
        except (HTTPError, OSError) as error:
            return NoAnswer(type(error).__name__, detail=f"{self._place}: {error}")
        return Answer(response.status, answer, retry_after_secs(response.headers.get("retry-after"), time.time()))

    def close(self) -> None:
        """Let go of connections."""
        self._pool.clear()


def _headers(settings: PostingSink) -> dict[str, str]:
    headers = {name: resolve(value, os.environ, read_file) for name, value in settings.headers.items()}
    if settings.token is not None:
        headers["authorization"] = f"Bearer {resolve(settings.token, os.environ, read_file)}"
    if settings.username is not None and settings.password is not None:
        user, password = (resolve(each, os.environ, read_file) for each in (settings.username, settings.password))
        headers |= urllib3.make_headers(basic_auth=f"{user}:{password}")
    return headers


def _tls(name: str, settings: PostingSink) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file is not None:
            # A key with a password would be asked for at the terminal.
            context.load_cert_chain(settings.certificate_file, settings.key_file, password="")
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"the files for TLS cannot be used: {error}",
            where=f"ca_file, certificate_file and key_file of sink {name}",
            remedy="they must be there, readable and PEM, and the key without a password that of the certificate",
        ) from error
    return context
