"""Topics and who is in them.

Whoever changes the members of a topic holds its row until commit, so its count is exact.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.topic import Topic, TopicMember
from carillon_server.storage.database import Connection, Database, Record, column

_COLUMNS = "t.name, t.display_name, t.description, t.member_count, t.catalog, t.create_time, t.update_time"

_PUT = f"""
INSERT INTO topic AS t (tenant, name, display_name, description, catalog) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, name) DO UPDATE SET display_name = excluded.display_name,
    description = excluded.description, catalog = excluded.catalog, update_time = now()
RETURNING {_COLUMNS}
"""

_GET = f"SELECT {_COLUMNS} FROM topic t WHERE t.tenant = $1 AND t.name = $2"

_LIST = f"""
SELECT {_COLUMNS} FROM topic t WHERE t.tenant = $1 AND t.name > $2 ORDER BY t.name LIMIT $3
"""

_LIST_OF = f"""
SELECT {_COLUMNS} FROM topic_member m JOIN topic t ON t.tenant = m.tenant AND t.name = m.topic
WHERE m.inbox_id = $4 AND m.tenant = $1 AND t.name > $2 ORDER BY t.name LIMIT $3
"""

_DELETE_MEMBERS = "DELETE FROM topic_member WHERE tenant = $1 AND topic = $2"
_DELETE = "DELETE FROM topic WHERE tenant = $1 AND name = $2"

_LOCK = "SELECT 1 FROM topic WHERE tenant = $1 AND name = $2 FOR UPDATE"

_HOLD_RECIPIENTS = """
SELECT inbox_id FROM recipient WHERE inbox_id = ANY ($1::bytea[]) ORDER BY inbox_id FOR KEY SHARE
"""

# The count moves in the same statement, by the rows that are new.
_ADD = """
WITH added AS (
    INSERT INTO topic_member AS m (tenant, topic, recipient_id, inbox_id, condition)
    SELECT $1, $2, * FROM unnest($3::text[], $4::bytea[], $5::text[])
    ON CONFLICT (tenant, topic, recipient_id) DO UPDATE SET condition = excluded.condition
    RETURNING (xmax = 0) AS fresh
), counted AS (
    SELECT count(*) FILTER (WHERE fresh) AS change FROM added
)
UPDATE topic t SET member_count = t.member_count + c.change FROM counted c
WHERE t.tenant = $1 AND t.name = $2 RETURNING c.change
"""

_REMOVE = """
WITH removed AS (
    DELETE FROM topic_member WHERE tenant = $1 AND topic = $2 AND recipient_id = ANY ($3::text[]) RETURNING 1
), counted AS (
    SELECT count(*) AS change FROM removed
)
UPDATE topic t SET member_count = t.member_count - c.change FROM counted c
WHERE t.tenant = $1 AND t.name = $2 RETURNING c.change
"""

_MEMBERS = """
SELECT recipient_id, condition, create_time FROM topic_member
WHERE tenant = $1 AND topic = $2 AND recipient_id > $3 ORDER BY recipient_id LIMIT $4
"""

_LOCK_THOSE_OF = """
SELECT 1 FROM topic t WHERE (t.tenant, t.name) IN (
    SELECT m.tenant, m.topic FROM topic_member m WHERE m.inbox_id = $1
) ORDER BY t.tenant, t.name FOR UPDATE
"""


async def put_topic(connection: Connection, tenant: str, topic: Topic) -> Topic:
    """Creates or replaces what is said of it; its members stay."""
    row = await connection.fetchrow(
        _PUT, tenant, topic.name, topic.display_name, topic.description, topic.catalog
    )
    if row is None:
        raise LookupError("an upsert returns its row")
    return _read_topic(row)


async def fetch_topic(connection: Connection, tenant: str, name: str) -> Topic | None:
    """None where there is none."""
    row = await connection.fetchrow(_GET, tenant, name)
    return _read_topic(row) if row else None


async def fetch_topics(
    database: Database, tenant: str, after: str, limit: int, *, inbox_id: bytes | None, timeout: float | None
) -> list[Topic]:
    """Those whose name comes after `after`, by name; with `inbox_id`, those that it is in."""
    arguments = (tenant, after, limit) if inbox_id is None else (tenant, after, limit, inbox_id)
    rows = await database.fetch(_LIST if inbox_id is None else _LIST_OF, *arguments, timeout=timeout)
    return [_read_topic(row) for row in rows]


async def delete_topic(connection: Connection, tenant: str, name: str) -> None:
    """With its memberships; the topic is locked."""
    await connection.execute(_DELETE_MEMBERS, tenant, name)
    await connection.execute(_DELETE, tenant, name)


async def lock_topic(connection: Connection, tenant: str, name: str) -> bool:
    """Holds it until the transaction ends; False where there is none."""
    return bool(await connection.fetchval(_LOCK, tenant, name))


async def hold_recipients(connection: Connection, addresses: Collection[InboxAddress]) -> bool:
    """Keeps them from being erased until the transaction ends; False where some do not exist."""
    wanted = {address.inbox_id for address in addresses}
    return len(await connection.fetch(_HOLD_RECIPIENTS, list(wanted))) == len(wanted)


async def add_members(connection: Connection, tenant: str, topic: str, members: Sequence[TopicMember]) -> int:
    """Adds them to a locked topic, or changes their conditions; how many are new. Each is there once."""
    rows = [
        (member.recipient_id, InboxAddress(tenant, member.recipient_id).inbox_id, member.condition)
        for member in members
    ]
    added = await connection.fetchval(_ADD, tenant, topic, *(column(rows, index) for index in range(3)))
    return int(added)


async def remove_members(
    connection: Connection, tenant: str, topic: str, recipient_ids: Collection[str]
) -> int:
    """Of a locked topic; how many were members."""
    return int(await connection.fetchval(_REMOVE, tenant, topic, list(recipient_ids)))


async def fetch_members(
    connection: Connection, tenant: str, topic: str, after: str, limit: int
) -> list[TopicMember]:
    """Those whose id comes after `after`, by id."""
    rows = await connection.fetch(_MEMBERS, tenant, topic, after, limit)
    return [TopicMember(row["recipient_id"], row["condition"], row["create_time"]) for row in rows]


async def lock_topics_of(connection: Connection, inbox_id: bytes) -> None:
    """Before the inbox is locked: in the order in which members are added, so that neither waits for the
    other.
    """
    await connection.execute(_LOCK_THOSE_OF, inbox_id)


def _read_topic(row: Record) -> Topic:
    return Topic(
        row["name"],
        row["display_name"],
        row["description"],
        row["member_count"],
        row["catalog"],
        row["create_time"],
        row["update_time"],
    )
