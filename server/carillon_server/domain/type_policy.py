"""What a type says about where its notifications go. Kept with each notification: what held when it was sent
holds until it is delivered, whatever becomes of the type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from carillon_server.domain.channel import DEFAULT_CHANNELS, Channel

_ALL_ON = dict.fromkeys(DEFAULT_CHANNELS, True)


@dataclass(frozen=True, slots=True)
class TypePolicy:
    """`offered`: the channels, and whether on by default; empty: the defaults of all types."""

    mandatory: bool = False
    """Switches, rules and mutes of the recipient do not hold."""
    offered: Mapping[Channel, bool] = field(default_factory=dict)

    @property
    def channels(self) -> Mapping[Channel, bool]:
        """Those offered, never empty."""
        return self.offered or _ALL_ON

    @property
    def channels_on(self) -> Sequence[Channel]:
        """Those that are on by default."""
        return [channel for channel, on in self.channels.items() if on]

    def only(self, channel: Channel) -> TypePolicy:
        """The same, as if it were the only channel. One that is not offered is as if on."""
        return TypePolicy(self.mandatory, {channel: self.channels.get(channel, True)})


NO_POLICY = TypePolicy()


def dump_policy(policy: TypePolicy) -> bytes | None:
    """Whether mandatory, then two bytes a channel: its number, whether on. None: says nothing."""
    if policy == NO_POLICY:
        return None
    return bytes((policy.mandatory, *(n for pair in policy.offered.items() for n in pair)))


def load_policy(stored: bytes | None) -> TypePolicy:
    """The inverse of `dump_policy`."""
    if stored is None:
        return NO_POLICY
    pairs = zip(stored[1::2], stored[2::2], strict=True)
    return TypePolicy(bool(stored[0]), {Channel(channel): bool(on) for channel, on in pairs})
