"""What the clients were told, to be compared with what the service holds afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import partial
from typing import TypeAlias

from carillon import AsyncClient
from carillon.types import FilterLike
from carillon.v1.notification_service_pb2 import SendResponse
from carillon.v1.types_pb2 import Notification
from tests.faults.callers import Callers

REQUEST_LABEL = "request"
"""Every send of a drill carries its `request_id` as this label, so that doubles can be told."""

Key: TypeAlias = tuple[str, str]
"""Request and recipient."""


class Oracle:
    """The answers of every request."""

    def __init__(self) -> None:
        self.answers: defaultdict[Key, set[str]] = defaultdict(set)
        """The notifications that callers were told of."""
        self.answer_count = 0
        self.recipients: set[str] = set()

    def told(self, request_id: str, response: SendResponse) -> None:
        """A caller got its answer."""
        self.answer_count += 1
        for result in response.results:
            self.recipients.add(result.recipient_id)
            self.answers[request_id, result.recipient_id].add(result.notification_id)

    def lost(self, held: Iterable[Notification]) -> list[str]:
        """What was answered with OK and is not there.

        An id alone says nothing: when Postgres forgets, the inbox counts again from where it then stands.
        """
        there = {(_key(each), each.id) for each in held}
        told = {(key, id_) for key, ids in self.answers.items() for id_ in ids}
        return sorted(id_ for _, id_ in told - there)

    def doubled(self, held: Iterable[Notification]) -> list[str]:
        """Requests with more than one answer, or with more than one notification, for one recipient."""
        made = Counter(map(_key, held))
        answered_twice = {key for key, told in self.answers.items() if len(told) > 1}
        return sorted({request for request, _ in answered_twice | {k for k, n in made.items() if n > 1}})


def _key(held: Notification) -> Key:
    return held.labels[REQUEST_LABEL], held.recipient_id


async def holdings(gateway: Callers, recipient_ids: Iterable[str]) -> list[Notification]:
    """Everything that the service has for these people, in inbox and archive."""
    held: list[Notification] = []
    for recipient_id in sorted(recipient_ids):
        for place in ({"archived": False}, {"archived": True}):
            held += await gateway.answer(partial(_listed, recipient_id=recipient_id, place=place))
    return held


async def _listed(client: AsyncClient, recipient_id: str, place: FilterLike) -> list[Notification]:
    return [each async for each in client.list_all(recipient_id=recipient_id, filter=place)]
