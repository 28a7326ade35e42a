"""What the pages of the third round keep."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


PRIVILEGES = ()
"""What the serving roles may do from this revision on."""


def upgrade() -> None:
    op.create_index("notices_position", "notices", ["position"], unique=False, schema="market")
    for statement in PRIVILEGES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("notices_position", table_name="notices", schema="market")
