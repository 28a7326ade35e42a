import pytest
from sqlalchemy import Table, text
from sqlalchemy.exc import ProgrammingError

from marketplace import schema
from marketplace.kernel.privileges import APP, CARRIER
from marketplace.wiring import Marketplace

SECRET = [table for table in schema.METADATA.sorted_tables if table.schema in {"registry", "identity"}]


def test_the_wall_has_something_behind_it() -> None:
    names = {table.fullname for table in SECRET}
    assert {"registry.buyers", "registry.sites", "registry.documents", "registry.request_owners"} <= names
    assert {"identity.users", "identity.organizations"} <= names


@pytest.mark.parametrize("table", SECRET, ids=lambda table: table.fullname)
def test_the_carriers_role_can_neither_read_nor_write_who_the_buyers_are(market: Marketplace, table: Table) -> None:
    for statement in (table.select(), table.insert().from_select(list(table.columns), table.select()), table.delete()):
        with (
            market.database.carrier.connect() as connection,
            pytest.raises(ProgrammingError, match="permission denied for schema"),
        ):
            connection.execute(statement)


@pytest.mark.parametrize("table", SECRET, ids=lambda table: table.fullname)
def test_no_grant_waits_behind_the_schema(market: Marketplace, table: Table) -> None:
    asked = text(
        "SELECT has_schema_privilege(:carrier, :schema, 'USAGE'),"
        " has_any_column_privilege(:carrier, CAST(:name AS regclass), 'SELECT, INSERT, UPDATE, REFERENCES'),"
        " has_table_privilege(:carrier, CAST(:name AS regclass), 'DELETE, TRUNCATE, TRIGGER'),"
        " pg_has_role(:carrier, :app, 'MEMBER')"
    )
    with market.database.app.connect() as connection:
        row = connection.execute(
            asked, {"carrier": CARRIER, "app": APP, "schema": table.schema, "name": table.fullname}
        ).one()
    assert tuple(row) == (False, False, False, False)
