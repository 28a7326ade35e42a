"""A PostgreSQL primary and its streaming replica, each on a machine of its own, made of an embedded cluster."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL

from faults.network import Machine, Network
from marketplace.kernel import postgres
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.postgres_programs import Account, choose_account, find_binaries, server_environment

PORT = 5432
_UP_SECONDS = 60.0
_REPLICATOR = "replicator"
_SETTINGS = (
    f"port={PORT}",
    "unix_socket_directories=",
    "password_encryption=scram-sha-256",
    "timezone=UTC",
    "max_connections=300",
    "wal_sender_timeout=5s",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
)
_SYNCHRONOUS = "SELECT count(*) FROM pg_stat_replication WHERE application_name = 'replica' AND sync_state = %s"


@dataclass(slots=True)
class Pair:
    """The two servers. ``folder``: that of the embedded cluster; ``synchronous``: a commit waits for the replica."""

    folder: Path
    primary: Machine
    replica: Machine
    synchronous: bool

    def begin(self, net: Network) -> None:
        """Let the cluster, which runs embedded, run on the primary's machine, and a copy of it on the replica's.

        Raises OSError when one of them doesn't start.
        """
        with _connected(f"{postgres.status(self.folder).socket}", self._passwords["postgres"]) as connection:
            # a utility statement takes no parameters; the password is one of token_urlsafe
            connection.execute(f"CREATE ROLE {_REPLICATOR} LOGIN REPLICATION PASSWORD '{self._passwords['postgres']}'")
        postgres.stop(self.folder)
        data = self.folder / "data"
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all,replication all {net.subnet}.0/24 scram-sha-256\n")
        names = "replica" if self.synchronous else ""
        self._start(self.primary, data, f"synchronous_standby_names={names}")
        self._copy(data.with_name("replica"))
        self._start(self.replica, data.with_name("replica"))
        self._wait_for_replica()

    def lose(self) -> None:
        """Lose the primary's machine: it falls silent in the middle of everything, and never comes back."""
        self.primary.cut()
        self.primary.end()

    def promote(self) -> None:
        """Make the replica the primary. Raises psycopg.Error."""
        with self.connect(self.replica) as connection:
            connection.execute("SELECT pg_promote(wait => true)")

    def connect(self, machine: Machine) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect to the server on a machine as its superuser. Raises psycopg.Error."""
        return _connected(machine.address, self._passwords["postgres"], "marketplace")

    def addresses(self, *machines: Machine) -> dict[str, str]:
        """Return the variables that name the database: whichever of ``machines`` takes writes."""
        hosts = tuple(f"{machine.address}:{PORT}" for machine in machines)
        query = {"host": hosts, "target_session_attrs": "read-write"}
        return {
            f"MARKETPLACE_{variable}DATABASE_URL": URL.create(
                "postgresql+psycopg", role, self._passwords[role], database="marketplace", query=query
            ).render_as_string(hide_password=False)
            for variable, role in zip(("", "APP_", "CARRIER_", "DESK_"), postgres.ROLES, strict=True)
        }

    @property
    def _passwords(self) -> dict[str, str]:
        known: dict[str, str] = json.loads((self.folder / "secrets.json").read_text())
        return known

    def _start(self, machine: Machine, data: Path, *settings: str) -> None:
        """Start a server on a machine and wait until it answers."""
        given = [part for one in (f"listen_addresses={machine.address}", *_SETTINGS, *settings) for part in ("-c", one)]
        with (self.folder / f"{machine.name}.log").open("a") as log:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                machine.command(*_as(self._account), self._program("postgres"), "-D", str(data), *given),
                env=server_environment(),
                stdout=log,
                stderr=log,
                cwd="/",
            )
        ends = stopwatch() + _UP_SECONDS
        while process.poll() is None and stopwatch() < ends:
            try:
                self.connect(machine).close()
            except psycopg.Error:
                wait(0.1)
            else:
                return
        raise OSError(f"{machine.name} does not start: {Path(log.name).read_text()[-600:]}")

    def _copy(self, data: Path) -> None:
        """Copy the running primary from the replica's machine, which then knows whom to follow."""
        data.mkdir(mode=0o700)
        self._account.give(data)
        source = f"host={self.primary.address} port={PORT} user={_REPLICATOR} application_name=replica"
        program = self._program("pg_basebackup"), "--write-recovery-conf", "--checkpoint=fast", f"--pgdata={data}"
        done = subprocess.run(  # noqa: S603 - our own programs
            self.replica.command(*_as(self._account), *program, f"--dbname={source}"),
            env=server_environment() | {"PGPASSWORD": self._passwords["postgres"]},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if done.returncode:
            raise OSError(f"The primary can't be copied: {done.stderr.strip()}")

    def _wait_for_replica(self) -> None:
        state = "sync" if self.synchronous else "async"
        ends = stopwatch() + _UP_SECONDS
        with self.connect(self.primary) as connection:
            while connection.execute(_SYNCHRONOUS, (state,)).fetchone() != (1,):
                if stopwatch() > ends:
                    raise OSError("The replica does not follow.")
                wait(0.1)

    @property
    def _account(self) -> Account:
        owner = (self.folder / "data").stat()
        return choose_account(Path(self._program("postgres")), (owner.st_uid, owner.st_gid))

    @staticmethod
    def _program(name: str) -> str:
        return str(find_binaries(None) / name)


def _as(account: Account) -> tuple[str, ...]:
    """Return what goes before a program of PostgreSQL: it refuses root."""
    if account.uid is None:
        return account.prefix
    return ("setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups", *account.prefix)


def _connected(host: str, password: str, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host=host, port=PORT, user=postgres.SUPERUSER, password=password, dbname=database, autocommit=True,
        connect_timeout=5,
    )  # fmt: skip
