"""Sending, and taking back what was sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from carillon._message import message
from carillon._rpc import rpc
from carillon.types import (
    AttachmentLike,
    Channel,
    ContentLike,
    FallbackLike,
    Priority,
    RecipientProfileLike,
    SendLike,
)
from carillon.v1 import notification_service_pb2 as pb

SERVICE = "carillon.v1.NotificationService"


@rpc(SERVICE, "Send", pb.SendResponse)
def send(
    *,
    type: str,
    content: ContentLike | None = None,
    recipient_ids: Sequence[str] = (),
    recipients: Sequence[RecipientProfileLike] = (),
    data: Mapping[str, Any] | None = None,
    channels: Sequence[Channel] = (),
    priority: Priority = 0,
    category: str = "",
    thread_key: str = "",
    collapse_key: str = "",
    actor_id: str = "",
    labels: Mapping[str, str] | None = None,
    deliver_time: datetime | None = None,
    expire_time: datetime | None = None,
    dry_run: bool = False,
    fallbacks: Sequence[FallbackLike] = (),
    attachments: Sequence[AttachmentLike] = (),
    topic: str = "",
    everyone: bool = False,
    request_id: str = "",
) -> pb.SendRequest:
    """Sends one notification to 1 to 1,000 recipients, to a `topic`, or to `everyone`. When it returns, it is
    stored for good. A topic's members are notified by and by: see `get_broadcast`.

    A `request_id` is made up when none is given, so that the retries of this call send nothing twice. Pass
    one of your own (the id of the event that the notification tells of, say) to be safe across restarts of
    your process too: the same request again returns the first answer with `replayed` set; another one under
    the same id raises `RequestIdReusedError`.

    What people read comes ready in `content`; without it the templates of the type tell it, with `data` as
    their variables, in the language of each recipient.

    `fallbacks` name channels to try one after the other instead of all at once:
    `[{"channels": ["PUSH", "SMS"]}]`.
    """
    # The arguments are the fields of the message.
    fields = locals() | {"request_id": request_id or new_request_id()}
    return message(pb.SendRequest, **fields)


@rpc(SERVICE, "SendBatch", pb.SendBatchResponse)
def send_batch(*, requests: Sequence[SendLike]) -> pb.SendBatchRequest:
    """Sends up to 1,000 independent notifications, together to at most 10,000 recipients. One bad item
    fails alone.

    The results are in the order of the requests; turn the `error` of one into an exception with
    `carillon.error_from_status`. Items without a `request_id` get one each.
    """
    return pb.SendBatchRequest(requests=[send_request(item) for item in requests])


@rpc(SERVICE, "Cancel", pb.CancelResponse)
def cancel(
    *,
    ids: Sequence[str] = (),
    request_id: str = "",
    collapse_key: str = "",
    recipient_ids: Sequence[str] = (),
) -> pb.CancelRequest:
    """Stops what has not happened yet: scheduled notifications never appear, undelivered deliveries are not
    sent.

    Name exactly one of `ids`, `request_id` and `collapse_key`, the last together with `recipient_ids`. What
    is in an inbox stays.
    """
    return message(
        pb.CancelRequest,
        ids=ids,
        request_id=request_id,
        collapse_key=collapse_key,
        recipient_ids=recipient_ids,
    )


def send_request(item: SendLike) -> pb.SendRequest:
    """The message for one item of a batch or a stream, with a `request_id` of its own. Never changes
    `item`."""
    request = pb.SendRequest()
    request.CopyFrom(item if isinstance(item, pb.SendRequest) else message(pb.SendRequest, **item))
    request.request_id = request.request_id or new_request_id()
    return request


def new_request_id() -> str:
    """An id that no other call has."""
    return uuid.uuid4().hex
