"""Whose inbox a request is about. The one place where a caller's words become an address.

The tenant is always the principal's own, so nothing of another tenant can be named.
"""

from __future__ import annotations

from carillon_server.domain.errors import FieldsInvalid, NotFound, Reason
from carillon_server.domain.identity import Role
from carillon_server.domain.ids import NotificationId, parse_endpoint_id
from carillon_server.domain.inbox import InboxAddress
from carillon_server.transport.call import Call


def resolve_address(call: Call, recipient_id: str, field: str = "recipient_id") -> InboxAddress:
    """The recipient meant by a request.

    Users reach themselves alone, with an empty or their own id; the other roles that the method allows must
    name whom they mean. Raises RECIPIENT_NOT_FOUND and FIELD_INVALID.
    """
    principal = call.principal
    acting = principal.roles & (call.method.roles or frozenset())
    if not recipient_id:
        if Role.USER not in acting:
            raise FieldsInvalid.of(field, "is required for callers that act for others")
        return InboxAddress(principal.tenant, principal.subject)
    if acting == {Role.USER} and recipient_id != principal.subject:
        raise NotFound(Reason.RECIPIENT_NOT_FOUND)
    return InboxAddress(principal.tenant, recipient_id)


def own_notification(address: InboxAddress, id_: str) -> NotificationId:
    """A notification of this inbox; raises NOTIFICATION_NOT_FOUND for every other text."""
    parsed = NotificationId.parse(id_)
    if parsed is None or parsed.inbox_id != address.inbox_id:
        raise NotFound(Reason.NOTIFICATION_NOT_FOUND)
    return parsed


def own_endpoint(id_: str) -> bytes:
    """The key of an endpoint; raises ENDPOINT_NOT_FOUND for what is no id of ours."""
    parsed = parse_endpoint_id(id_)
    if parsed is None:
        raise NotFound(Reason.ENDPOINT_NOT_FOUND)
    return parsed
