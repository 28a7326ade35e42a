"""What the pages of the third round keep."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


PRIVILEGES = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.calendar_feeds TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.desk_addresses TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.kept_mails TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.mail_addresses TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.notice_preferences TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.webhook_endpoints TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE ON market.webhook_endpoints TO marketplace_carrier",
    "ALTER TABLE market.webhook_endpoints ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.webhook_endpoints TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.webhook_endpoints TO marketplace_carrier USING (organization_id = current_setting('marketplace.organization', true)) WITH CHECK (organization_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.mail_deliveries TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.webhook_deliveries TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE ON market.webhook_deliveries TO marketplace_carrier",
    "ALTER TABLE market.webhook_deliveries ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.webhook_deliveries TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.webhook_deliveries TO marketplace_carrier USING (organization_id = current_setting('marketplace.organization', true)) WITH CHECK (organization_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.webhook_attempts TO marketplace_app",
    "GRANT SELECT ON market.webhook_attempts TO marketplace_carrier",
    "ALTER TABLE market.webhook_attempts ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.webhook_attempts TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.webhook_attempts TO marketplace_carrier USING (organization_id = current_setting('marketplace.organization', true)) WITH CHECK (organization_id = current_setting('marketplace.organization', true))",
)
"""What the serving roles may do from this revision on."""


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        schema="market",
    )
    op.create_table(
        "desk_addresses",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id"),
        schema="market",
    )
    op.create_table(
        "kept_mails",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
    )
    op.create_index(op.f("ix_market_kept_mails_at"), "kept_mails", ["at"], unique=False, schema="market")
    op.create_table(
        "mail_addresses",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("bounces", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("suppressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("address"),
        sa.UniqueConstraint("id"),
        schema="market",
    )
    op.create_table(
        "notice_preferences",
        sa.Column("reader_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("timing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reader_id"),
        schema="market",
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={"carrier": "SELECT, INSERT, UPDATE", "own_rows": "organization_id"},
    )
    op.create_index(
        "webhook_endpoints_organization", "webhook_endpoints", ["organization_id"], unique=False, schema="market"
    )
    op.create_table(
        "mail_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=True),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("mail_id", sa.Text(), nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
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
        "mail_deliveries_due",
        "mail_deliveries",
        ["due_at"],
        unique=False,
        schema="market",
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )
    op.create_index("mail_deliveries_mail", "mail_deliveries", ["mail_id"], unique=False, schema="market")
    op.create_index(
        "mail_deliveries_old",
        "mail_deliveries",
        ["planned_for"],
        unique=False,
        schema="market",
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )
    op.create_index(
        "mail_deliveries_once", "mail_deliveries", ["notice_id", "reader_id", "ordinal"], unique=True, schema="market"
    )
    op.create_index(
        "mail_deliveries_reader", "mail_deliveries", ["reader_id", "created_at"], unique=False, schema="market"
    )
    op.create_index(
        "mail_deliveries_waiting",
        "mail_deliveries",
        ["notice_id", "reader_id"],
        unique=True,
        schema="market",
        postgresql_where=sa.text("status = 'waiting' AND purpose = 'notice'"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempts_before", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["market.webhook_endpoints.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("endpoint_id", "notice_id", "ordinal"),
        schema="market",
        info={"carrier": "SELECT, INSERT, UPDATE", "own_rows": "organization_id"},
    )
    op.create_index(
        "webhook_deliveries_due",
        "webhook_deliveries",
        ["due_at"],
        unique=False,
        schema="market",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "webhook_deliveries_log",
        "webhook_deliveries",
        ["endpoint_id", "created_at", "ordinal", "id"],
        unique=False,
        schema="market",
    )
    op.create_index(
        "webhook_deliveries_order",
        "webhook_deliveries",
        ["endpoint_id", "subject", "ordinal"],
        unique=False,
        schema="market",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "webhook_deliveries_unwritten",
        "webhook_deliveries",
        ["endpoint_id", "notice_id"],
        unique=True,
        schema="market",
        postgresql_where=sa.text("state = 'pending' AND body IS NULL"),
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["market.webhook_deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", "number"),
        schema="market",
        info={"carrier": "SELECT", "own_rows": "organization_id"},
    )
    op.add_column("notices", sa.Column("urgency", sa.Text(), server_default="soon", nullable=False), schema="market")
    op.create_index("notices_position", "notices", ["position"], unique=False, schema="market")
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("notices_position", table_name="notices", schema="market")
    op.drop_column("notices", "urgency", schema="market")
    op.drop_table("webhook_attempts", schema="market")
    op.drop_index(
        "webhook_deliveries_unwritten",
        table_name="webhook_deliveries",
        schema="market",
        postgresql_where=sa.text("state = 'pending' AND body IS NULL"),
    )
    op.drop_index(
        "webhook_deliveries_order",
        table_name="webhook_deliveries",
        schema="market",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index("webhook_deliveries_log", table_name="webhook_deliveries", schema="market")
    op.drop_index(
        "webhook_deliveries_due",
        table_name="webhook_deliveries",
        schema="market",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_table("webhook_deliveries", schema="market")
    op.drop_index(
        "mail_deliveries_waiting",
        table_name="mail_deliveries",
        schema="market",
        postgresql_where=sa.text("status = 'waiting' AND purpose = 'notice'"),
    )
    op.drop_index("mail_deliveries_reader", table_name="mail_deliveries", schema="market")
    op.drop_index("mail_deliveries_once", table_name="mail_deliveries", schema="market")
    op.drop_index(
        "mail_deliveries_old",
        table_name="mail_deliveries",
        schema="market",
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )
    op.drop_index("mail_deliveries_mail", table_name="mail_deliveries", schema="market")
    op.drop_index(
        "mail_deliveries_due",
        table_name="mail_deliveries",
        schema="market",
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )
    op.drop_table("mail_deliveries", schema="market")
    op.drop_index("webhook_endpoints_organization", table_name="webhook_endpoints", schema="market")
    op.drop_table("webhook_endpoints", schema="market")
    op.drop_table("notice_preferences", schema="market")
    op.drop_table("mail_addresses", schema="market")
    op.drop_index(op.f("ix_market_kept_mails_at"), table_name="kept_mails", schema="market")
    op.drop_table("kept_mails", schema="market")
    op.drop_table("desk_addresses", schema="market")
    op.drop_table("calendar_feeds", schema="market")
