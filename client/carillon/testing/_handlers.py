"""Every call of the API, as gRPC wants them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from google.protobuf.descriptor_pool import Default
from google.protobuf.message_factory import GetMessageClass

from carillon.testing import (
    _broadcasts,
    _catalog,
    _catalog_bundles,
    _deliveries,
    _export,
    _marks,
    _preferences,
    _providers,
    _reads,
    _recipient_batch,
    _recipients,
    _sends,
    _stats,
    _stream,
    _templates,
    _test_sends,
    _topics,
)
from carillon.testing._caller import Caller, authorize
from carillon.testing._refusal import Refusal
from carillon.testing._store import Store

Intercept = Callable[[str], None]

_SERVICES = (
    "carillon.v1.NotificationService",
    "carillon.v1.PreferenceService",
    "carillon.v1.RecipientService",
    "carillon.v1.DeliveryService",
    "carillon.v1.CatalogService",
)

_UNARY: dict[str, Callable[[Store, Caller, Any], Any]] = {
    "Send": _sends.send,
    "SendBatch": _sends.send_batch,
    "Cancel": _sends.cancel,
    "Get": _reads.get,
    "List": _reads.list,
    "GetCounts": _reads.get_counts,
    "RecordAction": _reads.record_action,
    "Ack": _reads.ack,
    "Reconcile": _reads.reconcile,
    "MarkRead": _marks.mark_read,
    "MarkUnread": _marks.mark_unread,
    "MarkSeen": _marks.mark_seen,
    "Archive": _marks.archive,
    "Unarchive": _marks.unarchive,
    "Pin": _marks.pin,
    "Unpin": _marks.unpin,
    "Delete": _marks.delete,
    "GetPreferences": _preferences.get_preferences,
    "UpdatePreferences": _preferences.update_preferences,
    "Mute": _preferences.mute,
    "Unmute": _preferences.unmute,
    "UpsertRecipient": _recipients.upsert_recipient,
    "BatchUpsertRecipients": _recipient_batch.batch_upsert_recipients,
    "GetRecipient": _recipients.get_recipient,
    "ListRecipients": _recipients.list_recipients,
    "DeleteRecipient": _recipients.delete_recipient,
    "PutEndpoint": _recipients.put_endpoint,
    "ListEndpoints": _recipients.list_endpoints,
    "DeleteEndpoint": _recipients.delete_endpoint,
    "GetBroadcast": _broadcasts.get_broadcast,
    "ListBroadcasts": _broadcasts.list_broadcasts,
    "CancelBroadcast": _broadcasts.cancel_broadcast,
    "PutTopic": _topics.put_topic,
    "ListTopics": _topics.list_topics,
    "DeleteTopic": _topics.delete_topic,
    "AddTopicMembers": _topics.add_topic_members,
    "RemoveTopicMembers": _topics.remove_topic_members,
    "ListTopicMembers": _topics.list_topic_members,
    "ListDeliveries": _deliveries.list_deliveries,
    "GetDelivery": _deliveries.get_delivery,
    "RetryDelivery": _deliveries.retry_delivery,
    "RedriveDeliveries": _deliveries.redrive_deliveries,
    "CancelDelivery": _deliveries.cancel_delivery,
    "ExplainNotification": _deliveries.explain_notification,
    "ListProviders": _providers.list_providers,
    "PutProvider": _providers.put_provider,
    "DeleteProvider": _providers.delete_provider,
    "ListProviderKinds": _providers.list_provider_kinds,
    "GetDeliverySettings": _providers.get_delivery_settings,
    "UpdateDeliverySettings": _providers.update_delivery_settings,
    "RecordProviderEvent": _providers.record_provider_event,
    "GetStats": _stats.get_stats,
    "PutType": _catalog.put_type,
    "GetType": _catalog.get_type,
    "ListTypes": _catalog.list_types,
    "DeleteType": _catalog.delete_type,
    "PutTemplate": _templates.put_template,
    "GetTemplate": _templates.get_template,
    "ListTemplates": _templates.list_templates,
    "ActivateTemplateVersion": _templates.activate_template_version,
    "DeleteTemplate": _templates.delete_template,
    "PutLayout": _catalog.put_layout,
    "ListLayouts": _catalog.list_layouts,
    "DeleteLayout": _catalog.delete_layout,
    "PreviewTemplate": _templates.preview_template,
    "SendTest": _test_sends.send_test,
    "ApplyCatalog": _catalog_bundles.apply_catalog,
    "ExportCatalog": _catalog_bundles.export_catalog,
    "GetCatalogSettings": _catalog.get_catalog_settings,
    "UpdateCatalogSettings": _catalog.update_catalog_settings,
}

_STREAMS: dict[str, Callable[[Store, Caller, Any], AsyncIterator[Any]]] = {
    "Subscribe": _stream.subscribe,
    "SendStream": _sends.send_stream,
    "ExportRecipient": _export.export_recipient,
}

_FACTORIES = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def generic_handlers(store: Store, intercept: Intercept) -> list[grpc.GenericRpcHandler]:
    """One per service. `intercept` is told the name of each call before anything else and may refuse it."""
    return [_service_handler(service, store, intercept) for service in _SERVICES]


def _service_handler(service: str, store: Store, intercept: Intercept) -> grpc.GenericRpcHandler:
    methods = Default().FindServiceByName(service).methods
    handlers = {method.name: _method_handler(method, store, intercept) for method in methods}
    return grpc.method_handlers_generic_handler(service, handlers)


def _method_handler(method: Any, store: Store, intercept: Intercept) -> grpc.RpcMethodHandler[Any, Any]:
    behave = _unary(method.name, store, intercept)
    if method.server_streaming:
        behave = _streaming(method.name, store, intercept)
    return _FACTORIES[method.client_streaming, method.server_streaming](
        behave,
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )


def _unary(name: str, store: Store, intercept: Intercept) -> Callable[[Any, Any], Any]:
    async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            intercept(name)
            caller = authorize(context.invocation_metadata() or (), name)
            return _UNARY[name](store, caller, request)
        except Refusal as refusal:
            await context.abort(refusal.code, str(refusal), refusal.trailing_metadata())

    return handle


def _streaming(name: str, store: Store, intercept: Intercept) -> Callable[[Any, Any], Any]:
    async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        try:
            intercept(name)
            caller = authorize(context.invocation_metadata() or (), name)
            async for message in _STREAMS[name](store, caller, request):
                yield message
        except Refusal as refusal:
            await context.abort(refusal.code, str(refusal), refusal.trailing_metadata())

    return handle
