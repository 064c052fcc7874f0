"""How a connection to a target is secured: TLS, unless both ends are on this machine."""

from __future__ import annotations

import ipaddress
import re

import grpc

_SCHEME = re.compile(r"^(dns:(//[^/]*/)?|ipv4:|ipv6:)")


def channel_credentials(
    target: str,
    *,
    tls: grpc.ChannelCredentials | bool | None,
    insecure: bool,
    call_credentials: grpc.CallCredentials | None,
) -> grpc.ChannelCredentials | None:
    """What secures the connection; None for plain text.

    Raises `ValueError` where credentials would travel in the clear without the caller having asked for it.
    """
    if insecure and tls:
        raise ValueError("insecure=True and tls exclude each other")
    plain = insecure or (tls is None and is_loopback(target))
    if tls is False and not plain:
        raise ValueError(f"{target} is not on this machine: pass insecure=True to do without TLS")
    if plain:
        if call_credentials is not None:
            raise ValueError("gRPC credentials are only sent over TLS; pass tls=True, or a token")
        return None
    secured = tls if isinstance(tls, grpc.ChannelCredentials) else grpc.ssl_channel_credentials()
    if call_credentials is None:
        return secured
    return grpc.composite_channel_credentials(secured, call_credentials)


def is_loopback(target: str) -> bool:
    """Whether every address of a gRPC target is on this machine."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    return all(_is_loopback_host(_host(address)) for address in _SCHEME.sub("", target).split(","))


def _host(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address if address.count(":") > 1 else address.partition(":")[0]


def _is_loopback_host(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
