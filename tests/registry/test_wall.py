import pytest
from sqlalchemy import Table, text
from sqlalchemy.exc import ProgrammingError

from marketplace import schema
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.privileges import APP, CARRIER, DESK
from marketplace.wiring import Marketplace

SECRET = [table for table in schema.METADATA.sorted_tables if table.schema in {"registry", "identity"}]


def test_the_wall_has_something_behind_it() -> None:
    names = {table.fullname for table in SECRET}
    assert {"registry.buyers", "registry.sites", "registry.documents", "registry.request_owners"} <= names
    assert {"identity.users", "identity.organizations"} <= names


@pytest.mark.parametrize("role", [DatabaseRole.CARRIER, DatabaseRole.DESK])
@pytest.mark.parametrize("table", SECRET, ids=lambda table: table.fullname)
def test_the_roles_for_carriers_can_neither_read_nor_write_who_the_buyers_are(
    market: Marketplace, table: Table, role: DatabaseRole
) -> None:
    for statement in (table.select(), table.insert().from_select(list(table.columns), table.select()), table.delete()):
        with (
            market.database.engine(role).connect() as connection,
            pytest.raises(ProgrammingError, match="permission denied for schema"),
        ):
            connection.execute(statement)


@pytest.mark.parametrize("role", [CARRIER, DESK])
@pytest.mark.parametrize("table", SECRET, ids=lambda table: table.fullname)
def test_no_grant_waits_behind_the_schema(market: Marketplace, table: Table, role: str) -> None:
    asked = text(
        "SELECT has_schema_privilege(:role, :schema, 'USAGE'),"
        " has_any_column_privilege(:role, CAST(:name AS regclass), 'SELECT, INSERT, UPDATE, REFERENCES'),"
        " has_table_privilege(:role, CAST(:name AS regclass), 'DELETE, TRUNCATE, TRIGGER'),"
        " pg_has_role(:role, :app, 'MEMBER')"
    )
    with market.database.app.connect() as connection:
        row = connection.execute(
            asked, {"role": role, "app": APP, "schema": table.schema, "name": table.fullname}
        ).one()
    assert tuple(row) == (False, False, False, False)


def test_the_desk_reads_the_auctions_part_of_the_journal_and_no_other(market: Marketplace) -> None:
    insert = text(
        "INSERT INTO kernel.journal (stream, seq, type, at, user_id, organization_id, data, previous, hash)"
        " VALUES (:stream, 1, 'thing.moved', now(), 'u', 'o', '{}', '', '')"
    )
    with market.database.app.begin() as connection:
        for stream in ("lot:lot_a", "request:req_a", "buyer:org_a"):
            connection.execute(insert, {"stream": stream})
    with market.database.desk.connect() as connection:
        seen = connection.execute(text("SELECT stream FROM kernel.journal")).scalars().all()
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(insert, {"stream": "request:req_b"})
    with market.database.carrier.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("SELECT stream FROM kernel.journal"))
    assert seen == ["lot:lot_a"]
