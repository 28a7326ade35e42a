"""Runs migrations as the database's owner, with limits on how long they may wait and lock."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from marketplace.kernel.config import Settings
from marketplace.kernel.db import connect
from marketplace.kernel.privileges import ROLE_STATEMENTS, SCHEMAS
from marketplace.schema import METADATA

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"


def run() -> None:
    """Migrate the database named by the configuration's ``url`` attribute, or else by the environment."""
    url = context.config.attributes.get("url") or connect(Settings()).owner
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS kernel"))
        for statement in ROLE_STATEMENTS:
            connection.execute(text(statement))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            include_schemas=True,
            include_name=lambda name, kind, _parents: kind != "schema" or name in SCHEMAS,
            version_table_schema="kernel",
            compare_type=True,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
