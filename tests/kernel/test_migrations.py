"""Migrations: from nothing to the tables and rights that the code declares, back to nothing, and up again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL

from marketplace import schema
from marketplace.kernel import ids, postgres, privileges
from tests.conftest import _cluster_folder

Fresh = Callable[[], URL]

RIGHTS = {
    "schemas": "SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname = ANY (:schemas)",
    "tables": (
        "SELECT nspname, relname, relacl::text, relrowsecurity, relforcerowsecurity FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = ANY (:schemas) AND relkind IN ('r', 'v', 'S')"
    ),
    "columns": (
        "SELECT nspname, relname, attname, attacl::text FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = ANY (:schemas) AND attacl IS NOT NULL"
    ),
    "policies": (
        "SELECT schemaname, tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies"
        " WHERE schemaname = ANY (:schemas)"
    ),
    "defaults": "SELECT defaclrole::regrole::text, defaclacl::text FROM pg_default_acl",
}


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Fresh:
    """Make an empty database on the run's server."""

    def make() -> URL:
        name = ids.new("fresh")
        return make_url(postgres.start(_cluster_folder(request.config), durable=False, database=name).owner)

    return make


@contextmanager
def connected(owner: URL) -> Iterator[Connection]:
    engine = create_engine(owner)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def rights(owner: URL) -> dict[str, list[tuple[Any, ...]]]:
    with connected(owner) as connection:
        found = {
            what: sorted(tuple(map(str, row)) for row in connection.execute(text(query), _schemas(query)))
            for what, query in RIGHTS.items()
        }
    found["tables"] = [row for row in found["tables"] if row[1] != "alembic_version"]
    return found


def _schemas(query: str) -> dict[str, list[str]]:
    return {"schemas": list(privileges.SCHEMAS)} if ":schemas" in query else {}


def tables(owner: URL) -> set[str]:
    with connected(owner) as connection:
        rows = connection.execute(
            text(
                "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
        )
        return {row.name for row in rows}


def declared(owner: URL) -> None:
    """Make what the code declares, without any migration."""
    with connected(owner) as connection:
        for name in privileges.SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        schema.METADATA.create_all(connection)
        for statement in privileges.statements(schema.METADATA):
            connection.execute(text(statement))


def test_migrations_make_the_tables_that_the_code_declares(fresh: Fresh) -> None:
    owner = fresh()
    assert schema.revisions(owner)[0] is None
    schema.migrate(owner)
    at, newest = schema.revisions(owner)
    assert at == newest is not None
    command.check(schema.configuration(owner))  # raises, and says how they differ
    assert tables(owner) - {"kernel.alembic_version"} == {table.fullname for table in schema.METADATA.sorted_tables}


def test_migrations_give_the_rights_that_the_code_declares(fresh: Fresh) -> None:
    migrated, made = fresh(), fresh()
    schema.migrate(migrated)
    declared(made)
    found, expected = rights(migrated), rights(made)
    assert found["policies"]
    for what, rows in expected.items():
        assert found[what] == rows, what


def test_the_rights_can_be_given_again(fresh: Fresh) -> None:
    owner = fresh()
    declared(owner)
    before = rights(owner)
    with connected(owner) as connection:
        for statement in privileges.statements(schema.METADATA):
            connection.execute(text(statement))
    assert rights(owner) == before


def test_a_database_goes_down_to_nothing_and_up_again(fresh: Fresh) -> None:
    owner = fresh()
    schema.migrate(owner)
    before = (tables(owner), rights(owner))
    schema.step_back(owner, "base")
    assert tables(owner) <= {"kernel.alembic_version"}
    assert schema.revisions(owner)[0] is None
    with connected(owner) as connection:
        left = connection.execute(
            text("SELECT nspname FROM pg_namespace WHERE nspname = ANY (:schemas)"),
            {"schemas": list(privileges.SCHEMAS)},
        ).scalars()
        assert set(left) <= {"kernel"}
        assert connection.execute(text("SELECT count(*) FROM pg_policies")).scalar_one() == 0
    schema.migrate(owner)
    assert (tables(owner), rights(owner)) == before


def test_migrating_twice_changes_nothing(fresh: Fresh) -> None:
    owner = fresh()
    schema.migrate(owner)
    before = (schema.revisions(owner), tables(owner), rights(owner))
    schema.migrate(owner)
    assert (schema.revisions(owner), tables(owner), rights(owner)) == before


def test_a_migration_waits_and_runs_for_a_limited_time(fresh: Fresh) -> None:
    owner = fresh()
    limits: list[tuple[str, str]] = []

    def look(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "CREATE TABLE" in statement and "alembic_version" not in statement and not limits:
            query = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
            limits.append(cursor.connection.execute(query).fetchone())

    event.listen(Engine, "before_cursor_execute", look)
    try:
        schema.migrate(owner)
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert limits == [("5s", "1min")]


@pytest.mark.parametrize("role", [privileges.CARRIER, privileges.DESK])
def test_nothing_that_names_a_buyer_or_its_users_is_open_to_the_roles_for_carriers(fresh: Fresh, role: str) -> None:
    owner = fresh()
    schema.migrate(owner)
    with connected(owner) as connection:
        for name in set(privileges.SCHEMAS) - set(privileges.CARRIER_SCHEMAS):
            usage = text("SELECT has_schema_privilege(:role, :name, 'USAGE')")
            assert connection.execute(usage, {"role": role, "name": name}).scalar_one() is False
        found = connection.execute(
            text(
                "SELECT table_schema || '.' || table_name FROM information_schema.role_column_grants"
                " WHERE grantee IN (:role, 'PUBLIC') AND table_schema IN ('identity', 'registry')"
            ),
            {"role": role},
        ).scalars()
        assert list(found) == []
