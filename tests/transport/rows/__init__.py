"""Both sides of every limit: what is just taken, and what is refused under which field."""

from __future__ import annotations

from collections.abc import Iterator

from tests.transport.rows.base import Row
from tests.transport.rows.bundles import bundle_rows
from tests.transport.rows.catalogs import catalog_rows
from tests.transport.rows.deliveries import delivery_rows
from tests.transport.rows.inboxes import inbox_rows
from tests.transport.rows.people import people_rows
from tests.transport.rows.providers import provider_rows
from tests.transport.rows.sends import send_rows
from tests.transport.rows.topics import topic_rows


def all_rows() -> Iterator[Row]:
    yield from send_rows()
    yield from inbox_rows()
    yield from people_rows()
    yield from delivery_rows()
    yield from provider_rows()
    yield from catalog_rows()
    yield from bundle_rows()
    yield from topic_rows()


__all__ = ["Row", "all_rows"]
