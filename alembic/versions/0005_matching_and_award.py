"""Territories and footprints, the index's order of changes, own scenarios, approvals and the way to a contract."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


PRIVILEGES = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.approval_limits TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.award_approvals TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.award_confirmations TO marketplace_app",
    "GRANT SELECT, UPDATE (status, decided_at, decided_by, reason, defaulted) ON market.award_confirmations TO marketplace_carrier",
    "ALTER TABLE market.award_confirmations ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.award_confirmations TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.award_confirmations TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.digest_items TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.scenario_boards TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.scenarios TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.switching_costs TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.footprint_versions TO marketplace_app",
    "GRANT SELECT, INSERT, DELETE ON market.footprint_versions TO marketplace_carrier",
    "ALTER TABLE market.footprint_versions ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.footprint_versions TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.footprint_versions TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.footprints TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE ON market.footprints TO marketplace_carrier",
    "ALTER TABLE market.footprints ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.footprints TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.footprints TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.negotiations TO marketplace_app",
    "GRANT SELECT, UPDATE (revision) ON market.negotiations TO marketplace_carrier",
    "ALTER TABLE market.negotiations ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.negotiations TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.negotiations TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.request_facts TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.territories TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.territories TO marketplace_carrier",
    "ALTER TABLE market.territories ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.territories TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.territories TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.proposals TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE (status, answered_by, answered_at) ON market.proposals TO marketplace_carrier",
    "ALTER TABLE market.proposals ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.proposals TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.proposals TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT ON market.terms_files TO marketplace_app",
    "GRANT SELECT, INSERT ON market.terms_files TO marketplace_carrier",
    "ALTER TABLE market.terms_files ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.terms_files TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.terms_files TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT (ends_at) ON market.requests TO marketplace_carrier",
    "GRANT SELECT (ends_at) ON market.requests TO marketplace_desk",
    "ALTER TABLE market.contracts DROP CONSTRAINT contracts_status",
    "ALTER TABLE market.contracts ADD CONSTRAINT contracts_status CHECK (status IN ('presented', 'accepted', 'refused', 'withdrawn'))",
    "INSERT INTO market.negotiations (contract_id, request_id, provider_id, revision, closed) SELECT id, request_id, provider_id, 0, status <> 'presented' FROM market.contracts",
    "INSERT INTO market.award_confirmations (award_id, provider_id, request_id, invitation_id, lots, asked_at, due_at, status, decided_at, reason, defaulted) SELECT l.award_id, l.provider_id, l.request_id, i.id, jsonb_agg(l.lot ORDER BY l.lot), a.at, a.at, 'confirmed', a.at, '', false FROM market.award_lots l JOIN market.awards a ON a.id = l.award_id JOIN market.invitations i ON i.request_id = l.request_id AND i.provider_id = l.provider_id WHERE l.outcome = 'awarded' GROUP BY l.award_id, l.provider_id, l.request_id, i.id, a.at",
)
"""What the serving roles may do from this revision on."""

BEFORE = (
    "UPDATE market.contracts SET status = 'refused' WHERE status = 'withdrawn'",
    "ALTER TABLE market.contracts DROP CONSTRAINT contracts_status",
    "ALTER TABLE market.contracts ADD CONSTRAINT contracts_status CHECK (status IN ('presented', 'accepted', 'refused'))",
)


def upgrade() -> None:
    op.create_table(
        "approval_limits",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id"),
        schema="market",
    )
    op.create_table(
        "award_approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("selection", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("basis", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("limit", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("award_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
    )
    op.create_index(
        "award_approvals_pending",
        "award_approvals",
        ["request_id"],
        unique=True,
        schema="market",
        postgresql_where=sa.text("status = 'waits for approval'"),
    )
    op.create_index(
        op.f("ix_market_award_approvals_request_id"), "award_approvals", ["request_id"], unique=False, schema="market"
    )
    op.create_table(
        "award_confirmations",
        sa.Column("award_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.Text(), nullable=False),
        sa.Column("lots", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("defaulted", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(status = 'awaited') = (decided_at IS NULL)", name="award_confirmations_decided"),
        sa.CheckConstraint(
            "status IN ('awaited', 'confirmed', 'declined', 'returned')", name="award_confirmations_status"
        ),
        sa.PrimaryKeyConstraint("award_id", "provider_id"),
        schema="market",
        info={
            "carrier": "SELECT, UPDATE (status, decided_at, decided_by, reason, defaulted)",
            "own_rows": "provider_id",
        },
    )
    op.create_index(
        "award_confirmations_of_provider",
        "award_confirmations",
        ["provider_id", "request_id"],
        unique=False,
        schema="market",
    )
    op.create_index(
        op.f("ix_market_award_confirmations_request_id"),
        "award_confirmations",
        ["request_id"],
        unique=False,
        schema="market",
    )
    op.create_table(
        "digest_items",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "invitation_id"),
        schema="market",
    )
    op.create_table(
        "scenario_boards",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("board", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
        schema="market",
    )
    op.create_table(
        "scenarios",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_id", "name"),
        schema="market",
    )
    op.create_table(
        "switching_costs",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("costs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stated_by", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
        schema="market",
    )
    op.create_table(
        "footprint_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rows_on_net", sa.Integer(), nullable=False),
        sa.Column("rows_near_net", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("offer_of", sa.LargeBinary(), nullable=False),
        sa.Column("offers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("on_net", sa.LargeBinary(), nullable=False),
        sa.Column("near_net", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["market.providers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider_id", "number"),
        schema="market",
        info={"carrier": "SELECT, INSERT, DELETE", "own_rows": "provider_id"},
    )
    op.create_table(
        "footprints",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), server_default=sa.text("'private'"), nullable=False),
        sa.Column("in_force", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("newest", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("visibility IN ('private', 'published')", name="footprints_visibility"),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["market.providers.id"],
        ),
        sa.PrimaryKeyConstraint("provider_id"),
        schema="market",
        info={"carrier": "SELECT, INSERT, UPDATE", "own_rows": "provider_id"},
    )
    op.create_table(
        "negotiations",
        sa.Column("contract_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["market.contracts.id"],
        ),
        sa.PrimaryKeyConstraint("contract_id"),
        schema="market",
        info={"carrier": "SELECT, UPDATE (revision)", "own_rows": "provider_id"},
    )
    op.create_table(
        "request_facts",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("provider_list", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["market.requests.id"],
        ),
        sa.PrimaryKeyConstraint("request_id"),
        schema="market",
    )
    op.create_index(
        op.f("ix_market_request_facts_published_at"), "request_facts", ["published_at"], unique=False, schema="market"
    )
    op.create_table(
        "territories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("excluded", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["market.providers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={"carrier": "SELECT, INSERT, UPDATE, DELETE", "own_rows": "provider_id"},
    )
    op.create_index(
        "territories_in_order", "territories", ["provider_id", "created_at", "id"], unique=False, schema="market"
    )
    op.create_table(
        "proposals",
        sa.Column("contract_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'open') = (answered_at IS NULL)", name="proposals_answered"),
        sa.CheckConstraint("side IN ('buyer', 'provider')", name="proposals_side"),
        sa.CheckConstraint(
            "status IN ('open', 'accepted', 'countered', 'withdrawn', 'lapsed')", name="proposals_status"
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["market.negotiations.contract_id"],
        ),
        sa.PrimaryKeyConstraint("contract_id", "version"),
        schema="market",
        info={"carrier": "SELECT, INSERT, UPDATE (status, answered_by, answered_at)", "own_rows": "provider_id"},
    )
    op.create_table(
        "terms_files",
        sa.Column("terms_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["market.providers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["terms_id"],
            ["market.terms_documents.id"],
        ),
        sa.PrimaryKeyConstraint("terms_id"),
        schema="market",
        info={"append_only": True, "carrier": "SELECT, INSERT", "own_rows": "provider_id"},
    )
    op.add_column("awards", sa.Column("approved_by", sa.Text(), nullable=True), schema="market")
    op.add_column(
        "awards",
        sa.Column("basis", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="market",
    )
    op.add_column(
        "awards",
        sa.Column("discounts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="market",
    )
    op.add_column("requests", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True), schema="market")
    op.add_column(
        "terms_documents",
        sa.Column("media_type", sa.Text(), server_default=sa.text("'text/markdown'"), nullable=False),
        schema="market",
    )
    op.add_column("terms_documents", sa.Column("pages", sa.Integer(), nullable=True), schema="market")
    op.add_column(
        "terms_documents",
        sa.Column("key_terms", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="market",
    )
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    for statement in BEFORE:
        op.execute(statement)
    op.drop_column("terms_documents", "key_terms", schema="market")
    op.drop_column("terms_documents", "pages", schema="market")
    op.drop_column("terms_documents", "media_type", schema="market")
    op.drop_column("requests", "ends_at", schema="market")
    op.drop_column("awards", "discounts", schema="market")
    op.drop_column("awards", "basis", schema="market")
    op.drop_column("awards", "approved_by", schema="market")
    op.drop_table("terms_files", schema="market")
    op.drop_table("proposals", schema="market")
    op.drop_index("territories_in_order", table_name="territories", schema="market")
    op.drop_table("territories", schema="market")
    op.drop_index(op.f("ix_market_request_facts_published_at"), table_name="request_facts", schema="market")
    op.drop_table("request_facts", schema="market")
    op.drop_table("negotiations", schema="market")
    op.drop_table("footprints", schema="market")
    op.drop_table("footprint_versions", schema="market")
    op.drop_table("switching_costs", schema="market")
    op.drop_table("scenarios", schema="market")
    op.drop_table("scenario_boards", schema="market")
    op.drop_table("digest_items", schema="market")
    op.drop_index(op.f("ix_market_award_confirmations_request_id"), table_name="award_confirmations", schema="market")
    op.drop_index("award_confirmations_of_provider", table_name="award_confirmations", schema="market")
    op.drop_table("award_confirmations", schema="market")
    op.drop_index(op.f("ix_market_award_approvals_request_id"), table_name="award_approvals", schema="market")
    op.drop_index(
        "award_approvals_pending",
        table_name="award_approvals",
        schema="market",
        postgresql_where=sa.text("status = 'waits for approval'"),
    )
    op.drop_table("award_approvals", schema="market")
    op.drop_table("approval_limits", schema="market")
