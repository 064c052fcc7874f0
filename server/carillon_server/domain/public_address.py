"""Which IP addresses everybody on the internet shares.

What the registries of IANA call not globally reachable is not public (RFC 6890, RFC 8190), and some more:
multicast, relays of 6to4, the platform service of a cloud that answers on an address which looks public. An
IPv6 address that carries an IPv4 address (mapped, NAT64) is as public as that one; 6to4 and Teredo, which
nobody needs any more, are not public at all.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# The versions of Python differ in what they know of the registries; this is what all must know.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # the platform's own service in every network of Azure
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_UNICAST_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # Teredo, benchmarking, ORCHID and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether requests to it stay clear of every private network."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in block for block in _NOT_PUBLIC_4)
    embedded = embedded_ipv4(address)
    if embedded is not None:
        return is_public(embedded)
    public = address.is_global and address.scope_id is None and address in _GLOBAL_UNICAST_6
    return public and not any(address in block for block in _NOT_PUBLIC_6)


def embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end up at, by the socket (mapped) or by a NAT64."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & _LAST_32_BITS) if address in _NAT64 else None
