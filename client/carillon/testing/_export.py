"""Everything held of a recipient."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from carillon.testing._caller import Caller
from carillon.testing._store import Store
from carillon.v1 import recipient_service_pb2 as pb

Held = Iterator[tuple[str, Any]]


async def export_recipient(
    store: Store, caller: Caller, request: pb.ExportRecipientRequest
) -> AsyncIterator[pb.ExportRecipientResponse]:
    """The profile first, then each kind as a whole."""
    recipient_id = caller.address(request.recipient_id)
    profile = store.known_profile(recipient_id)
    yield _piece("profile", profile.recipient)
    for endpoint in profile.endpoints.values():
        yield _piece("endpoint", endpoint)
    if recipient_id in store.preferences:
        yield _piece("preferences", store.preferences[recipient_id])
    for noun, held in [*_of_inbox(store, recipient_id), *_of_deliveries(store, recipient_id)]:
        yield _piece(noun, held)


def _of_inbox(store: Store, recipient_id: str) -> Held:
    inbox = store.inbox(recipient_id)
    yield "inbox", inbox.counts
    for entry in inbox.entries.values():
        yield "notification", entry.notification


def _of_deliveries(store: Store, recipient_id: str) -> Held:
    own = [story for story in store.deliveries.values() if story.delivery.recipient_id == recipient_id]
    yield from [("delivery", story.delivery) for story in own]
    yield from [("attempt", attempt) for story in own for attempt in story.attempts]
    yield from [("event", event) for story in own for event in story.events]


def _piece(noun: str, held: Message) -> pb.ExportRecipientResponse:
    piece = pb.ExportRecipientResponse(noun=noun)
    piece.record.update(MessageToDict(held, preserving_proto_field_name=True))
    return piece
