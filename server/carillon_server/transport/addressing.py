"""Whose inbox a request is about. The one place where a caller's words become an address.

The tenant is always the principal's own, so nothing of another tenant can be named.
"""

from __future__ import annotations

from carillon_server.domain.errors import FieldsInvalid, NotFound, Reason
from carillon_server.domain.identity import Principal, Role
from carillon_server.domain.ids import DeliveryId, NotificationId, parse_endpoint_id
from carillon_server.domain.inbox import InboxAddress
from carillon_server.transport.call import Call

_INBOX_READERS = frozenset({Role.USER, Role.GATEWAY, Role.OPERATOR})


def resolve_address(call: Call, recipient_id: str, field: str = "recipient_id") -> InboxAddress:
    """The recipient meant by a request.

    Users reach themselves alone, with an empty or their own id; the other roles that the method allows must
    name whom they mean. Raises RECIPIENT_NOT_FOUND and FIELD_INVALID.
    """
    return _resolve(call.principal, call.method.roles or frozenset(), recipient_id, field)


def named_address(call: Call, recipient_id: str, field: str) -> InboxAddress:
    """As `resolve_address`, for callers that must name whom they mean whatever their roles."""
    if not recipient_id:
        raise FieldsInvalid.of(field, "is required")
    return resolve_address(call, recipient_id, field)


def resolve_inbox(call: Call, recipient_id: str) -> InboxAddress:
    """As `resolve_address`, for reading an inbox by a method that producers may call too: they read none."""
    return _resolve(call.principal, _INBOX_READERS, recipient_id, "recipient_id")


def vouches(call: Call) -> bool:
    """Whether the caller's word counts on whose an address is: that of users does not."""
    return not call.principal.roles <= {Role.USER}


def reads_as_sender(principal: Principal, recipient_id: str, id_: NotificationId) -> bool:
    """Whether Get looks among what the caller sent: producers see that alone, and name no inbox."""
    if principal.roles.isdisjoint(_INBOX_READERS):
        return True
    if Role.PRODUCER not in principal.roles or recipient_id:
        return False
    own = InboxAddress(principal.tenant, principal.subject)
    return Role.USER not in principal.roles or id_.inbox_id != own.inbox_id


def known_notification(id_: str) -> NotificationId:
    """Raises NOTIFICATION_NOT_FOUND for a text that is no id of ours."""
    parsed = NotificationId.parse(id_)
    if parsed is None:
        raise NotFound(Reason.NOTIFICATION_NOT_FOUND)
    return parsed


def known_delivery(id_: str) -> DeliveryId:
    """Raises DELIVERY_NOT_FOUND for a text that is no id of ours."""
    parsed = DeliveryId.parse(id_)
    if parsed is None:
        raise NotFound(Reason.DELIVERY_NOT_FOUND)
    return parsed


def known_endpoint(id_: str) -> bytes:
    """The key of an endpoint; raises ENDPOINT_NOT_FOUND for a text that is no id of ours."""
    parsed = parse_endpoint_id(id_)
    if parsed is None:
        raise NotFound(Reason.ENDPOINT_NOT_FOUND)
    return parsed


def _resolve(principal: Principal, allowed: frozenset[Role], recipient_id: str, field: str) -> InboxAddress:
    acting = principal.roles & allowed
    if not recipient_id:
        if Role.USER not in acting:
            raise FieldsInvalid.of(field, "is required for callers that act for others")
        return InboxAddress(principal.tenant, principal.subject)
    if acting == {Role.USER} and recipient_id != principal.subject:
        raise NotFound(Reason.RECIPIENT_NOT_FOUND)
    return InboxAddress(principal.tenant, recipient_id)
