"""What became of what was sent, and by whom it is delivered. For operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from carillon._message import message
from carillon._rpc import rpc
from carillon.types import (
    DeliveryFilterLike,
    DeliverySettingsLike,
    ProviderLike,
    StatsBucket,
    StatsDimension,
)
from carillon.v1 import delivery_service_pb2 as pb

SERVICE = "carillon.v1.DeliveryService"


@rpc(SERVICE, "ListDeliveries", pb.ListDeliveriesResponse)
def list_deliveries(
    *, filter: DeliveryFilterLike | None = None, page_size: int = 0, page_token: str = ""
) -> pb.ListDeliveriesRequest:
    """Returns a page of deliveries, newest first.

    A page holds 1 to 100 deliveries, 20 if `page_size` is 0. `list_all_deliveries` walks through all pages.
    """
    return message(pb.ListDeliveriesRequest, filter=filter, page_size=page_size, page_token=page_token)


@rpc(SERVICE, "GetDelivery", pb.GetDeliveryResponse)
def get_delivery(*, id: str) -> pb.GetDeliveryRequest:
    """Returns a delivery with its attempts and what its provider told since."""
    return message(pb.GetDeliveryRequest, id=id)


@rpc(SERVICE, "RetryDelivery", pb.RetryDeliveryResponse)
def retry_delivery(*, id: str) -> pb.RetryDeliveryRequest:
    """Tries a delivery again that ended without arriving. Raises `DeliveryNotRetryableError` for others."""
    return message(pb.RetryDeliveryRequest, id=id)


@rpc(SERVICE, "RedriveDeliveries", pb.RedriveDeliveriesResponse)
def redrive_deliveries(
    *,
    filter: DeliveryFilterLike | None = None,
    dry_run: bool = False,
    max_count: int = 0,
    page_token: str = "",
) -> pb.RedriveDeliveriesRequest:
    """Tries many deliveries again, the oldest first: those that are EXHAUSTED, if the filter names no states.

    At most `max_count` a call, 1,000 if it is 0; `next_page_token` of the answer leads on. `dry_run` counts.
    """
    return message(
        pb.RedriveDeliveriesRequest,
        filter=filter,
        dry_run=dry_run,
        max_count=max_count,
        page_token=page_token,
    )


@rpc(SERVICE, "CancelDelivery", pb.CancelDeliveryResponse)
def cancel_delivery(*, id: str) -> pb.CancelDeliveryRequest:
    """Ends a delivery that waits. One that has ended stays as it is. Idempotent."""
    return message(pb.CancelDeliveryRequest, id=id)


@rpc(SERVICE, "ExplainNotification", pb.ExplainNotificationResponse)
def explain_notification(*, id: str) -> pb.ExplainNotificationRequest:
    """Tells the whole story of one notification."""
    return message(pb.ExplainNotificationRequest, id=id)


@rpc(SERVICE, "ListProviders", pb.ListProvidersResponse)
def list_providers() -> pb.ListProvidersRequest:
    """Returns the tenant's providers, without their secrets, and how they are doing."""
    return message(pb.ListProvidersRequest)


@rpc(SERVICE, "PutProvider", pb.PutProviderResponse)
def put_provider(*, provider: ProviderLike) -> pb.PutProviderRequest:
    """Adds a provider, or changes the one with its name. Secrets that are left out keep their values."""
    return message(pb.PutProviderRequest, provider=provider)


@rpc(SERVICE, "DeleteProvider", pb.DeleteProviderResponse)
def delete_provider(*, name: str) -> pb.DeleteProviderRequest:
    """Removes a provider. Idempotent."""
    return message(pb.DeleteProviderRequest, name=name)


@rpc(SERVICE, "ListProviderKinds", pb.ListProviderKindsResponse)
def list_provider_kinds() -> pb.ListProviderKindsRequest:
    """Returns the kinds of providers that there are, with their settings."""
    return message(pb.ListProviderKindsRequest)


@rpc(SERVICE, "GetDeliverySettings", pb.GetDeliverySettingsResponse)
def get_delivery_settings() -> pb.GetDeliverySettingsRequest:
    """Returns what the tenant decided about its deliveries as a whole."""
    return message(pb.GetDeliverySettingsRequest)


@rpc(SERVICE, "UpdateDeliverySettings", pb.UpdateDeliverySettingsResponse)
def update_delivery_settings(
    *, settings: DeliverySettingsLike, update_mask: Sequence[str] = ()
) -> pb.UpdateDeliverySettingsRequest:
    """Replaces the fields named in `update_mask` (`sandbox`, `branding`, `sms`, `fallbacks`, or `*`);
    without one, those that are not empty.
    """
    return message(pb.UpdateDeliverySettingsRequest, settings=settings, update_mask=update_mask or None)


@rpc(SERVICE, "RecordProviderEvent", pb.RecordProviderEventResponse)
def record_provider_event(
    *, provider: str, url: str = "", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> pb.RecordProviderEventRequest:
    """Hands over a provider's status callback as it came in. For gateways, too. Idempotent."""
    return message(pb.RecordProviderEventRequest, provider=provider, url=url, headers=headers, body=body)


@rpc(SERVICE, "GetStats", pb.GetStatsResponse)
def get_stats(
    *,
    start_time: datetime,
    end_time: datetime,
    group_by: Sequence[StatsDimension] = (),
    bucket: StatsBucket | None = None,
) -> pb.GetStatsRequest:
    """Counts what was sent in a range of at most 92 days and what became of it.

    `group_by` names `TYPE`, `CHANNEL` or `PROVIDER`; `bucket` is `HOUR` or `DAY`.
    """
    return message(
        pb.GetStatsRequest, start_time=start_time, end_time=end_time, group_by=group_by, bucket=bucket
    )
