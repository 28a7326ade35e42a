"""Whether anything is lost: ``python -m faults [--quick] [--seed N] [--json FILE]``, or ``make faults``.

Two servers and two workers run as users run them, against the embedded PostgreSQL with all its durability. Clients bid,
award, confirm and accept over HTTP with Idempotency-Keys. At random instants, drawn from one seed that is printed:

- a server, a worker or the database's first process is killed with SIGKILL, also while it starts, and started again;
- a server or worker is stopped (SIGSTOP) for some seconds and goes on;
- a connection is cut before, during or after a COMMIT, or its server process is terminated;
- the database's disk is full for some seconds, where this machine lets a small disk be mounted;
- the clock of all decisions jumps by up to a minute, forwards and backwards.

Afterwards all is left alone until the workers have caught up, and compared. How to read it: everything that was
acknowledged is there once, nothing that was refused is, every count of wrongs is 0, or the run fails with exit code 1.
Commands whose clients gave up are there once or not at all. The instants differ from run to run even with one seed:
it fixes what is drawn, not what the machine does.
"""

import argparse
import http.client
import json
import random
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from rich.console import Console
from sqlalchemy.engine import make_url

from benchmarks.report import Report, at_least
from benchmarks.server import environment
from faults import checks, load, telling, trouble
from faults import market as markets
from faults.checks import Checks
from faults.load import Clients
from faults.nursery import Nursery
from faults.processes import DatabaseKeeper, Keeper, Kept, Tally
from faults.proxy import Cut
from faults.telling import say
from faults.trouble import Connector, Repeating, Way
from marketplace import schema, wiring
from marketplace.kernel import postgres, reactions
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.config import Settings
from marketplace.kernel.postgres import DatabaseUrls

_SOME_LOTS = "SELECT id FROM market.lots ORDER BY sequence DESC LIMIT 4"
_ALONE = {"MARKETPLACE_WORKER": "false", "PYTHONUNBUFFERED": "1"}
_UP_SECONDS = 300.0
_MOST_TIMES = 8
_SERVERS_LIVE = 2.5
"""Times as long as workers, which start sooner."""
_TOLD_EVERY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done: who bids, how many requests are awarded, and for how long all of it fails.

    ``kills``: the least number of processes that are killed; the time goes on until so many were.
    """

    carriers: int
    closed: int
    seconds: float
    kills: int
    longest_life: float


FULL = Extent(4, 120, 150.0, 100, 5.0)
QUICK = Extent(3, 12, 15.0, 4, 5.0)


@dataclass(slots=True)
class Installation:
    """The scratch installation: where it lies, its database's addresses, and the tally of what is done to it."""

    folder: Path
    urls: DatabaseUrls
    disk_is_small: bool
    tally: Tally = field(default_factory=Tally)

    @property
    def server(self) -> Path:
        """The folder of the server's own socket."""
        return Path(str(make_url(self.urls.owner).query["host"]))

    @property
    def connector(self) -> Connector:
        """The harness's own way to the database."""
        known = json.loads((self.folder / "postgres" / "secrets.json").read_text())
        return Connector(self.server, known["postgres"], "marketplace")

    def settings(self) -> Settings:
        """Return the settings by which the harness itself opens the marketplace, past the proxies."""
        given = _given(environment(self.folder) | self.addresses(None))
        return Settings(_env_file=None, **given)  # type: ignore[arg-type]

    def addresses(self, way: Path | None) -> dict[str, str]:
        """Return the variables that name the database, through the proxy in ``way`` if there is one."""
        urls = {"": self.urls.owner, "APP_": self.urls.app, "CARRIER_": self.urls.carrier, "DESK_": self.urls.desk}
        return {
            f"MARKETPLACE_{role}DATABASE_URL": url if way is None else trouble.way_of(make_url(url), way)
            for role, url in urls.items()
        }


def _given(variables: dict[str, str]) -> dict[str, str]:
    prefix = "MARKETPLACE_"
    return {name.removeprefix(prefix).lower(): one for name, one in variables.items() if name.startswith(prefix)}


@contextmanager
def installed(kept: Path | None) -> Iterator[Installation]:
    """Make a scratch installation and remove it in the end; its logs are copied to ``kept``."""
    folder = Path(mkdtemp(prefix="tenderline-faults-"))
    folder.chmod(0o711)  # where root may not make a user namespace, PostgreSQL runs as nobody and has to pass through
    try:
        with trouble.small_disk(folder / "postgres") as is_small:
            try:
                urls = postgres.start(folder / "postgres")
                yield Installation(folder, urls, is_small)
            finally:
                postgres.stop(folder / "postgres")
                if kept is not None:
                    kept.mkdir(parents=True, exist_ok=True)
                    for log in (*folder.glob("*.log"), folder / "postgres" / "data" / "server.log"):
                        shutil.copy(log, kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(extent: Extent, report: Report, seed: int, kept: Path | None) -> None:
    """Make a market, let everything fail, and compare."""
    draw = random.Random(seed)  # noqa: S311 - the same draws for the same seed
    nursery = Nursery()  # before there are threads and connections
    with installed(kept) as place:
        say("making the scratch market ...")
        with wiring.opened(place.settings()) as market:
            schema.migrate(market.database.owner)
            played = markets.build(market, extent.carriers, extent.closed)
        trouble.stage_clock(place.connector)
        ledger, behind = _play(nursery, place, played, extent, draw)
        say("comparing ...")
        place.tally.findings += telling.commands(environment(place.folder) | place.addresses(None), _lots(place))
        with wiring.opened(place.settings()) as market:
            reactions.catch_up(market.workshop)  # that a lot was examined is in the journal, too
            wrong = Checks.of(market, played, ledger).all()
        nursery.end()
        if behind:
            place.tally.find(f"the workers did not catch up: {behind}")
        _report(report, place, ledger, wrong, extent)


def _lots(place: Installation) -> list[str]:
    with place.connector.connect() as connection:
        return [str(lot_id) for (lot_id,) in connection.execute(_SOME_LOTS)]


def _play(
    nursery: Nursery, place: Installation, played: markets.Market, extent: Extent, draw: random.Random
) -> tuple[list[load.Command], str]:
    """Run everything, harm it, and leave it alone until it has caught up; return what was sent and what is not done."""
    with ExitStack() as stack:
        ways = {name: Way(place.folder / name, place.server, place.tally, name) for name in ("serve", "worker")}
        for way in ways.values():
            stack.callback(way.end)
        ports = [_free_port() for _ in range(2)]
        keepers = list(_keepers(nursery, place, extent, draw, ports))
        database = DatabaseKeeper(place.folder / "postgres", _draw(draw), place.tally, 2.5 * extent.longest_life)
        for keeper in keepers:
            keeper.start()
            stack.callback(keeper.end)
        _wait_until_up(keepers)
        say(f"everything fails for {extent.seconds:g} s and {extent.kills} kills at least ...")
        for keeper in keepers:
            keeper.harm()
        clients = Clients([("127.0.0.1", port) for port in ports], place.tally)
        stack.callback(clients.ended.set)
        database.start()
        stack.callback(database.end)
        threads = load.begin(clients, played, _draw(draw), extent.seconds)
        repeating = list(_troubles(place, ways, draw, clients))
        for one in repeating:
            one.start()
            stack.callback(one.ended.set)
        _wait_for_enough(place.tally, extent)
        for one in repeating:
            one.end()
        for way in ways.values():
            way.spare()
        database.spare()
        for keeper in keepers:
            keeper.spare()
        _right_clock(place.connector)
        _wait_until_up(keepers)
        wait(2.0)  # all is well again: the last commands come through
        clients.ended.set()
        for thread in threads:
            thread.join()
        with wiring.opened(place.settings()) as market:
            settled = checks.settle(market)
    return clients.ledger, settled


def _keepers(
    nursery: Nursery, place: Installation, extent: Extent, draw: random.Random, ports: Sequence[int]
) -> Iterator[Keeper]:
    """Yield what keeps a server at each of ``ports``, and as many workers."""
    for number, port in enumerate(ports, 1):
        serving = {"MARKETPLACE_PORT": str(port)}
        for command, variables, ready in (("serve", serving, partial(_answers, port)), ("worker", {}, _runs)):
            life = extent.longest_life * (_SERVERS_LIVE if command == "serve" else 1)
            given = environment(place.folder) | place.addresses(place.folder / command) | _ALONE | variables
            log = place.folder / f"{command}-{number}.log"
            yield Keeper(nursery, Kept(command, given, log, ready, life), _draw(draw), place.tally)


def _runs(log: str) -> bool:
    return "The worker runs" in log


def _answers(port: int, _log: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/keys")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _troubles(place: Installation, ways: dict[str, Way], draw: random.Random, clients: Clients) -> Iterator[Repeating]:
    """Yield what is done at random instants."""
    tally, connector = place.tally, place.connector
    cuts, ends, jumps, fills = (_draw(draw) for _ in range(4))
    yield Repeating(lambda: ways[cuts.choice(("serve", "serve", "worker"))].cut(cuts.choice(list(Cut))), _draw(draw), 2)
    yield Repeating(lambda: trouble.end_a_backend(connector, tally), ends, 3)
    yield Repeating(lambda: trouble.jump(connector, jumps, tally), _draw(draw), 6)
    if place.disk_is_small:
        folder = place.folder / "postgres"
        yield Repeating(lambda: trouble.fill(folder, fills, tally, clients.ended), _draw(draw), 15)


def _wait_until_up(keepers: Sequence[Keeper]) -> None:
    for keeper in keepers:
        ends = stopwatch() + _UP_SECONDS
        while not keeper.up.wait(1.0):
            if stopwatch() > ends or not keeper.is_alive():
                raise OSError(f"{keeper.name} does not start.")


def _wait_for_enough(tally: Tally, extent: Extent) -> None:
    """Wait until all has failed for long enough and often enough."""
    began = told = stopwatch()
    while (passed := stopwatch() - began) < extent.seconds or tally.kills < extent.kills:
        if passed > _MOST_TIMES * extent.seconds:
            tally.find(f"only {tally.kills} processes could be killed in {passed:.0f} s")
            return
        if stopwatch() - told > _TOLD_EVERY_SECONDS:
            told = stopwatch()
            say(f"  {passed:.0f} s, {tally.kills} kills, {len(tally.findings)} findings")
        wait(0.2)


def _right_clock(connector: Connector) -> None:
    """Let the clock be right again, once the database is there."""
    ends = stopwatch() + _UP_SECONDS
    while True:
        try:
            trouble.right_clock(connector)
        except psycopg.Error:
            if stopwatch() > ends:
                raise
            wait(0.2)
        else:
            return


def _report(
    report: Report, place: Installation, ledger: Sequence[load.Command], wrong: dict[str, list[str]], extent: Extent
) -> None:
    """Put everything that was counted and found into the report."""
    tally = place.tally
    report.figures.append(at_least("processes killed", tally.kills, "kills", extent.kills))
    telling.counted(report, tally, ledger)
    telling.found(report, tally, wrong)
    if not place.disk_is_small:
        report.remarks.append("No small disk could be mounted on this machine: a full disk was not tried.")
    telling.raised(report, place.folder.glob("*.log"))


def _draw(draw: random.Random) -> random.Random:
    return random.Random(draw.random())  # noqa: S311 - the same draws for the same seed


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def main() -> None:
    """Harm, compare, print, and exit with 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m faults", description="Whether anything is lost.")
    parser.add_argument("--quick", action="store_true", help="within a minute: few kills")
    parser.add_argument("--seed", type=int, help="of all draws; without one it is drawn")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the logs there")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    report = Report("Tenderline while everything fails")
    say(f"seed {seed}")
    run(QUICK if arguments.quick else FULL, report, seed, arguments.keep)
    report.remarks.append(f"Seed {seed}.")
    report.show(Console(width=None if sys.stdout.isatty() else 140))
    if arguments.json is not None:
        report.write(arguments.json)
    raise SystemExit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
