"""`NotificationService`, all but Subscribe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.inbox_query import Mark, Selection
from carillon_server.services.inbox import InboxService
from carillon_server.services.send import SendService
from carillon_server.transport.addressing import (
    known_notification,
    reads_as_sender,
    resolve_address,
    resolve_inbox,
)
from carillon_server.transport.call import Call
from carillon_server.transport.convert.inbox import (
    to_counts_response,
    to_drop_ids,
    to_filter,
    to_notification_ids,
)
from carillon_server.transport.convert.sends import to_selector
from carillon_server.transport.cursors import Cursors
from carillon_server.transport.encode import (
    encode_get_response,
    encode_list_response,
    encode_record_action_response,
    to_counts,
)
from carillon_server.transport.encode_sends import encode_batch_response
from carillon_server.transport.page_token import PageTokenSealer
from carillon_server.transport.pages import InboxPages, inbox_page_size
from carillon_server.transport.relations import MarkRequest
from carillon_server.transport.send_lane import SendLane
from carillon_server.transport.submission import Outcome, Submission

# The methods are named as the RPCs.
# ruff: noqa: N802


class NotificationServicer:
    """Sends, and what a person does with an inbox."""

    def __init__(
        self,
        *,
        submission: Submission,
        sends: SendService,
        inbox: InboxService,
        cursors: Cursors,
        pages: PageTokenSealer,
        item_timeout_seconds: float,
        draining: asyncio.Event,
    ) -> None:
        self._submission = submission
        self._sends = sends
        self._inbox = inbox
        self._cursors = cursors
        self._pages = pages
        self._item_timeout_seconds = item_timeout_seconds
        self._draining = draining

    async def Send(self, request: pb.SendRequest, call: Call) -> bytes:
        # The call is cancelled when its time is over, and its transactions know when: no timer for each send.
        return await self._submission.send(call.principal, request, None)

    async def SendBatch(self, request: pb.SendBatchRequest, call: Call) -> bytes:
        outcomes = await self._submission.send_all(call.principal, request.requests, call.remaining_seconds())
        return encode_batch_response(outcomes)

    async def SendStream(self, requests: Any, call: Call) -> AsyncIterator[bytes]:
        async def submit(requests: Sequence[pb.SendRequest]) -> Sequence[Outcome]:
            return await self._submission.send_all(call.principal, requests, self._item_timeout_seconds)

        async for answer in SendLane(requests, submit, self._draining).answers():
            yield answer

    async def Cancel(self, request: pb.CancelRequest, call: Call) -> pb.CancelResponse:
        timeout = call.remaining_seconds()
        outcome = await self._sends.cancel(call.principal, to_selector(request), timeout=timeout)
        return pb.CancelResponse(
            cancelled_notification_count=outcome.notifications, cancelled_delivery_count=outcome.deliveries
        )

    async def Get(self, request: pb.GetRequest, call: Call) -> bytes:
        timeout = call.remaining_seconds()
        id_ = known_notification(request.id)
        if reads_as_sender(call.principal, request.recipient_id, id_):
            stored = await self._inbox.get_sent(call.principal, id_, timeout=timeout)
        else:
            address = resolve_inbox(call, request.recipient_id)
            stored = await self._inbox.get(address, id_, timeout=timeout)
        return encode_get_response(stored)

    async def List(self, request: pb.ListRequest, call: Call) -> bytes:
        address = resolve_address(call, request.recipient_id)
        pages = InboxPages(self._pages, address, request.filter)
        page = await self._inbox.list(
            address,
            to_filter(request.filter),
            page_size=inbox_page_size(request.page_size),
            before_position=pages.open(request.page_token),
            timeout=call.remaining_seconds(),
        )
        notifications, token = pages.fit(page)
        cursor = self._cursors.at(address, page.state)
        return encode_list_response(
            notifications, next_page_token=token, counts=page.state.counts, cursor=cursor
        )

    async def MarkRead(self, request: pb.MarkReadRequest, call: Call) -> pb.MarkReadResponse:
        return pb.MarkReadResponse(**await self._mark(Mark.READ, request, call))

    async def MarkUnread(self, request: pb.MarkUnreadRequest, call: Call) -> pb.MarkUnreadResponse:
        return pb.MarkUnreadResponse(**await self._mark(Mark.UNREAD, request, call))

    async def MarkSeen(self, request: pb.MarkSeenRequest, call: Call) -> pb.MarkSeenResponse:
        return pb.MarkSeenResponse(**await self._mark(Mark.SEEN, request, call))

    async def Archive(self, request: pb.ArchiveRequest, call: Call) -> pb.ArchiveResponse:
        return pb.ArchiveResponse(**await self._mark(Mark.ARCHIVE, request, call))

    async def Unarchive(self, request: pb.UnarchiveRequest, call: Call) -> pb.UnarchiveResponse:
        return pb.UnarchiveResponse(**await self._mark(Mark.UNARCHIVE, request, call))

    async def Pin(self, request: pb.PinRequest, call: Call) -> pb.PinResponse:
        return pb.PinResponse(**await self._mark(Mark.PIN, request, call))

    async def Unpin(self, request: pb.UnpinRequest, call: Call) -> pb.UnpinResponse:
        return pb.UnpinResponse(**await self._mark(Mark.UNPIN, request, call))

    async def Delete(self, request: pb.DeleteRequest, call: Call) -> pb.DeleteResponse:
        return pb.DeleteResponse(**await self._mark(Mark.DELETE, request, call))

    async def _mark(self, mark: Mark, request: MarkRequest, call: Call) -> dict[str, Any]:
        address = resolve_address(call, request.recipient_id)
        until = self._cursors.version(address, request.until_cursor) if request.until_cursor else None
        selection = Selection(
            ids=None if request.all else to_notification_ids(request.ids),
            filter=to_filter(request.filter),
            until_version=until,
        )
        outcome = await self._inbox.mark(address, mark, selection, timeout=call.remaining_seconds())
        return {
            "changed_count": outcome.changed,
            "counts": to_counts(outcome.state.counts),
            "cursor": self._cursors.at(address, outcome.state),
        }

    async def RecordAction(self, request: pb.RecordActionRequest, call: Call) -> bytes:
        address = resolve_address(call, request.recipient_id)
        id_ = known_notification(request.id)
        stored, state = await self._inbox.record_action(
            address, id_, request.action_id, timeout=call.remaining_seconds()
        )
        return encode_record_action_response(stored, self._cursors.at(address, state))

    async def GetCounts(self, request: pb.GetCountsRequest, call: Call) -> pb.GetCountsResponse:
        address = resolve_address(call, request.recipient_id)
        counts = await self._inbox.counts(address, timeout=call.remaining_seconds())
        return to_counts_response(counts, self._cursors.at(address, counts.state))

    async def Ack(self, request: pb.AckRequest, call: Call) -> pb.AckResponse:
        address = resolve_address(call, request.recipient_id)
        version = self._cursors.version(address, request.cursor)
        await self._inbox.ack(address, request.device_id, version, timeout=call.remaining_seconds())
        return pb.AckResponse()

    async def Reconcile(self, request: pb.ReconcileRequest, call: Call) -> pb.ReconcileResponse:
        address = resolve_address(call, request.recipient_id)
        ids = to_notification_ids(request.ids)
        dropped = await self._inbox.reconcile(address, ids, timeout=call.remaining_seconds())
        return pb.ReconcileResponse(drop_ids=to_drop_ids(request.ids, dropped))
