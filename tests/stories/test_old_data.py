"""Data of earlier schemas reaches the newest one: nothing that was there is lost or changed on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.engine import URL

from marketplace import schema
from marketplace.kernel import ids, postgres
from marketplace.kernel.privileges import SCHEMAS
from tests.conftest import _cluster_folder
from tests.security.made import Stage
from tests.stories.made import begin

OLDEST = "0003"
"""Before it, a lot's state was one document, which stepping back does not make again."""
RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}


@pytest.fixture
def dumped(stage: Stage, tmp_path: Path) -> Path:
    """The newest schema with a contract, a sealed and an open auction in it."""
    done = begin(stage, RACE)
    done.bid("A", "15000.00")
    done.bid("B", "14000.00")
    done.at(done.closes_at + timedelta(hours=1))
    done.made_contract("B", "14000.00")
    begin(stage, {"preset": "sealed_round"}).bid("B", "9500.00")
    begin(stage, RACE).bid("A", "13000.00")
    file = tmp_path / "newest.dump"
    postgres.dump(plain(stage.market.database.owner), file)
    return file


def plain(owner: URL) -> str:
    return owner.render_as_string(hide_password=False)


def earlier() -> Iterator[str]:
    """Yield the revisions from ``OLDEST`` on but for the newest, the latest first."""
    script = ScriptDirectory.from_config(schema.configuration(make_url("postgresql://")))
    newest, *others = [one.revision for one in script.walk_revisions()]
    assert newest == script.get_current_head()
    yield from (one for one in others if one >= OLDEST)


def columns(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return the columns of every table by its full name."""
    found = connection.execute(
        text(
            "SELECT table_schema || '.' || table_name AS name,"
            " array_agg(quote_ident(column_name) ORDER BY column_name) AS own"
            " FROM information_schema.columns WHERE table_schema = ANY (:schemas) AND table_name <> 'alembic_version'"
            " GROUP BY 1"
        ),
        {"schemas": list(SCHEMAS)},
    )
    return {row.name: tuple(row.own) for row in found}


def rows(connection: Connection, tables: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Return the rows of tables as text, of these columns."""
    return {
        name: list(
            connection.execute(
                text(f"SELECT ROW({', '.join(own)})::text FROM {name} ORDER BY 1")  # noqa: S608 - names of columns
            ).scalars()
        )
        for name, own in tables.items()
    }


def test_what_an_earlier_schema_holds_is_there_in_the_newest(dumped: Path, request: pytest.FixtureRequest) -> None:
    folder = _cluster_folder(request.config)
    changed = []
    for revision in earlier():
        owner = make_url(postgres.start(folder, durable=False, database=ids.new("old")).owner)
        postgres.restore(plain(owner), dumped, schemas=SCHEMAS)
        schema.step_back(owner, revision)
        with connected(owner) as connection:
            known = columns(connection)
            before = rows(connection, known)
        assert before["kernel.journal"], revision
        schema.migrate(owner)
        with connected(owner) as connection:
            now = columns(connection)
            kept = {name: tuple(one for one in own if one in now.get(name, ())) for name, own in known.items()}
            after = rows(connection, kept)
        changed += [(revision, name) for name, own in known.items() if own != kept[name] or before[name] != after[name]]
    assert changed == []


@contextmanager
def connected(owner: URL) -> Iterator[Connection]:
    engine = create_engine(owner)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
