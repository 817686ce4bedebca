"""TLS towards Kafka outside librdkafka: the same properties as a Python context, and what is wrong with a certificate.

The stream stage's consumer is not librdkafka's, so it needs the context. And librdkafka says of every certificate that
it does not accept only "could not be verified"; Python's own handshake says why.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemas.errors import SettingsError

KNOWN: Final = frozenset(
    {
        "ssl.ca.location",
        "ssl.ca.pem",
        "ssl.certificate.location",
        "ssl.certificate.pem",
        "ssl.key.location",
        "ssl.key.pem",
        "ssl.key.password",
        "ssl.cipher.suites",
        "ssl.crl.location",
        "ssl.endpoint.identification.algorithm",
    }
)
"""The properties of TLS that have a counterpart in Python."""

_VALIDITY: Final = re.compile(
    rb"\x30[\x1e-\x22](?:\x17\x0d\d{12}Z|\x18\x0f\d{14}Z)(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
)
"""RFC 5280, section 4.1.2.5: a sequence of two times, each UTCTime or GeneralizedTime."""


def tls_context(values: Mapping[str, str]) -> ssl.SSLContext:
    """The context that librdkafka would use with these properties. Raises SettingsError for what cannot be read."""
    foreign = sorted(key for key in values if key.startswith("ssl.") and key not in KNOWN)
    if foreign:
        raise SettingsError(
            f"the stream stage cannot use {', '.join(foreign)}",
            where="kafka.properties",
            remedy="use PEM files: ssl.ca.location, ssl.certificate.location, ssl.key.location",
        )
    try:
        return _context(values)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"a certificate or key cannot be used: {error}",
            where=f"kafka.properties: {', '.join(sorted(KNOWN & values.keys()))}",
            remedy="name PEM files that this process may read, and ssl.key.password where the key is encrypted",
        ) from error


def _context(values: Mapping[str, str]) -> ssl.SSLContext:
    place = values.get("ssl.ca.location", "")
    context = ssl.create_default_context(
        cafile=place if place and not Path(place).is_dir() else None,
        capath=place if place and Path(place).is_dir() else None,
        cadata=values.get("ssl.ca.pem"),
    )
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # one stage must not refuse what the others accept
    if values.get("enable.ssl.certificate.verification", "true").lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif values.get("ssl.endpoint.identification.algorithm", "https").lower() == "none":
        context.check_hostname = False
    if revoked := values.get("ssl.crl.location"):
        context.load_verify_locations(revoked)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if suites := values.get("ssl.cipher.suites"):
        context.set_ciphers(suites)
    with _file(values, "ssl.certificate") as certificate, _file(values, "ssl.key") as key:
        if certificate:
            # An empty password, since with none at all OpenSSL would ask for one at the terminal.
            context.load_cert_chain(certificate, key or None, values.get("ssl.key.password", ""))
    return context


@contextmanager
def _file(values: Mapping[str, str], name: str) -> Iterator[str]:
    """The file that ``name.location`` names, or one in memory with the text of ``name.pem``; "" for neither."""
    text = values.get(f"{name}.pem")
    if text is None:
        yield values.get(f"{name}.location", "")
        return
    memory = os.memfd_create(name)  # a key must not touch a disk
    try:
        os.write(memory, text.encode())
        yield f"/proc/self/fd/{memory}"
    finally:
        os.close(memory)


def certificate_problem(host: str, port: int, context: ssl.SSLContext, timeout: float = 2.0) -> tuple[int, str]:
    """OpenSSL's number and words for why a server's certificate is not accepted; 0 and "" when it is, or nobody knows.

    Takes up to ``timeout`` seconds; never raises.
    """
    try:
        with socket.create_connection((host, port), timeout) as plain, context.wrap_socket(plain, server_hostname=host):
            return 0, ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_code, error.verify_message
    except OSError:
        return 0, ""


def certificate_end(pem: str) -> datetime | None:
    """Until when the first certificate of a PEM text is valid; None for what is not one."""
    found = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END", pem, re.DOTALL)
    try:
        validity = _VALIDITY.search(base64.b64decode("".join(found[1].split()), validate=True)) if found else None
        if validity is None:
            return None
        short, long = validity.groups()
        # Two digits of a year: 50 to 99 are of the last century (RFC 5280, section 4.1.2.5.1).
        text = long.decode() if long else ("19" if short >= b"50" else "20") + short.decode()
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
