"""Who calls the fake, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from carillon.testing._refusal import Refusal, refuse

SCOPES = {"producer": "notifications.send", "user": "inbox", "gateway": "gateway", "operator": "admin"}
_SENDERS = frozenset({"producer", "operator"})
_READERS = frozenset({"user", "gateway", "operator"})
_EVERYONE = frozenset(SCOPES)
_OPERATORS = frozenset({"operator"})

_ROLES = {
    "Send": _SENDERS,
    "SendBatch": _SENDERS,
    "SendStream": _SENDERS,
    "Cancel": _SENDERS,
    "ListRecipients": _SENDERS,
    "BatchUpsertRecipients": _SENDERS,
    "GetType": _SENDERS,
    "ListTypes": _SENDERS,
    "GetTemplate": _SENDERS,
    "ListTemplates": _SENDERS,
    "ListLayouts": _SENDERS,
    "PreviewTemplate": _SENDERS,
    "GetCatalogSettings": _SENDERS,
    "Get": _EVERYONE,
    "UpsertRecipient": _EVERYONE,
    "GetRecipient": _EVERYONE,
    "PutEndpoint": _EVERYONE,
    "ListEndpoints": _EVERYONE,
    "DeleteEndpoint": _EVERYONE,
    "DeleteRecipient": _OPERATORS,
    "ExportRecipient": _OPERATORS,
    **dict.fromkeys(
        (
            "GetBroadcast",
            "ListBroadcasts",
            "CancelBroadcast",
            "PutTopic",
            "ListTopics",
            "DeleteTopic",
            "AddTopicMembers",
            "RemoveTopicMembers",
            "ListTopicMembers",
        ),
        _SENDERS,
    ),
    **dict.fromkeys(
        (
            "ListDeliveries",
            "GetDelivery",
            "RetryDelivery",
            "RedriveDeliveries",
            "CancelDelivery",
            "ExplainNotification",
            "ListProviders",
            "PutProvider",
            "DeleteProvider",
            "ListProviderKinds",
            "GetDeliverySettings",
            "UpdateDeliverySettings",
            "GetStats",
            "PutType",
            "DeleteType",
            "PutTemplate",
            "ActivateTemplateVersion",
            "DeleteTemplate",
            "PutLayout",
            "DeleteLayout",
            "SendTest",
            "UpdateCatalogSettings",
        ),
        _OPERATORS,
    ),
    "RecordProviderEvent": frozenset({"gateway", "operator"}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """What a token says."""

    role: str
    subject: str

    @property
    def vouches(self) -> bool:
        """Whether their word counts on whose an address is."""
        return self.role != "user"

    def address(self, recipient_id: str, field: str = "recipient_id") -> str:
        """The recipient that a request is about."""
        if self.role != "user":
            return recipient_id or refuse(field, "is required for callers that act for others")
        if recipient_id not in ("", self.subject):
            raise Refusal("RECIPIENT_NOT_FOUND")
        return self.subject


def authorize(metadata: Iterable[tuple[str, str | bytes]], method: str) -> Caller:
    """The caller, if they may call the method."""
    caller = _authenticate(metadata)
    roles = _ROLES.get(method, _READERS)
    if caller.role not in roles:
        scopes = " ".join(sorted(SCOPES[role] for role in roles))
        raise Refusal("SCOPE_MISSING", metadata={"scope": scopes})
    return caller


def _authenticate(metadata: Iterable[tuple[str, str | bytes]]) -> Caller:
    headers = [value for key, value in metadata if key == "authorization"]
    header = headers[0] if len(headers) == 1 and isinstance(headers[0], str) else ""
    kind, _, rest = header.removeprefix("Bearer ").partition(":")
    role, _, subject = rest.partition(":")
    if not header.startswith("Bearer ") or kind != "fake" or role not in SCOPES or not subject:
        raise Refusal("CREDENTIALS_INVALID")
    return Caller(role, subject)
