"""From what a command causes at first to all that follows from it in the same instant, and the state it leads to."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from marketplace.bidding import proxy, soft_close
from marketplace.bidding.events import BidPlaced, Event, LotExtended, ProxySet
from marketplace.bidding.evolution import evolve
from marketplace.bidding.formats.table import format_of
from marketplace.bidding.model import LotState, Refusal, Status

_MOST = 100_000
"""More events than this from one command are a circle, not an auction."""


class Outcome(NamedTuple):
    """What a command, or the clock, caused, and the state after it."""

    events: tuple[Event, ...]
    state: LotState


Decision: TypeAlias = tuple[Event, ...] | Refusal
"""What a decider says: the first events, or why not."""


def settled(before: LotState, first: Iterable[Event]) -> Outcome:
    """Return ``first`` with all that follows: the format's own consequences, proxies' answers, one extension.

    Proxies answer once, by their closed form, after everything else has been placed. The close moves at most once per
    command, by what the command changed in all: a lead that a proxy takes back at once was never lost.
    """
    events, state, placed = _followed(before, first)
    if before.rules.proxy and isinstance(events[0], BidPlaced | ProxySet):
        answers, state, answered = _followed(state, proxy.answers(state, events[0].at))
        events += answers
        placed += answered
    if placed and state.rules.soft_close is not None and state.status is Status.OPEN and format_of(state).steps:
        at = placed[-1].at
        moved = soft_close.extension(before, state, [event.bidder for event in placed], at)
        if moved is not None:
            extended = LotExtended(moved, at, soft=True)
            state = evolve(state, extended)
            events.append(extended)
    return Outcome(tuple(events), state)


def _followed(state: LotState, first: Iterable[Event]) -> tuple[list[Event], LotState, list[BidPlaced]]:
    """Return ``first`` with what the format lets follow, the state after it, and the bids among it."""
    events = list(first)
    placed: list[BidPlaced] = []
    for event in events:  # grows while it runs
        state = evolve(state, event)
        if isinstance(event, BidPlaced):
            placed.append(event)
        following = format_of(state).follows(state, event)
        if not following:
            continue
        events.extend(following)
        if len(events) > _MOST:
            raise RuntimeError("events cause each other without an end")
    return events, state, placed
