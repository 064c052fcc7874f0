"""The schema. Every table of a recipient starts its primary key with `inbox_id`, so that all rows of one
share a shard.

There are no foreign keys: the transactions that write these rows group by inbox, and nothing crosses two
inboxes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

Instant = DateTime(timezone=True)


def _now() -> Column[object]:
    return Column("create_time", Instant, nullable=False, server_default=func.now())


installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False, comment="part of every cursor; raised after a restore"),
    Column("system_identifier", BigInteger, nullable=False, comment="of the Postgres that served last"),
    Column("timeline", Integer, nullable=False, comment="of the Postgres that served last"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", Text, primary_key=True, comment="the public prefix of the key"),
    Column("tenant", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("roles", Text, nullable=False, comment="space-separated scopes"),
    Column("secret_hash", LargeBinary, nullable=False),
    _now(),
    Column("expire_time", Instant),
    Column("revoke_time", Instant),
)

recipient = Table(
    "recipient",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("recipient_id", Text, nullable=False),
    Column("locale", Text, nullable=False, server_default=""),
    Column("time_zone", Text, nullable=False, server_default=""),
    Column("attributes", JSONB, nullable=False, server_default=text("'{}'")),
    _now(),
    Column("update_time", Instant, nullable=False, server_default=func.now()),
    Index("recipient_by_tenant", "tenant", text('recipient_id COLLATE "C"'), unique=True),
)

endpoint = Table(
    "endpoint",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("endpoint_id", LargeBinary, primary_key=True, comment="first byte: the channel"),
    Column("address", Text, nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    _now(),
    Column("retire_time", Instant),
    Column("retire_reason", Text),
)

preference = Table(
    "preference",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("update_time", Instant, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("recipient_id", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("floor_version", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger, nullable=False, server_default="0"),
    Column("unread", BigInteger, nullable=False, server_default="0"),
    Column("unseen", BigInteger, nullable=False, server_default="0"),
    Column("archived", BigInteger, nullable=False, server_default="0"),
    # Every send rewrites the row: room on the page keeps those updates off the index.
    postgresql_with={"fillfactor": 70},
)

inbox_counter = Table(
    "inbox_counter",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("priority", SmallInteger, primary_key=True, autoincrement=False),
    Column("total", BigInteger, nullable=False),
    Column("unread", BigInteger, nullable=False),
    Column("unseen", BigInteger, nullable=False),
    Column("archived", BigInteger, nullable=False),
    postgresql_with={"fillfactor": 70},
)

notification = Table(
    "notification",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("change_version", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False, comment="version at which it became visible; 0: never"),
    Column("stage", SmallInteger, nullable=False, comment="domain.notification.Stage"),
    Column("type", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("thread_key", Text, nullable=False),
    Column("collapse_key", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("labels", JSONB, comment="null: none"),
    Column("channels", LargeBinary, nullable=False, comment="those the sender named, a byte each"),
    Column("sender", Text, nullable=False, comment="the principal that sent it"),
    Column("payload", LargeBinary, nullable=False, comment="the content, serialized once"),
    Column("decisions", LargeBinary, nullable=False, comment="channel, verdict, reason: a byte each"),
    Column("create_time", Instant, nullable=False),
    Column("deliver_time", Instant, nullable=False),
    Column("expire_time", Instant),
    Column("read_time", Instant),
    Column("seen_time", Instant),
    Column("archive_time", Instant),
    Column("pin_time", Instant),
    Column("action_id", Text),
    Column("action_time", Instant),
    Column("remove_time", Instant),
    Index("notification_by_change", "inbox_id", "change_version", unique=True),
    Index("notification_visible", "inbox_id", "position", postgresql_where=text("stage = 1")),
    Index(
        "notification_unread",
        "inbox_id",
        "position",
        postgresql_where=text("stage = 1 AND read_time IS NULL AND archive_time IS NULL"),
    ),
    Index(
        "notification_collapse",
        "inbox_id",
        "collapse_key",
        postgresql_where=text("collapse_key <> '' AND stage < 3"),
    ),
    Index("notification_scheduled", "deliver_time", postgresql_where=text("stage = 0")),
    Index(
        "notification_expiring", "expire_time", postgresql_where=text("expire_time IS NOT NULL AND stage < 3")
    ),
    Index("notification_removed", "remove_time", postgresql_where=text("stage = 3")),
)

delivery = Table(
    "delivery",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", SmallInteger, primary_key=True, autoincrement=False),
    Column("endpoint_id", LargeBinary, nullable=False, comment="first byte: the channel"),
    Column("state", SmallInteger, nullable=False, comment="domain.delivery.DeliveryState"),
    Column("attempt_count", Integer, nullable=False, server_default="0"),
    Column("fence", BigInteger, nullable=False, server_default="0", comment="raised by every claim"),
    Column("next_attempt_time", Instant, nullable=False),
    Column("lease_expire_time", Instant),
    Column("create_time", Instant, nullable=False),
    Column("finish_time", Instant),
    Column("finish_reason", Text),
    Column("request_trace", Text, nullable=False, server_default="", comment="request id of the Send"),
    # SCHEDULED, ATTEMPTING and RETRYING are due at next_attempt_time (for ATTEMPTING: when the lease ends).
    Index("delivery_due", "next_attempt_time", postgresql_where=text("state <= 3")),
    postgresql_with={"fillfactor": 80},
)

attempt = Table(
    "attempt",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("start_time", Instant, nullable=False),
    Column("end_time", Instant),
    Column("outcome", Text, comment="null: still running, or its worker died"),
    Column("provider_message_id", Text),
    Column("error_class", Text),
    Column("error_detail", Text),
)

device = Table(
    "device",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("acked_version", BigInteger, nullable=False),
    Column("ack_time", Instant, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("caller", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False, comment="domain.send.dump_outcome"),
    Column("create_time", Instant, nullable=False),
    Index("idempotency_by_age", "create_time"),
)

__all__ = [
    "api_key",
    "attempt",
    "delivery",
    "device",
    "endpoint",
    "idempotency",
    "inbox",
    "inbox_counter",
    "installation",
    "metadata",
    "notification",
    "preference",
    "recipient",
]
