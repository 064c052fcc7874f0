"""`carillon stats`: how many were sent, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.names import readable
from carillon_server.cli.session import Session, calls_service
from carillon_server.cli.values import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carillon.v1.delivery_service_pb2 import Stats

_ALWAYS = ("sent", "delivered", "failed")
_WHERE_ANY = ("suppressed", "opened", "clicked", "read")


class DimensionName(StrEnum):
    """By what numbers are kept apart."""

    TYPE = "type"
    CHANNEL = "channel"
    PROVIDER = "provider"


class BucketName(StrEnum):
    """The steps of time."""

    HOUR = "hour"
    DAY = "day"


@calls_service("operator")
async def stats(
    session: Session,
    since: Annotated[
        datetime | None,
        typer.Option(help="From: 2026-03-01T09:00. Default: a day ago.", parser=parse_instant),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="To just before. Default: now.", parser=parse_instant)
    ] = None,
    by: Annotated[list[DimensionName] | None, typer.Option(help="Keep apart by this; repeatable.")] = None,
    bucket: Annotated[BucketName | None, typer.Option(help="In steps of this. Default: all in one.")] = None,
) -> None:
    """Count what was sent in at most 92 days, and what became of it."""
    end = until or datetime.now(UTC) + timedelta(seconds=1)
    response = await session.client.get_stats(
        start_time=since or end - timedelta(days=1),
        end_time=end,
        group_by=[dimension.name for dimension in by or ()],
        bucket=bucket.name if bucket else None,
    )
    if session.as_json:
        output.print_json_lines(response.rows)
        return
    _show(response.rows, by or (), bucket)


def _show(rows: Sequence[Stats], by: Sequence[DimensionName], bucket: BucketName | None) -> None:
    groups = [dimension for dimension in DimensionName if dimension in by]
    counts = [*_ALWAYS, *(name for name in _WHERE_ANY if any(_count(row, name) for row in rows))]
    table = output.table(*(["from"] if bucket else []), *groups, *counts, ids=("from", *counts))
    for column in table.columns[-len(counts) :]:
        column.justify = "right"
    for row in rows:
        table.add_row(*_cells(row, groups, bucket), *(f"{_count(row, name):,}" for name in counts))
    output.show(table if rows else "Nothing was sent.")


def _cells(row: Stats, groups: Sequence[DimensionName], bucket: BucketName | None) -> Iterator[str]:
    from carillon.v1.types_pb2 import Channel

    if bucket:
        yield output.short_time(row.start_time)
    values = {
        DimensionName.TYPE: row.type,
        DimensionName.CHANNEL: readable(Channel, row.channel) if row.channel else "",
        DimensionName.PROVIDER: row.provider,
    }
    yield from (output.plain(values[dimension]) or "-" for dimension in groups)


def _count(row: Stats, name: str) -> int:
    return int(getattr(row, f"{name}_count"))
