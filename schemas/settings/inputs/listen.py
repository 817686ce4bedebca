"""What all inputs that listen have in common: an address, and TLS."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.settings.parts import AbsolutePath, Section, mistake

_SOCKET_PATH_BYTES_AT_MOST = 107


def _address(text: str) -> str:
    if not re.fullmatch(r"(\[[0-9A-Fa-f:]+\]|[^\s:/\[\]]*):\d{1,5}", text) or int(text.rpartition(":")[2]) > 65535:
        raise mistake(f"{text!r} is not HOST:PORT", "write for example 0.0.0.0:5140, [::]:5140 or 127.0.0.1:0")
    return text


Address = Annotated[str, AfterValidator(_address), Field(examples=["0.0.0.0:5140"])]
"""``HOST:PORT``; port 0 takes any free one, an empty host listens everywhere."""


def _socket_path(path: str) -> str:
    if len(path.encode()) > _SOCKET_PATH_BYTES_AT_MOST:
        raise mistake(f"{path!r} is too long: the path of a socket has at most 107 bytes", "choose a shorter one")
    return path


SocketPath = Annotated[AbsolutePath, AfterValidator(_socket_path)]
"""Path of a Unix socket."""


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of an `Address`; the host without brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class ServerTls(Section):
    """TLS of a listening address."""

    certificate_file: AbsolutePath
    """PEM file with the server's certificate, and those between it and its authority."""

    key_file: AbsolutePath
    """PEM file with the server's private key, without a password."""

    client_ca_file: AbsolutePath | None = None
    """PEM file with the authorities of clients' certificates. With it, clients must show one (mutual TLS)."""


class Listening(Section):
    """An address that takes connections."""

    listen: Address
    """Where to listen."""

    tls: ServerTls | None = None
    """TLS, when set; plain otherwise."""
