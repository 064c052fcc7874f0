"""People, and where they can be reached."""

from __future__ import annotations

import re

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._entry import now_utc, to_timestamp
from carillon.testing._push import canonical_address
from carillon.testing._refusal import Refusal, refuse
from carillon.testing._store import Store
from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon.v1.types_pb2 import PushPlatform

_FIELDS = ("locale", "time_zone", "attributes")
_DEFAULT_PAGE_SIZE = 100
_MAX_PAGE_SIZE = 1_000
_MAX_ENDPOINTS = 50
_ADDRESSES = {
    types_pb2.CHANNEL_EMAIL: re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+\Z"),
    types_pb2.CHANNEL_SMS: limits.PHONE,
    types_pb2.CHANNEL_WEBHOOK: re.compile(r"https://\S{1,2040}\Z"),
    types_pb2.CHANNEL_CHAT: re.compile(r"https://\S{1,2040}\Z"),
    types_pb2.CHANNEL_PUSH: re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,4096}\Z"),
}


def upsert_recipient(
    store: Store, caller: Caller, request: pb.UpsertRecipientRequest
) -> pb.UpsertRecipientResponse:
    """The recipient with its endpoints, or nothing."""
    recipient_id = caller.address(request.recipient.recipient_id, "recipient.recipient_id")
    limits.enforce(limits.text("recipient.recipient_id", recipient_id, 200, 1))
    limits.enforce(limits.struct("recipient.attributes", request.recipient.attributes))
    for index, endpoint in enumerate(request.endpoints):
        _check_endpoint(f"endpoints[{index}]", endpoint)
    fields = _masked(request)
    recipient = store.profile(recipient_id).recipient
    for field in fields:
        recipient.ClearField(field)  # type: ignore[arg-type]  # one of _FIELDS
    changes = pb.Recipient()
    changes.CopyFrom(request.recipient)
    for field in set(pb.Recipient.DESCRIPTOR.fields_by_name) - set(fields):
        changes.ClearField(field)  # type: ignore[arg-type]  # a field of the message
    recipient.MergeFrom(changes)
    recipient.update_time.CopyFrom(to_timestamp(now_utc()))
    for endpoint in request.endpoints:
        store.put_endpoint(recipient_id, endpoint, believed=caller.vouches)
    return pb.UpsertRecipientResponse(recipient=recipient)


def get_recipient(store: Store, caller: Caller, request: pb.GetRecipientRequest) -> pb.GetRecipientResponse:
    """One that exists."""
    profile = store.known_profile(caller.address(request.recipient_id))
    return pb.GetRecipientResponse(recipient=profile.recipient)


def list_recipients(
    store: Store, caller: Caller, request: pb.ListRecipientsRequest
) -> pb.ListRecipientsResponse:
    """By id."""
    limits.enforce(limits.page_size(request.page_size))
    after = _open_page_token(store, request.page_token)
    size = min(request.page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
    found = [profile for recipient_id, profile in sorted(store.profiles.items()) if recipient_id > after]
    page = [profile.recipient for profile in found[:size]]
    token = store.sealer.seal("recipients", page[-1].recipient_id) if len(found) > size else ""
    return pb.ListRecipientsResponse(recipients=page, next_page_token=token)


def delete_recipient(
    store: Store, caller: Caller, request: pb.DeleteRecipientRequest
) -> pb.DeleteRecipientResponse:
    """Live streams notice by the epoch of the inbox."""
    store.erase(caller.address(request.recipient_id))
    return pb.DeleteRecipientResponse()


def put_endpoint(store: Store, caller: Caller, request: pb.PutEndpointRequest) -> pb.PutEndpointResponse:
    """The recipient comes into being."""
    recipient_id = caller.address(request.recipient_id)
    _check_endpoint("endpoint", request.endpoint)
    if len(store.profile(recipient_id).endpoints) >= _MAX_ENDPOINTS:
        refuse("endpoint", "is one more than the 50 that a recipient can have")
    put = store.put_endpoint(recipient_id, request.endpoint, believed=caller.vouches)
    return pb.PutEndpointResponse(endpoint=put)


def list_endpoints(
    store: Store, caller: Caller, request: pb.ListEndpointsRequest
) -> pb.ListEndpointsResponse:
    """In the order in which they came."""
    profile = store.known_profile(caller.address(request.recipient_id))
    return pb.ListEndpointsResponse(endpoints=profile.endpoints.values())


def delete_endpoint(
    store: Store, caller: Caller, request: pb.DeleteEndpointRequest
) -> pb.DeleteEndpointResponse:
    """Nothing happens where it is gone already."""
    recipient_id = caller.address(request.recipient_id)
    if not request.id.startswith("ept_") or _is_of_another(store, recipient_id, request.id):
        raise Refusal("ENDPOINT_NOT_FOUND")
    store.profile(recipient_id).endpoints.pop(request.id, None)
    return pb.DeleteEndpointResponse()


def _is_of_another(store: Store, recipient_id: str, id: str) -> bool:
    return any(id in profile.endpoints for owner, profile in store.profiles.items() if owner != recipient_id)


def _masked(request: pb.UpsertRecipientRequest) -> list[str]:
    paths = list(request.update_mask.paths)
    if "*" in paths:
        return list(_FIELDS)
    limits.enforce(("update_mask", f"has no field {path}") for path in paths if path not in _FIELDS)
    return paths or [field.name for field, _ in request.recipient.ListFields() if field.name in _FIELDS]


def _check_endpoint(field: str, endpoint: pb.Endpoint) -> None:
    limits.enforce(limits.text(f"{field}.label", endpoint.label, 100))
    shape = _ADDRESSES.get(endpoint.channel)
    if shape is None:
        refuse(f"{field}.channel", "is a channel with addresses")
    if len(endpoint.address) > 4_096 or not shape.match(endpoint.address):
        refuse(f"{field}.address", "is an address of the channel")
    if endpoint.verification not in pb.VerificationState.values():
        refuse(f"{field}.verification", "is a known value")
    if endpoint.platform not in PushPlatform.values():
        refuse(f"{field}.platform", "is a known value")
    if endpoint.channel == types_pb2.CHANNEL_PUSH:
        if canonical_address(endpoint.platform, endpoint.address) is None:
            refuse(f"{field}.address", "is a token of the platform")
    elif endpoint.platform:
        refuse(f"{field}.platform", "is used with PUSH only")


def _open_page_token(store: Store, token: str) -> str:
    if not token:
        return ""
    kind, *rest = store.sealer.open(token, "PAGE_TOKEN_INVALID")
    if kind != "recipients":
        raise Refusal("PAGE_TOKEN_INVALID")
    return str(rest[0])
