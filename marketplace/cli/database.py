"""Commands around the database: ``marketplace db start|stop|status|migrate|dump|restore``."""

from pathlib import Path
from typing import Annotated

import typer
from rich import print as show

from marketplace import schema
from marketplace.kernel import postgres
from marketplace.kernel.config import Settings
from marketplace.kernel.db import connect

app = typer.Typer(no_args_is_help=True, help="Start, stop, migrate, dump and restore the database.")


def embedded_folder(settings: Settings) -> Path:
    """Return the folder of the embedded database."""
    return settings.folder / "postgres"


@app.command()
def start() -> None:
    """Start the embedded database (it goes on when this command ends) and bring it up to date."""
    settings = Settings()
    database = connect(settings)
    schema.migrate(database.owner)
    show(f"The database runs in {embedded_folder(settings)}.")


@app.command()
def stop() -> None:
    """Stop the embedded database."""
    stopped = postgres.stop(embedded_folder(Settings()))
    show("Stopped." if stopped else "It was not running.")


@app.command()
def status() -> None:
    """Tell whether the embedded database runs, and where."""
    found = postgres.status(embedded_folder(Settings()))
    state = f"runs (process {found.pid})" if found.running else "does not run"
    version = f"PostgreSQL {found.version}" if found.version else "not created yet"
    show(f"{found.folder}: {version}, {state}.")


@app.command()
def migrate(revision: Annotated[str, typer.Argument(help="a revision, or head")] = "head") -> None:
    """Bring the database up to a revision."""
    schema.migrate(connect(Settings()).owner, revision)
    show(f"The database is at {revision}.")


@app.command()
def dump(file: Annotated[Path, typer.Argument(help="where to write; must not exist")]) -> None:
    """Write the whole database into a file."""
    settings = Settings()
    postgres.dump(_whole(settings), file, binaries=settings.postgres_binaries)
    show(f"Written to {file}.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="made by dump")]) -> None:
    """Replace the database's content by a dump."""
    settings = Settings()
    postgres.restore(_whole(settings), file, binaries=settings.postgres_binaries)
    show(f"Restored from {file}.")


def _whole(settings: Settings) -> Path | str:
    """Return what dump and restore work on: the embedded server's folder or the configured address."""
    if settings.database_url is None:
        return embedded_folder(settings)
    return settings.database_url.get_secret_value()
