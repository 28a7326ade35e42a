"""What the carriers' and the desk's database roles may do, read from the live database, are lists a person has read."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from marketplace.kernel.db import Database
from marketplace.kernel.privileges import CARRIER, CARRIER_SCHEMAS, DESK, SCHEMAS
from tests.house.plan import compare_with_list

LISTS = {CARRIER: "carrier_privileges.txt", DESK: "desk_privileges.txt"}


def _rows(connection: Connection, query: str, role: str) -> list[tuple[str, ...]]:
    return [tuple(str(cell) for cell in row) for row in connection.execute(text(query), {"role": role})]


def _lines(connection: Connection, role: str) -> Iterator[str]:
    for (schema,) in _rows(
        connection,
        "SELECT nspname FROM pg_namespace n WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
        " AND has_schema_privilege(:role, oid, 'USAGE')",
        role,
    ):
        yield f"schema {schema}: USAGE"
    for schema, table, right in _rows(
        connection,
        "SELECT n.nspname, c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
        " unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) AS p(privilege)"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%'"
        " AND n.nspname <> 'information_schema' AND has_table_privilege(:role, c.oid, p.privilege)",
        role,
    ):
        yield f"table {schema}.{table}: {right}"
    for schema, table, column, right in _rows(
        connection,
        "SELECT n.nspname, c.relname, a.attname, p.privilege FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace,"
        " unnest(ARRAY['SELECT','INSERT','UPDATE','REFERENCES']) AS p(privilege)"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped"
        " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        " AND has_column_privilege(:role, c.oid, a.attnum, p.privilege)"
        " AND NOT has_table_privilege(:role, c.oid, p.privilege)",
        role,
    ):
        yield f"column {schema}.{table}.{column}: {right}"
    for schema, sequence, right in _rows(
        connection,
        "SELECT n.nspname, c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
        " unnest(ARRAY['USAGE','SELECT','UPDATE']) AS p(privilege)"
        " WHERE c.relkind = 'S' AND has_sequence_privilege(:role, c.oid, p.privilege)",
        role,
    ):
        yield f"sequence {schema}.{sequence}: {right}"
    for schema, function in _rows(
        connection,
        "SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        " AND has_function_privilege(:role, p.oid, 'EXECUTE')",
        role,
    ):
        yield f"function {schema}.{function}: EXECUTE"
    for schema, table, command, condition in _rows(
        connection,
        "SELECT schemaname, tablename, cmd, qual FROM pg_policies WHERE :role = ANY (roles) OR 'public' = ANY (roles)",
        role,
    ):
        yield f"rows {schema}.{table}: {command} where {' '.join(condition.split())}"


@pytest.mark.parametrize("role", LISTS)
def test_rights_of_the_two_roles_are_those_on_the_lists(database: Database, role: str) -> None:
    owner = create_engine(database.owner)
    with owner.connect() as connection:
        lines = sorted(_lines(connection, role))
    owner.dispose()
    compare_with_list(LISTS[role], lines)


@pytest.mark.parametrize("role", LISTS)
def test_neither_role_can_look_at_who_the_buyers_are(database: Database, role: str) -> None:
    owner = create_engine(database.owner)
    with owner.connect() as connection:
        hidden = [
            line
            for line in _lines(connection, role)
            for schema in set(SCHEMAS) - set(CARRIER_SCHEMAS)
            if line.split(" ", 1)[1].startswith((f"{schema}.", f"{schema}:"))
        ]
        memberships = _rows(
            connection,
            "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
            " JOIN pg_roles c ON c.oid = m.member WHERE c.rolname = :role",
            role,
        )
        powers = _rows(
            connection,
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = :role",
            role,
        )
    owner.dispose()
    assert not hidden
    assert not memberships, "the role inherits nobody's rights"
    assert powers == [("False",) * 4]


def test_rows_of_a_carrier_are_guarded_where_a_table_holds_several(database: Database) -> None:
    """Tables of the market that the role may read have row security, but for what everybody may read."""
    owner = create_engine(database.owner)
    with owner.connect() as connection:
        open_to_all = _rows(
            connection,
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'market' AND c.relkind = 'r' AND NOT c.relrowsecurity"
            " AND has_any_column_privilege(:role, c.oid, 'SELECT')",
            CARRIER,
        )
    owner.dispose()
    assert open_to_all == [("market", "catalogue_versions")]
