"""Many recipients at once."""

from __future__ import annotations

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._recipients import upsert_recipient
from carillon.testing._refusal import Refusal
from carillon.testing._store import Store
from carillon.v1 import recipient_service_pb2 as pb

_MAX_BATCH = 1_000
_MAX_BATCH_ENDPOINTS = 10_000


def batch_upsert_recipients(
    store: Store, caller: Caller, request: pb.BatchUpsertRecipientsRequest
) -> pb.BatchUpsertRecipientsResponse:
    """Each for itself, in their order."""
    if not 1 <= len(request.requests) <= _MAX_BATCH:
        limits.enforce([("requests", "has 1 to 1,000")])
    if sum(len(item.endpoints) for item in request.requests) > _MAX_BATCH_ENDPOINTS:
        limits.enforce([("requests", "have at most 10,000 endpoints together")])
    results = [_upsert_one(store, caller, item) for item in request.requests]
    return pb.BatchUpsertRecipientsResponse(results=results)


def _upsert_one(
    store: Store, caller: Caller, item: pb.UpsertRecipientRequest
) -> pb.BatchUpsertRecipientsResult:
    try:
        stored = pb.Recipient()
        stored.CopyFrom(upsert_recipient(store, caller, item).recipient)
        stored.ClearField("attributes")
        return pb.BatchUpsertRecipientsResult(recipient=stored)
    except Refusal as refusal:
        return pb.BatchUpsertRecipientsResult(error=refusal.status())
