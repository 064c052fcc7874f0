from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carillon import AsyncClient, errors
from tests.client.servers import HeaderRecorder


def issue_certificate() -> tuple[bytes, bytes]:
    """A key and a certificate for `localhost` that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, certificate.public_bytes(serialization.Encoding.PEM)


CERTIFICATE = issue_certificate()
TRUSTED = grpc.ssl_channel_credentials(root_certificates=CERTIFICATE[1])


@pytest.fixture
async def recorder() -> AsyncIterator[HeaderRecorder]:
    async with HeaderRecorder(grpc.ssl_server_credentials([CERTIFICATE])) as recorder:
        yield recorder


@pytest.mark.parametrize(
    "access", [{"token": "secret"}, {"credentials": grpc.access_token_call_credentials("secret")}]
)
async def test_tokens_and_call_credentials_travel_over_tls(
    recorder: HeaderRecorder, access: dict[str, object]
) -> None:
    async with AsyncClient(recorder.target, tls=TRUSTED, **access) as client:
        with pytest.raises(errors.MethodUnknownError):
            await client.list()
    assert [headers["authorization"] for headers in recorder.headers] == ["Bearer secret"]


async def test_a_server_that_nobody_vouches_for_gets_nothing(recorder: HeaderRecorder) -> None:
    async with AsyncClient(recorder.target, tls=True, token="secret") as client:
        with pytest.raises(errors.UnavailableError):
            await client.list()
    assert recorder.headers == []
