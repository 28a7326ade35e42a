"""What the carriers' database role may do, read from the database itself, is a list that a person has read."""

from collections.abc import Iterator

from sqlalchemy import Connection, create_engine, text

from marketplace.kernel.db import Database
from marketplace.kernel.privileges import CARRIER, CARRIER_SCHEMAS, SCHEMAS
from tests.house.plan import compare_with_list


def _rows(connection: Connection, query: str) -> list[tuple[str, ...]]:
    return [tuple(str(cell) for cell in row) for row in connection.execute(text(query), {"role": CARRIER})]


def _lines(connection: Connection) -> Iterator[str]:
    for (schema,) in _rows(
        connection,
        "SELECT nspname FROM pg_namespace n WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
        " AND has_schema_privilege(:role, oid, 'USAGE')",
    ):
        yield f"schema {schema}: USAGE"
    for schema, table, right in _rows(
        connection,
        "SELECT n.nspname, c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
        " unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) AS p(privilege)"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%'"
        " AND n.nspname <> 'information_schema' AND has_table_privilege(:role, c.oid, p.privilege)",
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
    ):
        yield f"column {schema}.{table}.{column}: {right}"
    for schema, sequence, right in _rows(
        connection,
        "SELECT n.nspname, c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
        " unnest(ARRAY['USAGE','SELECT','UPDATE']) AS p(privilege)"
        " WHERE c.relkind = 'S' AND has_sequence_privilege(:role, c.oid, p.privilege)",
    ):
        yield f"sequence {schema}.{sequence}: {right}"
    for schema, function in _rows(
        connection,
        "SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        " AND has_function_privilege(:role, p.oid, 'EXECUTE')",
    ):
        yield f"function {schema}.{function}: EXECUTE"
    for schema, table, command, condition in _rows(
        connection,
        "SELECT schemaname, tablename, cmd, qual FROM pg_policies WHERE :role = ANY (roles) OR 'public' = ANY (roles)",
    ):
        yield f"rows {schema}.{table}: {command} where {' '.join(condition.split())}"


def test_carriers_rights_are_those_on_the_lists(database: Database) -> None:
    owner = create_engine(database.owner)
    with owner.connect() as connection:
        lines = sorted(_lines(connection))
    owner.dispose()
    compare_with_list("carrier_privileges.txt", lines)


def test_the_carriers_role_can_not_look_at_who_the_buyers_are(database: Database) -> None:
    owner = create_engine(database.owner)
    with owner.connect() as connection:
        hidden = [
            line
            for line in _lines(connection)
            for schema in set(SCHEMAS) - set(CARRIER_SCHEMAS)
            if line.split(" ", 1)[1].startswith((f"{schema}.", f"{schema}:"))
        ]
        memberships = _rows(
            connection,
            "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
            " JOIN pg_roles c ON c.oid = m.member WHERE c.rolname = :role",
        )
        powers = _rows(
            connection,
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = :role",
        )
    owner.dispose()
    assert not hidden
    assert not memberships, "the carriers' role inherits nobody's rights"
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
        )
    owner.dispose()
    assert open_to_all == [("market", "catalogue_versions")]
