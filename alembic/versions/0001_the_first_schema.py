"""The first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

SCHEMAS = ("identity", "registry", "market")


PRIVILEGES = (
    "GRANT USAGE ON SCHEMA kernel TO marketplace_app",
    "GRANT USAGE ON SCHEMA identity TO marketplace_app",
    "GRANT USAGE ON SCHEMA registry TO marketplace_app",
    "GRANT USAGE ON SCHEMA market TO marketplace_app",
    "GRANT USAGE ON SCHEMA kernel TO marketplace_carrier",
    "GRANT USAGE ON SCHEMA market TO marketplace_carrier",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.organizations TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.sign_in_attempts TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.alarms TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.cursors TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.idempotency TO marketplace_app",
    "GRANT SELECT, INSERT ON kernel.idempotency TO marketplace_carrier",
    "ALTER TABLE kernel.idempotency ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON kernel.idempotency",
    "CREATE POLICY all_rows ON kernel.idempotency TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON kernel.idempotency",
    "CREATE POLICY visible_rows ON kernel.idempotency TO marketplace_carrier USING (split_part(caller, ' ', 1) = current_setting('marketplace.user', true)) WITH CHECK (split_part(caller, ' ', 1) = current_setting('marketplace.user', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.imports TO marketplace_app",
    "GRANT SELECT, INSERT ON kernel.journal TO marketplace_app",
    "GRANT UPDATE (position) ON kernel.journal TO marketplace_app",
    "GRANT INSERT ON kernel.journal TO marketplace_carrier",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.streams TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE ON kernel.streams TO marketplace_carrier",
    "ALTER TABLE kernel.streams ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON kernel.streams",
    "CREATE POLICY all_rows ON kernel.streams TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON kernel.streams",
    "CREATE POLICY visible_rows ON kernel.streams TO marketplace_carrier USING (split_part(stream, ':', 1) IN ('lot', 'invitation', 'provider', 'request')) WITH CHECK (split_part(stream, ':', 1) IN ('lot', 'invitation', 'provider', 'request'))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.award_lots TO marketplace_app",
    "GRANT SELECT (award_id, request_id, lot, outcome, provider_id, bid_id, total) ON market.award_lots TO marketplace_carrier",
    "ALTER TABLE market.award_lots ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.award_lots",
    "CREATE POLICY all_rows ON market.award_lots TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.award_lots",
    "CREATE POLICY visible_rows ON market.award_lots TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.awards TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.bids TO marketplace_app",
    "GRANT SELECT, INSERT ON market.bids TO marketplace_carrier",
    "ALTER TABLE market.bids ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.bids",
    "CREATE POLICY all_rows ON market.bids TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.bids",
    "CREATE POLICY visible_rows ON market.bids TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.catalogue_versions TO marketplace_app",
    "GRANT SELECT ON market.catalogue_versions TO marketplace_carrier",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.contracts TO marketplace_app",
    "GRANT SELECT ON market.contracts TO marketplace_carrier",
    "ALTER TABLE market.contracts ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.contracts",
    "CREATE POLICY all_rows ON market.contracts TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.contracts",
    "CREATE POLICY visible_rows ON market.contracts TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.disclosures TO marketplace_app",
    "GRANT SELECT ON market.disclosures TO marketplace_carrier",
    "ALTER TABLE market.disclosures ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.disclosures",
    "CREATE POLICY all_rows ON market.disclosures TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.disclosures",
    "CREATE POLICY visible_rows ON market.disclosures TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.lot_keys TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.lots TO marketplace_app",
    "GRANT SELECT, UPDATE (state, status) ON market.lots TO marketplace_carrier",
    "ALTER TABLE market.lots ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.lots",
    "CREATE POLICY all_rows ON market.lots TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.lots",
    "CREATE POLICY visible_rows ON market.lots TO marketplace_carrier USING (request_id IN (SELECT request_id FROM market.invitations)) WITH CHECK (request_id IN (SELECT request_id FROM market.invitations))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.notices TO marketplace_app",
    "GRANT SELECT (id, organization_id, ordinal, event, severity, subject_kind, subject_id, title, text, count, created_at, updated_at) ON market.notices TO marketplace_carrier",
    "ALTER TABLE market.notices ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.notices",
    "CREATE POLICY all_rows ON market.notices TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.notices",
    "CREATE POLICY visible_rows ON market.notices TO marketplace_carrier USING (organization_id = current_setting('marketplace.organization', true)) WITH CHECK (organization_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.providers TO marketplace_app",
    "GRANT SELECT ON market.providers TO marketplace_carrier",
    "ALTER TABLE market.providers ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.providers",
    "CREATE POLICY all_rows ON market.providers TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.providers",
    "CREATE POLICY visible_rows ON market.providers TO marketplace_carrier USING (id = current_setting('marketplace.organization', true)) WITH CHECK (id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.publications TO marketplace_app",
    "GRANT SELECT (request_id, version, view, changed, at) ON market.publications TO marketplace_carrier",
    "ALTER TABLE market.publications ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.publications",
    "CREATE POLICY all_rows ON market.publications TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.publications",
    "CREATE POLICY visible_rows ON market.publications TO marketplace_carrier USING (request_id IN (SELECT request_id FROM market.invitations)) WITH CHECK (request_id IN (SELECT request_id FROM market.invitations))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.requests TO marketplace_app",
    "GRANT SELECT (id, status, suspended, version, closes_at, published_at) ON market.requests TO marketplace_carrier",
    "ALTER TABLE market.requests ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.requests",
    "CREATE POLICY all_rows ON market.requests TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.requests",
    "CREATE POLICY visible_rows ON market.requests TO marketplace_carrier USING (id IN (SELECT request_id FROM market.invitations)) WITH CHECK (id IN (SELECT request_id FROM market.invitations))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON registry.buyers TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.users TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.filters TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.filters TO marketplace_carrier",
    "ALTER TABLE market.filters ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.filters",
    "CREATE POLICY all_rows ON market.filters TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.filters",
    "CREATE POLICY visible_rows ON market.filters TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.invitations TO marketplace_app",
    "GRANT SELECT, UPDATE (status, seen_at, declined_at, decline_reason) ON market.invitations TO marketplace_carrier",
    "ALTER TABLE market.invitations ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.invitations",
    "CREATE POLICY all_rows ON market.invitations TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.invitations",
    "CREATE POLICY visible_rows ON market.invitations TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT ON market.notice_reads TO marketplace_app",
    "GRANT SELECT, INSERT ON market.notice_reads TO marketplace_carrier",
    "ALTER TABLE market.notice_reads ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.notice_reads",
    "CREATE POLICY all_rows ON market.notice_reads TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.notice_reads",
    "CREATE POLICY visible_rows ON market.notice_reads TO marketplace_carrier USING (organization_id = current_setting('marketplace.organization', true)) WITH CHECK (organization_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT ON market.terms_documents TO marketplace_app",
    "GRANT SELECT, INSERT ON market.terms_documents TO marketplace_carrier",
    "ALTER TABLE market.terms_documents ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS all_rows ON market.terms_documents",
    "CREATE POLICY all_rows ON market.terms_documents TO marketplace_app USING (true) WITH CHECK (true)",
    "DROP POLICY IF EXISTS visible_rows ON market.terms_documents",
    "CREATE POLICY visible_rows ON market.terms_documents TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT ON registry.decisions TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON registry.documents TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON registry.evidence TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON registry.request_owners TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON registry.sites TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.api_keys TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.recovery_codes TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.sessions TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.refresh_tokens TO marketplace_app",
)
"""What the two serving roles may do, as of this revision; row security shows carriers their own rows."""


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table(
        "organizations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="identity",
    )
    op.create_index(
        "one_platform",
        "organizations",
        ["kind"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("kind = 'platform'"),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", "client"),
        schema="identity",
    )
    op.create_index(
        op.f("ix_identity_sign_in_attempts_last_at"), "sign_in_attempts", ["last_at"], unique=False, schema="identity"
    )
    op.create_table(
        "alarms",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
        schema="kernel",
    )
    op.create_index(op.f("ix_kernel_alarms_due_at"), "alarms", ["due_at"], unique=False, schema="kernel")
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        schema="kernel",
    )
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key"),
        schema="kernel",
        info={
            "carrier": "SELECT, INSERT",
            "visible_rows": "split_part(caller, ' ', 1) = current_setting('marketplace.user', true)",
        },
    )
    op.create_index(
        op.f("ix_kernel_idempotency_created_at"), "idempotency", ["created_at"], unique=False, schema="kernel"
    )
    op.create_table(
        "imports",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "reference"),
        schema="kernel",
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("stream", "seq"),
        schema="kernel",
        info={"append_only": True, "stamped": ("position",), "carrier": "INSERT"},
    )
    op.create_index("journal_position", "journal", ["position"], unique=True, schema="kernel")
    op.create_index(
        "journal_unstamped",
        "journal",
        ["id"],
        unique=False,
        schema="kernel",
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "streams",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
        schema="kernel",
        info={
            "carrier": "SELECT, INSERT, UPDATE",
            "visible_rows": "split_part(stream, ':', 1) IN ('lot', 'invitation', 'provider', 'request')",
        },
    )
    op.create_table(
        "award_lots",
        sa.Column("award_id", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("bid_id", sa.Text(), nullable=True),
        sa.Column("total", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("award_id", "lot"),
        schema="market",
        info={
            "carrier": "SELECT (award_id, request_id, lot, outcome, provider_id, bid_id, total)",
            "own_rows": "provider_id",
        },
    )
    op.create_index(
        op.f("ix_market_award_lots_provider_id"), "award_lots", ["provider_id"], unique=False, schema="market"
    )
    op.create_index(
        op.f("ix_market_award_lots_request_id"), "award_lots", ["request_id"], unique=False, schema="market"
    )
    op.create_table(
        "awards",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
    )
    op.create_index(op.f("ix_market_awards_request_id"), "awards", ["request_id"], unique=False, schema="market")
    op.create_table(
        "bids",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("request_version", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offer", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lot_id", "provider_id", "version"),
        schema="market",
        info={"carrier": "SELECT, INSERT", "own_rows": "provider_id"},
    )
    op.create_index(op.f("ix_market_bids_provider_id"), "bids", ["provider_id"], unique=False, schema="market")
    op.create_index(op.f("ix_market_bids_request_id"), "bids", ["request_id"], unique=False, schema="market")
    op.create_table(
        "catalogue_versions",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version"),
        schema="market",
        info={"carrier": "SELECT"},
    )
    op.create_index(
        op.f("ix_market_catalogue_versions_created_at"),
        "catalogue_versions",
        ["created_at"],
        unique=False,
        schema="market",
    )
    op.create_table(
        "contracts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.Text(), nullable=False),
        sa.Column("award_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("terms_id", sa.Text(), nullable=False),
        sa.Column("request_version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("presentation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("presented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acceptance", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("refusal", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("document_text", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'accepted') = (document_text IS NOT NULL)", name="contracts_document"),
        sa.CheckConstraint("status IN ('presented', 'accepted', 'refused')", name="contracts_status"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("award_id", "provider_id", "terms_id", "request_version"),
        schema="market",
        info={"carrier": "SELECT", "own_rows": "provider_id"},
    )
    op.create_index(
        "contracts_newest", "contracts", ["provider_id", "presented_at", "id"], unique=False, schema="market"
    )
    op.create_index(op.f("ix_market_contracts_request_id"), "contracts", ["request_id"], unique=False, schema="market")
    op.create_table(
        "disclosures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("award_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("identity", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("award_id", "provider_id"),
        schema="market",
        info={"carrier": "SELECT", "own_rows": "provider_id"},
    )
    op.create_index(
        op.f("ix_market_disclosures_provider_id"), "disclosures", ["provider_id"], unique=False, schema="market"
    )
    op.create_index(
        op.f("ix_market_disclosures_request_id"), "disclosures", ["request_id"], unique=False, schema="market"
    )
    op.create_table(
        "lot_keys",
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lot_id"),
        schema="market",
    )
    op.create_table(
        "lots",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("to_price", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_id", "ref"),
        schema="market",
        info={
            "carrier": "SELECT, UPDATE (state, status)",
            "visible_rows": "request_id IN (SELECT request_id FROM market.invitations)",
        },
    )
    op.create_index(op.f("ix_market_lots_request_id"), "lots", ["request_id"], unique=False, schema="market")
    op.create_table(
        "notices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key", "organization_id"),
        sa.UniqueConstraint("organization_id", "ordinal"),
        schema="market",
        info={
            "carrier": "SELECT (id, organization_id, ordinal, event, severity, subject_kind, subject_id, title, text, count, created_at, updated_at)",
            "own_rows": "organization_id",
        },
    )
    op.create_table(
        "providers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("contact_phone", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'approved', 'suspended', 'closed')", name="providers_status"),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={"carrier": "SELECT", "own_rows": "id"},
    )
    op.create_index("providers_queue", "providers", ["status", "registered_at", "id"], unique=False, schema="market")
    op.create_table(
        "publications",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("bands", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "version"),
        schema="market",
        info={
            "carrier": "SELECT (request_id, version, view, changed, at)",
            "visible_rows": "request_id IN (SELECT request_id FROM market.invitations)",
        },
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("catalogue_version", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'awaiting verification', 'open', 'awarded', 'not awarded', 'withdrawn')",
            name="requests_status",
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={
            "carrier": "SELECT (id, status, suspended, version, closes_at, published_at)",
            "visible_rows": "id IN (SELECT request_id FROM market.invitations)",
        },
    )
    op.create_index(
        "requests_open",
        "requests",
        ["closes_at"],
        unique=False,
        schema="market",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "buyers",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("demographics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("flagged_by", sa.Text(), nullable=True),
        sa.Column("flag_reason", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'verified') = (verified_until IS NOT NULL)", name="verified_has_an_end"),
        sa.PrimaryKeyConstraint("organization_id"),
        schema="registry",
    )
    op.create_index(
        "buyers_queue", "buyers", ["status", "status_since", "organization_id"], unique=False, schema="registry"
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("factor", sa.LargeBinary(), nullable=True),
        sa.Column("pending_factor", sa.LargeBinary(), nullable=True),
        sa.Column("factor_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["identity.organizations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        schema="identity",
    )
    op.create_index(
        op.f("ix_identity_users_organization_id"), "users", ["organization_id"], unique=False, schema="identity"
    )
    op.create_table(
        "filters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["market.providers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={"carrier": "SELECT, INSERT, UPDATE, DELETE", "own_rows": "provider_id"},
    )
    op.create_index("filters_in_order", "filters", ["provider_id", "ordinal", "id"], unique=False, schema="market")
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("filter_id", sa.Text(), nullable=False),
        sa.Column("filter_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("explanation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('received', 'seen', 'declined', 'bid')", name="invitations_status"),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["market.providers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider_id", "request_id"),
        schema="market",
        info={"carrier": "SELECT, UPDATE (status, seen_at, declined_at, decline_reason)", "own_rows": "provider_id"},
    )
    op.create_index(
        "invitations_newest", "invitations", ["provider_id", "received_at", "id"], unique=False, schema="market"
    )
    op.create_index("invitations_of_request", "invitations", ["request_id"], unique=False, schema="market")
    op.create_table(
        "notice_reads",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["market.notices.id"],
        ),
        sa.PrimaryKeyConstraint("user_id", "notice_id", "ordinal"),
        schema="market",
        info={"append_only": True, "carrier": "SELECT, INSERT", "own_rows": "organization_id"},
    )
    op.create_table(
        "terms_documents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["market.providers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider_id", "title", "version"),
        schema="market",
        info={"append_only": True, "carrier": "SELECT, INSERT", "own_rows": "provider_id"},
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("buyer_id", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("admin_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["registry.buyers.organization_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="registry",
        info={"append_only": True},
    )
    op.create_index(op.f("ix_registry_decisions_buyer_id"), "decisions", ["buyer_id"], unique=False, schema="registry")
    op.create_table(
        "documents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("buyer_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["registry.buyers.organization_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("buyer_id", "sha256"),
        schema="registry",
    )
    op.create_table(
        "evidence",
        sa.Column("buyer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["registry.buyers.organization_id"],
        ),
        sa.PrimaryKeyConstraint("buyer_id", "kind"),
        schema="registry",
    )
    op.create_index("evidence_number", "evidence", ["kind", "value"], unique=False, schema="registry")
    op.create_table(
        "request_owners",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("buyer_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["registry.buyers.organization_id"],
        ),
        sa.PrimaryKeyConstraint("request_id"),
        schema="registry",
    )
    op.create_index(
        op.f("ix_registry_request_owners_buyer_id"), "request_owners", ["buyer_id"], unique=False, schema="registry"
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("buyer_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("longitude", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("opening_hours", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_phone", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["registry.buyers.organization_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="registry",
    )
    op.create_index(
        "sites_label", "sites", ["buyer_id", sa.literal_column("lower(label)")], unique=True, schema="registry"
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["identity.users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("fingerprint"),
        schema="identity",
    )
    op.create_index(op.f("ix_identity_api_keys_user_id"), "api_keys", ["user_id"], unique=False, schema="identity")
    op.create_table(
        "recovery_codes",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["identity.users.id"],
        ),
        sa.PrimaryKeyConstraint("fingerprint"),
        schema="identity",
    )
    op.create_index(
        op.f("ix_identity_recovery_codes_user_id"), "recovery_codes", ["user_id"], unique=False, schema="identity"
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("factor_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["identity.users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="identity",
    )
    op.create_index(op.f("ix_identity_sessions_user_id"), "sessions", ["user_id"], unique=False, schema="identity")
    op.create_table(
        "refresh_tokens",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["identity.sessions.id"],
        ),
        sa.PrimaryKeyConstraint("fingerprint"),
        schema="identity",
    )
    op.create_index(
        op.f("ix_identity_refresh_tokens_expires_at"), "refresh_tokens", ["expires_at"], unique=False, schema="identity"
    )
    op.create_index(
        op.f("ix_identity_refresh_tokens_session_id"), "refresh_tokens", ["session_id"], unique=False, schema="identity"
    )
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    for statement in PRIVILEGES:  # policies refer to other tables
        if statement.startswith("DROP POLICY"):
            op.execute(statement)
    op.drop_index(op.f("ix_identity_refresh_tokens_session_id"), table_name="refresh_tokens", schema="identity")
    op.drop_index(op.f("ix_identity_refresh_tokens_expires_at"), table_name="refresh_tokens", schema="identity")
    op.drop_table("refresh_tokens", schema="identity")
    op.drop_index(op.f("ix_identity_sessions_user_id"), table_name="sessions", schema="identity")
    op.drop_table("sessions", schema="identity")
    op.drop_index(op.f("ix_identity_recovery_codes_user_id"), table_name="recovery_codes", schema="identity")
    op.drop_table("recovery_codes", schema="identity")
    op.drop_index(op.f("ix_identity_api_keys_user_id"), table_name="api_keys", schema="identity")
    op.drop_table("api_keys", schema="identity")
    op.drop_index("sites_label", table_name="sites", schema="registry")
    op.drop_table("sites", schema="registry")
    op.drop_index(op.f("ix_registry_request_owners_buyer_id"), table_name="request_owners", schema="registry")
    op.drop_table("request_owners", schema="registry")
    op.drop_index("evidence_number", table_name="evidence", schema="registry")
    op.drop_table("evidence", schema="registry")
    op.drop_table("documents", schema="registry")
    op.drop_index(op.f("ix_registry_decisions_buyer_id"), table_name="decisions", schema="registry")
    op.drop_table("decisions", schema="registry")
    op.drop_table("terms_documents", schema="market")
    op.drop_table("notice_reads", schema="market")
    op.drop_index("invitations_of_request", table_name="invitations", schema="market")
    op.drop_index("invitations_newest", table_name="invitations", schema="market")
    op.drop_table("invitations", schema="market")
    op.drop_index("filters_in_order", table_name="filters", schema="market")
    op.drop_table("filters", schema="market")
    op.drop_index(op.f("ix_identity_users_organization_id"), table_name="users", schema="identity")
    op.drop_table("users", schema="identity")
    op.drop_index("buyers_queue", table_name="buyers", schema="registry")
    op.drop_table("buyers", schema="registry")
    op.drop_index("requests_open", table_name="requests", schema="market", postgresql_where=sa.text("status = 'open'"))
    op.drop_table("requests", schema="market")
    op.drop_table("publications", schema="market")
    op.drop_index("providers_queue", table_name="providers", schema="market")
    op.drop_table("providers", schema="market")
    op.drop_table("notices", schema="market")
    op.drop_index(op.f("ix_market_lots_request_id"), table_name="lots", schema="market")
    op.drop_table("lots", schema="market")
    op.drop_table("lot_keys", schema="market")
    op.drop_index(op.f("ix_market_disclosures_request_id"), table_name="disclosures", schema="market")
    op.drop_index(op.f("ix_market_disclosures_provider_id"), table_name="disclosures", schema="market")
    op.drop_table("disclosures", schema="market")
    op.drop_index(op.f("ix_market_contracts_request_id"), table_name="contracts", schema="market")
    op.drop_index("contracts_newest", table_name="contracts", schema="market")
    op.drop_table("contracts", schema="market")
    op.drop_index(op.f("ix_market_catalogue_versions_created_at"), table_name="catalogue_versions", schema="market")
    op.drop_table("catalogue_versions", schema="market")
    op.drop_index(op.f("ix_market_bids_request_id"), table_name="bids", schema="market")
    op.drop_index(op.f("ix_market_bids_provider_id"), table_name="bids", schema="market")
    op.drop_table("bids", schema="market")
    op.drop_index(op.f("ix_market_awards_request_id"), table_name="awards", schema="market")
    op.drop_table("awards", schema="market")
    op.drop_index(op.f("ix_market_award_lots_request_id"), table_name="award_lots", schema="market")
    op.drop_index(op.f("ix_market_award_lots_provider_id"), table_name="award_lots", schema="market")
    op.drop_table("award_lots", schema="market")
    op.drop_table("streams", schema="kernel")
    op.drop_index(
        "journal_unstamped", table_name="journal", schema="kernel", postgresql_where=sa.text("position IS NULL")
    )
    op.drop_index("journal_position", table_name="journal", schema="kernel")
    op.drop_table("journal", schema="kernel")
    op.drop_table("imports", schema="kernel")
    op.drop_index(op.f("ix_kernel_idempotency_created_at"), table_name="idempotency", schema="kernel")
    op.drop_table("idempotency", schema="kernel")
    op.drop_table("cursors", schema="kernel")
    op.drop_index(op.f("ix_kernel_alarms_due_at"), table_name="alarms", schema="kernel")
    op.drop_table("alarms", schema="kernel")
    op.drop_index(op.f("ix_identity_sign_in_attempts_last_at"), table_name="sign_in_attempts", schema="identity")
    op.drop_table("sign_in_attempts", schema="identity")
    op.drop_index(
        "one_platform", table_name="organizations", schema="identity", postgresql_where=sa.text("kind = 'platform'")
    )
    op.drop_table("organizations", schema="identity")
    for schema in SCHEMAS:
        op.execute(f"DROP SCHEMA {schema}")
