"""The embedded PostgreSQL: finds the programs, makes a cluster in a folder, starts, stops, dumps and restores it."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL, make_url

from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.postgres_programs import (
    Account,
    PostgresError,
    choose_account,
    find_binaries,
    pid_file,
    remove_alien_pid_file,
    running_pid,
    server_environment,
    version_of,
)

__all__ = [
    "DatabaseUrls",
    "PostgresError",
    "Status",
    "clone_database",
    "dump",
    "find_binaries",
    "restore",
    "start",
    "status",
    "stop",
]

BUILTIN_LOCALE = 17  # from this version on, there is a locale that depends on no library of the machine
PORT = 5432  # part of the socket's file name; nothing listens on TCP
SUPERUSER = "postgres"
ROLES = ("marketplace_owner", "marketplace_app", "marketplace_carrier", "marketplace_desk")
SOCKET_PATH_LIMIT = 100  # bytes; sun_path holds 103 on macOS and 107 on Linux
LOCK_SECONDS = 120.0
START_SECONDS = 10.0  # a killed server's orphans hold its shared memory for some seconds
RECOVERY_SECONDS = 120.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """SQLAlchemy URLs of one database, one per role; each holds a password."""

    owner: str
    app: str
    carrier: str
    desk: str


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the cluster in a folder; ``version`` is the major version that made it."""

    running: bool
    pid: int | None
    version: int | None
    folder: Path
    socket: Path | None


def start(
    folder: Path, *, binaries: Path | None = None, durable: bool = True, database: str = "marketplace"
) -> DatabaseUrls:
    """Make sure that the cluster in ``folder`` exists and runs and holds the roles and the database.

    The server outlives the caller; ``stop`` ends it. A server that already runs is used as it is.

    Args:
        folder: The cluster's home; made when missing.
        binaries: The folder of PostgreSQL's programs; None looks for them.
        durable: False gives up safety against power cuts for speed: for tests only.
        database: The database to make when it is missing.

    Raises:
        PostgresError: Something is wrong; the message says what.
    """
    with _locked(folder) as home:
        passwords = _passwords(home)
        if not (home / "data").exists():
            _create(home, find_binaries(binaries), passwords[SUPERUSER], durable=durable)
        _run(home, binaries, passwords[SUPERUSER], durable=durable)
        socket = _socket_of_running(home)
        with _connect(socket, passwords[SUPERUSER]) as connection:
            _ensure_roles(connection, passwords)
            names = connection.execute("SELECT datname FROM pg_database").fetchall()
            if (database,) not in names:
                _create_database(connection, database)
            else:
                _let_connect(connection, database)
        return _urls(socket, passwords, database)


def clone_database(folder: Path, template: str, database: str) -> DatabaseUrls:
    """Make ``database`` anew as a copy of ``template``, to which nobody may be connected; the cluster must run.

    Raises:
        PostgresError: The cluster does not run.
    """
    with _locked(folder) as home:
        passwords = _passwords(home)
        socket = _socket_of_running(home)
        with _connect(socket, passwords[SUPERUSER]) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
            _create_database(connection, database, template)
        return _urls(socket, passwords, database)


def stop(folder: Path) -> bool:
    """End the server; open transactions are rolled back. Return whether one was running.

    Raises:
        PostgresError: It does not end.
    """
    with _explained(folder):
        if not (folder / "data").exists():
            return False
    with _locked(folder) as home:
        pid = running_pid(home / "data")
        if pid is None:
            return False
        socket = _socket_of_running(home)
        for how in (signal.SIGINT, signal.SIGQUIT):  # postgres(1): fast, then immediate shutdown
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            if _wait_for_end(home / "data"):
                with contextlib.suppress(OSError):
                    socket.rmdir()
                return True
    raise PostgresError(f"PostgreSQL (process {pid}) does not end: see {folder / 'data' / 'server.log'}.")


def status(folder: Path) -> Status:
    """Return what is known of the cluster in ``folder``; never changes anything."""
    data = folder.resolve() / "data"
    with _explained(folder):
        version_file = data / "PG_VERSION"
        version = int(version_file.read_text()) if version_file.exists() else None
        pid = running_pid(data)
        socket = Path(pid_file(data)[4]) if pid is not None else None
    return Status(running=pid is not None, pid=pid, version=version, folder=folder, socket=socket)


def dump(source: Path | str, file: Path, *, binaries: Path | None = None) -> None:
    """Write a database into ``file`` (pg_dump's custom format), readable by its owner only.

    Args:
        source: The folder of an embedded cluster, started when it does not run, or the owner's SQLAlchemy URL.
        file: The file to write; an older one is replaced when the dump is complete.
        binaries: The folder of PostgreSQL's programs; None looks for them.

    Raises:
        PostgresError: pg_dump is missing or failed.
    """
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        _client("pg_dump", ["--format=custom", f"--file={partial.resolve()}"], source, binaries)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(target: Path | str, file: Path, *, binaries: Path | None = None, schemas: Sequence[str] = ()) -> None:
    """Replace what ``target`` (as ``source`` of ``dump``) holds by a dump, in one transaction: wholly or not at all.

    What the dump doesn't know stays, but for ``schemas``: these hold nothing but what the dump has in them.

    Raises:
        PostgresError: pg_restore or psql is missing or failed.
    """
    if not schemas:
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
        _client("pg_restore", options, target, binaries, str(file.resolve()))
        return
    with tempfile.TemporaryDirectory(dir=file.resolve().parent, prefix="restore-") as folder:
        first, script = Path(folder) / "first.sql", Path(folder) / "dump.sql"
        names = sql.SQL(", ").join(map(sql.Identifier, schemas))
        drop = sql.SQL("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {} CASCADE;").format(names)
        first.write_text(drop.as_string())
        _run_client("pg_restore", ["--no-owner", f"--file={script}", str(file.resolve())], binaries)
        once = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        _client("psql", [*once, f"--file={first}", f"--file={script}"], target, binaries)


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn errors of the system and of the driver into sentences."""
    try:
        yield
    except PermissionError as error:
        raise PostgresError(
            f"You may not use {error.filename or folder}: run as its owner or choose another."
        ) from error
    except (OSError, psycopg.Error) as error:
        raise PostgresError(f"The database in {folder} cannot be used: {error}") from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Hold the folder's lock, so that one process at a time makes, starts or stops the cluster."""
    if re.search(r'["$`\\\n]', str(folder.resolve())):  # pg_ctl puts the path into a shell's double quotes
        raise PostgresError(f'The path {folder} holds one of " $ ` \\: choose another folder for the database.')
    with _explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            deadline = stopwatch() + LOCK_SECONDS
            while not _try_lock(lock.fileno()):
                if stopwatch() > deadline:
                    raise PostgresError(f"Another process holds {folder / 'lock'}: wait for it or end it.")
                wait(0.1)
            yield folder.resolve()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _passwords(home: Path) -> dict[str, str]:
    """Return the password of each role from the folder's secret file, which is written before the cluster.

    A role that an earlier release did not know gets its password before it is made.
    """
    file = home / "secrets.json"
    if not file.exists() and (home / "data").exists():
        raise PostgresError(f"{file} with the database's passwords is missing: put it back, or remove {home}.")
    passwords: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [role for role in (SUPERUSER, *ROLES) if role not in passwords]
    if missing:
        passwords |= {role: secrets.token_urlsafe(32) for role in missing}
        _write_secret(home / "secrets.new", json.dumps(passwords, indent=1)).replace(file)
    return passwords


def _write_secret(file: Path, text: str) -> Path:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    return file


def _create(home: Path, binaries: Path, password: str, *, durable: bool) -> None:
    """Make the cluster beside its final place and rename it, so that a half-made one is never used."""
    account = choose_account(binaries / "initdb", None)
    if account.uid is not None:
        closed = [str(parent) for parent in home.parents if not parent.stat().st_mode & stat.S_IXOTH]
        if closed:
            raise PostgresError(
                f"Root runs PostgreSQL as uid {account.uid} here, which cannot pass through {closed[0]}: "
                "choose a folder for the database whose parents are open, such as /var/lib/marketplace."
            )
        home.chmod(0o711)  # the account must pass through; what is inside is closed
    fresh = home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    account.give(fresh)
    password_file = _write_secret(home / "password.new", password)
    account.give(password_file)
    locale = ["--locale=C"]
    if version_of(binaries) >= BUILTIN_LOCALE:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options = ["--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", *locale]
    options += [f"--username={SUPERUSER}", f"--pwfile={password_file}"]
    if not durable:
        options.append("--no-sync")
    try:
        result = account.run([str(binaries / "initdb"), *options, f"--pgdata={fresh}"], server_environment())
    finally:
        password_file.unlink()
    if result.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise PostgresError(_failure("The database cannot be made", result.stdout))
    fresh.rename(home / "data")


def _run(home: Path, binaries: Path | None, password: str, *, durable: bool) -> None:
    """Start the server unless it runs, and wait until it answers."""
    data = home / "data"
    now = stopwatch()
    give_up_starting, give_up = now + START_SECONDS, now + RECOVERY_SECONDS
    while True:
        if running_pid(data) is None:
            failure = _launch(home, find_binaries(binaries), durable=durable)
            if failure and stopwatch() > give_up_starting:
                raise PostgresError(failure)
        try:
            _connect(_socket_of_running(home), password).close()
        except (psycopg.OperationalError, PostgresError) as error:
            if "password authentication failed" in str(error):
                raise PostgresError(f"The passwords in {home / 'secrets.json'} are not this database's.") from None
            if stopwatch() > give_up:
                raise PostgresError(
                    f"PostgreSQL runs but does not answer, see {data / 'server.log'}: {error}"
                ) from error
            wait(0.3)
        else:
            return


def _launch(home: Path, binaries: Path, *, durable: bool) -> str:
    """Start the server once; return an empty string or the reason of the failure."""
    data = home / "data"
    made_by, have = int((data / "PG_VERSION").read_text()), version_of(binaries)
    if made_by != have:
        raise PostgresError(
            f"The database in {home} was made by PostgreSQL {made_by} and {binaries} holds {have}: "
            f"use version {made_by}, or dump with it and restore into a new folder."
        )
    remove_alien_pid_file(data)
    owner = data.stat()
    account = choose_account(binaries / "pg_ctl", (owner.st_uid, owner.st_gid))
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(_socket_folder(home, account)),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # a failed statement or its detail may hold a bid or a person's name
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    command = [str(binaries / "pg_ctl"), "start", f"--pgdata={data}", f"--log={data / 'server.log'}"]
    command += ["--wait", f"--timeout={RECOVERY_SECONDS:.0f}", f"--options={options}"]
    result = account.run(command, server_environment())
    if result.returncode == 0:
        return ""
    log = data / "server.log"
    return _failure("PostgreSQL does not start", log.read_text(errors="replace") if log.exists() else result.stdout)


def _socket_folder(home: Path, account: Account) -> Path:
    """Return the socket's private folder: in the cluster's home, or a short one when that path is too long."""
    folder = home / "run"
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_LIMIT:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        folder = Path("/tmp") / f"marketplace-{os.geteuid()}-{name}"  # noqa: S108 - its owner and mode are checked below
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        account.give(folder)
    found = folder.lstat()
    expected = os.geteuid() if account.uid is None else account.uid
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected or stat.S_IMODE(found.st_mode) & 0o077:
        raise PostgresError(f"{folder} is not a private folder of uid {expected}: remove it.")
    return folder


def _socket_of_running(home: Path) -> Path:
    if running_pid(home / "data") is None:
        raise PostgresError(f"The database in {home} does not run: start it.")
    return Path(pid_file(home / "data")[4])


def _wait_for_end(data: Path) -> bool:
    deadline = stopwatch() + STOP_SECONDS
    while running_pid(data) is not None:
        if stopwatch() > deadline:
            return False
        wait(0.05)
    return True


def _connect(socket: Path, password: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(socket), port=PORT, user=SUPERUSER, password=password, dbname="postgres", autocommit=True
    )


def _ensure_roles(connection: psycopg.Connection[tuple[object, ...]], passwords: dict[str, str]) -> None:
    """Create the missing roles; none is a superuser, may bypass row security or create anything outside its own."""
    present = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    for role in ROLES:
        if role not in present:
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            connection.execute(create.format(sql.Identifier(role), sql.Literal(passwords[role])))
    owner, *users = map(sql.Identifier, ROLES)
    # so that MARKETPLACE_DATABASE_URL alone, with the owner's address, serves as it does on any other server
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.SQL(", ").join(users), owner))


def _create_database(
    connection: psycopg.Connection[tuple[object, ...]], database: str, template: str = "template1"
) -> None:
    """Create a database that the owner owns and the serving roles may only connect to."""
    name = sql.Identifier(database)
    create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    connection.execute(create.format(name, sql.Identifier(ROLES[0]), sql.Identifier(template)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    _let_connect(connection, database)


def _let_connect(connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    """Let the serving roles connect: also to a database that is older than one of them."""
    users = sql.SQL(", ").join(map(sql.Identifier, ROLES[1:]))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), users))


def _urls(socket: Path, passwords: dict[str, str], database: str) -> DatabaseUrls:
    query = {"host": str(socket), "port": str(PORT)}
    return DatabaseUrls(
        *(
            URL.create("postgresql+psycopg", role, passwords[role], database=database, query=query).render_as_string(
                hide_password=False
            )
            for role in ROLES
        )
    )


def _client(program: str, options: list[str], where: Path | str, binaries: Path | None, *last: str) -> None:
    """Run a program of PostgreSQL as the owner; the password goes through the environment, not the command line."""
    url = make_url(start(where, binaries=binaries).owner if isinstance(where, Path) else where)
    place = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database} | dict(url.query)
    conninfo = make_conninfo("", **{name: str(value) for name, value in place.items() if value is not None})
    _run_client(program, [*options, f"--dbname={conninfo}", *last], binaries, str(url.password or ""))


def _run_client(program: str, options: list[str], binaries: Path | None, password: str = "") -> None:
    tool = find_binaries(binaries) / program
    if not tool.is_file():
        raise PostgresError(f"{tool.parent} holds no {program}: name a folder of PostgreSQL's programs that does.")
    environment = server_environment() | {"PGPASSWORD": password}
    result = Account().run([str(tool), *options], environment)
    if result.returncode != 0:
        raise PostgresError(_failure(f"{program} failed", result.stdout))


def _failure(what: str, output: str) -> str:
    last = " ".join(line.strip() for line in output.strip().splitlines()[-4:])
    return f"{what}: {last}"
