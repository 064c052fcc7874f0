"""Where an import puts its lines: the service, or nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from carillon_server.cli.import_lines import BadLine, GoodLine

if TYPE_CHECKING:
    from carillon import AsyncClient
    from carillon_server.cli.import_batches import Store

_TIMEOUT_SECONDS = 60.0


def service_store(client: AsyncClient) -> Store:
    """Stores at the service."""
    patient = client.with_options(timeout_seconds=_TIMEOUT_SECONDS)

    async def store(lines: Sequence[GoodLine]) -> Sequence[BadLine]:
        response = await patient.batch_upsert_recipients(requests=[line.request for line in lines])
        return [
            refusal
            for line, result in zip(lines, response.results, strict=True)
            if result.WhichOneof("outcome") == "error"
            for refusal in _refusals(line, result.error)
        ]

    return store


def dry_store() -> Store:
    """Stores nothing, and checks what can be checked without the service, by the rules of the service."""
    from carillon_server.transport.recipient_limits import UPSERT_RECIPIENT

    async def check(lines: Sequence[GoodLine]) -> Sequence[BadLine]:
        return [
            BadLine(line.line, line.name(violation.field), violation.description)
            for line in lines
            for violation in UPSERT_RECIPIENT(line.request)
        ]

    return check


def _refusals(line: GoodLine, error: object) -> list[BadLine]:
    from google.rpc.status_pb2 import Status

    from carillon import error_from_status

    if not isinstance(error, Status):
        raise TypeError("a result holds a status")
    failure = error_from_status(error)
    if not failure.field_violations:
        return [BadLine(line.line, "", str(failure))]
    return [BadLine(line.line, line.name(each.field), each.description) for each in failure.field_violations]
