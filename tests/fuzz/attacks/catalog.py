"""All attacks by name, and one that is none, to compare with."""

from __future__ import annotations

from tests.fuzz.attacks import bodies, connections, floods, metadata, resets
from tests.fuzz.attacks.target import Attack

_FAMILIES: tuple[tuple[Attack, ...], ...] = (
    (
        connections.silent_connections,
        connections.connections_come_and_go,
        connections.streams_beyond_the_limit,
        connections.never_reading,
        connections.subscribers_without_a_window,
        connections.a_byte_at_a_time,
    ),
    (
        resets.rapid_reset,
        resets.rapid_reset_of_calls,
        resets.rapid_reset_of_subscriptions,
        resets.made_to_reset,
        resets.window_overflow,
        resets.depends_on_itself,
    ),
    (
        floods.ping_flood,
        floods.ping_flood_unread,
        floods.settings_flood,
        floods.settings_flood_unread,
        floods.table_size_flood,
        floods.empty_data_flood,
        floods.priority_flood,
        floods.window_flood,
        floods.connection_window_overflow,
        floods.unknown_frames,
        floods.continuation_flood,
        floods.empty_continuation_flood,
        floods.after_goaway,
        floods.random_frames,
    ),
    (
        metadata.one_huge_header,
        metadata.many_headers,
        metadata.just_too_large,
        metadata.header_bomb,
        metadata.illegal_headers,
    ),
    (
        bodies.gzip_bomb,
        bodies.deflate_bomb,
        bodies.half_messages,
    ),
)

ATTACKS: dict[str, Attack] = {attack.__name__: attack for family in _FAMILIES for attack in family}
ATTACKS[connections.a_busy_neighbour.__name__] = connections.a_busy_neighbour
FAMILIES: list[list[str]] = [[attack.__name__ for attack in family] for family in _FAMILIES]
"""Those that a short run lets loose together."""
