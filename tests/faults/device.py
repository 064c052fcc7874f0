"""A device of a person: holds what its live stream told it, across lost connections."""

from __future__ import annotations

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon.v1.types_pb2 import Counts, Notification


class Device:
    """Follows one inbox from its first notification on."""

    def __init__(self, client: AsyncClient, recipient_id: str) -> None:
        self.recipient_id = recipient_id
        self.held: dict[str, Notification] = {}
        self.counts = Counts()
        self.resets = 0
        self.cursor = ""
        """Where it stands; it goes on there, and may be given another one meanwhile."""
        self._client = client

    async def follow(self) -> None:
        """Until cancelled."""
        async with self._client.subscribe(recipient_id=self.recipient_id, cursor=self.cursor) as subscription:
            async for event in subscription:
                self.cursor = subscription.cursor
                self._take(event)

    def _take(self, event: SubscribeResponse) -> None:
        match event.WhichOneof("event"):
            case "reset":
                self.resets += 1
            case "snapshot":
                self.held = {}
                self._put(event.snapshot)
            case "created":
                self._put(event.created)
            case "changed":
                self._put(event.changed)
            case "removed":
                for id_ in event.removed.ids:
                    self.held.pop(id_, None)
                self.counts = event.removed.counts
            case "counts":
                self.counts = event.counts

    def _put(
        self, told: SubscribeResponse.Snapshot | SubscribeResponse.Created | SubscribeResponse.Changed
    ) -> None:
        self.held |= {each.id: each for each in told.notifications}
        self.counts = told.counts
