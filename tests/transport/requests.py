"""Requests that keep every limit, to be changed in one place."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from tests.transport.rpcs import RPCS, request_type

NOTIFICATION_ID = "ntf_taUVCLi3UchQwm8Ine3FDgAAAAAAAAAB"
ENDPOINT_ID = "ept_AqUVCLi3UchQwm8Ine3FDg"
BROADCAST_ID = "brd_taUVCLi3UchQwm8Ine3FDg"
DELIVERY_ID = "dlv_taUVCLi3UchQwm8Ine3FDgAAAAAAAAABAAA"
MARKS = ("MarkRead", "MarkUnread", "MarkSeen", "Archive", "Unarchive", "Pin", "Unpin", "Delete")

SEND: dict[str, Any] = {"recipient_ids": ["ada"], "type": "scan.completed", "content": {"title": "Scan done"}}
_ENDPOINT: dict[str, Any] = {"channel": "CHANNEL_EMAIL", "address": "ada@example.com"}
_RECIPIENT = {"recipient_id": "ada"}
_TEMPLATE_KEY: dict[str, Any] = {"type": "scan.completed", "channel": "CHANNEL_EMAIL", "locale": "en"}
_WEBHOOK_SETTINGS = Struct()
_WEBHOOK_SETTINGS.update({"signing_secrets": ["whsec_" + b64encode(bytes(24)).decode()]})
_PROVIDER: dict[str, Any] = {
    "name": "hooks",
    "kind": "webhook",
    "channel": "CHANNEL_WEBHOOK",
    "settings": _WEBHOOK_SETTINGS,
}

VALID: dict[str, dict[str, Any]] = {
    "Send": SEND,
    "SendBatch": {"requests": [SEND]},
    "SendStream": {"request": SEND},
    "Get": {"id": NOTIFICATION_ID, **_RECIPIENT},
    "List": _RECIPIENT,
    **{mark: {"all": True, **_RECIPIENT} for mark in MARKS},
    "RecordAction": {"id": NOTIFICATION_ID, "action_id": "open", **_RECIPIENT},
    "GetCounts": _RECIPIENT,
    "Subscribe": _RECIPIENT,
    "Ack": {"device_id": "phone", "cursor": "opaque", **_RECIPIENT},
    "Reconcile": {"ids": [NOTIFICATION_ID], **_RECIPIENT},
    "Cancel": {"ids": [NOTIFICATION_ID]},
    "GetPreferences": _RECIPIENT,
    "UpdatePreferences": {
        "preferences": {"channels": [{"channel": "CHANNEL_EMAIL", "enabled": True}]},
        **_RECIPIENT,
    },
    "Mute": {"target": {"sender": "bob"}, **_RECIPIENT},
    "Unmute": {"target": {"sender": "bob"}, **_RECIPIENT},
    "UpsertRecipient": {"recipient": _RECIPIENT, "endpoints": [_ENDPOINT]},
    "BatchUpsertRecipients": {"requests": [{"recipient": _RECIPIENT, "endpoints": [_ENDPOINT]}]},
    "GetRecipient": _RECIPIENT,
    "ListRecipients": {},
    "DeleteRecipient": _RECIPIENT,
    "ExportRecipient": _RECIPIENT,
    "PutEndpoint": {"endpoint": _ENDPOINT, **_RECIPIENT},
    "ListEndpoints": _RECIPIENT,
    "DeleteEndpoint": {"id": ENDPOINT_ID, **_RECIPIENT},
    "GetBroadcast": {"id": BROADCAST_ID},
    "ListBroadcasts": {},
    "CancelBroadcast": {"id": BROADCAST_ID},
    "PutTopic": {"topic": {"name": "news"}},
    "ListTopics": {},
    "DeleteTopic": {"name": "news"},
    "AddTopicMembers": {"topic": "news", "members": [_RECIPIENT]},
    "RemoveTopicMembers": {"topic": "news", "recipient_ids": ["ada"]},
    "ListTopicMembers": {"topic": "news"},
    "ListDeliveries": {},
    "GetDelivery": {"id": DELIVERY_ID},
    "RetryDelivery": {"id": DELIVERY_ID},
    "RedriveDeliveries": {"dry_run": True},
    "CancelDelivery": {"id": DELIVERY_ID},
    "ExplainNotification": {"id": NOTIFICATION_ID},
    "ListProviders": {},
    "PutProvider": {"provider": _PROVIDER},
    "DeleteProvider": {"name": "hooks"},
    "ListProviderKinds": {},
    "GetDeliverySettings": {},
    "UpdateDeliverySettings": {"settings": {"branding": {"from_name": "Acme"}}},
    "RecordProviderEvent": {"provider": "hooks", "body": b"{}"},
    "PutType": {"type": {"name": "scan.completed"}},
    "GetType": {"name": "scan.completed"},
    "ListTypes": {},
    "DeleteType": {"name": "scan.completed"},
    "PutTemplate": {"template": {"type": "scan.completed", "locale": "en", "in_app": {"title": "Done"}}},
    "GetTemplate": _TEMPLATE_KEY,
    "ListTemplates": {},
    "ActivateTemplateVersion": {**_TEMPLATE_KEY, "version": 1},
    "DeleteTemplate": _TEMPLATE_KEY,
    "PutLayout": {"layout": {"name": "frame", "format": 1, "source": "<p>{{ content }}</p>"}},
    "ListLayouts": {},
    "DeleteLayout": {"name": "frame"},
    "PreviewTemplate": {"type": "scan.completed"},
    "SendTest": {"type": "scan.completed", **_RECIPIENT},
    "ApplyCatalog": {"bundle": {"name": "audit"}},
    "ExportCatalog": {},
    "GetCatalogSettings": {},
    "UpdateCatalogSettings": {"settings": {"default_locale": "de"}},
    "GetStats": {"start_time": {"seconds": 1_800_000_000}, "end_time": {"seconds": 1_800_086_400}},
}


def build(rpc: str, changes: Mapping[str, Any] | None = None) -> Message:
    """The valid request with other values in some places; None takes a field away."""
    return request_type(rpc)(**_merge(VALID[rpc], changes or {}))


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return {name: value for name, value in merged.items() if value is not None}


assert VALID.keys() == RPCS.keys(), "a new RPC needs a valid request here"
