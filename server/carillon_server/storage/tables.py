"""The schema. Every table of a recipient starts its primary key with `inbox_id`, so that all rows of one
share a shard.

There are no foreign keys: the transactions that write these rows group by inbox, and nothing crosses two
inboxes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    Column("platform", SmallInteger, nullable=False, server_default="0", comment="domain.channel.Platform"),
    _now(),
    Column("register_time", Instant, nullable=False, server_default=func.now(), comment="when last put"),
    Column("retire_time", Instant),
    Column("retire_reason", Text),
    Column(
        "verification",
        SmallInteger,
        nullable=False,
        server_default="1",
        comment="domain.recipient.Verification",
    ),
    Column("verify_time", Instant),
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
    Column("attachments", JSONB, comment="domain.attachment.dump_references; null: none"),
    Column("fallbacks", JSONB, comment="domain.fallback.dump_chains; null: none"),
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
    Column(
        "broadcast_id", LargeBinary, comment="null: payload and parts are its own; else those of the variant"
    ),
    Column("broadcast_variant", Integer),
    Column("retain_time", Instant, comment="when retention next moves it: to the archive, or out of it"),
    Column("policy", LargeBinary, comment="domain.type_policy; null: the defaults of all types"),
    Column("keep_archived_seconds", BigInteger, comment="null: for ever"),
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
    Index(
        "notification_retained",
        "retain_time",
        postgresql_where=text("retain_time IS NOT NULL AND stage IN (1, 2) AND pin_time IS NULL"),
    ),
    Index("notification_removed", "remove_time", postgresql_where=text("stage = 3")),
    # Rows come in the order of time, so this costs next to nothing to keep.
    Index("notification_by_time", "create_time", postgresql_using="brin"),
    Index("notification_by_broadcast", "broadcast_id", postgresql_where=text("broadcast_id IS NOT NULL")),
)

notification_part = Table(
    "notification_part",
    metadata,
    Column("inbox_id", LargeBinary, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", SmallInteger, primary_key=True, autoincrement=False),
    Column("content", JSONB, nullable=False, comment="part name to rendered text: domain.template"),
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
    Column("tenant", Text, nullable=False, server_default=""),
    Column("lane", SmallInteger, nullable=False, server_default="1", comment="domain.lane.Lane"),
    Column("provider", Text, nullable=False, server_default="", comment="of the last attempt"),
    Column(
        "uncounted_attempts",
        Integer,
        nullable=False,
        server_default="0",
        comment="those that were no tries of their own",
    ),
    Column(
        "tried",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="providers that failed since the last wait",
    ),
    Column("fallback_chain", SmallInteger, nullable=False, server_default="0", comment="0: none"),
    Column(
        "fallback_rank", SmallInteger, nullable=False, server_default="0", comment="its place in the chain"
    ),
    Column("at_most_once", Boolean, nullable=False, server_default=text("false"), comment="its last attempt"),
    Column(
        "begin_time", Instant, comment="since when it may be tried, where that is not create_time: its age"
    ),
    Column("confirm_time", Instant, comment="when the provider said that it arrived"),
    Column("open_time", Instant),
    Column("click_time", Instant),
    # SCHEDULED, ATTEMPTING and RETRYING are due at next_attempt_time (for ATTEMPTING: when the lease ends).
    Index("delivery_due_in_lane", "lane", "next_attempt_time", postgresql_where=text("state <= 3")),
    Index("delivery_leased", "next_attempt_time", postgresql_where=text("state = 2")),
    Index("delivery_by_tenant", "tenant", "create_time", "inbox_id", "seq", "ordinal"),
    # The few that operators look for among the many that arrived.
    Index(
        "delivery_failed",
        "tenant",
        "create_time",
        "inbox_id",
        "seq",
        "ordinal",
        postgresql_where=text("state IN (5, 6, 8)"),
    ),
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
    Column("next_attempt_time", Instant, comment="planned when it failed"),
    Index(
        "attempt_by_message",
        "provider_message_id",
        postgresql_where=text("provider_message_id IS NOT NULL AND provider_message_id <> ''"),
    ),
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

provider = Table(
    "provider",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("channel", SmallInteger, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("priority", Integer, nullable=False, server_default="100", comment="the lowest is asked first"),
    Column("weight", Integer, nullable=False, server_default="1", comment="share among equal priorities"),
    Column("rate_per_second", Double, comment="null: unlimited"),
    Column("burst", Integer, nullable=False, server_default="1"),
    Column("max_concurrency", Integer, nullable=False, server_default="10"),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
    Column("secrets", LargeBinary, comment="services.secret_box; null: none"),
    _now(),
    Column("update_time", Instant, nullable=False, server_default=func.now()),
)

provider_health = Table(
    "provider_health",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("update_time", Instant, nullable=False),
)

provider_event = Table(
    "provider_event",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("provider_message_id", Text, nullable=False),
    Column("inbox_id", LargeBinary, comment="null, as the rest of the key: of no delivery that is known"),
    Column("seq", BigInteger),
    Column("ordinal", SmallInteger),
    Column("kind", Text, nullable=False, comment="domain.provider_event.EventKind"),
    Column("event_time", Instant, nullable=False),
    Column("receive_time", Instant, nullable=False, server_default=func.now()),
    Column("applied", Boolean, nullable=False, comment="false: it came too late to change anything"),
    Column(
        "pending",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="the attempt that it speaks of is not written yet",
    ),
    Column("reason", Text, nullable=False, server_default="", comment="a word, for failures"),
    Column("detail", Text, nullable=False, server_default=""),
    Index("provider_event_by_delivery", "inbox_id", "seq", "ordinal"),
    Index("provider_event_by_age", "receive_time"),
    Index("provider_event_pending", "receive_time", postgresql_where=text("pending")),
)

delivery_settings = Table(
    "delivery_settings",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("document", JSONB, nullable=False, comment="domain.delivery_settings"),
    Column("update_time", Instant, nullable=False, server_default=func.now()),
)

attachment = Table(
    "attachment",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True, comment="of the content: stored once however often sent"),
    Column("content", LargeBinary, nullable=False),
    Column("expire_time", Instant, nullable=False, comment="kept until then; each send moves it on"),
    Index("attachment_expiring", "expire_time"),
)

sms_spend = Table(
    "sms_spend",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("amount_micros", BigInteger, nullable=False),
    Column("segments", BigInteger, nullable=False),
)

notification_type = Table(
    "notification_type",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("catalog", Text, nullable=False, server_default="", comment="which one brought it"),
    Column("document", JSONB, nullable=False, comment="domain.notification_type"),
    _now(),
    Column("update_time", Instant, nullable=False, server_default=func.now()),
)

template = Table(
    "template",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("channel", SmallInteger, primary_key=True, autoincrement=False),
    Column("locale", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("active", Boolean, nullable=False),
    Column("catalog", Text, nullable=False, server_default="", comment="which one brought it"),
    Column("parts", JSONB, nullable=False, comment="part name to source: domain.template"),
    Column("layout", Text, nullable=False, server_default=""),
    Column("dependence", SmallInteger, nullable=False, comment="domain.template.Dependence"),
    _now(),
    Index(
        "template_active", "tenant", "type", "channel", "locale", unique=True, postgresql_where=text("active")
    ),
)

layout = Table(
    "layout",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("format", SmallInteger, nullable=False, comment="domain.layout.LayoutFormat"),
    Column("source", Text, nullable=False),
    Column("catalog", Text, nullable=False, server_default="", comment="which one brought it"),
    Column("update_time", Instant, nullable=False, server_default=func.now()),
)

catalog_state = Table(
    "catalog_state",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column(
        "revision", BigInteger, nullable=False, comment="raised by every change of types, templates, layouts"
    ),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'"), comment="domain.catalog_settings"),
)

topic = Table(
    "topic",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text(collation="C"), primary_key=True),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    Column("member_count", BigInteger, nullable=False, server_default="0"),
    Column("catalog", Text, nullable=False, server_default="", comment="which one brought it"),
    _now(),
    Column("update_time", Instant, nullable=False, server_default=func.now()),
)

topic_member = Table(
    "topic_member",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("topic", Text(collation="C"), primary_key=True),
    Column("recipient_id", Text(collation="C"), primary_key=True),
    Column("inbox_id", LargeBinary, nullable=False),
    Column("condition", Text, nullable=False, server_default=""),
    _now(),
    Index("topic_member_by_inbox", "inbox_id"),
)

broadcast = Table(
    "broadcast",
    metadata,
    Column("broadcast_id", LargeBinary, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("topic", Text, nullable=False, comment="empty: everyone"),
    Column("type", Text, nullable=False),
    Column("request", LargeBinary, nullable=False, comment="the Send, serialized"),
    Column("request_trace", Text, nullable=False, server_default=""),
    Column("state", SmallInteger, nullable=False, comment="domain.broadcast.BroadcastState"),
    Column(
        "position", Text, nullable=False, server_default="", comment="recipient_id of the last one reached"
    ),
    Column("audience_count", BigInteger, nullable=False),
    Column("processed_count", BigInteger, nullable=False, server_default="0"),
    Column("notified_count", BigInteger, nullable=False, server_default="0"),
    Column("failed_count", BigInteger, nullable=False, server_default="0"),
    Column("failure", Text, nullable=False, server_default=""),
    Column("fence", BigInteger, nullable=False, server_default="0", comment="raised by every claim"),
    Column("fault_count", SmallInteger, nullable=False, server_default="0", comment="since it last moved on"),
    Column(
        "due_time",
        Instant,
        nullable=False,
        comment="when it may be claimed: its time, or its lease's end; ended: when last looked at",
    ),
    _now(),
    Column("start_time", Instant),
    Column("finish_time", Instant),
    Index("broadcast_due", "due_time", postgresql_where=text("state <= 2")),
    Index("broadcast_ended", "due_time", postgresql_where=text("state > 2")),
    Index("broadcast_by_tenant", "tenant", "create_time", "broadcast_id"),
)

broadcast_content = Table(
    "broadcast_content",
    metadata,
    Column("broadcast_id", LargeBinary, primary_key=True),
    Column("variant", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, comment="locale and time zone that it was rendered for"),
    Column("payload", LargeBinary, nullable=False, comment="as notification.payload"),
    Column("parts", JSONB, nullable=False, comment="channel number to what notification_part.content holds"),
)

__all__ = [
    "api_key",
    "attachment",
    "attempt",
    "broadcast",
    "broadcast_content",
    "catalog_state",
    "delivery",
    "delivery_settings",
    "device",
    "endpoint",
    "idempotency",
    "inbox",
    "inbox_counter",
    "installation",
    "layout",
    "metadata",
    "notification",
    "notification_part",
    "notification_type",
    "preference",
    "provider",
    "provider_event",
    "provider_health",
    "recipient",
    "sms_spend",
    "template",
    "topic",
    "topic_member",
]
