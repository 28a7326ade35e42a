"""The worker: follows the journal, rings what is due, sends what leaves the house, and forgets what has expired."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler

from marketplace import wiring
from marketplace.bidding import control as bidding
from marketplace.identity import service as identity
from marketplace.kernel import alarms, idempotency
from marketplace.kernel import heartbeat as alive
from marketplace.kernel.reactions import Follower
from marketplace.kernel.sending import Sender
from marketplace.wiring import Marketplace
from notifications.webhooks import service as webhooks

HEARTBEAT_SECONDS = 1
HOUSEKEEPING_MINUTES = 30
SWITCH_SECONDS = 0.0005


@contextmanager
def working(market: Marketplace, *, alone: bool = False) -> Iterator[None]:
    """Run the worker's loops beside the block. Several workers at once do each thing once.

    ``alone``: the block does nothing but wait, so that the worker need not give way to it.
    """
    # a thread that computes gives way to one that answers after this time, instead of Python's 5 ms
    sys.setswitchinterval(SWITCH_SECONDS)
    follower = Follower(market.workshop, market.wake, alone=alone)
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(heartbeat, "interval", seconds=HEARTBEAT_SECONDS, args=[market], max_instances=1, coalesce=True)
    scheduler.add_job(housekeeping, "interval", minutes=HOUSEKEEPING_MINUTES, args=[market], coalesce=True)
    senders = [Sender(name, market.workshop, send_due) for name, send_due in wiring.SENDERS.items()]
    follower.start()
    scheduler.start()
    for sender in senders:
        sender.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
        follower.end()
        for sender in senders:
            sender.end()


def heartbeat(market: Marketplace) -> int:
    """Ring everything that is due; return how many alarms. An outage that is over is told before anything rings."""
    with market.workshop.work() as work:
        began = alive.beat(work)
        if began is not None:
            bidding.report_outage(work, began.astimezone(UTC), work.now)
    return alarms.ring_due(market.workshop, wiring.RINGS)


def housekeeping(market: Marketplace) -> None:
    """Forget answers, sessions, attempts and lines of logs that have expired."""
    with market.workshop.work() as work:
        idempotency.forget_old(work)
        identity.forget_expired(work)
        webhooks.forget_old(work)
