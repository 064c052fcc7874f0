"""`NotificationService`: broadcasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.broadcast import BroadcastPlace
from carillon_server.domain.errors import NotFound, Reason
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.ids import BROADCAST_ID_BYTES, BroadcastId
from carillon_server.services.broadcasts import BroadcastService
from carillon_server.transport.call import Call
from carillon_server.transport.convert.broadcasts import to_broadcast_message
from carillon_server.transport.page_token import PageTokenSealer

# The methods are named as the RPCs.
# ruff: noqa: N802

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_BYTES = 8
_DEFAULT_SIZE, _MAX_SIZE = 20, 100


class BroadcastServicer:
    """How far broadcasts have come."""

    def __init__(self, broadcasts: BroadcastService, pages: PageTokenSealer) -> None:
        self._broadcasts = broadcasts
        self._pages = pages

    async def GetBroadcast(self, request: pb.GetBroadcastRequest, call: Call) -> pb.GetBroadcastResponse:
        broadcast = await self._broadcasts.get(
            call.principal, known_broadcast(request.id), timeout=call.remaining_seconds()
        )
        return pb.GetBroadcastResponse(broadcast=to_broadcast_message(broadcast))

    async def ListBroadcasts(
        self, request: pb.ListBroadcastsRequest, call: Call
    ) -> pb.ListBroadcastsResponse:
        pages = BroadcastPages(self._pages, call.principal)
        found, last = await self._broadcasts.list(
            call.principal,
            page_size=min(request.page_size or _DEFAULT_SIZE, _MAX_SIZE),
            after=pages.open(request.page_token),
            timeout=call.remaining_seconds(),
        )
        messages = [to_broadcast_message(broadcast) for broadcast in found]
        return pb.ListBroadcastsResponse(broadcasts=messages, next_page_token=pages.seal(last))

    async def CancelBroadcast(
        self, request: pb.CancelBroadcastRequest, call: Call
    ) -> pb.CancelBroadcastResponse:
        broadcast = await self._broadcasts.cancel(
            call.principal, known_broadcast(request.id), timeout=call.remaining_seconds()
        )
        return pb.CancelBroadcastResponse(broadcast=to_broadcast_message(broadcast))


class BroadcastPages:
    """Page tokens of the broadcasts that a caller sees."""

    def __init__(self, sealer: PageTokenSealer, principal: Principal) -> None:
        whose = "" if Role.OPERATOR in principal.roles else f"of {principal.subject}"
        self._sealer = sealer
        self._query = f"broadcasts {len(principal.tenant)} {principal.tenant} {whose}".encode()

    def open(self, token: str) -> BroadcastPlace | None:
        """What the page comes after; None for the first. Raises PAGE_TOKEN_INVALID."""
        if not token:
            return None
        raw = self._sealer.open(token, self._query)
        microseconds = int.from_bytes(raw[:_TIME_BYTES], "big")
        id_ = BroadcastId(raw[_TIME_BYTES : _TIME_BYTES + BROADCAST_ID_BYTES])
        return BroadcastPlace(_EPOCH + timedelta(microseconds=microseconds), id_)

    def seal(self, place: BroadcastPlace | None) -> str:
        """The token of what comes after; empty for None."""
        if place is None:
            return ""
        microseconds = (place.create_time - _EPOCH) // timedelta(microseconds=1)
        return self._sealer.seal(self._query, microseconds.to_bytes(_TIME_BYTES, "big") + place.id.raw)


def known_broadcast(id_: str) -> BroadcastId:
    """Raises BROADCAST_NOT_FOUND for a text that is no id of ours."""
    parsed = BroadcastId.parse(id_)
    if parsed is None:
        raise NotFound(Reason.BROADCAST_NOT_FOUND)
    return parsed
