"""Send: the request's parts, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from google.protobuf.json_format import MessageToDict

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.attachment import Attachment, refer_to
from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.decide import Decision
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.ids import NotificationId
from carillon_server.domain.notification import Draft
from carillon_server.domain.recipient import Endpoint, RecipientPatch
from carillon_server.domain.send import RecipientResult, SendOutcome
from carillon_server.services.send import CancelSelector
from carillon_server.transport.convert.inbox import to_notification_ids
from carillon_server.transport.instants import set_timestamp, to_datetime
from carillon_server.transport.relations import recipient_ids_of
from carillon_server.transport.validation.contact import normalize_email

_HASH_BYTES = 32


def to_draft(request: pb.SendRequest) -> Draft:
    """The notification, with its content serialized for good."""
    return Draft(
        recipient_ids=tuple(recipient_ids_of(request)),
        type=request.type,
        payload=_payload(request),
        request_id=request.request_id,
        request_hash=_hash(request) if request.request_id else b"",
        category=request.category,
        priority=Priority(request.priority or types_pb2.PRIORITY_NORMAL),
        channels=tuple(Channel(number) for number in dict.fromkeys(request.channels)),
        thread_key=request.thread_key,
        collapse_key=request.collapse_key,
        actor_id=request.actor_id,
        labels=dict(request.labels) or None,
        deliver_time=to_datetime(request.deliver_time) if request.HasField("deliver_time") else None,
        expire_time=to_datetime(request.expire_time) if request.HasField("expire_time") else None,
        dry_run=request.dry_run,
        has_content=request.HasField("content"),
        has_priority=bool(request.priority),
        fallbacks=tuple(to_fallback(fallback) for fallback in request.fallbacks),
        attachments=tuple(refer_to(_to_attachment(each)) for each in request.attachments),
    )


def to_fallback(fallback: types_pb2.Fallback) -> Fallback:
    """Patience of 0 is none at all."""
    after_seconds = fallback.after.ToTimedelta().total_seconds()
    return Fallback(tuple(Channel(number) for number in fallback.channels), after_seconds or None)


def contents_of(request: pb.SendRequest, draft: Draft) -> dict[bytes, bytes]:
    """What the attachments of the draft refer to, by digest."""
    pairs = zip(draft.attachments, request.attachments, strict=True)
    return {reference.digest: attachment.content for reference, attachment in pairs}


def to_patches(profiles: Iterable[pb.RecipientProfile]) -> list[RecipientPatch]:
    """What is to be stored of the recipients; one patch each, later profiles add to earlier ones."""
    patches: dict[str, RecipientPatch] = {}
    for profile in profiles:
        patch = patches.get(profile.recipient_id) or RecipientPatch(profile.recipient_id)
        patches[profile.recipient_id] = replace(
            patch,
            locale=profile.locale or patch.locale,
            time_zone=profile.time_zone or patch.time_zone,
            attributes=_attributes(profile, patch),
            endpoints=patch.endpoints + _endpoints(profile),
        )
    return list(patches.values())


def to_send_response(outcome: SendOutcome) -> pb.SendResponse:
    """The answer, in the order of the request."""
    response = pb.SendResponse(
        results=[_to_result(result) for result in outcome.results], replayed=outcome.replayed
    )
    if outcome.broadcast is not None:
        response.broadcast_id = str(outcome.broadcast.broadcast_id or "")
        response.audience_count = outcome.broadcast.audience_count
    return response


def to_selector(request: pb.CancelRequest) -> CancelSelector:
    """What to cancel."""
    return CancelSelector(
        ids=to_notification_ids(request.ids),
        request_id=request.request_id,
        collapse_key=request.collapse_key,
        recipient_ids=tuple(dict.fromkeys(request.recipient_ids)),
    )


def to_notification_id(id_: NotificationId | None) -> str:
    """The public id; empty where there is none."""
    return "" if id_ is None else str(id_)


def _payload(request: pb.SendRequest) -> bytes:
    payload = types_pb2.Notification(
        type=request.type,
        category=request.category,
        priority=request.priority or types_pb2.PRIORITY_NORMAL,
        thread_key=request.thread_key,
        collapse_key=request.collapse_key,
        actor_id=request.actor_id,
    )
    if request.HasField("content"):
        payload.content.CopyFrom(request.content)
    for key, value in request.labels.items():
        payload.labels[key] = value
    if request.HasField("data"):
        payload.data.CopyFrom(request.data)
    if request.HasField("expire_time"):
        payload.expire_time.CopyFrom(request.expire_time)
    return payload.SerializeToString()


def _hash(request: pb.SendRequest) -> bytes:
    """Of everything but the id itself, so that the same words under another id are the same request."""
    canonical = pb.SendRequest()
    canonical.CopyFrom(request)
    canonical.ClearField("request_id")
    return blake2b(canonical.SerializeToString(deterministic=True), digest_size=_HASH_BYTES).digest()


def _to_attachment(attachment: pb.Attachment) -> Attachment:
    return Attachment(attachment.filename, attachment.content_type, attachment.content, attachment.content_id)


def _endpoints(profile: pb.RecipientProfile) -> tuple[Endpoint, ...]:
    endpoints = []
    if profile.email:
        endpoints.append(Endpoint(Channel.EMAIL, normalize_email(profile.email)))
    if profile.phone:
        endpoints.append(Endpoint(Channel.SMS, profile.phone))
    return tuple(endpoints)


def _attributes(profile: pb.RecipientProfile, patch: RecipientPatch) -> Mapping[str, Any] | None:
    """An empty object is said too: it takes away what was there."""
    return MessageToDict(profile.attributes) if profile.HasField("attributes") else patch.attributes


def _to_result(result: RecipientResult) -> pb.SendResult:
    return pb.SendResult(
        recipient_id=result.recipient_id,
        notification_id=to_notification_id(result.notification_id),
        decisions=[to_decision(decision) for decision in result.decisions],
    )


def to_decision(decision: Decision) -> types_pb2.Decision:
    """What is done on one channel, and why."""
    message = types_pb2.Decision(
        channel=types_pb2.Channel.ValueType(decision.channel),
        verdict=types_pb2.Verdict.ValueType(decision.verdict),
        reason=types_pb2.DecisionReason.ValueType(decision.reason),
        rule=decision.rule,
    )
    if decision.until_time is not None:
        set_timestamp(message.until_time, decision.until_time)
    return message
