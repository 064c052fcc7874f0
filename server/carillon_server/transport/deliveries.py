"""`DeliveryService`: what became of what was sent."""

from __future__ import annotations

from carillon.v1 import delivery_service_pb2 as pb
from carillon_server.services.deliveries import DeliveryService
from carillon_server.services.delivery_stats import DeliveryStatsService
from carillon_server.transport.addressing import known_delivery, known_notification
from carillon_server.transport.call import Call
from carillon_server.transport.convert.deliveries import (
    to_delivery_filter,
    to_delivery_message,
    to_explanation,
    to_story_message,
)
from carillon_server.transport.convert.stats import to_stats_query, to_stats_response
from carillon_server.transport.delivery_pages import DeliveryPages, deliveries_page_size, redrive_size
from carillon_server.transport.page_token import PageTokenSealer

# The methods are named as the RPCs.
# ruff: noqa: N802


class DeliveryServicer:
    """Deliveries, their stories and their numbers."""

    def __init__(
        self, deliveries: DeliveryService, stats: DeliveryStatsService, pages: PageTokenSealer
    ) -> None:
        self._deliveries = deliveries
        self._stats = stats
        self._pages = pages

    async def ListDeliveries(
        self, request: pb.ListDeliveriesRequest, call: Call
    ) -> pb.ListDeliveriesResponse:
        pages = DeliveryPages(self._pages, "deliveries", call.principal.tenant, request.filter)
        found, last = await self._deliveries.list(
            call.principal.tenant,
            to_delivery_filter(request.filter),
            page_size=deliveries_page_size(request.page_size),
            after=pages.open(request.page_token),
            timeout=call.remaining_seconds(),
        )
        return pb.ListDeliveriesResponse(
            deliveries=[to_delivery_message(view) for view in found], next_page_token=pages.seal(last)
        )

    async def GetDelivery(self, request: pb.GetDeliveryRequest, call: Call) -> pb.GetDeliveryResponse:
        story = await self._deliveries.get(
            call.principal.tenant, known_delivery(request.id), timeout=call.remaining_seconds()
        )
        return pb.GetDeliveryResponse(story=to_story_message(story))

    async def RetryDelivery(self, request: pb.RetryDeliveryRequest, call: Call) -> pb.RetryDeliveryResponse:
        view = await self._deliveries.retry(
            call.principal.tenant, known_delivery(request.id), timeout=call.remaining_seconds()
        )
        return pb.RetryDeliveryResponse(delivery=to_delivery_message(view))

    async def RedriveDeliveries(
        self, request: pb.RedriveDeliveriesRequest, call: Call
    ) -> pb.RedriveDeliveriesResponse:
        tenant, filter_ = call.principal.tenant, to_delivery_filter(request.filter)
        pages = DeliveryPages(self._pages, "redrive", tenant, request.filter)
        after, timeout = pages.open(request.page_token), call.remaining_seconds()
        if request.dry_run:
            outcome = await self._deliveries.count_redrive(tenant, filter_, after=after, timeout=timeout)
        else:
            size = redrive_size(request.max_count)
            outcome = await self._deliveries.redrive(
                tenant, filter_, max_count=size, after=after, timeout=timeout
            )
        return pb.RedriveDeliveriesResponse(
            redriven_count=outcome.redriven,
            remaining_count=outcome.remaining,
            next_page_token=pages.seal(outcome.last),
        )

    async def CancelDelivery(
        self, request: pb.CancelDeliveryRequest, call: Call
    ) -> pb.CancelDeliveryResponse:
        view = await self._deliveries.cancel(
            call.principal.tenant, known_delivery(request.id), timeout=call.remaining_seconds()
        )
        return pb.CancelDeliveryResponse(delivery=to_delivery_message(view))

    async def ExplainNotification(
        self, request: pb.ExplainNotificationRequest, call: Call
    ) -> pb.ExplainNotificationResponse:
        facts, deliveries = await self._deliveries.explain(
            call.principal.tenant, known_notification(request.id), timeout=call.remaining_seconds()
        )
        return to_explanation(facts, deliveries)

    async def GetStats(self, request: pb.GetStatsRequest, call: Call) -> pb.GetStatsResponse:
        rows = await self._stats.get(
            call.principal.tenant, to_stats_query(request), timeout=call.remaining_seconds()
        )
        return to_stats_response(rows)
