"""Several machines, of which some are lost: ``python -m faults.machines [--quick] [--seed N]``, or ``make machines``.

Six machines (network namespaces on a bridge): a PostgreSQL primary and its streaming replica, two servers, a worker,
and HAProxy before the servers. Clients bid, award, confirm and accept through the proxy with Idempotency-Keys. Then

- a server's machine falls silent for a while: its cable is pulled, nobody is told;
- the primary's machine falls silent for good, and the replica is promoted, as an operator or a watchdog does.

Servers and workers find the new primary by themselves: their addresses name both machines. Afterwards all is left alone
until the worker has caught up, and compared: everything that was acknowledged is there once, chains verify, lots replay
to what is stored. Exit code 1 where anything was found.

``--asynchronous`` lets no commit wait for the replica, and the replica is out of reach for the last seconds before the
primary is lost, to see what that costs: then what is lost is told, and no fault.
"""

import argparse
import http.client
import random
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from rich.console import Console

from benchmarks.report import Figure, Report, at_least
from benchmarks.server import environment
from faults import checks, load, network, telling
from faults import market as markets
from faults.checks import Checks
from faults.databases import Pair
from faults.load import Clients, Command, Outcome
from faults.network import Machine, Network
from faults.nursery import Nursery, Process
from faults.processes import Tally
from faults.telling import say
from marketplace import schema, wiring
from marketplace.kernel import postgres, reactions
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.config import Settings

_WEB_PORT = 8000
_UP_SECONDS = 300.0
_END_SECONDS = 60.0
_RECOVERY_SECONDS = 120.0
_ALONE = {"MARKETPLACE_WORKER": "false", "PYTHONUNBUFFERED": "1"}
_SOME_LOTS = "SELECT id FROM market.lots ORDER BY sequence DESC LIMIT 4"
_BEHIND_SECONDS = 2.0
"""How far the replica is behind when the primary is lost, where no commit waits for it."""
_HAPROXY = """
global
    maxconn 2000
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout check 2s
    option redispatch
frontend market
    bind {address}:{port}
    default_backend servers
backend servers
    balance roundrobin
    option httpchk GET /health/ready
    default-server check inter 1s fall 2 rise 1
    server server-1 {first}:{port}
    server server-2 {second}:{port}
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done: who bids, how many requests are awarded, and seconds of each stage."""

    carriers: int
    closed: int
    before: float
    without_server: float
    after: float


FULL = Extent(6, 60, 20.0, 20.0, 40.0)
QUICK = Extent(3, 6, 3.0, 3.0, 6.0)


@dataclass(slots=True)
class Instants:
    """When what happened, by the stopwatch."""

    began: float = 0.0
    server_lost: float = 0.0
    server_back: float = 0.0
    primary_lost: float = 0.0
    promoted: float = 0.0
    ended: float = 0.0


@dataclass(slots=True)
class Installation:
    """The machines, and what runs on them."""

    folder: Path
    databases: Pair
    servers: tuple[Machine, Machine]
    worker: Machine
    proxy: Machine
    processes: list[Process] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    instants: Instants = field(default_factory=Instants)

    @classmethod
    def on(cls, net: Network, folder: Path, *, synchronous: bool) -> "Installation":
        """Return an installation on new machines; nothing runs yet."""
        databases = Pair(folder / "postgres", net.add("primary", 11), net.add("replica", 12), synchronous)
        servers = net.add("server-1", 21), net.add("server-2", 22)
        return cls(folder, databases, servers, net.add("worker", 31), net.add("proxy", 41))

    def begin(self, nursery: Nursery) -> None:
        """Start servers, worker and proxy, and wait until all of them do their work. Raises OSError."""
        both = environment(self.folder) | self.databases.addresses(self.databases.primary, self.databases.replica)
        for machine in self.servers:
            own = {"MARKETPLACE_HOST": machine.address, "MARKETPLACE_PORT": str(_WEB_PORT)}
            self._start(nursery, "serve", machine, both | _ALONE | own)
        self._start(nursery, "worker", self.worker, both | _ALONE)
        first, second = self.servers
        rules = self.folder / "haproxy.cfg"
        rules.write_text(
            _HAPROXY.format(address=self.proxy.address, port=_WEB_PORT, first=first.address, second=second.address)
        )
        with self._log(self.proxy).open("a") as log:
            command = self.proxy.command(_haproxy() or "haproxy", "-db", "-f", str(rules))
            subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - a program of Debian's, on its machine
        ends = stopwatch() + _UP_SECONDS
        while not (
            all(_ready(machine) for machine in (*self.servers, self.proxy))
            and "The worker runs" in self._log(self.worker).read_text()
        ):
            if stopwatch() > ends:
                raise OSError("The servers or the worker do not start.")
            wait(0.2)

    def _start(self, nursery: Nursery, command: str, machine: Machine, variables: dict[str, str]) -> None:
        self.processes.append(nursery.start(command, variables, self._log(machine), machine.namespace))

    def end(self) -> None:
        """End servers and worker as an operator does, and see that they do end."""
        for process in self.processes:
            process.send(signal.SIGTERM)
        for process in self.processes:
            if not process.wait(_END_SECONDS):
                self.tally.find(f"a process did not end within {_END_SECONDS:g} s of SIGTERM")

    def survivor(self) -> dict[str, str]:
        """Return the environment in which everything finds the new primary alone."""
        return environment(self.folder) | self.databases.addresses(self.databases.replica)

    def _log(self, machine: Machine) -> Path:
        log = self.folder / f"{machine.name}.log"
        log.touch()
        return log


def _haproxy() -> str | None:
    return shutil.which("haproxy", path=f"{_path()}:/usr/sbin")


def _path() -> str:
    return environment(Path())["PATH"]


def _ready(machine: Machine) -> bool:
    connection = http.client.HTTPConnection(machine.address, _WEB_PORT, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _scratch(kept: Path | None) -> Iterator[Path]:
    """Make a folder and remove it in the end; its logs are copied to ``kept``."""
    folder = Path(mkdtemp(prefix="tenderline-machines-"))
    folder.chmod(0o711)  # where root may not make a user namespace, PostgreSQL runs as nobody and has to pass through
    try:
        yield folder
    finally:
        if postgres.status(folder / "postgres").running:
            postgres.stop(folder / "postgres")
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
            for log in folder.rglob("*.log"):
                shutil.copy(log, kept)
        shutil.rmtree(folder, ignore_errors=True)


def run(extent: Extent, report: Report, seed: int, kept: Path | None, *, synchronous: bool) -> None:
    """Make a market on several machines, lose some, and compare."""
    draw = random.Random(seed)  # noqa: S311 - the same draws for the same seed
    nursery = Nursery()  # before there are threads and connections
    with _scratch(kept) as folder, network.network() as net:
        place = Installation.on(net, folder, synchronous=synchronous)
        say("making the scratch market ...")
        given = {"folder": folder, "access_token_seconds": 3600}
        with wiring.opened(Settings(_env_file=None, **given)) as market:  # type: ignore[arg-type]
            schema.migrate(market.database.owner)
            played = markets.build(market, extent.carriers, extent.closed)
        say("starting it on six machines ...")
        place.databases.begin(net)
        place.begin(nursery)
        ledger = _play(place, played, extent, draw)
        say("comparing ...")
        survivor = _settings(place.survivor())
        with wiring.opened(survivor) as market:
            if behind := checks.settle(market):
                place.tally.find(f"the worker did not catch up: {behind}")
        place.end()
        place.tally.findings += telling.commands(place.survivor(), _lots(place))
        with wiring.opened(survivor) as market:
            reactions.catch_up(market.workshop)  # that a lot was examined is in the journal, too
            wrong = Checks.of(market, played, ledger).all()
        nursery.end()
        _report(report, place, ledger, wrong)


def _settings(variables: dict[str, str]) -> Settings:
    prefix = "MARKETPLACE_"
    own = {name.removeprefix(prefix).lower(): one for name, one in variables.items() if name.startswith(prefix)}
    return Settings(_env_file=None, **own)  # type: ignore[arg-type]


def _lots(place: Installation) -> list[str]:
    with place.databases.connect(place.databases.replica) as connection:
        return [str(lot_id) for (lot_id,) in connection.execute(_SOME_LOTS)]


def _play(place: Installation, played: markets.Market, extent: Extent, draw: random.Random) -> list[Command]:
    """Let clients trade, lose a server's machine and then the primary's; return what was sent."""
    instants, first = place.instants, place.servers[0]
    clients = Clients([(place.proxy.address, _WEB_PORT)], place.tally)
    seconds = extent.before + extent.without_server + extent.after
    threads = load.begin(clients, played, draw, seconds)
    instants.began = stopwatch()
    wait(extent.before)
    say("a server's machine falls silent ...")
    first.cut()
    instants.server_lost = stopwatch()
    wait(extent.without_server)
    first.mend()
    instants.server_back = stopwatch()
    wait(extent.before)
    say("the primary's machine falls silent ...")
    if not place.databases.synchronous:
        place.databases.replica.cut()
        wait(_BEHIND_SECONDS)
    place.databases.lose()
    instants.primary_lost = stopwatch()
    place.databases.replica.mend()
    place.databases.promote()
    instants.promoted = stopwatch()
    if not _goes_on(clients, instants.promoted):
        place.tally.find(f"nothing was acknowledged for {_RECOVERY_SECONDS:g} s after the replica was promoted")
    wait(extent.after)
    clients.ended.set()
    instants.ended = stopwatch()
    for thread in threads:
        thread.join()
    return clients.ledger


def _goes_on(clients: Clients, since: float) -> bool:
    """Wait until something is acknowledged that was sent since; tell whether it was.

    An answer of before may come late: it waited for a server's machine that is back.
    """
    ends = stopwatch() + _RECOVERY_SECONDS
    while stopwatch() < ends:
        if any(one.outcome is Outcome.ACKNOWLEDGED and one.tried > since for one in reversed(clients.ledger)):
            return True
        wait(0.05)
    return False


def _report(report: Report, place: Installation, ledger: Sequence[Command], wrong: dict[str, list[str]]) -> None:
    """Put everything that was measured and found into the report."""
    at = place.instants
    known = sorted(one.known for one in ledger if one.outcome is Outcome.ACKNOWLEDGED)
    renewed = [one.known for one in ledger if one.outcome is Outcome.ACKNOWLEDGED and one.tried > at.promoted]
    last = max((one for one in known if one < at.primary_lost), default=at.began)
    again = min(renewed, default=at.ended)
    report.figures += [
        Figure("longest silence while all machines are there", _silence(known, at.began, at.server_lost), "s"),
        Figure(
            "longest silence while a server's machine is away", _silence(known, at.server_lost, at.server_back), "s"
        ),
        Figure("acknowledged in that time", _between(known, at.server_lost, at.server_back), "commands"),
        Figure("promoting the replica", at.promoted - at.primary_lost, "s"),
        Figure("from the loss of the primary to the next acknowledgement", again - at.primary_lost, "s"),
        Figure("from the last acknowledgement before to the next", again - last, "s"),
        at_least("acknowledged before the primary was lost", _between(known, 0, at.primary_lost), "commands", 1),
        at_least("sent and acknowledged after the replica was promoted", len(renewed), "commands", 1),
    ]
    telling.counted(report, place.tally, ledger)
    if place.databases.synchronous:
        telling.found(report, place.tally, wrong)
    else:
        report.figures += [Figure(f"LOST: {what}", len(cases), "") for what, cases in wrong.items() if cases]
        report.figures.append(Figure("other findings", len(place.tally.findings), ""))
        report.remarks.append("What is lost here was acknowledged and had not reached the replica.")
    telling.raised(report, place.folder.glob("*.log"))


def _between(known: Sequence[float], start: float, end: float) -> int:
    return sum(start < one <= end for one in known)


def _silence(known: Sequence[float], start: float, end: float) -> float:
    """Return the longest time without an acknowledgement."""
    inside = [start, *(one for one in known if start < one < end), end]
    return max(later - earlier for earlier, later in pairwise(inside))


def main() -> None:
    """Lose machines, compare, print, and exit with 1 where anything was found."""
    parser = argparse.ArgumentParser(
        prog="python -m faults.machines", description="Whether losing a machine loses more."
    )
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--asynchronous", action="store_true", help="no commit waits for the replica")
    parser.add_argument("--seed", type=int, help="of all draws; without one it is drawn")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the logs there")
    arguments = parser.parse_args()
    reason = network.missing() or ("" if _haproxy() else "there is no HAProxy: apt-get install haproxy")
    if reason:
        say(f"Skipped: {reason}.")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whatever ends it, the machines are taken away
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    report = Report("Tenderline on several machines, of which some are lost")
    say(f"seed {seed}")
    began = stopwatch()
    try:
        extent = QUICK if arguments.quick else FULL
        run(extent, report, seed, arguments.keep, synchronous=not arguments.asynchronous)
    except (OSError, psycopg.Error) as error:
        say(f"The machines could not be run: {error}")
        raise SystemExit(1) from error
    report.remarks.append(f"Seed {seed}, {stopwatch() - began:.0f} s in all.")
    report.show(Console(width=None if sys.stdout.isatty() else 140))
    if arguments.json is not None:
        report.write(arguments.json)
    raise SystemExit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
