"""Requests go to public addresses alone, whatever the address looks like and whatever names lead to."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carillon_server.delivery.providers.http.egress import AddressForbiddenError, Egress
from carillon_server.domain.public_address import is_public
from carillon_server.domain.web_address import WebAddress
from tests.addresses import FORBIDDEN_URLS, PUBLIC_URLS, private_hosts

PUBLIC_4, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
LOCAL = Egress(["127.0.0.0/8", "::1/128"])


@pytest.mark.parametrize("url", FORBIDDEN_URLS)
def test_what_is_not_public_is_refused_in_every_notation(url: str) -> None:
    assert Egress().check_url(url) is not None


@pytest.mark.parametrize("url", PUBLIC_URLS)
def test_what_is_public_may_be_reached(url: str) -> None:
    assert Egress().check_url(url) is None


@settings(deadline=None)
@given(private_hosts())
def test_no_spelling_of_a_private_address_gets_through(host: str) -> None:
    assert Egress().check_url(f"https://{host}/hook") is not None


@settings(deadline=None)
@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}.example.com/", f"https://example.com:{text}"):
        Egress().check_url(url)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_what_is_connected_to_is_what_was_checked(text: str) -> None:
    """A host that is taken is in its last form: to read it again changes nothing."""
    try:
        address = WebAddress.parse(f"https://{text}/")
    except ValueError:
        return
    assert WebAddress.parse(f"https://{address.authority}{address.target}") == address
    assert address.host.isascii()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "https://localhost/", "http://[::1]/"])
def test_an_installation_may_open_networks(url: str) -> None:
    assert LOCAL.check_url(url) is None
    assert Egress().check_url(url) is not None


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "http://10.0.0.1/", "https://10.0.0.1/", "http://example.com", "https://127.1/"],
)
def test_to_open_one_network_opens_no_other(url: str) -> None:
    assert LOCAL.check_url(url) is not None


def test_a_mapped_address_is_in_the_network_of_the_one_it_maps_to() -> None:
    assert LOCAL.check_url("https://[::ffff:127.0.0.1]/") is None
    assert LOCAL.check_url("https://[::ffff:10.0.0.1]/") is not None


@pytest.mark.parametrize(
    "records",
    [
        ["10.0.0.1"],
        [PUBLIC_4, "10.0.0.1"],
        ["10.0.0.1", PUBLIC_4],
        [PUBLIC_4, PUBLIC_6, "::1"],
        [PUBLIC_6, "fe80::1%eth0"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::a9fe:a9fe"],
        ["169.254.169.254"],
    ],
)
async def test_one_private_record_spoils_a_name(records: Sequence[str]) -> None:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return records

    with pytest.raises(AddressForbiddenError):
        await Egress(resolver=resolver).resolve("hooks.example.com", 443)


async def test_a_name_with_public_records_gives_them_in_their_order() -> None:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return [PUBLIC_6, PUBLIC_4]

    assert await Egress(resolver=resolver).resolve("hooks.example.com", 443) == [PUBLIC_6, PUBLIC_4]


async def test_the_system_is_asked_for_names() -> None:
    assert set(await LOCAL.resolve("localhost", 443)) <= {"127.0.0.1", "::1"}
    with pytest.raises(AddressForbiddenError):
        await Egress().resolve("localhost", 443)
    # What the system takes for an address is checked too, however it is written.
    with pytest.raises(AddressForbiddenError):
        await Egress().resolve("0x7f.1", 443)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True),
        ("223.255.255.255", True),
        ("172.15.255.255", True),
        ("172.32.0.0", True),
        ("100.63.255.255", True),
        ("100.128.0.0", True),
        ("192.0.0.9", False),
        ("192.88.99.1", False),
        ("2a00::1", True),
        ("2001:4860:4860::8888", True),
        ("2001:20::1", False),
        ("4000::1", False),
        ("::ffff:8.8.8.8", True),
        ("100::1", False),
        ("5f00::1", False),
    ],
)
def test_the_borders_of_what_is_public(text: str, *, public: bool) -> None:
    assert is_public(ip_address(text)) is public


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://Bücher.Example./ö?q=ü#f", "xn--bcher-kva.example", 443, "/%C3%B6?q=%C3%BC"),
        ("https://EXAMPLE.com:8443", "example.com", 8443, "/"),
        ("https://９３.184.215.14/%20", "93.184.215.14", 443, "/%20"),  # noqa: RUF001 - that is the point
        ("https://[2606:2800:021F::0]?a=b", "2606:2800:21f::", 443, "/?a=b"),
        ("http://example。com/a//b", "example.com", 80, "/a//b"),
    ],
)
def test_what_means_the_same_has_one_form(url: str, host: str, port: int, target: str) -> None:
    address = WebAddress.parse(url)
    assert (address.host, address.port, address.target) == (host, port, target)
