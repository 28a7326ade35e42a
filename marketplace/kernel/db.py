"""Connections: one pool per database role, so that the carriers' side can't read what is the buyers'."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.engine import URL

from marketplace.kernel import dialling, postgres
from marketplace.kernel.config import Settings

CONNECT_SECONDS = 5
CONNECT_SECONDS_EACH = 2
"""Where the address names several machines: the next one waits for its turn. libpq takes no less."""
_WATCHED = {f"keepalives_{name}": value for name, value in dialling.KEEPALIVES.items()}
_WATCHED["tcp_user_timeout"] = dialling.UNHEARD_MS
"""How long a machine that has vanished is waited for."""
_ASYNCPG_OPTIONS = frozenset(
    {
        "host",
        "port",
        "dbname",
        "user",
        "password",
        "passfile",
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslnegotiation",
        "sslcrl",
        "sslpassword",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
        "krbsrvname",
        "gsslib",
        "service",
        "options",
        "application_name",
    }
)
"""What asyncpg understands in an address, and two settings of the server; it takes all else for the server's, too."""


class DatabaseRole(StrEnum):
    """The roles that serve: only ``APP`` has rights to the registry's and identity's schemas.

    ``CARRIER`` sees the signed-in carrier's rows; ``DESK`` runs the auctions and sees the rows of all carriers.
    """

    APP = "marketplace_app"
    CARRIER = "marketplace_carrier"
    DESK = "marketplace_desk"


@dataclass(frozen=True, slots=True)
class Database:
    """The engines of one installation. ``owner`` migrates; the serving roles do all else."""

    owner: URL
    app: Engine
    carrier: Engine
    desk: Engine

    def engine(self, role: DatabaseRole) -> Engine:
        """Return the pool of ``role``."""
        match role:
            case DatabaseRole.APP:
                return self.app
            case DatabaseRole.CARRIER:
                return self.carrier
            case DatabaseRole.DESK:
                return self.desk

    @property
    def desk_dsn(self) -> dict[str, Any]:
        """The desk's role as keywords of ``asyncpg.connect`` and ``asyncpg.create_pool``; holds its password.

        What only libpq understands in the address, such as ``keepalives`` or ``channel_binding``, is left out.
        """
        url = self.desk.url.set(drivername="postgresql")
        understood = {
            name: value if isinstance(value, str) else ",".join(value)
            for name, value in url.query.items()
            if name in _ASYNCPG_OPTIONS
        }
        dsn = url.set(query=understood).render_as_string(hide_password=False)
        return {"dsn": dsn, "timeout": _connect_seconds(url)}

    def close(self) -> None:
        """Close all pools."""
        for engine in (self.app, self.carrier, self.desk):
            engine.dispose()


def connect(settings: Settings) -> Database:
    """Return the database of ``settings``; without a ``database_url`` the embedded server is started first.

    Raises PostgresError when the embedded server can't start. Nothing is connected yet.
    """
    if settings.database_url is None:
        urls = postgres.start(settings.folder / "postgres", binaries=settings.postgres_binaries)
        owner, app, carrier, desk = map(make_url, (urls.owner, urls.app, urls.carrier, urls.desk))
    else:
        owner = _psycopg(settings.database_url.get_secret_value())
        app = _role_url(owner, settings.app_database_url, DatabaseRole.APP)
        carrier = _role_url(owner, settings.carrier_database_url, DatabaseRole.CARRIER)
        desk = _role_url(owner, settings.desk_database_url, DatabaseRole.DESK)
    return Database(owner, *(_pool(url, settings.pool_size) for url in (app, carrier, desk)))


def _psycopg(url: str) -> URL:
    """Return ``url`` with the driver that we use, whatever driver it names."""
    return make_url(url).set(drivername="postgresql+psycopg")


def _role_url(owner: URL, own: object, role: DatabaseRole) -> URL:
    """Return a role's own login, or the owner's login that takes on the role at connect.

    The second is the weaker wall (a statement could reset the role): ``marketplace doctor`` says so.
    """
    if own is not None:
        return _psycopg(own.get_secret_value())  # type: ignore[attr-defined]
    options = f"{owner.query.get('options', '')} -c role={role}".strip()
    return owner.update_query_dict({"options": options})


def _pool(url: URL, size: int) -> Engine:
    """Return an engine whose statements can't wait for ever and whose values are never logged."""
    watched = {"connect_timeout": _connect_seconds(url), **_WATCHED}
    return create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={name: value for name, value in watched.items() if name not in url.query},
    )


def _connect_seconds(url: URL) -> int:
    """Return how long each machine of an address may take to answer."""
    return CONNECT_SECONDS if len(dialling.machines(url)) == 1 else CONNECT_SECONDS_EACH
