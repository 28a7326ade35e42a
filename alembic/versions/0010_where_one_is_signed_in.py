"""Where one is signed in, and when that was last seen."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True), schema="identity")
    op.add_column("sessions", sa.Column("device", sa.Text(), nullable=True), schema="identity")


def downgrade() -> None:
    op.drop_column("sessions", "device", schema="identity")
    op.drop_column("sessions", "used_at", schema="identity")
