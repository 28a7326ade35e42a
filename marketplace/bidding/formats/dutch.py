"""Dutch reverse auction: a clock rises from a low price, and the first to accept a stage's price win."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from marketplace.bidding.commands import PlaceBid
from marketplace.bidding.events import BidPlaced, Event, LotClosed, LotOpened, LotPaused, LotResumed
from marketplace.bidding.formats import clock
from marketplace.bidding.formats.base import Format
from marketplace.bidding.model import BidderView, LotState, Refusal, RefusalCode, StageView, Status
from marketplace.bidding.play import DutchPlay
from marketplace.bidding.rules import DutchClock, Rules
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import BidId, OrganizationId
from marketplace.kernel.money import is_price


@dataclass(frozen=True, slots=True)
class Dutch(Format):
    """``p(now) = min(p_max, p0 + s · ⌊(now - counts_from) / τ⌋)``, where ``p_max`` is the rules' ceiling.

    Naming exactly the stage's price accepts it, once per bidder. After the acceptance of the last of ``winners`` the
    lot closes in the same instant. The accepted bids are the standing: as the price never falls, the one order of
    bids is that of the acceptances, also within a stage (time, then sequence). An acceptance that is taken out of the
    standing while the lot is open (an error, an exclusion) frees its place. During a pause the stage stays as it is;
    afterwards as much of it is left as there was before.
    """

    code: ClassVar[str] = "dutch"
    visibilities: ClassVar[frozenset[str]] = frozenset({"clock"})

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error for each figure of the clock that can't work."""
        return tuple(_problems(rules))

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
        """Return a refusal of a second acceptance, and of a price that is not the stage's."""
        if view.own is not None:
            return Refusal(
                RefusalCode.NOT_OFFERED,
                "one acceptance",
                f"you have accepted {view.own.amount} {rules.currency}: a bidder accepts once",
                amount=bid.amount,
                own_amount=view.own.amount,
            )
        return clock.not_the_price(view, rules, bid)

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:
        """Return the stage's price in the bidder's own money; None when it can't accept."""
        return clock.own_price(view, rules)

    def follows(self, state: LotState, event: Event) -> tuple[Event, ...]:
        """Close the lot with the last acceptance that there is a place for."""
        if isinstance(event, BidPlaced) and len(state.standing) >= _clock(state.rules).winners:
            return (LotClosed(event.at),)
        return ()

    def evolve(self, state: LotState, event: Event) -> LotState:
        """Begin the clock with the opening, stop it with a pause, and let it count later by the time lost."""
        if isinstance(event, LotOpened):
            return state._replace(play=DutchPlay(event.at))
        play = state.play
        if not isinstance(play, DutchPlay):
            return state
        if isinstance(event, LotPaused):
            return state._replace(play=replace(play, stopped_at=event.at))
        if isinstance(event, LotResumed) and play.stopped_at is not None:
            return state._replace(play=DutchPlay(play.counts_from + (event.at - play.stopped_at)))
        return state

    def stage(self, state: LotState, bidder: OrganizationId | None, now: datetime) -> StageView | None:
        """Return the stage, counted from 1. During a pause it has no end yet; at the ceiling it is the last."""
        play = state.play
        if not isinstance(play, DutchPlay) or state.status not in {Status.OPEN, Status.PAUSED}:
            return None
        stage, price, ends_at = _at(state.rules, play, max(now, state.at))
        answered = bidder is not None and bidder in state.standing
        takes_part = bidder is not None and bidder in state.bidders and bidder not in state.excluded
        return StageView(
            number=stage + 1,
            price=price,
            ends_at=ends_at,
            may_bid=state.status is Status.OPEN and takes_part and not answered,
            answered=answered,
        )

    def payments(self, state: LotState) -> Mapping[BidId, Decimal]:
        """Return the accepted bids in their order, each at its own price: all of them win."""
        bids = (state.standing[rung[3]] for rung in state.ladder)
        return {bid.bid_id: bid.amount for bid in bids if bid.amount is not None}


def _clock(rules: Rules) -> DutchClock:
    if rules.dutch is None:
        raise ValueError("the rules of a Dutch auction have a clock")
    return rules.dutch


def _at(rules: Rules, play: DutchPlay, now: datetime) -> tuple[int, Decimal, datetime | None]:
    """Return the stage at ``now``, from 0, its price, and the instant at which the next one starts if that is known."""
    rising, top = _clock(rules), rules.ceiling
    if top is None:
        raise ValueError("the rules of a Dutch auction have a ceiling")
    length = timedelta(seconds=rising.seconds)
    passed = max((play.stopped_at or now) - play.counts_from, timedelta()) // length
    whole, rest = divmod(top - rising.start, rising.step)
    stage = min(passed, int(whole) + (1 if rest else 0))
    price = min(top, rising.start + stage * rising.step)
    ends_at = play.counts_from + (stage + 1) * length
    return stage, price, None if price == top or play.stopped_at is not None else ends_at


def _problems(rules: Rules) -> Iterator[FieldError]:
    yield from clock.common_problems(rules)
    if rules.ceiling is None:
        yield FieldError("/ceiling", "a Dutch clock rises up to the ceiling: give the highest price that you would pay")
    rising = rules.dutch
    if rising is None:
        yield FieldError("/dutch", "a Dutch auction needs a clock: give start, step and seconds")
        return
    yield from clock.figure_problems("/dutch", seconds=rising.seconds, start=rising.start, step=rising.step)
    if rising.winners < 1:
        yield FieldError("/dutch/winners", "is below 1: use 1")
    top = rules.ceiling
    if top is not None and is_price(top) and is_price(rising.start) and rising.start > top:
        yield FieldError("/dutch/start", f"lies above the ceiling: start at {top} or below")
