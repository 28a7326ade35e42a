"""Sessions of browsers, and questions on requests."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


PRIVILEGES = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.accepted_findings TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.job_takings TO marketplace_app",
    "GRANT SELECT, INSERT ON registry.reveals TO marketplace_app",
    "GRANT SELECT, INSERT ON identity.interventions TO marketplace_app",
    "GRANT SELECT, INSERT ON market.announcements TO marketplace_app",
    "GRANT SELECT ON market.announcements TO marketplace_carrier",
    "GRANT SELECT ON market.announcements TO marketplace_desk",
    "ALTER TABLE market.announcements ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.announcements TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.announcements TO marketplace_carrier USING (to_bidders AND request_id IN (SELECT request_id FROM market.invitations)) WITH CHECK (to_bidders AND request_id IN (SELECT request_id FROM market.invitations))",
    "CREATE POLICY desk_rows ON market.announcements TO marketplace_desk USING (true) WITH CHECK (true)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.answers TO marketplace_app",
    "GRANT SELECT ON market.answers TO marketplace_carrier",
    "ALTER TABLE market.answers ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.answers TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.answers TO marketplace_carrier USING (request_id IN (SELECT request_id FROM market.invitations)) WITH CHECK (request_id IN (SELECT request_id FROM market.invitations))",
    "GRANT SELECT, INSERT ON market.question_askers TO marketplace_app",
    "GRANT SELECT, INSERT ON market.question_askers TO marketplace_carrier",
    "ALTER TABLE market.question_askers ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.question_askers TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.question_askers TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.questions TO marketplace_app",
    "GRANT SELECT, INSERT ON market.questions TO marketplace_carrier",
    "ALTER TABLE market.questions ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.questions TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.questions TO marketplace_carrier USING (provider_id = current_setting('marketplace.organization', true)) WITH CHECK (provider_id = current_setting('marketplace.organization', true))",
    "GRANT SELECT, INSERT ON market.answer_versions TO marketplace_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.browsers TO marketplace_app",
)
"""What the serving roles may do from this revision on."""


def upgrade() -> None:
    op.create_table(
        "accepted_findings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_id", "source", "subject", "place", "words"),
        schema="market",
    )
    op.create_index(
        "accepted_findings_queue", "accepted_findings", ["seen_at", "accepted_at", "id"], unique=False, schema="market"
    )
    op.create_table(
        "job_takings",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job"),
        schema="market",
    )
    op.create_table(
        "reveals",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("buyer_id", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("award_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        schema="registry",
        info={"append_only": True},
    )
    op.create_index("reveals_at", "reveals", ["at"], unique=False, schema="registry")
    op.create_index("reveals_of_buyer", "reveals", ["buyer_id", "position"], unique=False, schema="registry")
    op.create_index("reveals_to_provider", "reveals", ["provider_id", "position"], unique=False, schema="registry")
    op.create_table(
        "interventions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("user_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("admin_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["identity.organizations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="identity",
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_identity_interventions_organization_id"),
        "interventions",
        ["organization_id"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lots", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_bidders", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('announced', 'paused', 'resumed', 'extended')", name="announcements_kind"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["market.requests.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={
            "append_only": True,
            "carrier": "SELECT",
            "desk": "SELECT",
            "visible_rows": "to_bidders AND request_id IN (SELECT request_id FROM market.invitations)",
        },
    )
    op.create_index("announcements_newest", "announcements", ["request_id", "at", "id"], unique=False, schema="market")
    op.create_table(
        "answers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["market.requests.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={"carrier": "SELECT", "visible_rows": "request_id IN (SELECT request_id FROM market.invitations)"},
    )
    op.create_index("answers_newest", "answers", ["request_id", "published_at", "id"], unique=False, schema="market")
    op.create_table(
        "question_askers",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["market.requests.id"],
        ),
        sa.PrimaryKeyConstraint("request_id", "provider_id"),
        sa.UniqueConstraint("request_id", "number"),
        schema="market",
        info={"append_only": True, "carrier": "SELECT, INSERT", "own_rows": "provider_id"},
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("invitation_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_id", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'published') = (provider_id IS NULL)", name="questions_asker"),
        sa.CheckConstraint("(state IN ('answered', 'published')) = (answer_id IS NOT NULL)", name="questions_answer"),
        sa.CheckConstraint("state IN ('waiting', 'answered', 'declined', 'published')", name="questions_state"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["market.requests.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="market",
        info={"carrier": "SELECT, INSERT", "own_rows": "provider_id"},
    )
    op.create_index("questions_newest", "questions", ["request_id", "asked_at", "id"], unique=False, schema="market")
    op.create_index("questions_of_invitation", "questions", ["invitation_id"], unique=False, schema="market")
    op.create_table(
        "answer_versions",
        sa.Column("answer_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["market.answers.id"],
        ),
        sa.PrimaryKeyConstraint("answer_id", "version"),
        schema="market",
        info={"append_only": True},
    )
    op.create_table(
        "browsers",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["identity.sessions.id"],
        ),
        sa.PrimaryKeyConstraint("fingerprint"),
        schema="identity",
    )
    op.create_index(
        op.f("ix_identity_browsers_expires_at"), "browsers", ["expires_at"], unique=False, schema="identity"
    )
    op.create_index(
        op.f("ix_identity_browsers_session_id"), "browsers", ["session_id"], unique=False, schema="identity"
    )
    op.add_column("users", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True), schema="identity")
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_column("users", "suspended_at", schema="identity")
    op.drop_index(op.f("ix_identity_browsers_session_id"), table_name="browsers", schema="identity")
    op.drop_index(op.f("ix_identity_browsers_expires_at"), table_name="browsers", schema="identity")
    op.drop_table("browsers", schema="identity")
    op.drop_table("answer_versions", schema="market")
    op.drop_index("questions_of_invitation", table_name="questions", schema="market")
    op.drop_index("questions_newest", table_name="questions", schema="market")
    op.drop_table("questions", schema="market")
    op.drop_table("question_askers", schema="market")
    op.drop_index("answers_newest", table_name="answers", schema="market")
    op.drop_table("answers", schema="market")
    op.drop_index("announcements_newest", table_name="announcements", schema="market")
    op.drop_table("announcements", schema="market")
    op.drop_index(op.f("ix_identity_interventions_organization_id"), table_name="interventions", schema="identity")
    op.drop_table("interventions", schema="identity")
    op.drop_index("reveals_to_provider", table_name="reveals", schema="registry")
    op.drop_index("reveals_of_buyer", table_name="reveals", schema="registry")
    op.drop_index("reveals_at", table_name="reveals", schema="registry")
    op.drop_table("reveals", schema="registry")
    op.drop_table("job_takings", schema="market")
    op.drop_index("accepted_findings_queue", table_name="accepted_findings", schema="market")
    op.drop_table("accepted_findings", schema="market")
