from __future__ import annotations

import grpc
import pytest

from carillon import AsyncClient, Client
from carillon._target import is_loopback


@pytest.mark.parametrize(
    "target",
    [
        "localhost:1",
        "LOCALHOST:1",
        "127.0.0.1:1",
        "127.8.8.8:1",
        "[::1]:1",
        "dns:///localhost:1",
        "dns:localhost:1",
        "ipv4:127.0.0.1:1",
        "ipv4:127.0.0.1:1,127.0.0.2:1",
        "ipv6:[::1]:1",
        "unix:/run/carillon.sock",
    ],
)
def test_targets_on_this_machine(target: str) -> None:
    assert is_loopback(target)


@pytest.mark.parametrize(
    "target",
    [
        "carillon.internal:443",
        "10.0.0.1:1",
        "0.0.0.0:1",
        "localhost.example.org:1",
        "127.0.0.1.example.org:1",
        "[2001:db8::1]:1",
        "dns:///carillon.internal:443",
        "dns://127.0.0.1/carillon.internal:443",
        "ipv4:127.0.0.1:1,10.0.0.1:1",
        "",
    ],
)
def test_targets_elsewhere(target: str) -> None:
    assert not is_loopback(target)


@pytest.mark.parametrize("client", [AsyncClient, Client])
@pytest.mark.parametrize(
    "options",
    [
        {"tls": False},
        {"tls": True, "insecure": True},
        {"token": "t", "credentials": grpc.access_token_call_credentials("t")},
        {"credentials": grpc.access_token_call_credentials("t"), "insecure": True},
    ],
)
def test_credentials_never_travel_in_the_clear_by_accident(client: type, options: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of several texts
        client("carillon.internal:443", **options)


def test_tls_is_used_for_every_other_machine_and_can_be_given_up_by_name() -> None:
    assert AsyncClient("carillon.internal:443")._connection._options.credentials is not None
    assert AsyncClient("carillon.internal:443", insecure=True)._connection._options.credentials is None
    assert AsyncClient("localhost:1")._connection._options.credentials is None
    assert AsyncClient("localhost:1", tls=True)._connection._options.credentials is not None
