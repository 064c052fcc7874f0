"""Where requests to the outside may go: to public addresses alone, unless the installation says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network


class Egress:
    """The policy of the installation."""

    def __init__(self, allowed_networks: Iterable[str] = ()) -> None:
        """`allowed_networks`: CIDR blocks that may be reached though they are not public."""
        self._allowed: list[IPv4Network | IPv6Network] = [ip_network(text) for text in allowed_networks]
