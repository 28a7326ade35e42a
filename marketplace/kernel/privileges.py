"""What each database role may do: nothing, but for what a table says of itself.

A table says ``info={"carrier": "SELECT, INSERT"}`` in its ``__table_args__`` to be open to the role that serves
carriers, and ``"own_rows": "provider_id"`` to show that role only the rows of the organization that is signed in, or
``"visible_rows"`` with an SQL condition of its own. ``"desk": "SELECT"`` opens all rows to the desk's role, which takes
bids for all carriers and has to see them side by side.
"""

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

APP = "marketplace_app"
CARRIER = "marketplace_carrier"
DESK = "marketplace_desk"
SCHEMAS = ("kernel", "identity", "registry", "market")
CARRIER_SCHEMAS = ("kernel", "market")
"""The carriers' and the desk's role may not even look into the other two: who the buyers and their users are."""


ROLE_STATEMENTS = tuple(
    f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
    f" THEN CREATE ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER; END IF; END $$"
    for role in (APP, CARRIER, DESK)
)
"""Make the serving roles on a server that doesn't have them: without a login, taken on by the owner at connect."""


def statements(metadata: MetaData) -> Iterator[str]:
    """Yield the SQL that gives the serving roles their rights on the tables of ``metadata``; safe to repeat."""
    for schema in SCHEMAS:
        yield f"GRANT USAGE ON SCHEMA {schema} TO {APP}"
    for schema in CARRIER_SCHEMAS:
        yield f"GRANT USAGE ON SCHEMA {schema} TO {CARRIER}"
        yield f"GRANT USAGE ON SCHEMA {schema} TO {DESK}"
    for table in metadata.sorted_tables:
        yield from _table_statements(table)


def _table_statements(table: Table) -> Iterator[str]:
    name = table.fullname
    if table.info.get("append_only"):
        yield f"GRANT SELECT, INSERT ON {name} TO {APP}"
        for column in table.info.get("stamped", ()):
            yield f"GRANT UPDATE ({column}) ON {name} TO {APP}"
    else:
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APP}"
    if "carrier" in table.info:
        yield f"GRANT {table.info['carrier']} ON {name} TO {CARRIER}"
    if "desk" in table.info:
        yield f"GRANT {table.info['desk']} ON {name} TO {DESK}"
    visible = _visible_rows(table)
    if visible:
        yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
        yield f"DROP POLICY IF EXISTS all_rows ON {name}"
        yield f"CREATE POLICY all_rows ON {name} TO {APP} USING (true) WITH CHECK (true)"
        yield f"DROP POLICY IF EXISTS visible_rows ON {name}"
        yield f"CREATE POLICY visible_rows ON {name} TO {CARRIER} USING ({visible}) WITH CHECK ({visible})"
        if "desk" in table.info:
            yield f"DROP POLICY IF EXISTS desk_rows ON {name}"
            rows = table.info.get("desk_rows", "true")
            yield f"CREATE POLICY desk_rows ON {name} TO {DESK} USING ({rows}) WITH CHECK ({rows})"


def _visible_rows(table: Table) -> str:
    """Return the SQL condition on the rows that the carriers' role may touch; empty: no row security."""
    if "own_rows" in table.info:
        return f"{table.info['own_rows']} = current_setting('marketplace.organization', true)"
    return str(table.info.get("visible_rows", ""))
