"""What the demo sends: the tenant's own types, each with the example that it brings."""

from __future__ import annotations

from itertools import count
from typing import Any
from zlib import crc32

from carillon import AsyncClient
from carillon_gateway.documents import as_document
from carillon_gateway.refusals import BadRequestError

_MAX_TYPES = 1_000
_clicks = count()


async def next_sample(producer: AsyncClient) -> dict[str, Any]:
    """`type` and `data` of another type than the last time, in a mixed order that stays the same.

    Raises `BadRequestError` where no type has an example.
    """
    listed = await producer.list_types(page_size=_MAX_TYPES)
    examples = [kind for kind in listed.types if kind.HasField("sample_data")]
    if not examples:
        raise BadRequestError("no type of this tenant has sample_data")
    # By name alone, one product would come after the other.
    examples.sort(key=lambda kind: crc32(kind.name.encode()))
    chosen = examples[next(_clicks) % len(examples)]
    return {"type": chosen.name, "data": as_document(chosen.sample_data)}
