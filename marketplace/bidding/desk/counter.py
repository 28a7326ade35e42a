"""The desk for callers without an event loop, one order at a time: what fills a demo market, not what serves one."""

import asyncio
import contextvars
from collections.abc import Iterator
from contextlib import contextmanager

from marketplace.bidding.desk.desk import Desk
from marketplace.bidding.desk.orders import Answer, BidCommand
from marketplace.kernel.access import Principal
from marketplace.kernel.work import Workshop


class Counter:
    """A desk in an event loop of its own."""

    def __init__(self, desk: Desk, runner: asyncio.Runner) -> None:
        self._desk = desk
        self._runner = runner

    def terms(self, principal: Principal, terms_id: str) -> str:
        """Return the hash of one of the caller's terms documents. Raises NotFoundError."""
        return self._runner.run(self._desk.terms(principal, terms_id), context=contextvars.copy_context())

    def bid(self, principal: Principal, invitation_id: str, command: BidCommand) -> Answer:
        """Place a bid. Raises like ``Desk.bid``."""
        # today's context, not that of the runner: ids may be drawn from a seed
        asked = self._desk.bid(principal, invitation_id, command, None)
        return self._runner.run(asked, context=contextvars.copy_context())


@contextmanager
def counter(workshop: Workshop) -> Iterator[Counter]:
    """Open a counter for the length of a block."""
    desk = Desk(workshop)
    with asyncio.Runner() as runner:
        try:
            yield Counter(desk, runner)
        finally:
            runner.run(desk.close())
