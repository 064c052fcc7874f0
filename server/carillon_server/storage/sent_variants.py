"""What was sent, as a batch writes it: each payload once, and once what many of them have in common.

Sends of one batch mostly differ in their payloads alone. Everything else of them is a kind, and a batch tells
Postgres each of its kinds once: encoding and decoding twenty columns for each send took longer than the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from carillon_server.domain.attachment import dump_references
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.fallback import dump_chains
from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import Retention
from carillon_server.domain.type_policy import TypePolicy, dump_policy
from carillon_server.domain.value import dataclass
from carillon_server.storage.inboxes import dump_labels

KIND_COLUMNS = 18
Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class SentVariant:
    """What was sent, and by whom, in one way in which it reads."""

    sender: str
    draft: Draft
    chains: tuple[Fallback, ...]
    """Of fallbacks."""
    policy: TypePolicy
    retention: Retention
    parts: Mapping[Channel, Mapping[str, str]]
    broadcast: tuple[bytes, int] | None
    """The content of a broadcast that holds its payload and parts; None: they are written with it."""


def variant_rows(variants: Sequence[SentVariant]) -> tuple[list[Row], list[Row]]:
    """Payloads with the numbers of their kinds, and the kinds; both counted from 0."""
    kinds: dict[Row, int] = {}
    rows: list[Row] = []
    for sent in variants:
        kind = kinds.setdefault(_kind_row(sent), len(kinds))
        rows.append((sent.draft.payload if sent.broadcast is None else b"", kind))
    return rows, list(kinds)


def _kind_row(sent: SentVariant) -> tuple[object, ...]:
    draft, retention = sent.draft, sent.retention
    broadcast_id, broadcast_variant = sent.broadcast or (None, None)
    return (
        draft.type,
        draft.category,
        draft.priority,
        draft.thread_key,
        draft.collapse_key,
        draft.actor_id,
        dump_labels(draft.labels),
        bytes(draft.channels),
        sent.sender,
        draft.deliver_time,
        draft.expire_time,
        dump_chains(sent.chains),
        dump_references(draft.attachments),
        dump_policy(sent.policy),
        retention.archive_after_seconds,
        None if retention.delete_after_seconds is None else round(retention.delete_after_seconds),
        broadcast_id,
        broadcast_variant,
    )
