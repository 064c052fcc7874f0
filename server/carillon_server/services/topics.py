"""Topics and their members."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from carillon_server.domain.errors import NotFound, Reason
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.topic import Topic, TopicMember
from carillon_server.storage import topics as rows
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.inboxes import make_inboxes

_DEFAULT_TIMEOUT_SECONDS = 10.0


class TopicService:
    """Keeps topics; each change is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, tenant: str, topic: Topic, *, timeout: float | None) -> Topic:
        """Creates or changes one; its members stay."""

        async def work(connection: Connection) -> Topic:
            return await rows.put_topic(connection, tenant, topic)

        return await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def list(
        self,
        tenant: str,
        *,
        recipient_id: str,
        page_size: int,
        after: str | None,
        timeout: float | None,
    ) -> tuple[Sequence[Topic], str | None]:
        """A page by name, and where the next one begins; with `recipient_id`, those that it is in."""
        inbox_id = InboxAddress(tenant, recipient_id).inbox_id if recipient_id else None
        found = await rows.fetch_topics(
            self._database, tenant, after or "", page_size + 1, inbox_id=inbox_id, timeout=timeout
        )
        page = found[:page_size]
        return page, page[-1].name if len(found) > page_size else None

    async def delete(self, tenant: str, name: str, *, timeout: float | None) -> None:
        """Nothing happens where there is none."""

        async def work(connection: Connection) -> None:
            if await rows.lock_topic(connection, tenant, name):
                await rows.delete_topic(connection, tenant, name)

        await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def add_members(
        self, tenant: str, topic: str, members: Sequence[TopicMember], *, timeout: float | None
    ) -> int:
        """How many are new; of a recipient named twice the last counts. Raises TOPIC_NOT_FOUND."""
        distinct = list({member.recipient_id: member for member in members}.values())
        addresses = [InboxAddress(tenant, member.recipient_id) for member in distinct]

        async def work(connection: Connection) -> int:
            await _lock(connection, tenant, topic)
            while not await rows.hold_recipients(connection, addresses):
                await make_inboxes(connection, addresses)
            return await rows.add_members(connection, tenant, topic, distinct)

        return await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def remove_members(
        self, tenant: str, topic: str, recipient_ids: Collection[str], *, timeout: float | None
    ) -> int:
        """How many were members. Raises TOPIC_NOT_FOUND."""

        async def work(connection: Connection) -> int:
            await _lock(connection, tenant, topic)
            return await rows.remove_members(connection, tenant, topic, recipient_ids)

        return await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)

    async def list_members(
        self, tenant: str, topic: str, *, page_size: int, after: str | None, timeout: float | None
    ) -> tuple[Sequence[TopicMember], str | None]:
        """A page by id, and where the next one begins. Raises TOPIC_NOT_FOUND."""

        async def work(connection: Connection) -> list[TopicMember]:
            if await rows.fetch_topic(connection, tenant, topic) is None:
                raise NotFound(Reason.TOPIC_NOT_FOUND)
            return await rows.fetch_members(connection, tenant, topic, after or "", page_size + 1)

        found = await self._database.transaction(work, timeout_seconds=timeout or _DEFAULT_TIMEOUT_SECONDS)
        page = found[:page_size]
        return page, page[-1].recipient_id if len(found) > page_size else None


async def _lock(connection: Connection, tenant: str, topic: str) -> None:
    if not await rows.lock_topic(connection, tenant, topic):
        raise NotFound(Reason.TOPIC_NOT_FOUND)
