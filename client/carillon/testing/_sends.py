"""Sending and cancelling."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from carillon.testing import _limits as limits
from carillon.testing._broadcasts import begin, call_off_sent_under
from carillon.testing._caller import Caller
from carillon.testing._composition import compose, find_type
from carillon.testing._decide import decide
from carillon.testing._entry import Entry, Stage, now_utc, to_datetime, to_timestamp
from carillon.testing._inbox import Inbox, going_out
from carillon.testing._outbox import call_back, queue_now
from carillon.testing._refusal import Refusal
from carillon.testing._store import Store
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon.v1.catalog_service_pb2 import NotificationType
from carillon.v1.preference_service_pb2 import Preferences
from carillon.v1.recipient_service_pb2 import Endpoint, Recipient

_MAX_BATCH = 1_000
_MAX_BATCH_RECIPIENTS = 10_000


def send(store: Store, caller: Caller, request: pb.SendRequest) -> pb.SendResponse:
    """Once per sender and `request_id`."""
    now = now_utc()
    limits.enforce(limits.send(request, now))
    body = request.SerializeToString(deterministic=True)
    key = (caller.subject, request.request_id)
    remembered = bool(request.request_id) and not request.dry_run
    if remembered and key in store.requests:
        return _replayed(store, key, body)
    response = _answer(store, caller, request, now)
    if remembered:
        store.requests[key] = (body, response)
    if not request.dry_run:
        store.sent.append(request)
    return response


def _answer(store: Store, caller: Caller, request: pb.SendRequest, now: datetime) -> pb.SendResponse:
    kind = find_type(store.catalog, request)

    def send_to(recipient_id: str) -> pb.SendResult:
        composed = _compose(store, kind, request, recipient_id)
        return _send_to(store, caller, composed, recipient_id, now, kind)

    if request.topic or request.everyone:
        return begin(store, caller, request, now, send_to)
    recipient_ids = _addressees(store, request)
    composed = [_compose(store, kind, request, recipient_id) for recipient_id in recipient_ids]
    pairs = zip(composed, recipient_ids, strict=True)
    results = [_send_to(store, caller, each, recipient_id, now, kind) for each, recipient_id in pairs]
    return pb.SendResponse(results=results)


def send_forced(store: Store, caller: Caller, request: pb.SendRequest, locale: str) -> pb.SendResult:
    """To one recipient, whatever they prefer, in a locale instead of theirs unless that is empty."""
    kind = find_type(store.catalog, request)
    if kind is None:
        raise Refusal("TYPE_NOT_FOUND")
    (recipient_id,) = request.recipient_ids
    reader = Recipient()
    reader.CopyFrom(store.known_profile(recipient_id).recipient)
    reader.locale = locale or reader.locale
    forced = NotificationType()
    forced.CopyFrom(kind)
    forced.mandatory = True
    composed = compose(store.catalog, kind, request, reader)
    store.sent.append(request)
    return _send_to(store, caller, composed, recipient_id, now_utc(), forced)


def send_batch(store: Store, caller: Caller, request: pb.SendBatchRequest) -> pb.SendBatchResponse:
    """Each for itself."""
    if not 1 <= len(request.requests) <= _MAX_BATCH:
        limits.enforce([("requests", "has 1 to 1,000")])
    if sum(len(r.recipient_ids) + len(r.recipients) for r in request.requests) > _MAX_BATCH_RECIPIENTS:
        limits.enforce([("requests", "have at most 10,000 recipients together")])
    return pb.SendBatchResponse(results=[_send_one(store, caller, each) for each in request.requests])


async def send_stream(
    store: Store, caller: Caller, requests: AsyncIterator[pb.SendStreamRequest]
) -> AsyncIterator[pb.SendStreamResponse]:
    """Each for itself, in order."""
    index = 0
    async for item in requests:
        result = _send_one(store, caller, item.request)
        if result.HasField("error"):
            yield pb.SendStreamResponse(index=index, error=result.error)
        else:
            yield pb.SendStreamResponse(index=index, response=result.response)
        index += 1


def cancel(store: Store, caller: Caller, request: pb.CancelRequest) -> pb.CancelResponse:
    """Takes scheduled notifications away; what has gone out stays."""
    limits.enforce(limits.ids("ids", request.ids))
    if sum(map(bool, (request.ids, request.request_id, request.collapse_key))) != 1:
        limits.enforce([("ids", "or request_id or collapse_key: exactly one")])
    if request.collapse_key and not request.recipient_ids:
        limits.enforce([("recipient_ids", "is required with collapse_key")])
    if request.request_id and (caller.subject, request.request_id) not in store.requests:
        raise Refusal("REQUEST_NOT_FOUND")
    if request.request_id:
        call_off_sent_under(store, caller, request.request_id)
    response = pb.CancelResponse()
    for inbox, entry in list(store.entries()):
        if not _is_meant(request, caller, inbox, entry):
            continue
        response.cancelled_delivery_count += call_back(store, entry, "cancelled")
        if entry.stage is Stage.SCHEDULED:
            waiting = {decision.channel for decision in going_out(entry.decisions)}
            response.cancelled_notification_count += 1
            response.cancelled_delivery_count += len(waiting - {types_pb2.CHANNEL_IN_APP})
            inbox.remove(entry)
    return response


def _is_meant(request: pb.CancelRequest, caller: Caller, inbox: Inbox, entry: Entry) -> bool:
    if caller.role == "producer" and entry.sender != caller.subject:
        return False
    if request.ids:
        return entry.notification.id in request.ids
    if request.request_id:
        return entry.sender == caller.subject and entry.request_id == request.request_id
    same_key = entry.notification.collapse_key == request.collapse_key
    return same_key and inbox.recipient_id in request.recipient_ids


def _replayed(store: Store, key: tuple[str, str], body: bytes) -> pb.SendResponse:
    first_body, first_response = store.requests[key]
    if first_body != body:
        raise Refusal("REQUEST_ID_REUSED")
    response = pb.SendResponse(replayed=True)
    response.MergeFrom(first_response)
    return response


def _send_one(store: Store, caller: Caller, request: pb.SendRequest) -> pb.SendBatchResult:
    try:
        return pb.SendBatchResult(response=send(store, caller, request))
    except Refusal as refusal:
        return pb.SendBatchResult(error=refusal.status())


def _addressees(store: Store, request: pb.SendRequest) -> list[str]:
    profiles = {profile.recipient_id: profile for profile in request.recipients}
    recipient_ids = list(dict.fromkeys([*request.recipient_ids, *profiles]))
    if request.dry_run:
        return recipient_ids
    for recipient_id in recipient_ids:
        recipient = store.profile(recipient_id).recipient
        profile = profiles.get(recipient_id, pb.RecipientProfile())
        recipient.locale = profile.locale or recipient.locale
        recipient.time_zone = profile.time_zone or recipient.time_zone
        if profile.HasField("attributes"):
            recipient.attributes.CopyFrom(profile.attributes)
        for channel, address in _addresses(profile):
            store.put_endpoint(recipient_id, Endpoint(channel=channel, address=address), believed=True)
    return recipient_ids


def _addresses(profile: pb.RecipientProfile) -> Iterator[tuple[types_pb2.Channel.ValueType, str]]:
    if profile.email:
        yield types_pb2.CHANNEL_EMAIL, profile.email
    if profile.phone:
        yield types_pb2.CHANNEL_SMS, profile.phone


def _compose(
    store: Store, kind: NotificationType | None, request: pb.SendRequest, recipient_id: str
) -> pb.SendRequest:
    if kind is None:
        return request
    known = store.profiles.get(recipient_id)
    recipient = known.recipient if known else Recipient(recipient_id=recipient_id)
    return compose(store.catalog, kind, request, recipient)


def _send_to(
    store: Store,
    caller: Caller,
    request: pb.SendRequest,
    recipient_id: str,
    now: datetime,
    kind: NotificationType | None,
) -> pb.SendResult:
    known = store.profiles.get(recipient_id)
    preferences = store.preferences.get(recipient_id, Preferences())
    decisions = decide(request, recipient_id, preferences, known.reachable if known else (), now, kind)
    result = pb.SendResult(recipient_id=recipient_id, decisions=decisions)
    if request.dry_run or request.actor_id == recipient_id:
        return result
    entry = Entry(
        notification=_notification(request, recipient_id, now),
        sender=caller.subject,
        request_id=request.request_id,
        decisions=decisions,
        stage=_stage(decisions),
    )
    store.inbox(recipient_id).add(entry)
    queue_now(store, entry)
    result.notification_id = entry.notification.id
    return result


def _stage(decisions: list[types_pb2.Decision]) -> Stage:
    if any(decision.reason == types_pb2.DECISION_REASON_SCHEDULED for decision in decisions):
        return Stage.SCHEDULED
    in_app = [decision for decision in going_out(decisions) if decision.channel == types_pb2.CHANNEL_IN_APP]
    return Stage.VISIBLE if in_app else Stage.HIDDEN


def _notification(request: pb.SendRequest, recipient_id: str, now: datetime) -> types_pb2.Notification:
    scheduled = request.HasField("deliver_time") and to_datetime(request.deliver_time) > now
    return types_pb2.Notification(
        id=f"ntf_{uuid.uuid4().hex}",
        recipient_id=recipient_id,
        type=request.type,
        category=request.category,
        priority=request.priority or types_pb2.PRIORITY_NORMAL,
        content=request.content,
        data=request.data if request.HasField("data") else None,
        labels=request.labels,
        thread_key=request.thread_key,
        collapse_key=request.collapse_key,
        actor_id=request.actor_id,
        create_time=to_timestamp(now),
        deliver_time=request.deliver_time if scheduled else to_timestamp(now),
        expire_time=request.expire_time if request.HasField("expire_time") else None,
    )
