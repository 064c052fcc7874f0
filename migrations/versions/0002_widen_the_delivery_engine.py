"""Widen the delivery engine: providers of tenants, lanes, fallbacks, callbacks, attachments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")

_HAS_MESSAGE = sa.text("provider_message_id IS NOT NULL AND provider_message_id <> ''")
_PENDING = sa.text("state <= 3")
_FAILED = sa.text("state IN (5, 6, 8)")


def _columns() -> list[tuple[str, sa.Column[object]]]:
    """The table and the column that it gets; made anew each time, since a column belongs to one table."""
    delivery: list[sa.Column[object]] = [
        sa.Column("tenant", sa.Text(), server_default="", nullable=False),
        sa.Column("lane", sa.SmallInteger(), server_default="1", nullable=False, comment="domain.lane.Lane"),
        sa.Column("provider", sa.Text(), server_default="", nullable=False, comment="of the last attempt"),
        sa.Column(
            "uncounted_attempts",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="those that were no tries of their own",
        ),
        sa.Column(
            "tried",
            postgresql.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="providers that failed since the last wait",
        ),
        sa.Column("fallback_chain", sa.SmallInteger(), server_default="0", nullable=False, comment="0: none"),
        sa.Column(
            "fallback_rank",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="its place in the chain",
        ),
        sa.Column(
            "at_most_once",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="its last attempt",
        ),
        sa.Column(
            "begin_time",
            _INSTANT,
            nullable=True,
            comment="since when it may be tried, where that is not create_time: its age",
        ),
        sa.Column("confirm_time", _INSTANT, nullable=True, comment="when the provider said that it arrived"),
        sa.Column("open_time", _INSTANT, nullable=True),
        sa.Column("click_time", _INSTANT, nullable=True),
    ]
    endpoint: list[sa.Column[object]] = [
        sa.Column(
            "platform",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="domain.channel.Platform",
        ),
        sa.Column("register_time", _INSTANT, server_default=_NOW, nullable=False, comment="when last put"),
    ]
    return [
        *(("delivery", column) for column in delivery),
        *(("endpoint", column) for column in endpoint),
        (
            "notification",
            sa.Column(
                "attachments",
                postgresql.JSONB(),
                nullable=True,
                comment="domain.attachment.dump_references; null: none",
            ),
        ),
        (
            "notification",
            sa.Column(
                "fallbacks",
                postgresql.JSONB(),
                nullable=True,
                comment="domain.fallback.dump_chains; null: none",
            ),
        ),
        (
            "attempt",
            sa.Column("next_attempt_time", _INSTANT, nullable=True, comment="planned when it failed"),
        ),
    ]


def upgrade() -> None:
    for table, column in _columns():
        op.add_column(table, column)
    _create_provider_tables()
    _create_other_tables()
    # What waits belongs to a tenant too: rows written before say so here.
    op.execute(
        "UPDATE delivery d SET tenant = i.tenant FROM inbox i WHERE i.inbox_id = d.inbox_id AND d.state <= 3"
    )
    with op.get_context().autocommit_block():
        op.create_index(
            "delivery_due_in_lane",
            "delivery",
            ["lane", "next_attempt_time"],
            postgresql_where=_PENDING,
            postgresql_concurrently=True,
        )
        op.create_index(
            "delivery_leased",
            "delivery",
            ["next_attempt_time"],
            postgresql_where=sa.text("state = 2"),
            postgresql_concurrently=True,
        )
        op.create_index(
            "delivery_by_tenant",
            "delivery",
            ["tenant", "create_time", "inbox_id", "seq", "ordinal"],
            postgresql_concurrently=True,
        )
        op.create_index(
            "delivery_failed",
            "delivery",
            ["tenant", "create_time", "inbox_id", "seq", "ordinal"],
            postgresql_where=_FAILED,
            postgresql_concurrently=True,
        )
        op.create_index(
            "notification_by_time",
            "notification",
            ["create_time"],
            postgresql_using="brin",
            postgresql_concurrently=True,
        )
        op.create_index(
            "attempt_by_message",
            "attempt",
            ["provider_message_id"],
            postgresql_where=_HAS_MESSAGE,
            postgresql_concurrently=True,
        )
        op.drop_index("delivery_due", "delivery", postgresql_concurrently=True)


def _create_provider_tables() -> None:
    op.create_table(
        "provider",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "priority",
            sa.Integer(),
            server_default="100",
            nullable=False,
            comment="the lowest is asked first",
        ),
        sa.Column(
            "weight", sa.Integer(), server_default="1", nullable=False, comment="share among equal priorities"
        ),
        sa.Column("rate_per_second", sa.Double(), nullable=True, comment="null: unlimited"),
        sa.Column("burst", sa.Integer(), server_default="1", nullable=False),
        sa.Column("max_concurrency", sa.Integer(), server_default="10", nullable=False),
        sa.Column("settings", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True, comment="services.secret_box; null: none"),
        sa.Column("create_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.Column("update_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_table(
        "provider_health",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("update_time", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", "worker"),
    )
    op.create_table(
        "provider_event",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("provider_message_id", sa.Text(), nullable=False),
        sa.Column(
            "inbox_id",
            sa.LargeBinary(),
            nullable=True,
            comment="null, as the rest of the key: of no delivery that is known",
        ),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("ordinal", sa.SmallInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False, comment="domain.provider_event.EventKind"),
        sa.Column("event_time", _INSTANT, nullable=False),
        sa.Column("receive_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.Column(
            "applied", sa.Boolean(), nullable=False, comment="false: it came too late to change anything"
        ),
        sa.Column(
            "pending",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the attempt that it speaks of is not written yet",
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False, comment="a word, for failures"),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "provider", "event_id"),
    )
    op.create_index("provider_event_by_delivery", "provider_event", ["inbox_id", "seq", "ordinal"])
    op.create_index("provider_event_by_age", "provider_event", ["receive_time"])
    op.create_index(
        "provider_event_pending",
        "provider_event",
        ["receive_time"],
        postgresql_where=sa.text("pending"),
    )


def _create_other_tables() -> None:
    op.create_table(
        "delivery_settings",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False, comment="domain.delivery_settings"),
        sa.Column("update_time", _INSTANT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "attachment",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="of the content: stored once however often sent",
        ),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("expire_time", _INSTANT, nullable=False, comment="kept until then; each send moves it on"),
        sa.PrimaryKeyConstraint("tenant", "digest"),
    )
    op.create_index("attachment_expiring", "attachment", ["expire_time"])
    op.create_table(
        "sms_spend",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount_micros", sa.BigInteger(), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "day"),
    )


def downgrade() -> None:
    for table in ("sms_spend", "attachment", "delivery_settings"):
        op.drop_table(table)
    for table in ("provider_event", "provider_health", "provider"):
        op.drop_table(table)
    op.drop_index("attempt_by_message", "attempt")
    op.drop_index("notification_by_time", "notification")
    op.drop_index("delivery_failed", "delivery")
    op.drop_index("delivery_by_tenant", "delivery")
    op.create_index("delivery_due", "delivery", ["next_attempt_time"], postgresql_where=_PENDING)
    op.drop_index("delivery_leased", "delivery")
    op.drop_index("delivery_due_in_lane", "delivery")
    for table, column in reversed(_columns()):
        op.drop_column(table, column.name)
