"""What templates and broadcasts leave in the tables, written as they write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.database import Database

BROADCAST_ID = bytes(15) + b"\x07"


async def put_parts(
    database: Database, address: InboxAddress, seq: int, parts: Mapping[Channel, Any]
) -> None:
    """What the channels of one notification say."""
    for channel, content in parts.items():
        await database.fetch(
            "INSERT INTO notification_part VALUES ($1, $2, $3, $4)",
            address.inbox_id,
            seq,
            int(channel),
            json.dumps(content),
        )


async def share(
    database: Database,
    address: InboxAddress,
    seq: int,
    variant: int,
    payload: bytes,
    parts: Mapping[Channel, Any],
) -> None:
    """Makes a notification one of a broadcast: its content is the variant's, its own is empty."""
    await database.fetch(
        "INSERT INTO broadcast_content VALUES ($1, $2, '', $3, $4) ON CONFLICT DO NOTHING",
        BROADCAST_ID,
        variant,
        payload,
        json.dumps({int(channel): content for channel, content in parts.items()}),
    )
    await database.fetch(
        "UPDATE notification SET payload = '', broadcast_id = $3, broadcast_variant = $4"
        " WHERE inbox_id = $1 AND seq = $2",
        address.inbox_id,
        seq,
        BROADCAST_ID,
        variant,
    )
