"""What is wrong with an installation, in plain words: configuration, database, migrations, keys, clocks, packages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from marketplace import schema
from marketplace.kernel.clock import database_clock, machine_now
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database, connect
from marketplace.kernel.postgres import PostgresError
from marketplace.kernel.vault import open_vault
from marketplace.kernel.work import Workshop

PACKAGES = ("marketplace", "buyers", "sellers", "matching", "notifications")
MOST_SKEW_SECONDS = 2.0
"""Access tokens are checked by this machine's clock, trade by the database's: they must agree about as well."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is good, and what to know or do."""

    what: str
    good: bool
    says: str


def examine() -> list[Finding]:
    """Look at everything and return what was found; nothing is changed but that the embedded database is started."""
    try:
        settings = Settings()
    except ValidationError as error:
        return [Finding("configuration", good=False, says=_said(item["loc"], item["msg"])) for item in error.errors()]
    found = [Finding("configuration", good=True, says=f"profile {settings.profile}"), *_packages()]
    found.append(_attempt("keys", lambda: f"{len(open_vault(settings).keyring.public_keys)} signing key(s)"))
    try:
        database = connect(settings)
        version = _version(database)
    except (SQLAlchemyError, PostgresError) as error:
        says = f"can't be reached: {str(error).splitlines()[0]}"
        return [*found, Finding("database", good=False, says=says)]
    found.append(Finding("database", good=True, says=f"PostgreSQL {version} answers"))
    found.append(_attempt("migrations", lambda: _migrations(database)))
    found.append(_attempt("roles", lambda: _roles(database)))
    found.append(_attempt("clocks", lambda: _clocks(settings, database)))
    database.close()
    return found


def _said(location: tuple[int | str, ...], message: str) -> str:
    """Return what is wrong with a setting, named as the variable that sets it."""
    return ": ".join([*(f"MARKETPLACE_{str(part).upper()}" for part in location), message])


def _version(database: Database) -> str:
    engine = create_engine(database.owner, poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as connection:
        return str(connection.execute(text("SHOW server_version")).scalar_one())


class _WrongError(Exception):
    """Something is not as it should be; the message says what to do."""


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, good=True, says=look())
    except (_WrongError, SQLAlchemyError, OSError, ValueError) as error:
        return Finding(what, good=False, says=str(error).splitlines()[0])


def _packages() -> Iterator[Finding]:
    """Yield whether our import packages are ours: other distributions install packages of the same names."""
    here = Path(__file__).parent.parent
    for package in PACKAGES:
        others = [name for name in metadata.packages_distributions().get(package, []) if name != "tenderline"]
        module = __import__(package)
        path = Path(str(module.__file__)).parent.parent
        if others:
            says = f"'{package}' is also installed by {', '.join(others)}: uninstall that, or use an own environment"
            yield Finding("packages", good=False, says=says)
        elif path != here:
            yield Finding("packages", good=False, says=f"'{package}' is imported from {path} instead of {here}")
    yield Finding("packages", good=True, says=f"{', '.join(PACKAGES)} looked at")


def _migrations(database: Database) -> str:
    at, newest = schema.revisions(database.owner)
    if at != newest:
        raise _WrongError(
            f"the database is at {at or 'nothing'}, this release needs {newest}: run 'marketplace db migrate'"
        )
    return f"at {at}, the newest"


def _roles(database: Database) -> str:
    """Check that the roles of carriers and of the desk can't read who the buyers and the users are."""
    return "; ".join(
        (
            _blind_role(database.carrier, "MARKETPLACE_CARRIER_DATABASE_URL"),
            _blind_role(database.desk, "MARKETPLACE_DESK_DATABASE_URL"),
        )
    )


def _blind_role(engine: Engine, variable: str) -> str:
    """Check that the role of ``engine`` is shut out of the two schemas; ``variable`` gives it its own login."""
    with engine.connect() as connection:
        role, login, *schemas = connection.execute(
            text(
                "SELECT current_user, session_user, has_schema_privilege(current_user, 'registry', 'USAGE'),"
                " has_schema_privilege(current_user, 'identity', 'USAGE')"
            )
        ).one()
    for name, can in zip(("registry", "accounts"), schemas, strict=True):
        if can:
            raise _WrongError(f"{role} may look into the {name}: run 'marketplace db migrate' as the owner")
    if login != role:
        return (
            f"{role} can't see the registry, but is taken on by the login {login}, which can:"
            f" set {variable} to a login of its own"
        )
    return f"{role} has its own login and can't see the registry"


def _clocks(settings: Settings, database: Database) -> str:
    with Workshop(database, open_vault(settings)).reading() as reading:
        skew = abs((database_clock(reading.session) - machine_now()).total_seconds())
    if skew > MOST_SKEW_SECONDS:
        raise _WrongError(
            f"the database's clock and this machine's differ by {skew:.1f} s: set up time synchronisation"
        )
    return f"{skew * 1000:.0f} ms apart"
