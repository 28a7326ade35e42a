"""Call the API for as long as you like with whatever its document allows, and what it forbids; run by ``make fuzz``.

Each role has a market of its own, in an own database on an own server that ends with the program.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import create_engine, make_url

from marketplace import schema, worker
from marketplace.app import create_app
from marketplace.kernel import postgres
from marketplace.kernel.clock import StagedClock, stopwatch
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace, assemble
from tests.conftest import NOON
from tests.security.fuzzing import PHASES, Plan, Report, explore, known_ids
from tests.security.lived import Lived
from tests.security.made import Stage

ROLES = ("anonymous", "buyer", "provider", "platform", "key")


def main() -> int:
    """Play the roles that were asked for; return 1 if anything was found."""
    asked = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    asked.add_argument("--examples", type=int, default=50, help="of each operation and phase (50)")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32), help="repeats a run")
    asked.add_argument("--roles", nargs="+", choices=ROLES, default=list(ROLES))
    asked.add_argument("--phases", nargs="+", choices=PHASES, default=list(PHASES))
    asked.add_argument("--own", action="store_true", help="call only what a role may call")
    given = asked.parse_args()
    plan = Plan(given.examples, given.seed, tuple(given.phases), not given.own)
    _say(f"seed {plan.seed}, {plan.examples} examples, phases {', '.join(plan.phases)}")
    reports = []
    with tempfile.TemporaryDirectory(prefix="tenderline-fuzz-") as folder:
        # where root may not make a user namespace, the server runs as nobody, who has to enter this
        Path(folder).chmod(0o755)
        try:
            reports = [_played(role, Path(folder), plan) for role in given.roles]
        finally:
            postgres.stop(Path(folder) / "cluster")
    return 1 if any(report.found or report.logged for report in reports) else 0


def _played(role: str, folder: Path, plan: Plan) -> Report:
    urls = postgres.start(folder / "cluster", durable=False, database=f"fuzz_{role}")
    schema.migrate(make_url(urls.owner))
    engines = (create_engine(url, pool_size=10, hide_parameters=True) for url in (urls.app, urls.carrier, urls.desk))
    database = Database(make_url(urls.owner), *engines)
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None, folder=folder / role, worker=False, bids_per_second=100_000, places_per_day=10_000_000
    )
    clock = StagedClock(NOON)
    market = assemble(settings, clock, database)
    began = stopwatch()
    with TestClient(create_app(market), raise_server_exceptions=False) as client:
        stage = Stage(market, client, clock, lambda: _work(market))
        players = Lived(stage).players()
        report = explore(stage, players[role], known_ids(stage, players)[role], plan, _say)
    database.close()
    _say(f"{role}: {report}\n{role}: {stopwatch() - began:.0f} seconds")
    return report


def _work(market: Marketplace) -> None:
    worker.heartbeat(market)
    catch_up(market.workshop)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program of the command line


if __name__ == "__main__":
    sys.exit(main())
