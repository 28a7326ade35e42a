"""While a release replaces another, the earlier one works on the newer schema: what it reads and writes is still there.

What the database's catalogue says of each revision is compared with the one before. A release's statements name
columns, leave others to their defaults, rely on rights and on what is unique, and write what constraints let them: as
long as none of that is taken away, they work.
"""

from typing import NamedTuple

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Row, create_engine, make_url, text

from marketplace import schema
from marketplace.kernel import ids, postgres
from marketplace.kernel.privileges import SCHEMAS
from tests.conftest import _cluster_folder

NOT_BESIDE = {"0003": "the state of a lot moved from one document into its bids, out of the carriers' reach"}
"""Revisions before which all servers and workers of the release before must be stopped, and why."""
WITHDRAWN = "CHECK ((status = ANY (ARRAY['presented'::text, 'accepted'::text, 'refused'::text, 'withdrawn'::text])))"
WIDER = {f"market.contracts: new constraint {WITHDRAWN}"}
"""Constraints that let through all that the one before them did."""

COLUMNS = """
    SELECT table_schema || '.' || table_name AS place, column_name AS own, data_type AS says,
        is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER' AS required
    FROM information_schema.columns WHERE table_schema = ANY (:schemas)
"""
RIGHTS = """
    SELECT table_schema || '.' || table_name AS place, grantee || ' ' || privilege_type AS own, column_name AS says
    FROM information_schema.column_privileges
    WHERE table_schema = ANY (:schemas) AND grantee IN ('marketplace_app', 'marketplace_carrier', 'marketplace_desk')
"""
UNIQUE = """
    SELECT i.indrelid::regclass::text AS place, 'unique' AS own,
        regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') AS says
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.indisunique AND n.nspname = ANY (:schemas)
"""
CONSTRAINTS = """
    SELECT k.conrelid::regclass::text AS place, 'constraint' AS own, pg_get_constraintdef(k.oid) AS says
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE k.contype IN ('c', 'f') AND n.nspname = ANY (:schemas)
"""


class Known(NamedTuple):
    """What a release relies on (``there``), and what hinders its writing (``hinders``), by the table's name."""

    there: frozenset[tuple[str, str]]
    hinders: frozenset[tuple[str, str]]

    @property
    def tables(self) -> set[str]:
        return {table for table, _ in self.there}


def known(connection: Connection) -> Known:
    def found(query: str) -> list[Row[tuple[str, ...]]]:
        return list(connection.execute(text(query), {"schemas": list(SCHEMAS)}))

    columns, unique = found(COLUMNS), found(UNIQUE)
    there = [*columns, *found(RIGHTS), *unique]
    hinders = [*(one for one in columns if one.required), *unique, *found(CONSTRAINTS)]
    return Known(*(frozenset((one.place, f"{one.own} {one.says}") for one in some) for some in (there, hinders)))


def broken(earlier: Known, later: Known) -> list[str]:
    """Return what of the earlier release no longer works on the later schema."""
    gone = [f"{table}: no longer {what}" for table, what in earlier.there - later.there]
    new = [f"{table}: new {what}" for table, what in later.hinders - earlier.hinders if table in earlier.tables]
    return sorted({*gone, *new} - WIDER)


def test_each_revision_leaves_the_release_before_working(request: pytest.FixtureRequest) -> None:
    urls = postgres.start(_cluster_folder(request.config), durable=False, database=ids.new("beside"))
    owner = make_url(urls.owner)
    script = ScriptDirectory.from_config(schema.configuration(owner))
    found: dict[str, list[str]] = {}
    before: Known | None = None
    engine = create_engine(owner)
    for revision in reversed([one.revision for one in script.walk_revisions()]):
        schema.migrate(owner, revision)
        with engine.connect() as connection:
            now = known(connection)
        if before is not None and (changes := broken(before, now)):
            found[revision] = changes
        before = now
    engine.dispose()
    assert found.keys() >= NOT_BESIDE.keys(), "what is known to break is found"
    found = {revision: changes for revision, changes in found.items() if revision not in NOT_BESIDE}
    assert not found, "\n".join(f"{revision}: {change}" for revision, changes in found.items() for change in changes)
