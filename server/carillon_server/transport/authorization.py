"""Who may call what: one row per RPC. Users reach their own inbox only, see `addressing.py`."""

from __future__ import annotations

from carillon_server.domain.identity import Role

_SENDERS = frozenset({Role.PRODUCER, Role.OPERATOR})
_INBOX_READERS = frozenset({Role.USER, Role.GATEWAY, Role.OPERATOR})
_EVERYONE = frozenset(Role)
_OPERATORS = frozenset({Role.OPERATOR})
_CALLBACK_BRINGERS = frozenset({Role.GATEWAY, Role.OPERATOR})

NOTIFICATION_SERVICE = "carillon.v1.NotificationService"
PREFERENCE_SERVICE = "carillon.v1.PreferenceService"
RECIPIENT_SERVICE = "carillon.v1.RecipientService"
DELIVERY_SERVICE = "carillon.v1.DeliveryService"
CATALOG_SERVICE = "carillon.v1.CatalogService"

ROLES: dict[str, frozenset[Role]] = {
    f"/{NOTIFICATION_SERVICE}/Send": _SENDERS,
    f"/{NOTIFICATION_SERVICE}/SendBatch": _SENDERS,
    f"/{NOTIFICATION_SERVICE}/SendStream": _SENDERS,
    f"/{NOTIFICATION_SERVICE}/Cancel": _SENDERS,
    f"/{NOTIFICATION_SERVICE}/GetBroadcast": _SENDERS,
    f"/{NOTIFICATION_SERVICE}/ListBroadcasts": _SENDERS,
    f"/{NOTIFICATION_SERVICE}/CancelBroadcast": _SENDERS,
    f"/{NOTIFICATION_SERVICE}/Get": _EVERYONE,
    f"/{NOTIFICATION_SERVICE}/List": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/MarkRead": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/MarkUnread": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/MarkSeen": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Archive": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Unarchive": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Pin": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Unpin": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Delete": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/RecordAction": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/GetCounts": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Subscribe": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Ack": _INBOX_READERS,
    f"/{NOTIFICATION_SERVICE}/Reconcile": _INBOX_READERS,
    f"/{PREFERENCE_SERVICE}/GetPreferences": _INBOX_READERS,
    f"/{PREFERENCE_SERVICE}/UpdatePreferences": _INBOX_READERS,
    f"/{PREFERENCE_SERVICE}/Mute": _INBOX_READERS,
    f"/{PREFERENCE_SERVICE}/Unmute": _INBOX_READERS,
    f"/{RECIPIENT_SERVICE}/UpsertRecipient": _EVERYONE,
    f"/{RECIPIENT_SERVICE}/GetRecipient": _EVERYONE,
    f"/{RECIPIENT_SERVICE}/ListRecipients": _SENDERS,
    f"/{RECIPIENT_SERVICE}/BatchUpsertRecipients": _SENDERS,
    f"/{RECIPIENT_SERVICE}/DeleteRecipient": _OPERATORS,
    f"/{RECIPIENT_SERVICE}/ExportRecipient": _OPERATORS,
    f"/{RECIPIENT_SERVICE}/PutEndpoint": _EVERYONE,
    f"/{RECIPIENT_SERVICE}/ListEndpoints": _EVERYONE,
    f"/{RECIPIENT_SERVICE}/DeleteEndpoint": _EVERYONE,
    f"/{RECIPIENT_SERVICE}/PutTopic": _SENDERS,
    f"/{RECIPIENT_SERVICE}/ListTopics": _SENDERS,
    f"/{RECIPIENT_SERVICE}/DeleteTopic": _SENDERS,
    f"/{RECIPIENT_SERVICE}/AddTopicMembers": _SENDERS,
    f"/{RECIPIENT_SERVICE}/RemoveTopicMembers": _SENDERS,
    f"/{RECIPIENT_SERVICE}/ListTopicMembers": _SENDERS,
    f"/{DELIVERY_SERVICE}/ListDeliveries": _OPERATORS,
    f"/{DELIVERY_SERVICE}/GetDelivery": _OPERATORS,
    f"/{DELIVERY_SERVICE}/RetryDelivery": _OPERATORS,
    f"/{DELIVERY_SERVICE}/RedriveDeliveries": _OPERATORS,
    f"/{DELIVERY_SERVICE}/CancelDelivery": _OPERATORS,
    f"/{DELIVERY_SERVICE}/ExplainNotification": _OPERATORS,
    f"/{DELIVERY_SERVICE}/ListProviders": _OPERATORS,
    f"/{DELIVERY_SERVICE}/PutProvider": _OPERATORS,
    f"/{DELIVERY_SERVICE}/DeleteProvider": _OPERATORS,
    f"/{DELIVERY_SERVICE}/ListProviderKinds": _OPERATORS,
    f"/{DELIVERY_SERVICE}/GetDeliverySettings": _OPERATORS,
    f"/{DELIVERY_SERVICE}/UpdateDeliverySettings": _OPERATORS,
    f"/{DELIVERY_SERVICE}/RecordProviderEvent": _CALLBACK_BRINGERS,
    f"/{DELIVERY_SERVICE}/GetStats": _OPERATORS,
    f"/{CATALOG_SERVICE}/PutType": _OPERATORS,
    f"/{CATALOG_SERVICE}/GetType": _SENDERS,
    f"/{CATALOG_SERVICE}/ListTypes": _SENDERS,
    f"/{CATALOG_SERVICE}/DeleteType": _OPERATORS,
    f"/{CATALOG_SERVICE}/PutTemplate": _OPERATORS,
    f"/{CATALOG_SERVICE}/GetTemplate": _SENDERS,
    f"/{CATALOG_SERVICE}/ListTemplates": _SENDERS,
    f"/{CATALOG_SERVICE}/ActivateTemplateVersion": _OPERATORS,
    f"/{CATALOG_SERVICE}/DeleteTemplate": _OPERATORS,
    f"/{CATALOG_SERVICE}/PutLayout": _OPERATORS,
    f"/{CATALOG_SERVICE}/ListLayouts": _SENDERS,
    f"/{CATALOG_SERVICE}/DeleteLayout": _OPERATORS,
    f"/{CATALOG_SERVICE}/PreviewTemplate": _SENDERS,
    f"/{CATALOG_SERVICE}/SendTest": _OPERATORS,
    f"/{CATALOG_SERVICE}/GetCatalogSettings": _SENDERS,
    f"/{CATALOG_SERVICE}/UpdateCatalogSettings": _OPERATORS,
    f"/{CATALOG_SERVICE}/ApplyCatalog": _OPERATORS,
    f"/{CATALOG_SERVICE}/ExportCatalog": _OPERATORS,
}

ANY_ROLE = _EVERYONE
"""For what every caller with credentials may use, such as reflection."""
