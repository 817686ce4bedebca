"""What every input that listens shares: TLS from settings, addresses as URLs, and what to tell when they fail."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from schemas.errors import SettingsError
from schemas.settings.inputs.listen import host_and_port

if TYPE_CHECKING:
    from schemas.settings.inputs.listen import ServerTls

_REMEDIES: Final = {
    errno.EADDRINUSE: "stop the other program that listens there (`ss -lntup` names it), or choose another port",
    errno.EADDRNOTAVAIL: "name an address of this host, or 0.0.0.0 or [::] for all of them",
    errno.EACCES: "choose a port above 1023 or a folder that it may write to, or grant CAP_NET_BIND_SERVICE",
    errno.EAFNOSUPPORT: "this host has no addresses of that family (IPv6 may be switched off): choose another",
    errno.EEXIST: "something that is no socket lies there: remove it, or choose another path",
    errno.ENOENT: "create the folder of the socket first",
    errno.ENAMETOOLONG: "choose a shorter path: a socket's has at most 107 bytes",
}


def cannot_listen(address: str, where: str, error: OSError) -> SettingsError:
    """What to tell when an address cannot be had; ``where`` is the setting's path, as ``inputs.border.tcp``."""
    if isinstance(error, socket.gaierror):
        reason, remedy = "its host name is unknown", "write an address of this host, or a name that resolves to one"
    else:
        number = error.errno or 0
        reason = os.strerror(number) if number else str(error)
        remedy = _REMEDIES.get(number, "choose another address")
    return SettingsError(f"cannot listen on {address}: {reason}", where=where, remedy=remedy)


def ssl_context(tls: ServerTls | None, where: str) -> ssl.SSLContext | None:
    """A server's side of TLS 1.2 or later; None when ``tls`` is. ``where`` is the path of the settings' ``tls``.

    Raises SettingsError that names the file which cannot be used.
    """
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _must_read(tls.certificate_file, f"{where}.certificate_file")
    _must_read(tls.key_file, f"{where}.key_file")
    try:
        # The empty password keeps OpenSSL from asking for one on the terminal.
        context.load_cert_chain(tls.certificate_file, tls.key_file, password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        raise SettingsError(
            f"certificate and key cannot be used: {_openssl_words(error)}",
            where=f"{where}: {tls.certificate_file}, {tls.key_file}",
            remedy="give PEM files; the key must belong to the first certificate and have no password",
        ) from error
    if tls.client_ca_file is not None:
        _demand_certificates(context, tls.client_ca_file, f"{where}.client_ca_file")
    return context


def _demand_certificates(context: ssl.SSLContext, authorities: str, where: str) -> None:
    """Take only clients that show a certificate of these authorities."""
    _must_read(authorities, where)
    try:
        context.load_verify_locations(authorities)
    except (ssl.SSLError, ValueError) as error:
        raise SettingsError(
            f"the authorities of clients cannot be used: {_openssl_words(error)}",
            where=f"{where}: {authorities}",
            remedy="give a PEM file with one certificate or more",
        ) from error
    context.verify_mode = ssl.CERT_REQUIRED


def _must_read(path: str, where: str) -> None:
    """OpenSSL does not tell which of its files is missing; this does."""
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise SettingsError(
            f"the file cannot be read: {error.strerror}",
            where=f"{where}: {path}",
            remedy="name a file that exists and that this process may read",
        ) from error


def _openssl_words(error: Exception) -> str:
    """``key values mismatch`` out of ``[X509: KEY_VALUES_MISMATCH] key values mismatch (_ssl.c:3900)``."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return str(error)


def url_of(scheme: str, name: object) -> str:
    """A socket's address as a URL: ``tcp://[::1]:514`` for what getsockname gave, ``unix:///run/log`` for a path."""
    if isinstance(name, tuple):
        host, port = name[0], name[1]
        return f"{scheme}://{bracketed(host)}:{port}"
    return f"{scheme}://{name if isinstance(name, str) else ''}"


def bracketed(host: str) -> str:
    """A host as it stands in a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def peer_host(name: object) -> str:
    """The host of a peer, for what getpeername gave; an IPv4 peer of an IPv6 socket by its IPv4 address.

    Empty for a Unix socket, whose peers have no names.
    """
    if not isinstance(name, tuple):
        return ""
    host = str(name[0])
    return host.removeprefix("::ffff:") if "." in host else host


def inet_socket(address: str, kind: socket.SocketKind, where: str) -> socket.socket:
    """A socket bound to an `Address`, not blocking and not listening yet. An empty host and ``[::]`` take IPv4 as well.

    Raises SettingsError when the address cannot be had.
    """
    host, port = host_and_port(address)
    try:
        if host:
            return _bound(socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0], kind)
        return _everywhere(port, kind)
    except OSError as error:
        raise cannot_listen(address, where, error) from error


def _everywhere(port: int, kind: socket.SocketKind) -> socket.socket:
    try:
        return _bound((socket.AF_INET6, kind, 0, "", ("::", port)), kind)
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
        return _bound((socket.AF_INET, kind, 0, "", ("0.0.0.0", port)), kind)  # noqa: S104 - what was asked for


def _bound(place: tuple[Any, ...], kind: socket.SocketKind) -> socket.socket:
    """A socket bound to a place as getaddrinfo names it."""
    family, address = place[0], place[4]
    bound = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    bound.settimeout(0)
    return bound


def unix_socket(path: str, kind: socket.SocketKind, permissions: int, where: str) -> socket.socket:
    """A socket bound to a path, not blocking and not listening yet. What a killed process left there is replaced.

    Raises SettingsError when another program listens there, when the path is something else, or cannot be had.
    """
    bound = socket.socket(socket.AF_UNIX, kind)
    try:
        _clear(path, kind)
        bound.bind(path)
        Path(path).chmod(permissions)
    except OSError as error:
        bound.close()
        raise cannot_listen(path, where, error) from error
    bound.settimeout(0)
    return bound


def _clear(path: str, kind: socket.SocketKind) -> None:
    """Remove a socket that nobody listens to any more. Raises OSError (address in use) for anything else there."""
    try:
        mode = Path(path).lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
    with socket.socket(socket.AF_UNIX, kind) as visitor:
        visitor.settimeout(0)  # a full backlog is an answer too: somebody is there
        answer = visitor.connect_ex(path)
    if answer != errno.ECONNREFUSED:
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    Path(path).unlink()
