"""What operators do with deliveries."""

from __future__ import annotations

from collections.abc import Iterator

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._outbox import (
    PENDING,
    RETRYABLE,
    begin_anew,
    find_entry,
    finish,
    matches,
    settled,
    still_wanted,
)
from carillon.testing._refusal import Refusal, refuse
from carillon.testing._store import Store
from carillon.testing._story import tell
from carillon.v1 import delivery_service_pb2 as pb

_DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE = 20, 100
_MAX_REDRIVE, _MAX_COUNTED = 1_000, 10_000


def list_deliveries(
    store: Store, _caller: Caller, request: pb.ListDeliveriesRequest
) -> pb.ListDeliveriesResponse:
    """From the place in the token on."""
    limits.enforce(limits.page_size(request.page_size))
    _check(request.filter)
    found = [delivery for delivery in _newest_first(store) if matches(delivery, request.filter)]
    start = _open(store, "deliveries", request.filter, request.page_token)
    rest = found[_index_after(found, start) :]
    size = min(request.page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
    token = _seal(store, "deliveries", request.filter, rest[size - 1].id) if len(rest) > size else ""
    return pb.ListDeliveriesResponse(deliveries=rest[:size], next_page_token=token)


def get_delivery(store: Store, _caller: Caller, request: pb.GetDeliveryRequest) -> pb.GetDeliveryResponse:
    """With its attempts."""
    return pb.GetDeliveryResponse(story=_find(store, request.id))


def retry_delivery(
    store: Store, _caller: Caller, request: pb.RetryDeliveryRequest
) -> pb.RetryDeliveryResponse:
    """Due at once, and tried when somebody looks."""
    delivery = _find(store, request.id).delivery
    cause = _obstacle(store, delivery)
    if cause:
        state = pb.DeliveryState.Name(delivery.state).removeprefix("DELIVERY_STATE_")
        raise Refusal("DELIVERY_NOT_RETRYABLE", metadata={"state": state, "cause": cause})
    begin_anew(delivery)
    return pb.RetryDeliveryResponse(delivery=delivery)


def redrive_deliveries(
    store: Store, _caller: Caller, request: pb.RedriveDeliveriesRequest
) -> pb.RedriveDeliveriesResponse:
    """The oldest first."""
    _check(request.filter)
    for index, state in enumerate(request.filter.states):
        if state not in RETRYABLE:
            refuse(f"filter.states[{index}]", "is not a state to redrive from")
    if request.max_count < 0:
        refuse("max_count", "is not negative")
    start = _open(store, "redrive", request.filter, request.page_token)
    oldest_first = list(reversed(_newest_first(store)))
    rest = oldest_first[_index_after(oldest_first, start) :]
    found = [delivery for delivery in rest if _is_redriven(store, delivery, request.filter)]
    if request.dry_run:
        return pb.RedriveDeliveriesResponse(remaining_count=min(len(found), _MAX_COUNTED))
    size = min(request.max_count or _MAX_REDRIVE, _MAX_REDRIVE)
    for delivery in found[:size]:
        begin_anew(delivery)
    remaining = len(found[size:])
    return pb.RedriveDeliveriesResponse(
        redriven_count=len(found[:size]),
        remaining_count=min(remaining, _MAX_COUNTED),
        next_page_token=_seal(store, "redrive", request.filter, found[size - 1].id) if remaining else "",
    )


def cancel_delivery(
    store: Store, _caller: Caller, request: pb.CancelDeliveryRequest
) -> pb.CancelDeliveryResponse:
    """What has ended stays as it is."""
    delivery = _find(store, request.id).delivery
    if delivery.state in PENDING:
        finish(delivery, pb.DELIVERY_STATE_CANCELLED, "cancelled")
    return pb.CancelDeliveryResponse(delivery=delivery)


def explain_notification(
    store: Store, _caller: Caller, request: pb.ExplainNotificationRequest
) -> pb.ExplainNotificationResponse:
    """Whatever the stage of the notification."""
    entry = find_entry(store, request.id)
    if entry is None:
        raise Refusal("NOTIFICATION_NOT_FOUND")
    stories = [story for story in settled(store).values() if story.delivery.notification_id == request.id]
    return tell(entry, stories)


def _find(store: Store, id: str) -> pb.DeliveryStory:
    story = settled(store).get(id)
    if story is None:
        raise Refusal("DELIVERY_NOT_FOUND")
    return story


def _newest_first(store: Store) -> list[pb.Delivery]:
    deliveries = [story.delivery for story in settled(store).values()]
    return sorted(deliveries, key=lambda each: each.create_time.ToNanoseconds(), reverse=True)


def _obstacle(store: Store, delivery: pb.Delivery) -> str:
    if delivery.state in PENDING:
        return "pending"
    if delivery.state not in RETRYABLE:
        return "delivered"
    return "" if still_wanted(store, delivery) else "removed"


def _is_redriven(store: Store, delivery: pb.Delivery, filter: pb.DeliveryFilter) -> bool:
    states = filter.states or (pb.DELIVERY_STATE_EXHAUSTED,)
    return delivery.state in states and matches(delivery, filter) and not _obstacle(store, delivery)


def _check(filter: pb.DeliveryFilter) -> None:
    limits.enforce(_violations(filter))


def _violations(filter: pb.DeliveryFilter) -> Iterator[limits.Violation]:
    for index, state in enumerate(filter.states):
        if state == pb.DELIVERY_STATE_UNSPECIFIED or state not in pb.DeliveryState.values():
            yield f"filter.states[{index}]", "is not a state"
    for index, channel in enumerate(filter.channels):
        yield from limits.channel(f"filter.channels[{index}]", channel)
    for index, name in enumerate(filter.types):
        yield from limits.type_name(f"filter.types[{index}]", name)
    yield from limits.text("filter.recipient_id", filter.recipient_id, 200)


def _index_after(deliveries: list[pb.Delivery], id: str) -> int:
    ids = [delivery.id for delivery in deliveries]
    return ids.index(id) + 1 if id in ids else 0


def _seal(store: Store, purpose: str, filter: pb.DeliveryFilter, id: str) -> str:
    return store.sealer.seal(purpose, filter.SerializeToString(deterministic=True).hex(), id)


def _open(store: Store, purpose: str, filter: pb.DeliveryFilter, token: str) -> str:
    if not token:
        return ""
    query = [purpose, filter.SerializeToString(deterministic=True).hex()]
    *rest, id = store.sealer.open(token, "PAGE_TOKEN_INVALID")
    if rest != query:
        raise Refusal("PAGE_TOKEN_INVALID")
    return str(id)
