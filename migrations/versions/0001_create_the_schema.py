"""Create the schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Text(), nullable=False, comment="the public prefix of the key"),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False, comment="space-separated scopes"),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expire_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_time", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "attempt",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="null: still running, or its worker died"),
        sa.Column("provider_message_id", sa.Text(), nullable=True),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("inbox_id", "seq", "ordinal", "number"),
    )
    op.create_table(
        "delivery",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("endpoint_id", sa.LargeBinary(), nullable=False, comment="first byte: the channel"),
        sa.Column("state", sa.SmallInteger(), nullable=False, comment="domain.delivery.DeliveryState"),
        sa.Column("attempt_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "fence", sa.BigInteger(), server_default="0", nullable=False, comment="raised by every claim"
        ),
        sa.Column("next_attempt_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_expire_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finish_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column(
            "request_trace", sa.Text(), server_default="", nullable=False, comment="request id of the Send"
        ),
        sa.PrimaryKeyConstraint("inbox_id", "seq", "ordinal"),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "delivery_due",
        "delivery",
        ["next_attempt_time"],
        unique=False,
        postgresql_where=sa.text("state <= 3"),
    )
    op.create_table(
        "device",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("acked_version", sa.BigInteger(), nullable=False),
        sa.Column("ack_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("inbox_id", "device_id"),
    )
    op.create_table(
        "endpoint",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("endpoint_id", sa.LargeBinary(), nullable=False, comment="first byte: the channel"),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retire_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retire_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("inbox_id", "endpoint_id"),
    )
    op.create_table(
        "idempotency",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="domain.send.dump_outcome"),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "caller", "request_id"),
    )
    op.create_index("idempotency_by_age", "idempotency", ["create_time"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("floor_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unread", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unseen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("archived", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("inbox_id"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "inbox_counter",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("unread", sa.BigInteger(), nullable=False),
        sa.Column("unseen", sa.BigInteger(), nullable=False),
        sa.Column("archived", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("inbox_id", "type", "category", "priority"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "epoch", sa.BigInteger(), nullable=False, comment="part of every cursor; raised after a restore"
        ),
        sa.Column(
            "system_identifier", sa.BigInteger(), nullable=False, comment="of the Postgres that served last"
        ),
        sa.Column("timeline", sa.Integer(), nullable=False, comment="of the Postgres that served last"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "notification",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_version", sa.BigInteger(), nullable=False),
        sa.Column(
            "position",
            sa.BigInteger(),
            nullable=False,
            comment="version at which it became visible; 0: never",
        ),
        sa.Column("stage", sa.SmallInteger(), nullable=False, comment="domain.notification.Stage"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("thread_key", sa.Text(), nullable=False),
        sa.Column("collapse_key", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="null: none"),
        sa.Column(
            "channels", sa.LargeBinary(), nullable=False, comment="those the sender named, a byte each"
        ),
        sa.Column("sender", sa.Text(), nullable=False, comment="the principal that sent it"),
        sa.Column("payload", sa.LargeBinary(), nullable=False, comment="the content, serialized once"),
        sa.Column(
            "decisions", sa.LargeBinary(), nullable=False, comment="channel, verdict, reason: a byte each"
        ),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deliver_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expire_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archive_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pin_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("action_id", sa.Text(), nullable=True),
        sa.Column("action_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remove_time", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("inbox_id", "seq"),
    )
    op.create_index("notification_by_change", "notification", ["inbox_id", "change_version"], unique=True)
    op.create_index(
        "notification_collapse",
        "notification",
        ["inbox_id", "collapse_key"],
        unique=False,
        postgresql_where=sa.text("collapse_key <> '' AND stage < 3"),
    )
    op.create_index(
        "notification_expiring",
        "notification",
        ["expire_time"],
        unique=False,
        postgresql_where=sa.text("expire_time IS NOT NULL AND stage < 3"),
    )
    op.create_index(
        "notification_removed",
        "notification",
        ["remove_time"],
        unique=False,
        postgresql_where=sa.text("stage = 3"),
    )
    op.create_index(
        "notification_scheduled",
        "notification",
        ["deliver_time"],
        unique=False,
        postgresql_where=sa.text("stage = 0"),
    )
    op.create_index(
        "notification_unread",
        "notification",
        ["inbox_id", "position"],
        unique=False,
        postgresql_where=sa.text("stage = 1 AND read_time IS NULL AND archive_time IS NULL"),
    )
    op.create_index(
        "notification_visible",
        "notification",
        ["inbox_id", "position"],
        unique=False,
        postgresql_where=sa.text("stage = 1"),
    )
    op.create_table(
        "preference",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("inbox_id"),
    )
    op.create_table(
        "recipient",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("inbox_id"),
    )
    op.create_index(
        "recipient_by_tenant",
        "recipient",
        ["tenant", sa.literal_column('recipient_id COLLATE "C"')],
        unique=True,
    )


def downgrade() -> None:
    op.drop_index("recipient_by_tenant", table_name="recipient")
    op.drop_table("recipient")
    op.drop_table("preference")
    op.drop_index("notification_visible", table_name="notification", postgresql_where=sa.text("stage = 1"))
    op.drop_index(
        "notification_unread",
        table_name="notification",
        postgresql_where=sa.text("stage = 1 AND read_time IS NULL AND archive_time IS NULL"),
    )
    op.drop_index("notification_scheduled", table_name="notification", postgresql_where=sa.text("stage = 0"))
    op.drop_index("notification_removed", table_name="notification", postgresql_where=sa.text("stage = 3"))
    op.drop_index(
        "notification_expiring",
        table_name="notification",
        postgresql_where=sa.text("expire_time IS NOT NULL AND stage < 3"),
    )
    op.drop_index(
        "notification_collapse",
        table_name="notification",
        postgresql_where=sa.text("collapse_key <> '' AND stage < 3"),
    )
    op.drop_index("notification_by_change", table_name="notification")
    op.drop_table("notification")
    op.drop_table("installation")
    op.drop_table("inbox_counter")
    op.drop_table("inbox")
    op.drop_index("idempotency_by_age", table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_table("endpoint")
    op.drop_table("device")
    op.drop_index("delivery_due", table_name="delivery", postgresql_where=sa.text("state <= 3"))
    op.drop_table("delivery")
    op.drop_table("attempt")
    op.drop_table("api_key")
