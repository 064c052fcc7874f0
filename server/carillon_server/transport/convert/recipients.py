"""Recipients and endpoints."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.json_format import MessageToDict

from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.push_address import canonical_address, tell_platform
from carillon_server.domain.recipient import Endpoint, Recipient, RecipientPatch, Verification
from carillon_server.transport.instants import set_timestamp
from carillon_server.transport.validation.contact import normalize_email
from carillon_server.transport.validation.field_mask import EVERYTHING

_MASKABLE = ("locale", "time_zone", "attributes")


def to_patch(recipient_id: str, request: pb.UpsertRecipientRequest, *, believed: bool) -> RecipientPatch:
    """What to change: the fields of the mask, or those that are not empty. `believed`: see `to_endpoint`."""
    recipient = request.recipient
    named = set(request.update_mask.paths) or {name for name in _MASKABLE if _is_set(recipient, name)}
    chosen = set(_MASKABLE) if EVERYTHING in named else named
    endpoints = [to_endpoint(each, believed=believed) for each in request.endpoints]
    return RecipientPatch(
        recipient_id,
        locale=recipient.locale if "locale" in chosen else None,
        time_zone=recipient.time_zone if "time_zone" in chosen else None,
        attributes=MessageToDict(recipient.attributes) if "attributes" in chosen else None,
        endpoints=tuple({each.raw_id: each for each in endpoints}.values()),
    )


def to_endpoint(message: pb.Endpoint, *, believed: bool) -> Endpoint:
    """An endpoint to store, its address in the one spelling. `believed`: the caller may say whether it was
    verified.
    """
    endpoint = _to_endpoint(message)
    if not believed or not message.verification:
        return endpoint
    return replace(endpoint, verification=Verification(message.verification))


def _to_endpoint(message: pb.Endpoint) -> Endpoint:
    match Channel(message.channel):
        case Channel.EMAIL:
            return Endpoint(Channel.EMAIL, normalize_email(message.address), message.label)
        case Channel.PUSH:
            platform = Platform(message.platform) or tell_platform(message.address)
            address = canonical_address(platform, message.address)
            return Endpoint(Channel.PUSH, address, message.label, platform=platform)
        case channel:
            return Endpoint(channel, message.address, message.label)


def to_recipient_message(recipient: Recipient) -> pb.Recipient:
    """A recipient as callers see it."""
    message = pb.Recipient(
        recipient_id=recipient.recipient_id, locale=recipient.locale, time_zone=recipient.time_zone
    )
    if recipient.attributes:
        message.attributes.update(recipient.attributes)
    set_timestamp(message.create_time, recipient.create_time)
    set_timestamp(message.update_time, recipient.update_time)
    return message


def to_endpoint_message(endpoint: Endpoint) -> pb.Endpoint:
    """An endpoint as callers see it."""
    message = pb.Endpoint(
        id=endpoint.id,
        channel=types_pb2.Channel.ValueType(endpoint.channel),
        address=endpoint.address,
        label=endpoint.label,
        platform=types_pb2.PushPlatform.ValueType(endpoint.platform),
    )
    if endpoint.create_time is not None:
        set_timestamp(message.create_time, endpoint.create_time)
    if endpoint.verification is not None:
        message.verification = pb.VerificationState.ValueType(endpoint.verification)
    if endpoint.verify_time is not None:
        set_timestamp(message.verify_time, endpoint.verify_time)
    return message


def _is_set(recipient: pb.Recipient, name: str) -> bool:
    return any(descriptor.name == name for descriptor, _ in recipient.ListFields())
