"""Connections: one pool per database role, so that the carriers' side can't read what is the buyers'."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.engine import URL

from marketplace.kernel import postgres
from marketplace.kernel.config import Settings


class DatabaseRole(StrEnum):
    """The two roles that serve: ``CARRIER`` has no right to the registry's and identity's schemas."""

    APP = "marketplace_app"
    CARRIER = "marketplace_carrier"


@dataclass(frozen=True, slots=True)
class Database:
    """The engines of one installation. ``owner`` migrates; the two serving roles do all else."""

    owner: URL
    app: Engine
    carrier: Engine

    def engine(self, role: DatabaseRole) -> Engine:
        """Return the pool of ``role``."""
        return self.carrier if role is DatabaseRole.CARRIER else self.app

    def close(self) -> None:
        """Close both pools."""
        self.app.dispose()
        self.carrier.dispose()


def connect(settings: Settings) -> Database:
    """Return the database of ``settings``; without a ``database_url`` the embedded server is started first.

    Raises PostgresError when the embedded server can't start. Nothing is connected yet.
    """
    if settings.database_url is None:
        urls = postgres.start(settings.folder / "postgres", binaries=settings.postgres_binaries)
        owner, app, carrier = make_url(urls.owner), make_url(urls.app), make_url(urls.carrier)
    else:
        owner = _psycopg(settings.database_url.get_secret_value())
        app = _role_url(owner, settings.app_database_url, DatabaseRole.APP)
        carrier = _role_url(owner, settings.carrier_database_url, DatabaseRole.CARRIER)
    return Database(owner, _pool(app, settings.pool_size), _pool(carrier, settings.pool_size))


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
    return create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 5},
    )
