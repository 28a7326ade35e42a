"""Commands around the database: ``marketplace db start|stop|status|migrate|backup|dump|restore``."""

from pathlib import Path
from typing import Annotated

import typer
from rich import print as show

from marketplace import schema, wiring
from marketplace.kernel import backup as backups
from marketplace.kernel import postgres, privileges
from marketplace.kernel.config import Settings
from marketplace.kernel.db import connect

app = typer.Typer(no_args_is_help=True, help="Start, stop, migrate, save and restore the database.")

_DUMP = b"PGDMP"
"""How a dump begins (PostgreSQL's custom format)."""


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
def backup(file: Annotated[Path, typer.Argument(help="where to write; an older one is replaced")]) -> None:
    """Write a backup into a file: the database, and the signing keys, sealed with MARKETPLACE_SECRET.

    Servers and workers may run. The secret is not in the file: keep it apart, a backup is worth nothing without it.
    """
    settings = Settings()
    with wiring.opened(settings) as market:
        at, _ = schema.revisions(market.database.owner)
        made = backups.write(settings, _whole(settings), market.database.app, at or "", file)
    show(f"Written to {file}: the journal up to event {made.position:,}, at revision {made.revision}.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="made by backup or by dump")]) -> None:
    """Replace the database by a backup or a dump, wholly or not at all; stop servers and workers before.

    A backup's keys are put back, and every hash chain of the journal is recomputed.
    """
    settings = Settings()
    if _is_dump(file):
        postgres.restore(_whole(settings), file, binaries=settings.postgres_binaries, schemas=privileges.SCHEMAS)
        show(f"Restored from {file}.")
        return
    with wiring.opened(settings) as market:
        try:
            done = backups.restore(settings, _whole(settings), market.database.app, file)
        except (backups.WrongBackupError, backups.NotWholeError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        at, newest = schema.revisions(market.database.owner)
    show(f"Restored from {file}, made {done.manifest.made_at}, with {done.keys} signing key(s).")
    show(f"All {done.events:,} events of {done.streams:,} streams are as they were written.")
    if at != newest:
        show(f"The database is at revision {at}; 'marketplace db migrate' or the next start brings it to {newest}.")


def _is_dump(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(len(_DUMP)) == _DUMP


def _whole(settings: Settings) -> Path | str:
    """Return what dump and restore work on: the embedded server's folder or the configured address."""
    if settings.database_url is None:
        return embedded_folder(settings)
    return settings.database_url.get_secret_value()
