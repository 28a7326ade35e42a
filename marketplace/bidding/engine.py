"""The decider of one lot: what a command, or the clock, causes, and what each participant sees of it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplace.bidding import by_bidders, by_others, linter, lot_clock, visibility
from marketplace.bidding.by_bidders import receipt
from marketplace.bidding.commands import Command, PlaceBid, ReportOutage
from marketplace.bidding.events import NO_BIDS, BidPlaced, Event, LotScheduled
from marketplace.bidding.evolution import evolve, replay
from marketplace.bidding.formats.table import FORMATS, format_of
from marketplace.bidding.lot_clock import due, next_due
from marketplace.bidding.model import BidderView, BuyerView, LotState, OwnBid, Refusal
from marketplace.bidding.outcome import Decision, Outcome, settled
from marketplace.bidding.ranking import standing
from marketplace.bidding.rules import Rules, rules_hash
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import BidId, LotId, OrganizationId

__all__ = [
    "NO_BIDS",
    "Outcome",
    "buyer_view",
    "decide",
    "due",
    "evolve",
    "next_due",
    "outcome",
    "payments",
    "receipt",
    "replay",
    "ring",
    "schedule",
    "standing",
    "validate",
    "view",
]


def schedule(
    lot_id: LotId, rules: Rules, bidders: Iterable[OrganizationId], now: datetime, secret: str = ""
) -> tuple[Event, ...]:
    """Return the first event of a lot. Raises MalformedError, with a pointer into the rules, for rules that can't work.

    An ``opens_at`` that has passed opens the lot at once. ``secret``: random, so that no bidder's alias can be guessed.
    """
    problems = tuple(FieldError(finding.pointer, finding.message) for finding in linter.errors(rules))
    if not problems and rules.closes_at <= now:
        problems = (FieldError("/closes_at", "is in the past: it has to be later than now"),)
    if problems:
        raise MalformedError("These auction rules can't work.", errors=problems)
    return (LotScheduled(lot_id, rules, rules_hash(rules), tuple(dict.fromkeys(bidders)), now, secret),)


def ring(state: LotState, now: datetime) -> tuple[Event, ...]:
    """Return what the clock has caused up to ``now``, at the instants that it was due at."""
    return lot_clock.ring(state, now).events


def decide(state: LotState, command: Command, now: datetime) -> tuple[Event, ...] | Refusal:
    """Return the events that ``command`` causes at ``now``, or why it is refused; see ``outcome``."""
    decided = outcome(state, command, now)
    return decided if isinstance(decided, Refusal) else decided.events


def outcome(state: LotState, command: Command, now: datetime) -> Outcome | Refusal:
    """Return what ``command`` causes at ``now`` and the state after it, or why it is refused.

    What the clock has caused up to ``now`` comes first, for callers that have not rung. A repeated command (same key
    and content) causes nothing: its receipt is found by ``receipt``.
    """
    until = now
    if isinstance(command, ReportOutage):
        until = min(now, by_others.interrupted_at(state, command))
    caused: tuple[Event, ...] = ()
    current = state
    if not lot_clock.is_quiet(state, until):
        caused, current = lot_clock.ring(state, until)
    # a clock that was set back must not let a later price stand before an earlier one
    decision = _DECIDERS[type(command)](current, command, max(until, current.at))
    if isinstance(decision, Refusal):
        return decision
    if not decision:
        return Outcome((), state)
    led = settled(current, decision)
    return Outcome(caused + led.events, led.state) if caused else led


def validate(state: LotState, command: PlaceBid, now: datetime) -> BidderView | Refusal:
    """Return what its bidder would see if ``command`` were placed at ``now``, or why it would be refused.

    Of the competition it tells what the bidder sees anyway, no more: a rank, a colour or an extension that depends on
    the price asked about would let a dry run search for every price that is not shown. Only who is shown all prices
    is told its new place, and not where proxies bid: their answers would tell how low their limits lie.
    """
    decided = outcome(state, command, now)
    if isinstance(decided, Refusal):
        return decided
    before = view(state, command.bidder, now)
    if before.prices is not None and not state.rules.proxy:
        return view(decided.state, command.bidder, now)
    placed = (event for event in decided.events if isinstance(event, BidPlaced))
    bid = next((event for event in placed if event.bid_id == command.bid_id), None)
    if bid is None:
        return before
    version = state.versions.get(bid.bidder, 0) + 1
    own = OwnBid(bid.bid_id, bid.amount, bid.valid_until, bid.at, version)
    return before._replace(own=own, own_cost=bid.amount, malus=bid.malus if bid.malus is not None else before.malus)


_DECIDERS: dict[type[Command], Callable[[LotState, Any, datetime], Decision]] = {
    **by_bidders.DECIDERS,
    **by_others.DECIDERS,
}


# ---- what one participant sees


def view(state: LotState, bidder: OrganizationId, now: datetime) -> BidderView:
    """Return what ``bidder`` may know at ``now``, whether or not what is due has been rung."""
    current = lot_clock.ring(state, now).state
    shown = format_of(current).shown_to(current, bidder)
    if shown is not current:
        current = lot_clock.ring(shown, now).state
    seen = visibility.look_in_full(current, bidder, now)
    if current.status not in visibility.RUNNING or not seen.invited:
        return seen
    return seen._replace(next_admissible_price=visibility.next_admissible_price(current, bidder, seen))


def buyer_view(state: LotState, now: datetime) -> BuyerView:
    """Return what the buyer may know at ``now``, whether or not what is due has been rung."""
    return visibility.look_as_buyer(lot_clock.ring(state, now).state, now)


def payments(state: LotState) -> Mapping[BidId, Decimal]:
    """Return the candidates for the award of an opened lot, best first, with what each would be paid.

    As the announced format pays, also after a last round: who bid under a second price was promised one.
    """
    return FORMATS[state.rules.format].payments(state) if state.opened else {}
