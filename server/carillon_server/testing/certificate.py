"""Certificates that nobody else would accept.

certificate = Certificate.make(tmp_path)
async with HttpFake(tls=certificate) as fake:
    context = ssl.create_default_context(cafile=certificate.certificate_file)
    ...  # a client with this context gets in
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_DEFAULT_NAMES = ("localhost", "127.0.0.1", "::1")
_VALID = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Signed by itself; its file serves the client as an authority (`ca_file`)."""

    certificate_file: Path
    key_file: Path

    @classmethod
    def make(cls, directory: Path, names: Sequence[str] = _DEFAULT_NAMES) -> Certificate:
        """Writes two files. `names`: host names and IP addresses that it is good for."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carillon fake")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _VALID)
            .not_valid_after(now + _VALID)
            .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, SHA256())
        )
        made = cls(directory / "certificate.pem", directory / "key.pem")
        made.certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
        made.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made

    def server_context(self, protocols: Sequence[str] = ("http/1.1",)) -> ssl.SSLContext:
        """`protocols`: what ALPN offers."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        context.set_alpn_protocols(list(protocols))
        return context


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
