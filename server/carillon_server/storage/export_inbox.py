"""The notifications of a recipient, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from carillon_server.domain.attachment import load_references
from carillon_server.domain.channel import Channel
from carillon_server.domain.decide import DecisionReason, Verdict
from carillon_server.domain.export import Noun, Piece
from carillon_server.domain.ids import DeliveryId, NotificationId
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.database import Record
from carillon_server.storage.delivery_reads import read_attempt, read_event
from carillon_server.storage.delivery_views import SOURCES as DELIVERY_SOURCES
from carillon_server.storage.delivery_views import VIEW, read_delivery
from carillon_server.storage.export_source import Source
from carillon_server.storage.notification_rows import COLUMNS, read_notification

_DECISION_BYTES = 3
# Texts of an e-mail can be hundreds of kilobytes.
_LARGE_PAGE_SIZE = 10
_FIRST, _BEFORE_FIRST = 0, -1


# Of the texts the content has a copy; what was removed has no content any more.
_HELD_BESIDE = (
    "type",
    "category",
    "thread_key",
    "collapse_key",
    "actor_id",
    "action_id",
    "sender",
    "remove_time",
    "retain_time",
    "keep_archived_seconds",
)


def _notification(row: Record, address: InboxAddress) -> Iterator[Piece]:
    stored = read_notification(row, address.recipient_id)
    yield Piece(
        Noun.NOTIFICATION,
        stored,
        {
            **{name: row[name] for name in _HELD_BESIDE},
            "labels": stored.labels,
            "stage": stored.stage.name,
            "channels": [channel_name(number) for number in row["channels"]],
            "decisions": list(_decisions(row["decisions"])),
            "attachments": [
                {"filename": each.filename, "content_type": each.content_type, "content_id": each.content_id}
                for each in load_references(row["attachments"])
            ],
            "fallbacks": _parse(row["fallbacks"]),
        },
    )


def _parse(document: str | None) -> Any:
    return json.loads(document) if document else None


def _part(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield _to_part(row, row["channel"], json.loads(row["content"]))


def _shared_parts(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    for channel, content in json.loads(row["parts"]).items():
        yield _to_part(row, int(channel), content)


def _to_part(row: Record, channel: int, content: Any) -> Piece:
    id_ = str(NotificationId(row["inbox_id"], row["seq"]))
    return Piece(
        Noun.PART, more={"notification_id": id_, "channel": channel_name(channel), "content": content}
    )


def _delivery(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield Piece(Noun.DELIVERY, read_delivery(row), {"tried": row["tried"]})


def _attempt(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield Piece(Noun.ATTEMPT, read_attempt(row), {"delivery_id": _delivery_id(row)})


def _event(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    more = {name: row[name] for name in ("event_id", "provider_message_id", "reason")}
    yield Piece(Noun.EVENT, read_event(row), {"delivery_id": _delivery_id(row), **more})


def _request(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    if row["request_id"] is not None:
        id_ = str(NotificationId(row["inbox_id"], row["seq"]))
        more = {name: row[name] for name in ("caller", "request_id", "create_time")}
        yield Piece(Noun.REQUEST, more={"notification_id": id_, **more})


def _delivery_id(row: Record) -> str:
    return str(DeliveryId(row["inbox_id"], row["seq"], row["ordinal"]))


def _decisions(stored: bytes) -> Iterator[dict[str, str]]:
    for start in range(0, len(stored) - _DECISION_BYTES + 1, _DECISION_BYTES):
        channel, verdict, reason = stored[start : start + _DECISION_BYTES]
        yield {
            "channel": channel_name(channel),
            "verdict": f"VERDICT_{Verdict(verdict).name}",
            "reason": f"DECISION_REASON_{DecisionReason(reason).name}",
        }


def channel_name(number: int) -> str:
    """As the API writes it."""
    return f"CHANNEL_{Channel(number).name}"


# The writer gives the record of a request the instant of its notifications, and the record names them: an
# index finds in an inbox of any size the few records that there are.
_REQUESTS = """
SELECT n.inbox_id, n.seq, i.caller, i.request_id, i.create_time
FROM (SELECT inbox_id, seq, create_time FROM notification WHERE inbox_id = $1 AND seq > $3
      ORDER BY seq LIMIT $2) n
JOIN inbox b ON b.inbox_id = n.inbox_id
LEFT JOIN LATERAL (
    SELECT i.* FROM idempotency i WHERE i.create_time = n.create_time AND i.tenant = b.tenant
    AND strpos(i.outcome, translate(encode(n.inbox_id || int8send(n.seq), 'base64'), '+/', '-_')) > 0
    LIMIT 1) i ON true
ORDER BY n.seq
"""

SOURCES = (
    Source(
        f"""SELECT {COLUMNS}, n.collapse_key, n.actor_id, n.sender, n.channels, n.decisions, n.attachments,
            n.fallbacks, n.remove_time, n.retain_time, n.keep_archived_seconds
        FROM notification n WHERE n.inbox_id = $1 AND n.seq > $3 ORDER BY n.seq LIMIT $2""",
        ("seq",),
        (_FIRST,),
        _notification,
    ),
    Source(
        """SELECT * FROM notification_part WHERE inbox_id = $1 AND (seq, channel) > ($3, $4)
        ORDER BY seq, channel LIMIT $2""",
        ("seq", "channel"),
        (_FIRST, _FIRST),
        _part,
        _LARGE_PAGE_SIZE,
    ),
    Source(
        """SELECT n.inbox_id, n.seq, b.parts FROM notification n
        JOIN broadcast_content b ON b.broadcast_id = n.broadcast_id AND b.variant = n.broadcast_variant
        WHERE n.inbox_id = $1 AND n.seq > $3 ORDER BY n.seq LIMIT $2""",
        ("seq",),
        (_FIRST,),
        _shared_parts,
        _LARGE_PAGE_SIZE,
    ),
    Source(
        f"""{VIEW}, d.tried {DELIVERY_SOURCES}
        WHERE d.inbox_id = $1 AND (d.seq, d.ordinal) > ($3, $4) ORDER BY d.seq, d.ordinal LIMIT $2""",
        ("seq", "ordinal"),
        (_FIRST, _FIRST),
        _delivery,
    ),
    Source(
        """SELECT * FROM attempt WHERE inbox_id = $1 AND (seq, ordinal, number) > ($3, $4, $5)
        ORDER BY seq, ordinal, number LIMIT $2""",
        ("seq", "ordinal", "number"),
        (_FIRST, _FIRST, _FIRST),
        _attempt,
    ),
    Source(
        """SELECT * FROM provider_event WHERE inbox_id = $1
            AND (seq, ordinal, provider, event_id) > ($3, $4, $5, $6)
        ORDER BY seq, ordinal, provider, event_id LIMIT $2""",
        ("seq", "ordinal", "provider", "event_id"),
        (_FIRST, _BEFORE_FIRST, "", ""),
        _event,
    ),
    Source(_REQUESTS, ("seq",), (_FIRST,), _request),
)
"""Tables that grow with the inbox, in the order in which they are told."""
