"""The server as a whole: reflection, TLS, compression, ports."""

from __future__ import annotations

import datetime
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.identity import Role
from carillon_server.transport.authorization import ROLES
from carillon_server.transport.registration import our_methods
from tests.running import Issuer, make_settings, running_server
from tests.transport.caller import Caller
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.rpcs import RPCS, path_of

_LIST = reflection_pb2.ServerReflectionRequest(list_services="")


async def _services(channel: grpc.aio.Channel, token: str = "") -> set[str]:
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(metadata=metadata)
    await call.write(_LIST)
    answer = await call.read()
    call.cancel()
    return {service.name for service in answer.list_services_response.service}


async def test_reflection_lists_the_api_to_callers_with_credentials(house: House) -> None:
    token = house.issuer.token("acme", "ada", [Role.USER])
    assert {"carillon.v1.NotificationService", "grpc.health.v1.Health"} <= await _services(
        house.channel, token
    )
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _services(house.channel)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_reflection_is_open_in_development(postgres_url: str, redis_url: str, issuer: Issuer) -> None:
    settings = make_settings(postgres_url, redis_url, issuer, development=True)
    async with running_server(settings) as address, grpc.aio.insecure_channel(address) as channel:
        assert "carillon.v1.NotificationService" in await _services(channel)


def test_every_rpc_has_a_row_in_the_table_of_roles() -> None:
    assert set(ROLES) == {path_of(rpc) for rpc in RPCS}


def test_a_server_that_lacks_an_rpc_cannot_be_built() -> None:
    service = pb.DESCRIPTOR.services_by_name["NotificationService"]
    with pytest.raises(LookupError, match="NotificationService"):
        list(our_methods(service, [object()]))


async def test_two_servers_cannot_share_a_port(house: House, postgres_url: str, redis_url: str) -> None:
    settings = make_settings(postgres_url, redis_url, house.issuer, grpc_address=house.address)
    with pytest.raises(RuntimeError):
        async with running_server(settings):
            pass


@pytest.mark.parametrize("compression", list(grpc.Compression))
async def test_callers_may_compress(house: House, compression: grpc.Compression) -> None:
    async with grpc.aio.insecure_channel(house.address, compression=compression) as channel:
        caller = Caller(channel, house.issuer.token("acme", "billing", [Role.PRODUCER]))
        assert (await caller.call("Send", build("Send", {"content": {"body": "x" * 9_000}}))).results


async def test_a_certificate_makes_it_speak_tls(
    postgres_url: str, redis_url: str, issuer: Issuer, tmp_path: Path
) -> None:
    certificate, key = _certificate(tmp_path)
    settings = make_settings(
        postgres_url, redis_url, issuer, tls_certificate=str(certificate), tls_key=str(key)
    )
    credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
    override = [("grpc.ssl_target_name_override", "localhost")]
    async with (
        running_server(settings) as address,
        grpc.aio.secure_channel(address, credentials, options=override) as channel,
    ):
        caller = Caller(channel, issuer.token("acme", "ada", [Role.USER]))
        assert (await caller.call("GetCounts", pb.GetCountsRequest())).cursor


def _certificate(directory: Path) -> tuple[Path, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    paths = directory / "tls.crt", directory / "tls.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
