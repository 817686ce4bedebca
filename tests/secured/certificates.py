"""Certificates for tests of TLS, fresh for every session: an authority, and what it has signed."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOCAL = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
BOTH_SIDES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


class Authority:
    """A certificate authority whose files lie in one folder; ``ca`` is what clients and brokers trust."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _dated(x509.CertificateBuilder(), timedelta(days=1))
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca = folder / f"{name}.pem"
        self.ca.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str, *, valid: timedelta = timedelta(days=1), file: str = "") -> tuple[Path, Path]:
        """Files of a certificate for 127.0.0.1 and of its key; a negative time: expired so long ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _dated(x509.CertificateBuilder(), valid)
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .add_extension(LOCAL, critical=False)
            .add_extension(BOTH_SIDES, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        place = self._folder / f"{file or name}.pem"
        place.write_bytes(certificate.public_bytes(Encoding.PEM))
        key_place = self._folder / f"{file or name}.key"
        key_place.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return place, key_place

    def issue_locked(self, name: str, password: str) -> tuple[Path, Path]:
        """As `issue`, the key under a password."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        place, key_place = self.issue(name, file=f"{name}-locked")
        key = load_pem_private_key(key_place.read_bytes(), None)
        locked = BestAvailableEncryption(password.encode())
        key_place.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        return place, key_place


def keystore(certificate: Path, key: Path) -> Path:
    """Both in one file, as Kafka's brokers want them."""
    place = certificate.with_suffix(".store.pem")
    place.write_bytes(key.read_bytes() + certificate.read_bytes())
    return place


def _dated(builder: x509.CertificateBuilder, valid: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return builder.not_valid_before(now - timedelta(days=30)).not_valid_after(now + valid)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
