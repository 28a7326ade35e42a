"""The files of requests."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


PRIVILEGES = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON market.attachments TO marketplace_app",
    "GRANT SELECT (request_id, ref, media_type, sha256, content) ON market.attachments TO marketplace_carrier",
    "ALTER TABLE market.attachments ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON market.attachments TO marketplace_app USING (true) WITH CHECK (true)",
    "CREATE POLICY visible_rows ON market.attachments TO marketplace_carrier USING (request_id IN (SELECT request_id FROM market.invitations)) WITH CHECK (request_id IN (SELECT request_id FROM market.invitations))",
)
"""What the serving roles may do from this revision on."""


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["market.requests.id"],
        ),
        sa.PrimaryKeyConstraint("request_id", "ref"),
        schema="market",
        info={
            "carrier": "SELECT (request_id, ref, media_type, sha256, content)",
            "visible_rows": "request_id IN (SELECT request_id FROM market.invitations)",
        },
    )
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("attachments", schema="market")
