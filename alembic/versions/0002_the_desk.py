"""The desk's role: it takes bids and shows auctions, and sees nothing of who the buyers are."""

from collections.abc import Sequence

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PRIVILEGES = (
    "GRANT USAGE ON SCHEMA kernel TO marketplace_desk",
    "GRANT USAGE ON SCHEMA market TO marketplace_desk",
    "GRANT SELECT, INSERT, UPDATE ON kernel.alarms TO marketplace_desk",
    "GRANT SELECT, INSERT ON kernel.idempotency TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON kernel.idempotency",
    "CREATE POLICY desk_rows ON kernel.idempotency TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT INSERT ON kernel.journal TO marketplace_desk",
    "GRANT SELECT, INSERT, UPDATE ON kernel.streams TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON kernel.streams",
    "CREATE POLICY desk_rows ON kernel.streams TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT, INSERT, UPDATE ON market.bids TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON market.bids",
    "CREATE POLICY desk_rows ON market.bids TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT, UPDATE ON market.lots TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON market.lots",
    "CREATE POLICY desk_rows ON market.lots TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT ON market.providers TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON market.providers",
    "CREATE POLICY desk_rows ON market.providers TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT (request_id, version, view, changed, at) ON market.publications TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON market.publications",
    "CREATE POLICY desk_rows ON market.publications TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT (id, status, suspended, version, closes_at, published_at) ON market.requests TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON market.requests",
    "CREATE POLICY desk_rows ON market.requests TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT, UPDATE (status, seen_at, declined_at, decline_reason) ON market.invitations TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON market.invitations",
    "CREATE POLICY desk_rows ON market.invitations TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT ON market.terms_documents TO marketplace_desk",
    "DROP POLICY IF EXISTS desk_rows ON market.terms_documents",
    "CREATE POLICY desk_rows ON market.terms_documents TO marketplace_desk USING (true) WITH CHECK (true)",
)
"""What the desk's role may do, as of this revision. The role itself is made before any migration."""

REVOKED = (
    "DROP POLICY desk_rows ON kernel.idempotency",
    "DROP POLICY desk_rows ON kernel.streams",
    "DROP POLICY desk_rows ON market.bids",
    "DROP POLICY desk_rows ON market.lots",
    "DROP POLICY desk_rows ON market.providers",
    "DROP POLICY desk_rows ON market.publications",
    "DROP POLICY desk_rows ON market.requests",
    "DROP POLICY desk_rows ON market.invitations",
    "DROP POLICY desk_rows ON market.terms_documents",
    "REVOKE SELECT ON market.terms_documents FROM marketplace_desk",
    "REVOKE SELECT, UPDATE (status, seen_at, declined_at, decline_reason) ON market.invitations FROM marketplace_desk",
    "REVOKE SELECT (id, status, suspended, version, closes_at, published_at) ON market.requests FROM marketplace_desk",
    "REVOKE SELECT (request_id, version, view, changed, at) ON market.publications FROM marketplace_desk",
    "REVOKE SELECT ON market.providers FROM marketplace_desk",
    "REVOKE SELECT, UPDATE ON market.lots FROM marketplace_desk",
    "REVOKE SELECT, INSERT, UPDATE ON market.bids FROM marketplace_desk",
    "REVOKE SELECT, INSERT, UPDATE ON kernel.streams FROM marketplace_desk",
    "REVOKE INSERT ON kernel.journal FROM marketplace_desk",
    "REVOKE SELECT, INSERT ON kernel.idempotency FROM marketplace_desk",
    "REVOKE SELECT, INSERT, UPDATE ON kernel.alarms FROM marketplace_desk",
    "REVOKE USAGE ON SCHEMA market FROM marketplace_desk",
    "REVOKE USAGE ON SCHEMA kernel FROM marketplace_desk",
)


def upgrade() -> None:
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    for statement in REVOKED:
        op.execute(statement)
