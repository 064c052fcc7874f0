"""Where requests to the outside may go: to public addresses alone, unless the installation says otherwise.

A URL is looked at twice. `check_url` needs no network: it refuses what can be seen from the text, so that a
bad endpoint is refused when somebody configures it. `resolve` asks for the addresses behind the name when a
connection is made, checks every one of them, and hands out those that were checked. The connection goes to
one of these and never to the name, so a name that changes between the question and the connection (DNS
rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

from carillon_server.domain.public_address import embedded_ipv4, is_public
from carillon_server.domain.web_address import IpAddress, WebAddress, read_ip

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses behind a name, as text. Raises OSError where there are none."""

_NOT_PUBLIC = "the address is not public"
_LOCAL_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa", "ip6-localhost", "ip6-loopback")


# The loop's own threads are few (uvloop has four), and a name whose servers are silent holds one for long:
# a tenant with some dead names would keep all others from resolving theirs.
_ASKING = ThreadPoolExecutor(max_workers=32, thread_name_prefix="resolver")


class AddressForbiddenError(Exception):
    """A request would have gone where none may go."""


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Asks as any program of this machine does."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_ASKING, ask)
    return list(dict.fromkeys(str(record[4][0]) for record in found))


class Egress:
    """The policy of the installation."""

    def __init__(self, allowed_networks: Iterable[str] = (), resolver: Resolver = resolve_by_system) -> None:
        """`allowed_networks`: CIDR blocks that may be reached though they are not public."""
        self._allowed: list[IPv4Network | IPv6Network] = [ip_network(text) for text in allowed_networks]
        self._resolver = resolver

    def check_url(self, url: str) -> str | None:
        """Why no request may go there, as far as the text tells; None: it may, or the name must be asked."""
        try:
            return self.check(WebAddress.parse(url))
        except ValueError as error:
            return str(error)

    def check(self, address: WebAddress) -> str | None:
        """`check_url` for one that was read already."""
        ip = address.ip
        if ip is None:
            reason = None if self._may_resolve(address.host) else _NOT_PUBLIC
        else:
            reason = None if self._permits(ip) else _NOT_PUBLIC
        if reason is None and address.scheme != "https" and not (ip is not None and self._is_allowed(ip)):
            return "must be an https URL"
        return reason

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """The addresses to connect to, all of them checked.

        Raises AddressForbiddenError when any is forbidden: a name with a public and a private record is an
        attempt to be let in by the first one. Raises OSError where the name leads nowhere.
        """
        # An address is its own answer: no thread and no library has to be asked.
        found = [host] if read_ip(host) else await self._resolver(host, port)
        if not found:
            raise OSError("the name has no addresses")
        for text in found:
            if not self._permits(ip_address(text)):
                raise AddressForbiddenError(_NOT_PUBLIC)
        return found

    def trusts(self, address: str) -> bool:
        """Whether an IP address lies in a network that the installation named: secrets may cross it in the
        clear.
        """
        return self._is_allowed(ip_address(address))

    def _permits(self, ip: IpAddress) -> bool:
        return is_public(ip) or self._is_allowed(ip)

    def _is_allowed(self, ip: IpAddress) -> bool:
        real = ip if isinstance(ip, IPv4Address) else embedded_ipv4(ip) or ip
        return any(real in network for network in self._allowed)

    def _may_resolve(self, name: str) -> bool:
        """Names of this machine and its network may only be asked where the installation lets some of its
        own addresses be reached; what they lead to is checked then.
        """
        local = "." not in name or any(name == each or name.endswith(f".{each}") for each in _LOCAL_NAMES)
        return not local or bool(self._allowed)
