"""Send: the request's parts, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from google.protobuf.json_format import MessageToDict

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.attachment import Attachment, AttachmentReference, refer_to
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
from carillon_server.transport.wire import field, tag

_HASH_BYTES = 32
_MAX_REMEMBERED = 1_024
_PRIORITIES = {priority.value: priority for priority in Priority}
_CONTENT = tag(types_pb2.Notification.CONTENT_FIELD_NUMBER)
_REQUEST_ID = tag(pb.SendRequest.REQUEST_ID_FIELD_NUMBER)


def to_draft(request: pb.SendRequest) -> Draft:
    """The notification, with its content serialized for good."""
    labels = to_labels(request.labels)
    return Draft(
        recipient_ids=_recipient_ids(request),
        type=request.type,
        payload=_payload(request, labels),
        request_id=request.request_id,
        request_hash=_hash(request) if request.request_id else b"",
        category=request.category,
        priority=_PRIORITIES[request.priority or types_pb2.PRIORITY_NORMAL],
        channels=to_channels(request.channels) if request.channels else (),
        thread_key=request.thread_key,
        collapse_key=request.collapse_key,
        actor_id=request.actor_id,
        labels=labels,
        deliver_time=to_datetime(request.deliver_time) if request.HasField("deliver_time") else None,
        expire_time=to_datetime(request.expire_time) if request.HasField("expire_time") else None,
        dry_run=request.dry_run,
        has_content=request.HasField("content"),
        has_priority=bool(request.priority),
        fallbacks=tuple(map(to_fallback, request.fallbacks)) if request.fallbacks else (),
        attachments=tuple(map(_to_reference, request.attachments)) if request.attachments else (),
    )


def to_channels(numbers: Iterable[int]) -> tuple[Channel, ...]:
    """Each once, in their order."""
    return tuple(Channel(number) for number in dict.fromkeys(numbers))


def to_labels(labels: Mapping[str, str]) -> dict[str, str] | None:
    """None where there are none."""
    # Half the time of `dict(labels)`, which goes through the views of protobuf's map.
    return {key: labels[key] for key in labels} if labels else None


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


def _recipient_ids(request: pb.SendRequest) -> tuple[str, ...]:
    if len(request.recipient_ids) == 1 and not request.recipients:
        return (request.recipient_ids[0],)
    return tuple(recipient_ids_of(request))


def _payload(request: pb.SendRequest, labels: Mapping[str, str] | None) -> bytes:
    """A serialized `Notification`: the parts that many sends have in common, and what this one says."""
    payload = _circumstances(
        request.type,
        request.category,
        request.priority or types_pb2.PRIORITY_NORMAL,
        request.thread_key,
        request.collapse_key,
        request.actor_id,
        tuple(labels.items()) if labels else (),
    )
    if request.HasField("content"):
        payload += field(_CONTENT, request.content.SerializeToString())
    if request.HasField("data") or request.HasField("expire_time"):
        payload += _rest(request).SerializeToString()
    return payload


@lru_cache(_MAX_REMEMBERED)
def _circumstances(
    type_: str,
    category: str,
    priority: types_pb2.Priority.ValueType,
    thread_key: str,
    collapse_key: str,
    actor_id: str,
    labels: tuple[tuple[str, str], ...],
) -> bytes:
    return types_pb2.Notification(
        type=type_,
        category=category,
        priority=priority,
        thread_key=thread_key,
        collapse_key=collapse_key,
        actor_id=actor_id,
        labels=dict(labels),
    ).SerializeToString()


def _rest(request: pb.SendRequest) -> types_pb2.Notification:
    rest = types_pb2.Notification()
    if request.HasField("data"):
        rest.data.CopyFrom(request.data)
    if request.HasField("expire_time"):
        rest.expire_time.CopyFrom(request.expire_time)
    return rest


def _hash(request: pb.SendRequest) -> bytes:
    """Of everything but the id itself, so that the same words under another id are the same request."""
    # Fields are written in the order of their numbers, and the id is the first.
    canonical = request.SerializeToString(deterministic=True)
    id_length = len(field(_REQUEST_ID, request.request_id.encode()))
    return blake2b(canonical[id_length:], digest_size=_HASH_BYTES).digest()


def _to_reference(attachment: pb.Attachment) -> AttachmentReference:
    return refer_to(_to_attachment(attachment))


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
