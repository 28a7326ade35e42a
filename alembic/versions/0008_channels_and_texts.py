"""What channels and back-office pages keep beside."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


PRIVILEGES = (
    "GRANT SELECT, INSERT ON market.notice_wordings TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.phone_numbers TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.text_deliveries TO marketplace_app",
    "GRANT SELECT (translations) ON market.notices TO marketplace_carrier",
)
"""What the serving roles may do from this revision on."""

BEFORE = ("REVOKE SELECT (translations) ON market.notices FROM marketplace_carrier",)


def upgrade() -> None:
    op.create_table(
        "notice_wordings",
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event", "audience", "language", "number"),
        schema="market",
        info={"append_only": True},
    )
    op.create_table(
        "phone_numbers",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("code_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        schema="market",
    )
    op.create_table(
        "text_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=True),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_for", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["market.notices.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
    )
    op.create_index(
        "text_deliveries_due",
        "text_deliveries",
        ["due_at"],
        unique=False,
        schema="market",
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )
    op.create_index(
        "text_deliveries_once", "text_deliveries", ["notice_id", "reader_id", "ordinal"], unique=True, schema="market"
    )
    op.create_index(
        "text_deliveries_reader", "text_deliveries", ["reader_id", "created_at"], unique=False, schema="market"
    )
    op.create_index(
        "text_deliveries_waiting",
        "text_deliveries",
        ["notice_id", "reader_id"],
        unique=True,
        schema="market",
        postgresql_where=sa.text("status = 'waiting' AND purpose = 'notice'"),
    )
    op.add_column(
        "notice_preferences",
        sa.Column(
            "texts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        schema="market",
    )
    op.add_column(
        "notice_preferences", sa.Column("language", sa.Text(), server_default="en", nullable=False), schema="market"
    )
    op.add_column(
        "notices",
        sa.Column(
            "translations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        schema="market",
    )
    op.add_column(
        "webhook_endpoints", sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True), schema="market"
    )
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    for statement in BEFORE:
        op.execute(statement)
    op.drop_column("webhook_endpoints", "rests_until", schema="market")
    op.drop_column("notices", "translations", schema="market")
    op.drop_column("notice_preferences", "language", schema="market")
    op.drop_column("notice_preferences", "texts", schema="market")
    op.drop_index(
        "text_deliveries_waiting",
        table_name="text_deliveries",
        schema="market",
        postgresql_where=sa.text("status = 'waiting' AND purpose = 'notice'"),
    )
    op.drop_index("text_deliveries_reader", table_name="text_deliveries", schema="market")
    op.drop_index("text_deliveries_once", table_name="text_deliveries", schema="market")
    op.drop_index(
        "text_deliveries_due",
        table_name="text_deliveries",
        schema="market",
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )
    op.drop_table("text_deliveries", schema="market")
    op.drop_table("phone_numbers", schema="market")
    op.drop_table("notice_wordings", schema="market")
