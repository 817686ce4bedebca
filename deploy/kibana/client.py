"""Hands saved objects to Kibana and says what became of each (Kibana's API, "Import saved objects")."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from deploy.kibana.saved_objects import OLDEST_KIBANA, SavedObject, as_ndjson
from schemas.errors import FatalError, LogferryError, SettingsError, TemporaryError

TIMEOUT_SECS: Final = 60.0
_BOUNDARY: Final = "logferry-saved-objects-6f1d9c1e"
_AGAIN_SECS: Final = 5.0


@dataclass(frozen=True)
class Login:
    """How to log in, if at all."""

    api_key: str | None = None
    """Encoded, as Kibana shows it."""
    username: str | None = None
    password: str = ""

    def headers(self) -> dict[str, str]:
        """What says so in a request."""
        if self.api_key:
            return {"authorization": f"ApiKey {self.api_key}"}
        if self.username:
            return {"authorization": "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode()}
        return {}


@dataclass(frozen=True)
class Result:
    """What became of one object."""

    type: str
    title: str
    outcome: str
    """``created``, ``overwritten`` or why it was not taken."""
    taken: bool


class Kibana:
    """One Kibana, and one space of it. Every method raises SettingsError, TemporaryError or FatalError."""

    def __init__(self, url: str, login: Login, *, space: str = "", ca_file: str | None = None) -> None:
        if not re.match(r"https?://[^/]", url):
            raise SettingsError(f"{url!r} is no address", where="--url", remedy="write it like http://localhost:5601")
        self._url = url.rstrip("/")
        self._base = self._url + (f"/s/{quote(space, safe='')}" if space and space != "default" else "")
        self._headers = login.headers()
        self._tls = _tls(ca_file)

    def check_version(self) -> None:
        """Raise SettingsError for a Kibana that cannot read the objects; where it does not tell, it decides itself."""
        answer = self._ask("GET", f"{self._base}/api/status")
        version = answer.get("version")
        number = str(version.get("number", "")) if isinstance(version, Mapping) else ""
        found = re.match(r"(\d+)\.(\d+)", number)
        if found and (int(found[1]), int(found[2])) < OLDEST_KIBANA:
            raise SettingsError(
                f"this is version {number}, which cannot read the objects",
                where=self._url,
                remedy="they are for Kibana {}.{} and later, and Kibana 9".format(*OLDEST_KIBANA),
            )

    def load(self, objects: Sequence[SavedObject]) -> list[Result]:
        """Put objects in place of those with the same ids. Those that are not taken say why."""
        path = f"{self._base}/api/saved_objects/_import?overwrite=true"
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        answer = self._ask("POST", path, _form(as_ndjson(objects)), {"content-type": kind})
        return results(objects, answer)

    def _ask(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        own = {"kbn-xsrf": "logferry", "accept": "application/json"}
        request = urllib.request.Request(url, body, {**own, **self._headers, **(headers or {})}, method=method)  # noqa: S310 - http or https, checked
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECS, context=self._tls) as answer:  # noqa: S310
                content = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error.code, error.read()) from error
        except OSError as error:
            raise self._away(error) from error
        found = _parsed(content)
        if found is None:
            raise self._no_kibana()
        return found

    def _refused(self, status: int, content: bytes) -> LogferryError:
        told = _parsed(content) or {}
        reason = " ".join(str(told.get("message") or content.decode(errors="replace")).split())[:300]
        if status in _REMEDIES:
            problem, remedy = _REMEDIES[status]
            return SettingsError(f"{problem}: {reason}", where=self._base, remedy=remedy)
        if status in (429, 502, 503, 504):
            return TemporaryError(
                f"Kibana cannot answer now: {reason}", delay=_AGAIN_SECS, where=self._base, remedy="try again"
            )
        return FatalError(f"Kibana answers with status {status}: {reason}", where=self._base)

    def _away(self, error: OSError) -> LogferryError:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLError):
            return SettingsError(
                f"the connection is not trusted: {reason}", where=self._url, remedy="name the authority with --ca-file"
            )
        return TemporaryError(
            f"Kibana does not answer: {reason}",
            delay=_AGAIN_SECS,
            where=self._url,
            remedy="check the address of --url, and that Kibana runs",
        )

    def _no_kibana(self) -> LogferryError:
        return SettingsError(
            "what answers here is not Kibana's API",
            where=self._base,
            remedy="name Kibana's own address with --url, with server.basePath if it has one, and how to log in",
        )


_REMEDIES: Final = {
    400: ("Kibana does not take the objects", "see what it says; `logferry kibana export` writes what was sent"),
    401: ("Kibana does not let this user in", "name a key with --api-key-env, or --username and --password-env"),
    403: ("this user may not do that", "give it the privilege Management > Saved Objects Management: All in the space"),
    404: ("there is no such thing", "check --space, and server.basePath in --url"),
    413: ("the request is too large for what stands before Kibana", "raise its limit for bodies to 1 MiB"),
}
"""Status -> what is wrong, and what to do."""


def results(objects: Sequence[SavedObject], answer: Mapping[str, Any]) -> list[Result]:
    """What an answer says of each object: in ``successResults``, in ``errors``, or, where all went well, in no list."""
    taken = {(each.get("type"), each.get("id")): each for each in answer.get("successResults") or ()}
    errors = {(each.get("type"), each.get("id")): each.get("error") or {} for each in answer.get("errors") or ()}
    return [
        _result(each, taken.get((each.type, each.id)), errors.get((each.type, each.id)), answer) for each in objects
    ]


def _result(
    each: SavedObject, taken: Mapping[str, Any] | None, error: Mapping[str, Any] | None, answer: Mapping[str, Any]
) -> Result:
    if error is not None:
        return Result(each.type, each.title, _reason(error), taken=False)
    if taken is None and not answer.get("success"):
        return Result(each.type, each.title, "not taken, without a reason", taken=False)
    return Result(each.type, each.title, "overwritten" if (taken or {}).get("overwrite") else "created", taken=True)


def _reason(error: Mapping[str, Any]) -> str:
    """The type of an import's error, and what it says beside."""
    kind = str(error.get("type", "unknown"))
    missing = [f"{each.get('type')} {each.get('id')}" for each in error.get("references") or ()]
    said = str(error.get("message") or error.get("reason") or ", ".join(missing))
    return f"{kind.replace('_', ' ')}: {said}" if said else kind.replace("_", " ")


def _form(content: str) -> bytes:
    """A form with one file (RFC 7578)."""
    head = (
        f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="logferry.ndjson"\r\n'
        "content-type: application/ndjson\r\n\r\n"
    )
    return f"{head}{content}\r\n--{_BOUNDARY}--\r\n".encode()


def _parsed(content: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SettingsError(
            f"the certificate authorities cannot be read: {error}",
            where=f"--ca-file {ca_file}",
            remedy="name a PEM file",
        ) from error
