"""Spellings of addresses that no request may go to, for whoever must refuse them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from hypothesis import strategies as st

# What looks alike to people is the point of some of them.
# ruff: noqa: RUF001

PRIVATE_NETWORKS = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

FORBIDDEN_HOSTS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0X7F.0.0.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.0.0.1.",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "0",
    "0.0.0.0",
    "10.0.0.1",
    "10.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.168.257",
    "3232235777",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:A9FE:A9FE]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛocalhost",
    "hooks.localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "printer.local",
    "metadata.google.internal",
    "router.home.arpa",
    "intranet",
    "metadata",
)
"""As they stand in a URL."""

FORBIDDEN_URLS = (
    *(f"https://{host}/hook" for host in FORBIDDEN_HOSTS),
    "https://127.0.0.1:8443/",
    "https://[::1]:8443/",
    "https://example.com@127.0.0.1/",
    "https://user:pw@example.com/",
    "https://example.com:pw@127.0.0.1/",
    "https://example.com:443@127.0.0.1/",
    "https://@example.com/",
    "https://example.com:0/",
    "https://127.0.0.1?.example.com",
    "https://127.0.0.1#.example.com",
    "https://example.com\\@127.0.0.1/",
    "https://256.1.1.1/",
    "https://1.2.3.4.5/",
    "https://0x/",
    "https://example.123/",
    "https://%31%32%37.0.0.1/",
    "https://exa mple.com/",
    "https://a..example.com/",
    "https://-a.example.com/",
    "https://[::1/",
    "https://[::1]x/",
    "https:///hook",
    "https:127.0.0.1",
    "http://93.184.215.14/hook",
    "http://example.com/hook",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/",
    "",
)

PUBLIC_URLS = (
    "https://example.com",
    "https://example.com./hook",
    "https://EXAMPLE.com/hook?a=b#c",
    "https://example.com:8443/hook",
    "https://hooks_1.example.com/hook",
    "https://bücher.example/ö",
    "https://93.184.215.14/hook",
    "https://93.184.215.14:65535/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/hook",
    "https://[64:ff9b::5db8:d70e]/",
    "https://[::ffff:93.184.215.14]/",
    "https://10.example.com/",
    "https://127.0.0.1.example.com/",
    "https://localhost.example.com/",
)


def _hex(address: IPv4Address) -> str:
    return f"0x{int(address):x}"


def _octal_parts(address: IPv4Address) -> str:
    return ".".join(f"0{part:o}" for part in address.packed)


def _short(address: IPv4Address) -> str:
    return f"{address.packed[0]}.{int(address) & 0xFFFFFF}"


def _wide(address: IPv4Address) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if each.isdigit() else "。" for each in str(address))


def _embedded(prefix: str, shift: int = 0) -> Callable[[IPv4Address], str]:
    base = int(IPv6Address(prefix))
    return lambda address: f"[{IPv6Address(base | int(address) << shift)}]"


_SPELLINGS: tuple[Callable[[IPv4Address], str], ...] = (
    str,
    _hex,
    _octal_parts,
    _short,
    _wide,
    lambda address: str(int(address)),
    lambda address: f"{address}.",
    _embedded("::ffff:0:0"),
    _embedded("::"),
    _embedded("64:ff9b::"),
    _embedded("2002::", shift=80),
)


def private_hosts() -> st.SearchStrategy[str]:
    """Any private IPv4 address, written in any way."""
    addresses = st.sampled_from(PRIVATE_NETWORKS).flatmap(
        lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
    )
    return st.builds(lambda address, spell: spell(address), addresses, st.sampled_from(_SPELLINGS))
