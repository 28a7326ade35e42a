"""Japanese reverse auction: a clock falls by rounds, and who does not stay in a round at its price is out for good."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import ClassVar

from marketplace.bidding.commands import Leave, PlaceBid
from marketplace.bidding.events import (
    NO_BIDS,
    BidderExcluded,
    BidderInvited,
    BidderLeft,
    Event,
    LotClosed,
    LotExtended,
    LotFailed,
    LotOpened,
    LotPaused,
    LotResumed,
    RoundStarted,
    RoundVoided,
)
from marketplace.bidding.formats import clock
from marketplace.bidding.formats.base import Format
from marketplace.bidding.model import BidderView, LotState, Refusal, RefusalCode, StageView, Status
from marketplace.bidding.play import JapanesePlay
from marketplace.bidding.ranking import ranked
from marketplace.bidding.rules import JapaneseClock, Rules, Scoring
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.money import CENT, is_price


@dataclass(frozen=True, slots=True)
class Japanese(Format):
    """Rounds at falling prices; naming exactly the round's price within it is staying in, silence is leaving.

    All who are invited may stay in the first round, later only those who stayed in the one before. The last price at
    which a bidder stayed is its standing price; who left with the last round stands at the price before, joint with
    those who left with it, the earlier first. A round runs to its end, whoever has answered; only when all have left
    by their own word the lot ends at once. It ends after a round in which at most ``stop_at`` stayed, or whose price
    is at or below the target, or after which there is no next price (the list is at its end, or it would be below a
    cent), or no time for a whole round before the close.

    A pause makes its round void: it is repeated in full, at the same price. Prices accepted in a void round do not
    stand, as nobody knows who could not answer: what stood before stands again. An explicit leaving in it counts, as
    it is no answer to a price. Where the repeated round would pass the close, resuming adds more than the time lost.
    """

    code: ClassVar[str] = "japanese"
    visibilities: ClassVar[frozenset[str]] = frozenset({"clock"})

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error for each figure of the clock that can't work."""
        return tuple(_problems(rules))

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
        """Return a refusal of who is out, of a second answer, and of a price that is not the round's."""
        stage = view.stage
        if stage is not None and stage.out:
            return _out()
        if stage is not None and stage.answered:
            return Refusal(
                RefusalCode.NOT_OFFERED,
                "one answer",
                "you have stayed in this round: the next one is asked when it ends",
                amount=bid.amount,
                own_amount=view.own.amount if view.own else None,
            )
        return clock.not_the_price(view, rules, bid)

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:
        """Return the round's price in the bidder's own money; None for one that has answered, or is out."""
        return clock.own_price(view, rules)

    def leave(self, state: LotState, command: Leave, at: datetime) -> tuple[Event, ...] | Refusal:
        """Return that the bidder is out from now on; the price at which it last stayed stands."""
        play = state.play
        if not isinstance(play, JapanesePlay) or command.bidder not in play.active:
            return _out()
        return (BidderLeft(command.bidder, command.key, at),)

    def follows(self, state: LotState, event: Event) -> tuple[Event, ...]:
        """Return the first round, what a pause does to a round, and the end when all have left by their own word."""
        play = state.play
        if isinstance(event, LotOpened):
            falling = _clock(state.rules)
            return (_round(1, falling.start, event.at, min(event.at + _length(falling), state.closes_at)),)
        if not isinstance(play, JapanesePlay):
            return ()
        if isinstance(event, LotPaused):
            return (RoundVoided(play.number, event.at),)
        if isinstance(event, LotResumed):
            ends_at = event.at + _length(_clock(state.rules))
            started = _round(play.number, play.price, event.at, ends_at)
            return (started,) if ends_at <= state.closes_at else (LotExtended(ends_at, event.at), started)
        if isinstance(event, BidderLeft) and event.key and not play.active:
            return _end(state, event.at)
        return ()

    def due(self, state: LotState) -> datetime | None:
        """Return the end of the round."""
        return state.play.ends_at if isinstance(state.play, JapanesePlay) else None

    def ring(self, state: LotState) -> tuple[Event, ...]:
        """Return who is out by its silence, and then the next round or the end."""
        play = state.play
        if not isinstance(play, JapanesePlay) or play.ends_at is None:
            return ()
        at, falling = play.ends_at, _clock(state.rules)
        stayed = [bidder for bidder in play.active if _answered(state, bidder, play.price)]
        staying = set(stayed)
        silent = tuple(BidderLeft(bidder, "", at) for bidder in play.active if bidder not in staying)
        price, ends_at = _next_price(falling, play.price), at + _length(falling)
        reached = falling.target is not None and play.price <= falling.target
        if len(stayed) <= falling.stop_at or reached or price is None or ends_at > state.closes_at:
            return (*silent, *_end(state, at))
        return (*silent, _round(play.number + 1, price, at, ends_at))

    def evolve(self, state: LotState, event: Event) -> LotState:
        """Remember the round and who is still in; a void round leaves nothing behind."""
        play = state.play
        if isinstance(event, RoundStarted) and event.price is not None:
            active, gone = (play.active, play.gone) if isinstance(play, JapanesePlay) else (_invited(state), ())
            gone = gone if event.number == 1 else ()
            return state._replace(play=JapanesePlay(event.number, event.price, event.ends_at, active, gone))
        if not isinstance(play, JapanesePlay):
            return state
        if isinstance(event, RoundVoided):
            return _without_answers(state, play.price)._replace(play=replace(play, ends_at=None))
        if isinstance(event, BidderLeft | BidderExcluded):
            return state._replace(play=_without(play, event.bidder))
        if isinstance(event, BidderInvited) and play.number == 1 and event.bidder not in play.gone:
            return state._replace(play=replace(play, active=(*play.active, event.bidder)))
        return state

    def stage(self, state: LotState, bidder: OrganizationId | None, now: datetime) -> StageView | None:  # noqa: ARG002 - interface
        """Return the round for ``bidder``. A void round has no end until it is repeated."""
        play = state.play
        if not isinstance(play, JapanesePlay) or state.status not in {Status.OPEN, Status.PAUSED}:
            return None
        active = bidder is not None and bidder in play.active
        answered = bidder is not None and _answered(state, bidder, play.price)
        return StageView(
            number=play.number,
            price=play.price,
            ends_at=play.ends_at,
            may_bid=state.status is Status.OPEN and active and not answered,
            answered=answered,
            out=bidder is not None and not active,
        )


def _clock(rules: Rules) -> JapaneseClock:
    if rules.japanese is None:
        raise ValueError("the rules of a Japanese auction have a clock")
    return rules.japanese


def _length(falling: JapaneseClock) -> timedelta:
    return timedelta(seconds=falling.seconds)


def _round(number: int, price: Decimal, at: datetime, ends_at: datetime) -> RoundStarted:
    return RoundStarted(number, price, order=(), first_turn_at=None, ends_at=ends_at, at=at)


def _next_price(falling: JapaneseClock, price: Decimal) -> Decimal | None:
    """Return the price of the round after the one at ``price``; None when there is none of at least a cent."""
    if falling.prices:
        return next((listed for listed in falling.prices if listed < price), None)
    following = None if falling.step is None else price - falling.step
    return following if following is not None and following >= CENT else None


def _answered(state: LotState, bidder: OrganizationId, price: Decimal) -> bool:
    """Tell whether ``bidder`` stayed at ``price``: each round has a lower one, so it says which round."""
    bid = state.standing.get(bidder)
    return bid is not None and bid.cost == price


def _invited(state: LotState) -> tuple[OrganizationId, ...]:
    return tuple(sorted(bidder for bidder in state.bidders if bidder not in state.excluded))


def _end(state: LotState, at: datetime) -> tuple[Event, ...]:
    """Return the close, and the failure of a lot that has no bid: as when its announced close comes."""
    return (LotClosed(at),) if state.standing else (LotClosed(at), LotFailed(NO_BIDS, at))


def _without(play: JapanesePlay, bidder: OrganizationId) -> JapanesePlay:
    """Return ``play`` after ``bidder`` went; found by its place, as thousands may go in one instant."""
    active = play.active
    if bidder in active:
        place = active.index(bidder)
        active = active[:place] + active[place + 1 :]
    return replace(play, active=active, gone=(*play.gone, bidder) if play.number == 1 else ())


def _without_answers(state: LotState, price: Decimal) -> LotState:
    """Return ``state`` without the bids at ``price``, those of the void round: its bidders' previous ones stand."""
    standing, bids, withdrawals = state.standing, state.bids, state.withdrawals
    for bidder, bid in state.standing.items():
        if bid.cost != price:
            continue
        bids = bids.delete((bidder, bid.version))
        if bid.bid_id in withdrawals:
            withdrawals = withdrawals.delete(bid.bid_id)
        earlier = [bids[bidder, version] for version in range(1, bid.version) if (bidder, version) in bids]
        standing = standing.set(bidder, earlier[-1]) if earlier else standing.delete(bidder)
    return ranked(state._replace(bids=bids, withdrawals=withdrawals), standing)


def _out() -> Refusal:
    return Refusal(
        RefusalCode.OUT, "rounds", "only those who stayed in every round so far take part: leaving is for good"
    )


# ---- what can't work


def _problems(rules: Rules) -> Iterator[FieldError]:
    yield from clock.common_problems(rules)
    falling = rules.japanese
    if falling is None:
        yield FieldError("/japanese", "a Japanese auction needs a clock: give start, seconds and step (or prices)")
        return
    at = "/japanese"
    figures = {"start": falling.start, "step": falling.step, "target": falling.target}
    yield from clock.figure_problems(at, seconds=falling.seconds, **figures)
    if falling.stop_at < 1:
        yield FieldError(f"{at}/stop_at", "is below 1: use 1, so that it ends when one bidder is left")
    yield from _path_problems(falling)
    if is_price(falling.start):
        yield from _bound_problems(rules, falling)
    if rules.opens_at + _length(falling) > rules.closes_at:
        seconds = int((rules.closes_at - rules.opens_at).total_seconds())
        yield FieldError(f"{at}/seconds", f"no round fits before the close: use at most {seconds}, or close later")


def _path_problems(falling: JapaneseClock) -> Iterator[FieldError]:
    """The way down is a step or a list, one of them."""
    if (falling.step is None) == (not falling.prices):
        yield FieldError("/japanese/step", "the clock falls by a step or along a list: give either step or prices")
    if not all(is_price(price) for price in falling.prices):
        yield FieldError("/japanese/prices", "holds what is no price: give amounts above 0, in whole cents")
    elif any(after >= before for before, after in pairwise(falling.prices)):
        yield FieldError("/japanese/prices", "do not fall: list each once, from high to low")
    elif falling.prices and is_price(falling.start) and falling.prices[0] > falling.start:
        yield FieldError("/japanese/prices", f"begin above the start: use {falling.start} or less")


def _bound_problems(rules: Rules, falling: JapaneseClock) -> Iterator[FieldError]:
    if falling.target is not None and is_price(falling.target) and falling.target > falling.start:
        yield FieldError("/japanese/target", f"lies above the start: use {falling.start} or less")
    if rules.ceiling is None or not is_price(rules.ceiling):
        return
    dearest = falling.start + _largest_bonus(rules.scoring)
    if dearest > rules.ceiling:
        why = "the price of the first round, with the largest bonus, lies above it and could not be accepted"
        yield FieldError("/ceiling", f"{why}: use {dearest} or more, or start lower")


def _largest_bonus(scoring: Scoring | None) -> Decimal:
    """Return how much more than the clock's price the best answers are paid."""
    if scoring is None:
        return Decimal(0)
    return -sum(
        (min((answer.malus for answer in item.answers), default=Decimal(0)) for item in scoring.criteria), Decimal(0)
    )
