"""Whoever cannot listen is told which setting, why, and what to do."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from producers.listening import inet_socket, peer_host, ssl_context, unix_socket, url_of
from schemas.errors import SettingsError
from schemas.settings.inputs.listen import ServerTls
from tests.producers.certificates import make_identity

STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


def told(error: pytest.ExceptionInfo[SettingsError]) -> str:
    return " | ".join(str(error.value).splitlines())


def test_an_address_in_use_names_the_setting_and_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(SettingsError) as error:
            inet_socket(f"127.0.0.1:{other.getsockname()[1]}", STREAM, "inputs.net.tcp")
        assert "Address already in use" in told(error)
        assert "where: inputs.net.tcp" in told(error)
        assert "stop the other program" in told(error)


def test_an_address_of_another_host_cannot_be_had():
    with pytest.raises(SettingsError, match="Cannot assign requested address"):
        inet_socket("192.0.2.1:0", DGRAM, "inputs.net.udp")


@pytest.mark.parametrize("address", [":0", "[::]:0"])
def test_everywhere_means_ipv4_too(address):
    with inet_socket(address, DGRAM, "here") as bound, socket.socket(socket.AF_INET, DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", bound.getsockname()[1]))
        bound.settimeout(5)
        _, peer = bound.recvfrom(10)
        assert peer_host(peer) == "127.0.0.1"


def test_sockets_are_named_by_urls():
    with inet_socket("[::1]:0", DGRAM, "here") as bound:
        assert url_of("udp", bound.getsockname()) == f"udp://[::1]:{bound.getsockname()[1]}"
    assert url_of("unix", "/run/x") == "unix:///run/x"


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_what_a_killed_process_left_at_a_path_is_replaced(tmp_path, kind):
    path = tmp_path / "log"
    unix_socket(str(path), kind, 0o666, "here").close()
    with unix_socket(str(path), kind, 0o660, "here"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_a_path_where_somebody_listens_is_left_alone(tmp_path, kind):
    path = tmp_path / "log"
    with unix_socket(str(path), kind, 0o666, "here") as first:
        if kind == STREAM:
            first.listen()
        with pytest.raises(SettingsError, match="Address already in use"):
            unix_socket(str(path), kind, 0o666, "here")
        assert path.exists()


def test_a_file_at_the_path_is_left_alone(tmp_path):
    path = tmp_path / "log"
    path.write_text("precious")
    with pytest.raises(SettingsError, match="no socket lies there"):
        unix_socket(str(path), STREAM, 0o666, "here")
    assert path.read_text() == "precious"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(SettingsError, match="create the folder"):
        unix_socket(str(tmp_path / "none" / "log"), STREAM, 0o666, "here")


def tls(certificate: Path, key: Path, authorities: Path | None = None) -> ServerTls:
    return ServerTls(
        certificate_file=str(certificate),
        key_file=str(key),
        client_ca_file=None if authorities is None else str(authorities),
    )


def test_without_tls_there_is_no_context():
    assert ssl_context(None, "here") is None


def test_a_certificate_and_its_key_make_a_context(tmp_path):
    mine = make_identity(tmp_path, "mine")
    assert ssl_context(tls(mine.certificate, mine.key, mine.certificate), "here") is not None


def test_what_cannot_be_used_is_named(tmp_path):
    mine, other = make_identity(tmp_path, "mine"), make_identity(tmp_path, "other")
    locked = make_identity(tmp_path, "locked", password=b"secret")
    junk = tmp_path / "junk"
    junk.write_text("junk")
    cases = [
        (tls(tmp_path / "none", mine.key), "here.tls.certificate_file"),
        (tls(mine.certificate, tmp_path / "none"), "here.tls.key_file"),
        (tls(mine.certificate, mine.key, tmp_path / "none"), "here.tls.client_ca_file"),
        (tls(mine.certificate, other.key), "key values mismatch"),
        (tls(locked.certificate, locked.key), "must belong to the first certificate and have no password"),
        (tls(junk, mine.key), "certificate and key cannot be used"),
        (tls(mine.certificate, mine.key, junk), "the authorities of clients cannot be used"),
    ]
    for settings, expected in cases:
        with pytest.raises(SettingsError) as error:
            ssl_context(settings, "here.tls")
        assert expected in told(error)
