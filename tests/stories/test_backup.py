"""A backup brings back an installation that was destroyed: database, keys, and a journal that leads to the same."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL
from typer.testing import CliRunner

from marketplace import schema
from marketplace.bidding import transcripts
from marketplace.cli.main import app
from marketplace.kernel import backup, ids, journal, postgres
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.wiring import assemble
from tests.conftest import _cluster_folder
from tests.security.made import Stage
from tests.stories.made import begin

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database on the run's server."""
    urls = postgres.start(_cluster_folder(request.config), durable=False, database=ids.new("restored"))
    engines = (create_engine(url) for url in (urls.app, urls.carrier, urls.desk))
    database = Database(make_url(urls.owner), *engines)
    yield database
    database.close()


@pytest.fixture
def saved(stage: Stage, tmp_path: Path) -> Path:
    """A backup of a market with an awarded, a running and a sealed auction."""
    done = begin(stage, RACE)
    done.bid("A", "15000.00")
    done.bid("B", "14000.00")
    done.at(done.closes_at + timedelta(hours=1))
    done.made_contract("B", "14000.00")
    sealed = begin(stage, {"preset": "sealed_round"})
    sealed.bid("B", "9500.00")
    runs = begin(stage, RACE)
    runs.bid("A", "13000.00")
    file = tmp_path / "market.backup"
    database = stage.market.database
    backup.write(
        stage.market.settings, plain(database.owner), database.app, schema.revisions(database.owner)[0] or "", file
    )
    return file


def plain(owner: URL) -> str:
    return owner.render_as_string(hide_password=False)


def content(owner: URL) -> dict[str, list[str]]:
    """Return the rows of each table as text."""
    engine = create_engine(owner)
    with engine.connect() as connection:
        found: dict[str, list[str]] = {}
        for table in schema.METADATA.sorted_tables:
            rows = text(f"SELECT t::text FROM {table.fullname} t ORDER BY 1")  # noqa: S608 - a table's name
            found[table.fullname] = list(connection.execute(rows).scalars())
    engine.dispose()
    return found


def other(settings: Settings, folder: Path) -> Settings:
    """Return the settings of the same installation in an empty folder."""
    return settings.model_copy(update={"folder": folder})


def test_what_was_destroyed_comes_back_and_its_journals_lead_to_the_same_states(
    stage: Stage, saved: Path, elsewhere: Database, tmp_path: Path
) -> None:
    settings = other(stage.market.settings, tmp_path / "new")
    done = backup.restore(settings, plain(elsewhere.owner), elsewhere.app, saved)
    assert content(elsewhere.owner) == content(stage.market.database.owner)
    assert schema.revisions(elsewhere.owner)[0] == schema.revisions(elsewhere.owner)[1]
    restored = assemble(settings, stage.clock, elsewhere)
    assert restored.vault.keyring.public_keys == stage.market.vault.keyring.public_keys
    with restored.workshop.reading() as reading:
        assert journal.verify(reading.session).events == done.events > done.manifest.position - 1 > 0
        lots = reading.session.connection().execute(text("SELECT id FROM market.lots")).scalars().all()
    assert len(lots) == 3
    with restored.workshop.work() as work:
        for lot_id in lots:
            assert transcripts.examined(work, lot_id).differences == ()


def test_a_restored_database_is_what_was_saved_and_nothing_of_what_was_there(
    stage: Stage, saved: Path, elsewhere: Database, tmp_path: Path
) -> None:
    engine = create_engine(elsewhere.owner)
    with engine.begin() as connection:
        for statement in (
            "CREATE SCHEMA market",
            "CREATE TABLE market.of_a_later_release (id int)",
            "CREATE TABLE market.lots (id text)",
        ):
            connection.execute(text(statement))
    engine.dispose()
    backup.restore(other(stage.market.settings, tmp_path / "new"), plain(elsewhere.owner), elsewhere.app, saved)
    assert content(elsewhere.owner) == content(stage.market.database.owner)
    engine = create_engine(elsewhere.owner)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT to_regclass('market.of_a_later_release')")).scalar_one()
    engine.dispose()
    assert left is None


def test_a_backup_says_nothing_to_who_has_not_the_secret(saved: Path, elsewhere: Database, tmp_path: Path) -> None:
    assert saved.stat().st_mode & 0o077 == 0
    with tarfile.open(saved) as archive:
        for name in archive.getnames():
            part = archive.extractfile(name)
            assert part is not None
            assert b"PRIVATE KEY" not in part.read(), name
    stranger = Settings(_env_file=None, folder=tmp_path / "new", secret="another-secret-that-nobody-guessed")
    with pytest.raises(backup.WrongBackupError, match="MARKETPLACE_SECRET"):
        backup.restore(stranger, plain(elsewhere.owner), elsewhere.app, saved)
    assert not (tmp_path / "new").exists()


def test_a_damaged_backup_changes_nothing(stage: Stage, saved: Path, elsewhere: Database, tmp_path: Path) -> None:
    schema.migrate(elsewhere.owner)
    before = content(elsewhere.owner)
    damaged = tmp_path / "damaged.backup"
    for harm in (b"", b"not a backup", saved.read_bytes()[:-20_000], flipped(saved)):
        damaged.write_bytes(harm)
        with pytest.raises(backup.WrongBackupError):
            backup.restore(
                other(stage.market.settings, tmp_path / "new"), plain(elsewhere.owner), elsewhere.app, damaged
            )
    assert content(elsewhere.owner) == before


def flipped(file: Path) -> bytes:
    """Return a backup with one bit of its dump changed."""
    with tarfile.open(file) as archive:
        dump = archive.getmember("database.dump")
    harmed = bytearray(file.read_bytes())
    harmed[dump.offset_data + dump.size // 2] ^= 1
    return bytes(harmed)


def test_the_commands_save_and_restore_an_installation(
    stage: Stage, elsewhere: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(stage, RACE).bid("A", "15000.00")
    monkeypatch.setenv("MARKETPLACE_FOLDER", str(tmp_path / "own"))
    shutil.copytree(stage.market.settings.folder / "keys", tmp_path / "own" / "keys")
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", plain(stage.market.database.owner))
    file = tmp_path / "market.backup"
    said = CliRunner().invoke(app, ["db", "backup", str(file)])
    assert said.exit_code == 0, said.output
    dumped = CliRunner().invoke(app, ["db", "dump", str(tmp_path / "market.dump")])
    assert dumped.exit_code == 0, dumped.output
    monkeypatch.setenv("MARKETPLACE_FOLDER", str(tmp_path / "new"))
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", plain(elsewhere.owner))
    for name in ("market.backup", "market.dump"):
        said = CliRunner().invoke(app, ["db", "restore", str(tmp_path / name)])
        assert said.exit_code == 0, said.output
        assert content(elsewhere.owner) == content(stage.market.database.owner)
    assert (tmp_path / "new" / "keys").exists()
    (tmp_path / "none").write_text(json.dumps({"it": "is none"}))
    said = CliRunner().invoke(app, ["db", "restore", str(tmp_path / "none")])
    assert said.exit_code == 1
    assert "is no backup" in said.stderr
