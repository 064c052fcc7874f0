"""The client for asyncio."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Any, Concatenate, Self

import grpc

from carillon._async_connection import AsyncConnection, translated_write
from carillon._async_subscription import AsyncSubscription
from carillon._bulk import outgoing_requests
from carillon._exports import export_awaited
from carillon._options import CallOptions, connection_options
from carillon._paging import each_awaited
from carillon._resume import Resumption
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
from carillon._rpcs.subscribe import subscribe_request
from carillon._token import AsyncToken
from carillon.types import DeliveryFilterLike, FilterLike, SendLike
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1.catalog_service_pb2 import NotificationType, Template
from carillon.v1.delivery_service_pb2 import Delivery
from carillon.v1.notification_service_pb2 import Broadcast
from carillon.v1.recipient_service_pb2 import ExportRecipientResponse, Recipient, Topic, TopicMember
from carillon.v1.types_pb2 import Notification


def _unary(
    rpc: Rpc[P, Request, Response],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, Response]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        return await self._unary(rpc, rpc.build(*args, **kwargs))

    adopt_documentation(method, rpc)
    return method


class AsyncClient:
    """Calls a Carillon service. Every call of the API is a method with keyword arguments that returns the
    answer's message.

    Use it as an async context manager, or call `close`. One client serves any number of tasks of one event
    loop; it connects with the first call. Calls that fail for the moment are repeated until their deadline;
    what remains raises a `CarillonError`.

    * `target`: a gRPC target, such as `carillon.internal:443`.
    * `token`: the bearer token, or a function, async or not, that returns one. A function is asked once, and
      again when the service refuses what it gave.
    * `credentials`: gRPC's own call credentials, instead of a token.
    * `tls`: True, or gRPC's channel credentials for authorities or client certificates of your own. Left
      out: TLS, except to this machine.
    * `insecure`: send everything, the token too, in the clear.
    * `timeout_seconds`: how long a call may take, its repetitions included.
    * `wait_for_ready`: wait for a service that cannot be reached, up to the deadline, instead of raising
      `UnavailableError`.
    * `compression`: of what is sent, such as `grpc.Compression.Gzip`.
    * `streams_per_connection`: calls at once on one connection; for more, another is opened.
    """

    def __init__(
        self,
        target: str,
        *,
        token: AsyncToken | None = None,
        credentials: grpc.CallCredentials | None = None,
        tls: grpc.ChannelCredentials | bool | None = None,
        insecure: bool = False,
        timeout_seconds: float = 10.0,
        wait_for_ready: bool = False,
        compression: grpc.Compression | None = None,
        streams_per_connection: int = 100,
    ) -> None:
        options = connection_options(
            target,
            has_token=token is not None,
            credentials=credentials,
            tls=tls,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
        )
        self._connection = AsyncConnection(options, token, streams_per_connection)
        self._options = CallOptions(timeout_seconds=timeout_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all calls and closes all connections."""
        await self._connection.close()

    def with_options(
        self,
        *,
        token: AsyncToken | None = None,
        timeout_seconds: float | None = None,
        x_request_id: str | None = None,
    ) -> Self:
        """The same client, on the same connections, calling with other options.

        `token` lets a gateway call for many people over the same connections, each with their own.
        `x_request_id` goes with each call, so that the service's logs can be matched with yours.
        """
        client = copy.copy(self)
        client._options = self._options.changed(timeout_seconds, x_request_id)  # noqa: SLF001 - of this class
        if token is not None:
            client._connection = self._connection.with_token(token)  # noqa: SLF001 - of this class
        return client

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

    async def send_stream(
        self, *, requests: Iterable[SendLike] | AsyncIterable[SendLike]
    ) -> AsyncIterator[pb.SendStreamResponse]:
        """The bulk lane: takes any number of sends and yields one result for each, in the same order.

        Requests are taken as fast as the service can follow. Nothing is repeated by itself: after a
        failure, send what has no result yet again, under the same `request_id`s.
        """
        token = await self._connection.tokens.current()
        lease = self._connection.pool.acquire()
        accepted = asyncio.Event()
        outgoing = outgoing_requests(requests, accepted)
        call = self._connection.send_stream(lease, outgoing, self._options.metadata(token))
        try:
            async for result in call:
                accepted.set()
                yield result
        except grpc.aio.AioRpcError as error:
            raise translated_write(error) from error
        finally:
            call.cancel()
            await self._connection.release(lease)

    def export_recipient(self, *, recipient_id: str) -> AsyncIterator[ExportRecipientResponse]:
        """Everything held of a recipient, piece by piece: profile, endpoints, preferences, notifications,
        deliveries and so on. Operators only.

        Nothing is repeated by itself: what came before an exception is not all.
        """
        return export_awaited(self._connection, self._options, recipients.export_request(recipient_id))

    def subscribe(
        self,
        *,
        recipient_id: str = "",
        cursor: str = "",
        filter: FilterLike | None = None,
        heartbeat: timedelta | None = None,
        device_id: str = "",
        snapshot_size: int = 0,
        patience_seconds: float | None = None,
    ) -> AsyncSubscription:
        """The live inbox, as an async context manager to iterate over.

        With an empty `cursor` the first event is a snapshot; with that of an earlier subscription,
        everything after it follows. Lost connections are resumed without gaps or repetitions, for as long
        as it takes, or until nothing was heard for `patience_seconds`. After a `reset`, drop all that you
        hold: a snapshot follows.
        """
        request = subscribe_request(
            recipient_id=recipient_id,
            cursor=cursor,
            filter=filter,
            heartbeat=heartbeat,
            device_id=device_id,
            snapshot_size=snapshot_size,
        )
        return AsyncSubscription(self._connection, self._options, Resumption(request, patience_seconds))

    def list_all(
        self, *, recipient_id: str = "", filter: FilterLike | None = None, page_size: int = 100
    ) -> AsyncIterator[Notification]:
        """All notifications that match, newest first, a page at a time."""
        return each_awaited(
            lambda token: self.list(
                recipient_id=recipient_id, filter=filter, page_size=page_size, page_token=token
            ),
            lambda page: page.notifications,
        )

    def list_all_recipients(self, *, page_size: int = 1_000) -> AsyncIterator[Recipient]:
        """All recipients of the tenant, by id, a page at a time."""
        return each_awaited(
            lambda token: self.list_recipients(page_size=page_size, page_token=token),
            lambda page: page.recipients,
        )

    def list_all_broadcasts(self, *, page_size: int = 100) -> AsyncIterator[Broadcast]:
        """All broadcasts that the caller may see, newest first, a page at a time."""
        return each_awaited(
            lambda token: self.list_broadcasts(page_size=page_size, page_token=token),
            lambda page: page.broadcasts,
        )

    def list_all_topics(self, *, recipient_id: str = "", page_size: int = 1_000) -> AsyncIterator[Topic]:
        """All topics, or those that a recipient is in, by name, a page at a time."""
        return each_awaited(
            lambda token: self.list_topics(recipient_id=recipient_id, page_size=page_size, page_token=token),
            lambda page: page.topics,
        )

    def list_all_topic_members(self, *, topic: str, page_size: int = 1_000) -> AsyncIterator[TopicMember]:
        """All members of a topic, by id, a page at a time."""
        return each_awaited(
            lambda token: self.list_topic_members(topic=topic, page_size=page_size, page_token=token),
            lambda page: page.members,
        )

    def list_all_deliveries(
        self, *, filter: DeliveryFilterLike | None = None, page_size: int = 100
    ) -> AsyncIterator[Delivery]:
        """All deliveries that match, newest first, a page at a time."""
        return each_awaited(
            lambda token: self.list_deliveries(filter=filter, page_size=page_size, page_token=token),
            lambda page: page.deliveries,
        )

    def list_all_types(self, *, catalog: str = "", page_size: int = 100) -> AsyncIterator[NotificationType]:
        """All types of the tenant, by name, a page at a time."""
        return each_awaited(
            lambda token: self.list_types(catalog=catalog, page_size=page_size, page_token=token),
            lambda page: page.types,
        )

    def list_all_templates(self, *, type: str = "", page_size: int = 100) -> AsyncIterator[Template]:
        """All templates in use, of a type or of all, by type, channel and locale, a page at a time."""
        return each_awaited(
            lambda token: self.list_templates(type=type, page_size=page_size, page_token=token),
            lambda page: page.templates,
        )

    async def _unary(self, rpc: Rpc[P, Request, Response], request: Request) -> Response:
        return await self._connection.unary(rpc, request, self._options)
