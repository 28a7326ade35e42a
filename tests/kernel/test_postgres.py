"""The embedded PostgreSQL: what survives, what is refused and who may do what."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from marketplace.kernel import postgres

REPOSITORY = Path(__file__).parents[2]
STARTER = "import sys; from pathlib import Path; from marketplace.kernel import postgres as p; "


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    with reachable_folder() as folder:
        postgres.start(folder, durable=False)
        yield folder


@pytest.fixture
def own() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """Yield an empty folder outside of pytest's own, which is closed to the account that may stand in for root."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        yield folder
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder)


def connect(url: str, **changes: str) -> psycopg.Connection[tuple[object, ...]]:
    parts = make_url(url)
    place = {
        "host": str(parts.query["host"]),
        "port": str(parts.query["port"]),
        "user": str(parts.username),
        "password": str(parts.password),
        "dbname": str(parts.database),
    }
    return psycopg.connect(make_conninfo("", **(place | changes)), autocommit=True)


def one(url: str, query: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_the_roles_connect_and_none_has_power_over_the_server(cluster: Path) -> None:
    urls = postgres.start(cluster)
    powers = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication"
    for url, name in ((urls.owner, "owner"), (urls.app, "app"), (urls.carrier, "carrier"), (urls.desk, "desk")):
        assert one(url, "SELECT current_user") == f"marketplace_{name}"
        assert one(url, f"{powers} FROM pg_roles WHERE rolname = current_user") is False
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert one(urls.owner, owner) == "marketplace_owner"


def test_only_the_owner_makes_tables(cluster: Path) -> None:
    urls = postgres.start(cluster)
    for url in (urls.app, urls.carrier, urls.desk):
        with connect(url) as connection:
            for statement in (b"CREATE TABLE mine (id int)", b"CREATE SCHEMA mine", b"CREATE TEMP TABLE mine (id int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
    with connect(urls.owner) as connection:
        connection.execute("CREATE TABLE ours (id int)")
        connection.execute("DROP TABLE ours")


@pytest.mark.parametrize("user", ["postgres", "marketplace_owner", "marketplace_app"])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_connects_without_the_password(cluster: Path, user: str, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(postgres.start(cluster).app, user=user, password=password)


def test_the_server_listens_on_its_private_socket_only(cluster: Path) -> None:
    urls = postgres.start(cluster)
    assert one(urls.app, "SELECT current_setting('listen_addresses')") == ""
    methods = {
        line.split()[-1] for line in (cluster / "data/pg_hba.conf").read_text().splitlines() if line[:1].isalpha()
    }
    assert methods == {"scram-sha-256"}
    socket = postgres.status(cluster).socket
    assert socket is not None
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE((cluster / "secrets.json").stat().st_mode) == 0o600


def test_starting_again_attaches_to_the_running_server(cluster: Path) -> None:
    before = postgres.status(cluster)
    assert before.running
    assert postgres.start(cluster) == postgres.start(cluster)
    assert postgres.status(cluster) == before


def test_a_cluster_of_a_release_without_the_desk_gets_its_role(own: Path) -> None:
    before = postgres.start(own, durable=False)
    secrets = own / "secrets.json"
    passwords = json.loads(secrets.read_text())
    superuser = passwords["postgres"]
    with connect(before.owner, user="postgres", password=superuser) as connection:
        connection.execute("REVOKE ALL ON DATABASE marketplace FROM marketplace_desk")
        connection.execute("DROP ROLE marketplace_desk")
    del passwords["marketplace_desk"]
    secrets.write_text(json.dumps(passwords))
    after = postgres.start(own)
    assert (after.owner, after.app, after.carrier) == (before.owner, before.app, before.carrier)
    assert one(after.desk, "SELECT current_user") == "marketplace_desk"
    assert one(after.owner, "SELECT pg_has_role('marketplace_desk', 'MEMBER')") is True
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert postgres.start(own) == after


def test_a_clone_holds_what_its_template_held_and_is_closed_to_others(cluster: Path) -> None:
    with connect(postgres.start(cluster, database="model").owner) as connection:
        connection.execute("CREATE TABLE lot AS SELECT 7 AS id")
    for _ in range(2):  # the second replaces the first
        copy = postgres.clone_database(cluster, "model", "worker")
        assert one(copy.owner, "SELECT id FROM lot") == 7
    assert one(copy.app, "SELECT has_database_privilege('worker', 'CREATE')") is False
    assert one(copy.owner, "SELECT has_database_privilege('public', 'worker', 'CONNECT')") is False


def test_a_dump_brings_back_what_was_there(cluster: Path, tmp_path: Path) -> None:
    url = postgres.start(cluster, database="dumped").owner
    with connect(url) as connection:
        connection.execute("CREATE TABLE lot (id int PRIMARY KEY)")
        connection.execute("INSERT INTO lot VALUES (1), (2)")
        connection.execute("GRANT SELECT ON lot TO marketplace_app")
        postgres.dump(url, tmp_path / "file.dump")
        connection.execute("DELETE FROM lot")
    postgres.restore(url, tmp_path / "file.dump")
    assert one(postgres.start(cluster, database="dumped").app, "SELECT count(*) FROM lot") == 2
    assert stat.S_IMODE((tmp_path / "file.dump").stat().st_mode) == 0o600
    with pytest.raises(postgres.PostgresError, match="pg_dump failed"):
        postgres.dump(url.replace("/dumped?", "/missing?"), tmp_path / "file.dump")
    assert (tmp_path / "file.dump").stat().st_size > 0


def test_a_killed_server_comes_back_with_what_was_committed(own: Path) -> None:
    urls = postgres.start(own)
    with connect(urls.owner) as connection:
        connection.execute("CREATE TABLE lot AS SELECT 7 AS id")
    pid = postgres.status(own).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert one(postgres.start(own).owner, "SELECT id FROM lot") == 7
    assert postgres.status(own).pid != pid


def test_a_pid_file_that_names_another_program_hinders_nothing(own: Path) -> None:
    postgres.start(own, durable=False)
    file = own / "data/postmaster.pid"
    _, *rest = file.read_text().splitlines()
    assert postgres.stop(own)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        file.write_text("\n".join([str(stranger.pid), *rest]) + "\n")
        assert not postgres.status(own).running
        assert not postgres.stop(own)
        assert stranger.poll() is None
        assert one(postgres.start(own, durable=False).app, "SELECT 1") == 1
        stranger.communicate(b"\n")


def test_a_half_made_cluster_is_thrown_away(own: Path) -> None:
    (own / "data.new").mkdir(parents=True)
    (own / "data.new/PG_VERSION").write_text("18\n")
    assert one(postgres.start(own, durable=False).app, "SELECT 1") == 1
    assert not (own / "data.new").exists()


def test_a_long_path_and_one_with_spaces_work(own: Path) -> None:
    own.chmod(0o711)
    folder = own / ("long name " * 12).strip()
    try:
        assert one(postgres.start(folder, durable=False).app, "SELECT 1") == 1
        socket = postgres.status(folder).socket
        assert socket is not None
        assert len(str(socket)) < 80
    finally:
        assert postgres.stop(folder)
    assert not socket.exists()


def test_the_server_outlives_its_starter_and_concurrent_starts_make_one(own: Path) -> None:
    command = [sys.executable, "-c", STARTER + "print(p.start(Path(sys.argv[1]), durable=False))", str(own)]
    starters = [
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY)  # noqa: S603 - our own interpreter
        for _ in range(3)
    ]
    answers = {starter.communicate()[0] for starter in starters}
    assert len(answers) == 1
    assert [starter.returncode for starter in starters] == [0, 0, 0]
    found = postgres.status(own)
    assert found.running
    assert found.pid is not None
    assert postgres.stop(own)
    assert not postgres.stop(own)
    assert not postgres.status(own).running


def test_a_cluster_of_another_version_is_refused(own: Path) -> None:
    postgres.start(own, durable=False)
    assert postgres.stop(own)
    (own / "data/PG_VERSION").write_text("14\n")
    with pytest.raises(postgres.PostgresError, match=r"made by PostgreSQL 14 .* use version 14"):
        postgres.start(own, durable=False)
    (own / "secrets.json").unlink()
    with pytest.raises(postgres.PostgresError, match="passwords is missing"):
        postgres.start(own, durable=False)


def test_a_folder_without_programs_or_a_path_for_a_shell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(postgres.PostgresError, match="holds no program 'postgres'"):
        postgres.find_binaries(tmp_path)
    with pytest.raises(postgres.PostgresError, match="choose another folder"):
        postgres.start(tmp_path / "$(touch x)")
    found = postgres.find_binaries(None)
    assert postgres.find_binaries(found) == postgres.find_binaries(found.parent) == found.resolve()


def test_nothing_is_known_of_an_empty_folder(tmp_path: Path) -> None:
    assert postgres.status(tmp_path) == postgres.Status(
        running=False, pid=None, version=None, folder=tmp_path, socket=None
    )
    assert not postgres.stop(tmp_path)
    assert list(tmp_path.iterdir()) == []
