"""Add the catalog: types, templates, layouts; topics and broadcasts; rendered parts; retention."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")


def upgrade() -> None:
    op.add_column(
        "endpoint",
        sa.Column(
            "verification",
            sa.SmallInteger(),
            server_default="1",
            nullable=False,
            comment="domain.recipient.Verification",
        ),
    )
    op.add_column("endpoint", sa.Column("verify_time", _INSTANT, nullable=True))
    op.add_column(
        "notification",
        sa.Column(
            "broadcast_id",
            sa.LargeBinary(),
            nullable=True,
            comment="null: payload and parts are its own; else those of the variant",
        ),
    )
    op.add_column("notification", sa.Column("broadcast_variant", sa.Integer(), nullable=True))
    op.add_column(
        "notification",
        sa.Column(
            "retain_time",
            _INSTANT,
            nullable=True,
            comment="when retention next moves it: to the archive, or out of it",
        ),
    )
    op.add_column(
        "notification",
        sa.Column(
            "policy",
            sa.LargeBinary(),
            nullable=True,
            comment="domain.type_policy; null: the defaults of all types",
        ),
    )
    op.add_column(
        "notification",
        sa.Column("keep_archived_seconds", sa.BigInteger(), nullable=True, comment="null: for ever"),
    )
    _create_catalog_tables()
    _create_audience_tables()
    op.create_table(
        "notification_part",
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "content",
            postgresql.JSONB(),
            nullable=False,
            comment="part name to rendered text: domain.template",
        ),
        sa.PrimaryKeyConstraint("inbox_id", "seq", "channel"),
    )
    with op.get_context().autocommit_block():
        op.create_index(
            "notification_retained",
            "notification",
            ["retain_time"],
            postgresql_where=sa.text("retain_time IS NOT NULL AND stage IN (1, 2) AND pin_time IS NULL"),
            postgresql_concurrently=True,
        )
        op.create_index(
            "notification_by_broadcast",
            "notification",
            ["broadcast_id"],
            postgresql_where=sa.text("broadcast_id IS NOT NULL"),
            postgresql_concurrently=True,
        )


def _create_catalog_tables() -> None:
    op.create_table(
        "notification_type",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("catalog", sa.Text(), server_default="", nullable=False, comment="which one brought it"),
        sa.Column("document", postgresql.JSONB(), nullable=False, comment="domain.notification_type"),
        sa.Column("create_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.Column("update_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_table(
        "template",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("catalog", sa.Text(), server_default="", nullable=False, comment="which one brought it"),
        sa.Column(
            "parts", postgresql.JSONB(), nullable=False, comment="part name to source: domain.template"
        ),
        sa.Column("layout", sa.Text(), server_default="", nullable=False),
        sa.Column("dependence", sa.SmallInteger(), nullable=False, comment="domain.template.Dependence"),
        sa.Column("create_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "type", "channel", "locale", "version"),
    )
    op.create_index(
        "template_active",
        "template",
        ["tenant", "type", "channel", "locale"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "layout",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.SmallInteger(), nullable=False, comment="domain.layout.LayoutFormat"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("catalog", sa.Text(), server_default="", nullable=False, comment="which one brought it"),
        sa.Column("update_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_table(
        "catalog_state",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column(
            "revision",
            sa.BigInteger(),
            nullable=False,
            comment="raised by every change of types, templates, layouts",
        ),
        sa.Column(
            "settings",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="domain.catalog_settings",
        ),
        sa.PrimaryKeyConstraint("tenant"),
    )


def _create_audience_tables() -> None:
    op.create_table(
        "topic",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("member_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("catalog", sa.Text(), server_default="", nullable=False, comment="which one brought it"),
        sa.Column("create_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.Column("update_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_table(
        "topic_member",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(collation="C"), nullable=False),
        sa.Column("recipient_id", sa.Text(collation="C"), nullable=False),
        sa.Column("inbox_id", sa.LargeBinary(), nullable=False),
        sa.Column("condition", sa.Text(), server_default="", nullable=False),
        sa.Column("create_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "topic", "recipient_id"),
    )
    op.create_index("topic_member_by_inbox", "topic_member", ["inbox_id"])
    op.create_table(
        "broadcast",
        sa.Column("broadcast_id", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False, comment="empty: everyone"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False, comment="the Send, serialized"),
        sa.Column("request_trace", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False, comment="domain.broadcast.BroadcastState"),
        sa.Column(
            "position",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="recipient_id of the last one reached",
        ),
        sa.Column("audience_count", sa.BigInteger(), nullable=False),
        sa.Column("processed_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("notified_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failed_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "fence", sa.BigInteger(), server_default="0", nullable=False, comment="raised by every claim"
        ),
        sa.Column(
            "fault_count",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="since it last moved on",
        ),
        sa.Column(
            "due_time",
            _INSTANT,
            nullable=False,
            comment="when it may be claimed: its time, or its lease's end; ended: when last looked at",
        ),
        sa.Column("create_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.Column("start_time", _INSTANT, nullable=True),
        sa.Column("finish_time", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("broadcast_id"),
    )
    op.create_index("broadcast_by_tenant", "broadcast", ["tenant", "create_time", "broadcast_id"])
    op.create_index("broadcast_due", "broadcast", ["due_time"], postgresql_where=sa.text("state <= 2"))
    op.create_index("broadcast_ended", "broadcast", ["due_time"], postgresql_where=sa.text("state > 2"))
    op.create_table(
        "broadcast_content",
        sa.Column("broadcast_id", sa.LargeBinary(), nullable=False),
        sa.Column("variant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="locale and time zone that it was rendered for"),
        sa.Column("payload", sa.LargeBinary(), nullable=False, comment="as notification.payload"),
        sa.Column(
            "parts",
            postgresql.JSONB(),
            nullable=False,
            comment="channel number to what notification_part.content holds",
        ),
        sa.PrimaryKeyConstraint("broadcast_id", "variant"),
    )


def downgrade() -> None:
    op.drop_index("notification_by_broadcast", "notification")
    op.drop_index("notification_retained", "notification")
    for table in (
        "notification_part",
        "broadcast_content",
        "broadcast",
        "topic_member",
        "topic",
        "catalog_state",
        "layout",
        "template",
        "notification_type",
    ):
        op.drop_table(table)
    op.drop_column("notification", "keep_archived_seconds")
    op.drop_column("notification", "policy")
    op.drop_column("notification", "retain_time")
    op.drop_column("notification", "broadcast_variant")
    op.drop_column("notification", "broadcast_id")
    op.drop_column("endpoint", "verify_time")
    op.drop_column("endpoint", "verification")
