"""The messages of a live stream, serialized."""

from __future__ import annotations

from collections.abc import Sequence

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.inbox import Counts
from carillon_server.domain.live_inbox import ResetCause
from carillon_server.domain.notification import ChangeKind, StoredNotification
from carillon_server.transport import encode

_HEARTBEAT = pb.SubscribeResponse.Heartbeat()


class SubscribeResponseEncoder:
    """The `EventEncoder` of the realtime package: each method gives a serialized `SubscribeResponse`."""

    def snapshot(self, cursor: str, notifications: Sequence[StoredNotification], counts: Counts) -> bytes:
        return encode.encode_snapshot(
            [encode.encode_notification(each) for each in notifications], counts, cursor
        )

    def change(
        self, cursor: str, kind: ChangeKind, notifications: Sequence[StoredNotification], counts: Counts
    ) -> bytes:
        if kind is ChangeKind.REMOVED:
            return encode.encode_removal([str(each.id) for each in notifications], counts, cursor)
        encoded = [encode.encode_notification(each) for each in notifications]
        return encode.encode_appearance(kind, encoded, counts, cursor)

    def counts(self, cursor: str, counts: Counts) -> bytes:
        return encode.encode_counters(counts, cursor)

    def heartbeat(self, cursor: str) -> bytes:
        return pb.SubscribeResponse(cursor=cursor, heartbeat=_HEARTBEAT).SerializeToString()

    def reset(self, cursor: str, cause: ResetCause) -> bytes:
        reset = pb.SubscribeResponse.Reset(cause=pb.SubscribeResponse.Reset.Cause.ValueType(cause))
        return pb.SubscribeResponse(cursor=cursor, reset=reset).SerializeToString()

    def draining(self, cursor: str, reconnect_delay_seconds: float) -> bytes:
        response = pb.SubscribeResponse(cursor=cursor)
        response.draining.reconnect_delay.FromMilliseconds(round(reconnect_delay_seconds * 1000))
        return response.SerializeToString()
