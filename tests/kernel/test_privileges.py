"""What a table says of itself becomes what the serving roles may do: nothing, unless it is said."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, create_engine, text
from sqlalchemy.exc import ProgrammingError

from marketplace.kernel import ids, postgres, privileges
from tests.conftest import _cluster_folder

METADATA = MetaData()
TABLES: dict[str, dict[str, object]] = {
    "closed": {},
    "open": {"carrier": "SELECT, INSERT, UPDATE"},
    "partly": {"carrier": "SELECT (id)"},
    "own": {"carrier": "SELECT, INSERT, UPDATE, DELETE", "own_rows": "owner"},
    "chosen": {"carrier": "SELECT", "visible_rows": "figure > 10"},
    "history": {"append_only": True, "stamped": ("figure",), "carrier": "INSERT"},
    "auction": {"carrier": "SELECT", "own_rows": "owner", "desk": "SELECT, INSERT, UPDATE (figure)"},
}
for name, info in TABLES.items():
    columns = (Column("id", Text, primary_key=True), Column("owner", Text), Column("figure", Integer))
    Table(name, METADATA, *columns, schema="market", info=info)
ROWS = "INSERT INTO market.{} (id, owner, figure) VALUES ('1', 'org_a', 5), ('2', 'org_b', 50)"


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest) -> Iterator[tuple[Engine, Engine, Engine]]:
    """The application's, the carriers' and the desk's engine on a database of these tables, two rows in each."""
    urls = postgres.start(_cluster_folder(request.config), durable=False, database=ids.new("privileges"))
    owner, app, carrier, desk = (create_engine(url) for url in (urls.owner, urls.app, urls.carrier, urls.desk))
    with owner.begin() as connection:
        for schema in privileges.SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        METADATA.create_all(connection)
        for statement in privileges.statements(METADATA):
            connection.execute(text(statement))
        for table in METADATA.sorted_tables:
            connection.execute(text(ROWS.format(table.name)))
    yield app, carrier, desk
    for engine in (owner, app, carrier, desk):
        engine.dispose()


@pytest.fixture
def app(engines: tuple[Engine, Engine, Engine]) -> Engine:
    return engines[0]


@pytest.fixture
def carrier(engines: tuple[Engine, Engine, Engine]) -> Engine:
    return engines[1]


@pytest.fixture
def desk(engines: tuple[Engine, Engine, Engine]) -> Engine:
    return engines[2]


def run(engine: Engine, statement: str, organization: str = "") -> list[object]:
    """Run one statement, undo it, and return the first column of what it gave."""
    with engine.connect() as connection:
        set_organization = text("SELECT set_config('marketplace.organization', :organization, true)")
        connection.execute(set_organization, {"organization": organization})
        return list(connection.execute(text(statement)).scalars())


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM market.closed",
        "INSERT INTO market.closed (id) VALUES ('3')",
        "DELETE FROM market.open",
        "SELECT figure FROM market.partly",
        "SELECT * FROM market.partly",
        "UPDATE market.chosen SET figure = 11",
        "SELECT id FROM market.history",
        "TRUNCATE market.open",
        "CREATE TABLE market.mine (id text)",
        "ALTER TABLE market.own DISABLE ROW LEVEL SECURITY",
        "SET ROLE marketplace_owner",
        "SET ROLE marketplace_app",
    ],
)
def test_what_a_table_does_not_say_a_carrier_may_not_do(carrier: Engine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        run(carrier, statement)


def test_what_a_table_says_a_carrier_may_do(carrier: Engine) -> None:
    assert run(carrier, "UPDATE market.open SET figure = 6 RETURNING id") == ["1", "2"]
    assert run(carrier, "SELECT id FROM market.partly ORDER BY id") == ["1", "2"]
    assert run(carrier, "INSERT INTO market.open (id) VALUES ('3') RETURNING id") == ["3"]


@pytest.mark.parametrize(("organization", "visible"), [("org_a", ["1"]), ("org_b", ["2"]), ("org_c", []), ("", [])])
def test_a_carrier_finds_and_touches_its_own_rows_only(carrier: Engine, organization: str, visible: list[str]) -> None:
    assert run(carrier, "SELECT id FROM market.own", organization) == visible
    assert run(carrier, "UPDATE market.own SET figure = 1 RETURNING id", organization) == visible
    assert run(carrier, "DELETE FROM market.own RETURNING id", organization) == visible


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO market.own (id, owner) VALUES ('3', 'org_b')", "UPDATE market.own SET owner = 'org_b'"],
)
def test_a_carrier_makes_no_rows_for_others(carrier: Engine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        run(carrier, statement, "org_a")


def test_a_table_may_say_its_own_condition(carrier: Engine) -> None:
    assert run(carrier, "SELECT id FROM market.chosen", "org_a") == ["2"]


def test_the_application_sees_all_rows(app: Engine) -> None:
    for table in METADATA.sorted_tables:
        assert run(app, f"SELECT id FROM market.{table.name} ORDER BY id") == ["1", "2"]  # noqa: S608 - names above


@pytest.mark.parametrize("statement", ["UPDATE market.history SET owner = 'org_c'", "DELETE FROM market.history"])
def test_what_is_appended_nobody_changes(app: Engine, carrier: Engine, statement: str) -> None:
    for engine in (app, carrier):
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(engine, statement)


def test_a_stamped_column_is_the_one_exception(app: Engine, carrier: Engine) -> None:
    assert run(app, "UPDATE market.history SET figure = 7 RETURNING id") == ["1", "2"]
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(carrier, "UPDATE market.history SET figure = 7")


def test_the_desk_sees_and_changes_the_rows_of_all(carrier: Engine, desk: Engine) -> None:
    assert run(carrier, "SELECT id FROM market.auction", "org_a") == ["1"]
    for organization in ("", "org_a"):
        assert run(desk, "SELECT id FROM market.auction ORDER BY id", organization) == ["1", "2"]
    assert run(desk, "UPDATE market.auction SET figure = 1 RETURNING id") == ["1", "2"]
    assert run(desk, "INSERT INTO market.auction (id, owner) VALUES ('3', 'org_c') RETURNING id") == ["3"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE market.auction SET owner = 'org_b'",
        "DELETE FROM market.auction",
        "SELECT id FROM market.open",
        "SELECT id FROM market.own",
        "SELECT id FROM market.closed",
        "SET ROLE marketplace_app",
        "SET ROLE marketplace_carrier",
    ],
)
def test_what_a_table_does_not_say_the_desk_may_not_do(desk: Engine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(desk, statement)
