"""Sends of operators to try a type out."""

from __future__ import annotations

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._catalog import known_type
from carillon.testing._sends import send_forced
from carillon.testing._store import Store
from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon.v1.notification_service_pb2 import SendRequest

_DEFAULT_CHANNELS = (types_pb2.CHANNEL_IN_APP, types_pb2.CHANNEL_EMAIL)


def send_test(store: Store, caller: Caller, request: pb.SendTestRequest) -> pb.SendTestResponse:
    """Whatever the recipient's preferences say."""
    limits.enforce(limits.text("recipient_id", request.recipient_id, 200, 1))
    kind = known_type(store, request.type)
    store.known_profile(request.recipient_id)
    offered = [each.channel for each in kind.channels] or _DEFAULT_CHANNELS
    send = SendRequest(
        recipient_ids=[request.recipient_id],
        type=request.type,
        channels=request.channels or offered,
        data=request.data if request.HasField("data") else kind.sample_data,
        labels={"carillon.test": "true"},
    )
    return pb.SendTestResponse(result=send_forced(store, caller, send, request.locale))
