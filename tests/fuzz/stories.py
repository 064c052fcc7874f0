"""Calls that make sense one after the other: each finds what those before it have left."""

from __future__ import annotations

_CATALOG = ("PutType", "PutTemplate", "PutTemplate", "PutLayout")

STORIES: tuple[tuple[str, ...], ...] = (
    (*_CATALOG, "PreviewTemplate", "Send", "SendTest", "DeleteTemplate", "Send", "DeleteType"),
    (*_CATALOG, "ActivateTemplateVersion", "GetTemplate", "ListTemplates", "ExportCatalog", "ApplyCatalog"),
    ("UpsertRecipient", "PutEndpoint", "Send", "List", "GetCounts", "MarkRead", "Archive", "Delete", "List"),
    ("UpsertRecipient", "UpdatePreferences", "Mute", "Send", "Unmute", "GetPreferences", "ExportRecipient"),
    (
        "PutTopic",
        "UpsertRecipient",
        "AddTopicMembers",
        "ListTopicMembers",
        "Send",
        "ListBroadcasts",
        "DeleteTopic",
    ),
    ("Send", "Send", "SendBatch", "SendStream", "Subscribe", "Reconcile", "Ack", "RecordAction", "Cancel"),
    (
        "PutProvider",
        "PutEndpoint",
        "Send",
        "ListDeliveries",
        "RedriveDeliveries",
        "RecordProviderEvent",
        "GetStats",
    ),
    ("UpsertRecipient", "Send", "DeleteRecipient", "List", "GetRecipient", "Send", "ExportRecipient"),
    (
        "UpdateCatalogSettings",
        "Send",
        "UpdateDeliverySettings",
        "Send",
        "GetCatalogSettings",
        "GetDeliverySettings",
    ),
)
