"""The worker: follows the journal, rings what is due, and forgets what has expired."""

from collections.abc import Iterator
from contextlib import contextmanager

from apscheduler.schedulers.background import BackgroundScheduler

from marketplace import wiring
from marketplace.identity import service as identity
from marketplace.kernel import alarms, idempotency
from marketplace.kernel.reactions import Follower
from marketplace.wiring import Marketplace

HEARTBEAT_SECONDS = 1
HOUSEKEEPING_MINUTES = 30


@contextmanager
def working(market: Marketplace) -> Iterator[None]:
    """Run the worker's loops beside the block. Several workers at once do each thing once."""
    follower = Follower(market.workshop, market.wake)
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(heartbeat, "interval", seconds=HEARTBEAT_SECONDS, args=[market], max_instances=1, coalesce=True)
    scheduler.add_job(housekeeping, "interval", minutes=HOUSEKEEPING_MINUTES, args=[market], coalesce=True)
    follower.start()
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
        follower.end()


def heartbeat(market: Marketplace) -> int:
    """Ring everything that is due; return how many alarms."""
    return alarms.ring_due(market.workshop, wiring.RINGS)


def housekeeping(market: Marketplace) -> None:
    """Forget answers, sessions and attempts that have expired."""
    with market.workshop.work() as work:
        idempotency.forget_old(work)
        identity.forget_expired(work)
