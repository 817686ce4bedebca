"""entries:write requests and their answers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import google.auth
import urllib3
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.urllib3 import Request
from google.oauth2 import service_account

from schemas.errors import SettingsError
from sinks.google_cloud.connections import Connections
from sinks.google_cloud.verdict import verdicts
from sinks.verdict import Reject, Retry, Verdict

if TYPE_CHECKING:
    from schemas.settings.sinks.google_cloud import GoogleCloudSink

PATH: Final = "/v2/entries:write"
SCOPES: Final = ("https://www.googleapis.com/auth/logging.write",)
UNAUTHENTICATED: Final = 401
_CONNECT_SECS: Final = 10.0
_BEGIN: Final = b'{"partialSuccess":true,"entries":['
_END: Final = b"]}"
_HEADERS: Final = {"content-type": "application/json", "user-agent": "logferry"}
_NO_CREDENTIALS: Final = (
    "no token could be had: set GOOGLE_APPLICATION_CREDENTIALS or credentials_file, or give the service account a "
    "workload identity"
)


class Tokens:
    """Puts access tokens into headers. Credentials are found and refreshed when they are needed."""

    def __init__(self, settings: GoogleCloudSink) -> None:
        """Raises SettingsError for a key that is none."""
        # Connections of their own: tokens come from another server, whose certificate is not of ca_file.
        self._request = Request(Connections(timeout=_CONNECT_SECS))  # type: ignore[no-untyped-call]
        self._anonymous = settings.anonymous
        self._credentials: Any = None
        self._lock = threading.Lock()
        if settings.credentials_file:
            self._credentials = _from_file(settings.credentials_file)

    def sign(self, url: str, headers: dict[str, str]) -> None:
        """Add a valid token. Raises GoogleAuthError."""
        if self._anonymous:
            return
        with self._lock:  # one thread fetches a token, the others wait for it
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=SCOPES, request=self._request)
            self._credentials.before_request(self._request, "POST", url, headers)

    def renew(self) -> None:
        """Fetch a new token: the present one was refused. Raises GoogleAuthError."""
        with self._lock:
            if self._credentials is not None:
                self._credentials.refresh(self._request)


def _from_file(path: str) -> Any:
    try:
        return service_account.Credentials.from_service_account_file(path, scopes=SCOPES)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path} is not the key of a service account: {error}",
            where="credentials_file",
            remedy="name the JSON file that Google Cloud made; other kinds go by GOOGLE_APPLICATION_CREDENTIALS",
        ) from error


class Requests:
    """Sends entries and says what became of each."""

    def __init__(self, settings: GoogleCloudSink) -> None:
        self._url = settings.endpoint.rstrip("/") + PATH
        secs = settings.request_timeout_secs
        self._connections = Connections(
            maxsize=settings.requests_in_flight,
            retries=False,  # the sink tries again by itself, and loudly
            timeout=urllib3.Timeout(connect=min(_CONNECT_SECS, secs), read=secs),
            ca_certs=settings.ca_file,
        )
        self._tokens = Tokens(settings)

    def write(self, entries: Sequence[bytes]) -> list[Verdict]:
        """The verdict on each entry. Never raises on an answer or on none."""
        try:
            answer = self._post(entries)
            if answer.status == UNAUTHENTICATED:
                self._tokens.renew()
                answer = self._post(entries)
        except GoogleAuthError as error:
            return [Retry(type(error).__name__, remedy=_NO_CREDENTIALS)] * len(entries)
        except urllib3.exceptions.HTTPError as error:
            return [Retry(type(error).__name__, detail=str(error))] * len(entries)
        found = verdicts(answer.status, answer.data, len(entries), answer.headers.get("retry-after"))
        return self._divided(entries, found) if isinstance(found, str) else found

    def _post(self, entries: Sequence[bytes]) -> urllib3.BaseHTTPResponse:
        headers = dict(_HEADERS)
        self._tokens.sign(self._url, headers)
        return self._connections.request(
            "POST", self._url, body=_BEGIN + b",".join(entries) + _END, headers=headers, redirect=False
        )

    def _divided(self, entries: Sequence[bytes], reason: str) -> list[Verdict]:
        """Some entry makes Google refuse the request as a whole: find it by halves, so that it stands alone."""
        if len(entries) == 1:
            return [Reject(reason)]
        middle = len(entries) // 2
        return [*self.write(entries[:middle]), *self.write(entries[middle:])]

    def close(self) -> None:
        """Let go of connections."""
        self._connections.clear()
