"""A bid keeps the receipt that it was answered with, and what command it came with."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("bids", sa.Column("fingerprint", sa.Text()), schema="market")
    op.add_column("bids", sa.Column("answer", sa.LargeBinary()), schema="market")


def downgrade() -> None:
    op.drop_column("bids", "answer", schema="market")
    op.drop_column("bids", "fingerprint", schema="market")
