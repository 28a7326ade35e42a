"""The state of a lot lies in its bids' rows; drafts of bids; heartbeats; carriers lose every right on lots and bids."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PRIVILEGES = (
    "DROP POLICY visible_rows ON market.lots",
    "DROP POLICY all_rows ON market.lots",
    "DROP POLICY desk_rows ON market.lots",
    "ALTER TABLE market.lots DISABLE ROW LEVEL SECURITY",
    "REVOKE ALL ON market.lots FROM marketplace_carrier",
    "DROP POLICY visible_rows ON market.bids",
    "DROP POLICY all_rows ON market.bids",
    "DROP POLICY desk_rows ON market.bids",
    "ALTER TABLE market.bids DISABLE ROW LEVEL SECURITY",
    "REVOKE ALL ON market.bids FROM marketplace_carrier",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.heartbeats TO marketplace_app",
    "GRANT SELECT ON kernel.journal TO marketplace_desk",
    "ALTER TABLE kernel.journal ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON kernel.journal TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON kernel.journal TO marketplace_carrier USING (true) WITH CHECK (true)",
    (
        "CREATE POLICY desk_rows ON kernel.journal TO marketplace_desk USING (stream LIKE 'lot:%')"
        " WITH CHECK (stream LIKE 'lot:%')"
    ),
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.bid_drafts TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE ON market.bid_drafts TO marketplace_carrier",
    "ALTER TABLE market.bid_drafts ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.bid_drafts TO marketplace_app USING (true) WITH CHECK (true)",
    (
        "CREATE POLICY visible_rows ON market.bid_drafts TO marketplace_carrier"
        " USING (provider_id = current_setting('marketplace.organization', true))"
        " WITH CHECK (provider_id = current_setting('marketplace.organization', true))"
    ),
)

BEFORE = (
    "DROP POLICY desk_rows ON kernel.journal",
    "DROP POLICY visible_rows ON kernel.journal",
    "DROP POLICY all_rows ON kernel.journal",
    "ALTER TABLE kernel.journal DISABLE ROW LEVEL SECURITY",
    "REVOKE SELECT ON kernel.journal FROM marketplace_desk",
    "ALTER TABLE market.bids ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.bids TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY desk_rows ON market.bids TO marketplace_desk USING (true) WITH CHECK (true)",
    (
        "CREATE POLICY visible_rows ON market.bids TO marketplace_carrier"
        " USING (provider_id = current_setting('marketplace.organization', true))"
        " WITH CHECK (provider_id = current_setting('marketplace.organization', true))"
    ),
    "GRANT SELECT, INSERT ON market.bids TO marketplace_carrier",
    "ALTER TABLE market.lots ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.lots TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY desk_rows ON market.lots TO marketplace_desk USING (true) WITH CHECK (true)",
    (
        "CREATE POLICY visible_rows ON market.lots TO marketplace_carrier"
        " USING (request_id IN (SELECT request_id FROM market.invitations))"
        " WITH CHECK (request_id IN (SELECT request_id FROM market.invitations))"
    ),
    "GRANT SELECT, UPDATE (state, status) ON market.lots TO marketplace_carrier",
)

TAKE_OVER = (
    """
    UPDATE market.lots SET
        rules = state->'rules',
        sequence = (state->>'sequence')::bigint,
        at = (state->>'at')::timestamptz,
        head = jsonb_build_object(
            'opened', state->'opened', 'bidders', state->'bidders', 'excluded', '{}'::jsonb, 'receipts', '[]'::jsonb,
            'proxies', '[]'::jsonb, 'withdrawals', '[]'::jsonb, 'play', NULL, 'paused_at', state->'paused_at',
            'reason', state->'reason', 'awarded_bid', state->'awarded_bid')
    """,
    """
    UPDATE market.lots l SET
        request_version = coalesce(
            (SELECT max(p.version) FROM market.publications p WHERE p.request_id = l.request_id), 1),
        suspended = coalesce((SELECT r.suspended FROM market.requests r WHERE r.id = l.request_id), false)
    """,
    """
    UPDATE market.bids b SET key = b.id, malus = CASE WHEN b.amount IS NULL THEN NULL ELSE 0 END,
        dropped = NOT EXISTS (
            SELECT FROM market.lots l WHERE l.id = b.lot_id AND l.state->'standing' ? b.provider_id)
    """,
)
"""Lots from before: their states' figures become columns, and the bids of bidders who no longer stand are dropped."""


def upgrade() -> None:
    op.create_table(
        "bid_drafts",
        sa.Column("invitation_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("invitation_id"),
        schema="market",
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        schema="kernel",
    )
    op.create_index("ix_market_bid_drafts_provider_id", "bid_drafts", ["provider_id"], schema="market")
    op.add_column("bids", sa.Column("key", sa.Text()), schema="market")
    for name in ("dropped", "automatic", "surrogate"):
        op.add_column("bids", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()), schema="market")
        op.alter_column("bids", name, server_default=None, schema="market")
    op.add_column("bids", sa.Column("malus", sa.Numeric(18, 2)), schema="market")
    op.alter_column("bids", "version", existing_type=sa.INTEGER(), nullable=True, schema="market")
    op.alter_column("bids", "sequence", existing_type=sa.BIGINT(), nullable=True, schema="market")
    for name in ("rules", "head"):
        op.add_column("lots", sa.Column(name, postgresql.JSONB()), schema="market")
    op.add_column("lots", sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"), schema="market")
    op.add_column("lots", sa.Column("sequence", sa.BigInteger()), schema="market")
    op.add_column("lots", sa.Column("at", sa.DateTime(timezone=True)), schema="market")
    op.add_column("lots", sa.Column("extensions", sa.Integer(), nullable=False, server_default="0"), schema="market")
    op.add_column("lots", sa.Column("request_version", sa.Integer()), schema="market")
    op.add_column(
        "lots", sa.Column("suspended", sa.Boolean(), nullable=False, server_default=sa.false()), schema="market"
    )
    for name in ("revision", "extensions", "suspended"):
        op.alter_column("lots", name, server_default=None, schema="market")
    for statement in TAKE_OVER:
        op.execute(statement)
    for name in ("rules", "head", "sequence", "at", "request_version"):
        op.alter_column("lots", name, nullable=False, schema="market")
    op.alter_column("bids", "key", nullable=False, schema="market")
    op.create_unique_constraint(
        "bids_lot_id_provider_id_key_key", "bids", ["lot_id", "provider_id", "key"], schema="market"
    )
    for statement in PRIVILEGES:
        op.execute(statement)
    op.drop_column("lots", "state", schema="market")


def downgrade() -> None:
    op.add_column("lots", sa.Column("state", postgresql.JSONB()), schema="market")
    op.execute("UPDATE market.lots SET state = jsonb_build_object('rules', rules) || head")
    op.alter_column("lots", "state", nullable=False, schema="market")
    for name in ("suspended", "request_version", "extensions", "at", "sequence", "revision", "head", "rules"):
        op.drop_column("lots", name, schema="market")
    op.execute("DELETE FROM market.bids WHERE version IS NULL OR sequence IS NULL")
    op.drop_constraint("bids_lot_id_provider_id_key_key", "bids", schema="market", type_="unique")
    op.alter_column("bids", "sequence", existing_type=sa.BIGINT(), nullable=False, schema="market")
    op.alter_column("bids", "version", existing_type=sa.INTEGER(), nullable=False, schema="market")
    for name in ("malus", "surrogate", "automatic", "dropped", "key"):
        op.drop_column("bids", name, schema="market")
    op.drop_table("heartbeats", schema="kernel")
    op.drop_table("bid_drafts", schema="market")
    for statement in BEFORE:
        op.execute(statement)
