"""Keeps a copy of an inbox: what every list on a screen does with the events of a subscription."""

from __future__ import annotations

from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon.v1.types_pb2 import Counts, Notification


class Mirror:
    """The notifications of an inbox, newest first, and its counters."""

    def __init__(self) -> None:
        self.notifications: dict[str, Notification] = {}
        self.counts = Counts()

    def apply(self, event: SubscribeResponse) -> None:
        match event.WhichOneof("event"):
            case "reset":
                self.notifications = {}
            case "snapshot":
                self.notifications = {each.id: each for each in event.snapshot.notifications}
                self.counts = event.snapshot.counts
            case "created":
                newest_first = reversed(event.created.notifications)
                self.notifications = {each.id: each for each in newest_first} | self.notifications
                self.counts = event.created.counts
            case "changed":
                self.notifications |= {each.id: each for each in event.changed.notifications}
                self.counts = event.changed.counts
            case "removed":
                for gone in event.removed.ids:
                    self.notifications.pop(gone, None)
                self.counts = event.removed.counts
            case "counts":
                self.counts = event.counts
