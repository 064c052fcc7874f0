"""What the wording of notifications depends on: languages, time zones and attributes of recipients."""

from __future__ import annotations

import json
from collections.abc import Collection

from carillon_server.domain.reader import Reader
from carillon_server.storage.database import Database

_FETCH = """
SELECT inbox_id, locale, time_zone, CASE WHEN $2 THEN attributes END AS attributes FROM recipient
WHERE inbox_id = ANY ($1::bytea[])
"""


async def fetch_readers(
    database: Database, inbox_ids: Collection[bytes], *, attributes: bool
) -> dict[bytes, Reader]:
    """Those that exist; their attributes only where asked for."""
    rows = await database.fetch(_FETCH, list(inbox_ids), attributes)
    return {
        row["inbox_id"]: Reader(
            row["locale"], row["time_zone"], json.loads(row["attributes"]) if row["attributes"] else {}
        )
        for row in rows
    }
