"""What the client for threads calls: every unary call of the API, and lists walked to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Concatenate

from carillon._connection import Connection
from carillon._options import CallOptions
from carillon._paging import each
from carillon._rpc import P, Request, Response, Rpc, adopt_documentation
from carillon._rpcs import (
    broadcasts,
    catalog,
    deliveries,
    inbox,
    marks,
    preferences,
    recipients,
    sends,
    topics,
)
from carillon.types import DeliveryFilterLike, FilterLike
from carillon.v1.catalog_service_pb2 import NotificationType, Template
from carillon.v1.delivery_service_pb2 import Delivery
from carillon.v1.notification_service_pb2 import Broadcast
from carillon.v1.recipient_service_pb2 import Recipient, Topic, TopicMember
from carillon.v1.types_pb2 import Notification


def _unary(
    rpc: Rpc[P, Request, Response],
) -> Callable[Concatenate[Calls, P], Response]:
    def method(self: Calls, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        return self._unary(rpc, rpc.build(*args, **kwargs))

    adopt_documentation(method, rpc)
    return method


class Calls:
    """The calls that are alike, for `Client`."""

    _connection: Connection
    _options: CallOptions

    send = _unary(sends.send)
    send_batch = _unary(sends.send_batch)
    cancel = _unary(sends.cancel)
    get = _unary(inbox.get)
    list = _unary(inbox.list)
    mark_read = _unary(marks.mark_read)
    mark_unread = _unary(marks.mark_unread)
    mark_seen = _unary(marks.mark_seen)
    archive = _unary(marks.archive)
    unarchive = _unary(marks.unarchive)
    pin = _unary(marks.pin)
    unpin = _unary(marks.unpin)
    delete = _unary(marks.delete)
    record_action = _unary(inbox.record_action)
    get_counts = _unary(inbox.get_counts)
    ack = _unary(inbox.ack)
    reconcile = _unary(inbox.reconcile)
    get_preferences = _unary(preferences.get_preferences)
    update_preferences = _unary(preferences.update_preferences)
    mute = _unary(preferences.mute)
    unmute = _unary(preferences.unmute)
    upsert_recipient = _unary(recipients.upsert_recipient)
    batch_upsert_recipients = _unary(recipients.batch_upsert_recipients)
    get_recipient = _unary(recipients.get_recipient)
    list_recipients = _unary(recipients.list_recipients)
    delete_recipient = _unary(recipients.delete_recipient)
    put_endpoint = _unary(recipients.put_endpoint)
    list_endpoints = _unary(recipients.list_endpoints)
    delete_endpoint = _unary(recipients.delete_endpoint)
    get_broadcast = _unary(broadcasts.get_broadcast)
    list_broadcasts = _unary(broadcasts.list_broadcasts)
    cancel_broadcast = _unary(broadcasts.cancel_broadcast)
    put_topic = _unary(topics.put_topic)
    list_topics = _unary(topics.list_topics)
    delete_topic = _unary(topics.delete_topic)
    add_topic_members = _unary(topics.add_topic_members)
    remove_topic_members = _unary(topics.remove_topic_members)
    list_topic_members = _unary(topics.list_topic_members)
    list_deliveries = _unary(deliveries.list_deliveries)
    get_delivery = _unary(deliveries.get_delivery)
    retry_delivery = _unary(deliveries.retry_delivery)
    redrive_deliveries = _unary(deliveries.redrive_deliveries)
    cancel_delivery = _unary(deliveries.cancel_delivery)
    explain_notification = _unary(deliveries.explain_notification)
    list_providers = _unary(deliveries.list_providers)
    put_provider = _unary(deliveries.put_provider)
    delete_provider = _unary(deliveries.delete_provider)
    list_provider_kinds = _unary(deliveries.list_provider_kinds)
    get_delivery_settings = _unary(deliveries.get_delivery_settings)
    update_delivery_settings = _unary(deliveries.update_delivery_settings)
    record_provider_event = _unary(deliveries.record_provider_event)
    get_stats = _unary(deliveries.get_stats)
    put_type = _unary(catalog.put_type)
    get_type = _unary(catalog.get_type)
    list_types = _unary(catalog.list_types)
    delete_type = _unary(catalog.delete_type)
    put_template = _unary(catalog.put_template)
    get_template = _unary(catalog.get_template)
    list_templates = _unary(catalog.list_templates)
    activate_template_version = _unary(catalog.activate_template_version)
    delete_template = _unary(catalog.delete_template)
    put_layout = _unary(catalog.put_layout)
    list_layouts = _unary(catalog.list_layouts)
    delete_layout = _unary(catalog.delete_layout)
    preview_template = _unary(catalog.preview_template)
    send_test = _unary(catalog.send_test)
    apply_catalog = _unary(catalog.apply_catalog)
    export_catalog = _unary(catalog.export_catalog)
    get_catalog_settings = _unary(catalog.get_catalog_settings)
    update_catalog_settings = _unary(catalog.update_catalog_settings)

    def list_all(
        self, *, recipient_id: str = "", filter: FilterLike | None = None, page_size: int = 100
    ) -> Iterator[Notification]:
        """All notifications that match, newest first, a page at a time."""
        return each(
            lambda token: self.list(
                recipient_id=recipient_id, filter=filter, page_size=page_size, page_token=token
            ),
            lambda page: page.notifications,
        )

    def list_all_recipients(self, *, page_size: int = 1_000) -> Iterator[Recipient]:
        """All recipients of the tenant, by id, a page at a time."""
        return each(
            lambda token: self.list_recipients(page_size=page_size, page_token=token),
            lambda page: page.recipients,
        )

    def list_all_broadcasts(self, *, page_size: int = 100) -> Iterator[Broadcast]:
        """All broadcasts that the caller may see, newest first, a page at a time."""
        return each(
            lambda token: self.list_broadcasts(page_size=page_size, page_token=token),
            lambda page: page.broadcasts,
        )

    def list_all_topics(self, *, recipient_id: str = "", page_size: int = 1_000) -> Iterator[Topic]:
        """All topics, or those that a recipient is in, by name, a page at a time."""
        return each(
            lambda token: self.list_topics(recipient_id=recipient_id, page_size=page_size, page_token=token),
            lambda page: page.topics,
        )

    def list_all_topic_members(self, *, topic: str, page_size: int = 1_000) -> Iterator[TopicMember]:
        """All members of a topic, by id, a page at a time."""
        return each(
            lambda token: self.list_topic_members(topic=topic, page_size=page_size, page_token=token),
            lambda page: page.members,
        )

    def list_all_deliveries(
        self, *, filter: DeliveryFilterLike | None = None, page_size: int = 100
    ) -> Iterator[Delivery]:
        """All deliveries that match, newest first, a page at a time."""
        return each(
            lambda token: self.list_deliveries(filter=filter, page_size=page_size, page_token=token),
            lambda page: page.deliveries,
        )

    def list_all_types(self, *, catalog: str = "", page_size: int = 100) -> Iterator[NotificationType]:
        """All types of the tenant, by name, a page at a time."""
        return each(
            lambda token: self.list_types(catalog=catalog, page_size=page_size, page_token=token),
            lambda page: page.types,
        )

    def list_all_templates(self, *, type: str = "", page_size: int = 100) -> Iterator[Template]:
        """All templates in use, of a type or of all, by type, channel and locale, a page at a time."""
        return each(
            lambda token: self.list_templates(type=type, page_size=page_size, page_token=token),
            lambda page: page.templates,
        )

    def _unary(self, rpc: Rpc[P, Request, Response], request: Request) -> Response:
        return self._connection.unary(rpc, request, self._options)
