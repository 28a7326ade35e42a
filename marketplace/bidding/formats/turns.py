"""Rounds of turns: one bidder after the other, worst first, may lower its price, unseen until its turn ends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import ClassVar

from marketplace.bidding.commands import PlaceBid
from marketplace.bidding.events import (
    BidderExcluded,
    BidPlaced,
    BidWithdrawn,
    Event,
    LotClosed,
    LotExtended,
    LotOpened,
    LotPaused,
    LotResumed,
    RoundStarted,
    TurnBidEntered,
    TurnEnded,
)
from marketplace.bidding.formats.base import Format
from marketplace.bidding.model import BidderView, LotState, OwnBid, Refusal, RefusalCode, StageView, Status
from marketplace.bidding.play import PendingBid, TurnsPlay
from marketplace.bidding.rules import Base, Rules, Ties, Turns
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.money import CENT

_FEWEST = 2
"""Bidders without whom there is nobody to take turns with: the lot then closes at the end of the first bids."""


@dataclass(frozen=True, slots=True)
class ThreeRounds(Format):
    """The open auction of ProZorro: first bids, then (usually three) rounds in which each bidder has one turn.

    First bids are taken until the close that the rules announce, which is the start of the rounds. Until then others
    see nothing of them and they are replaced freely, also by dearer ones: a standing price never rises (K3) from the
    start of the rounds on. With N bidders the rounds take ``first pause + (rounds - 1) · pause + rounds · N · turn``
    and a last ``pause`` before the announcement: at their start, when N is known, the close moves by exactly that.
    With the usual times these are 660 + 360·N seconds.

    The order of a round is that of the standing when it begins, that is when the last turn of the one before ends:
    worst first, leader last. What a bidder enters in its turn lies at least ``d`` below its own standing price; it may
    be rewritten and taken back until the turn ends, and is placed and shown then, with that instant as its time. Who
    enters nothing keeps its price. An excluded bidder's turn passes unused, and no announced instant comes earlier.

    A pause moves all later instants by its length, and a turn that it interrupts is given again in full, so that
    nobody has less than a whole turn; what was entered in it stays entered, since its bidder can still change it.

    It goes with the open visibility alone: the announced close tells how many bidders there are, and the time of a
    bidder's turn its rank, which the others hide.
    """

    code: ClassVar[str] = "three_rounds"
    steps: ClassVar[bool] = True
    replaces_freely: ClassVar[bool] = True
    visibilities: ClassVar[frozenset[str]] = frozenset({"open"})

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error for all that makes no turns, or has no meaning in them, with the nearest setting."""
        return tuple(_problems(rules))

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
        """Return a refusal outside the bidder's turn, and in it of a step that is too small."""
        stage = view.stage
        if stage is None or not stage.may_bid:
            return Refusal(
                RefusalCode.NOT_YOUR_TURN,
                rule="turns",
                detail=_when(view, stage),
                amount=bid.amount,
                own_amount=view.own.amount if view.own else None,
            )
        limit = _limit(view, rules)
        if limit is None or bid.amount <= limit:
            return None
        return Refusal(
            RefusalCode.STEP_TOO_SMALL,
            rule="decrement",
            detail="in your turn a bid has to go down by at least the decrement from your own price",
            amount=bid.amount,
            own_amount=view.own.amount if view.own else None,
            next_admissible_price=self.next_admissible_price(view, rules),
        )

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:
        """Return the ceiling, or in a turn one step below the own price; None outside it, or where none is left."""
        if view.stage is not None and not view.stage.may_bid:
            return None
        bounds = [bound for bound in (_limit(view, rules), rules.ceiling) if bound is not None]
        highest = min(bounds, default=None)
        return highest if highest is not None and highest > 0 else None

    def accepted(self, state: LotState, placed: BidPlaced) -> tuple[Event, ...]:
        """Return that a first bid is placed, and one in a turn only entered."""
        if not isinstance(state.play, TurnsPlay) or placed.amount is None or placed.malus is None:
            return (placed,)
        entered = TurnBidEntered(
            placed.bidder,
            placed.bid_id,
            placed.amount,
            placed.malus,
            placed.commitment,
            placed.valid_until,
            placed.key,
            placed.at,
            placed.surrogate,
        )
        return (entered,)

    def follows(self, state: LotState, event: Event) -> tuple[Event, ...]:
        """Return what was entered in a turn that ended, then the next round; and the turn that a pause gives back."""
        play = state.play
        if not isinstance(play, TurnsPlay):
            return ()
        if isinstance(event, LotPaused):
            lost = _lost(state.rules, play, event.at)
            return (LotExtended(state.closes_at + lost, event.at),) if lost else ()
        if isinstance(event, TurnEnded) and play.pending is not None:
            return (_placed(play.pending, event.at),)
        over = isinstance(event, TurnEnded | BidPlaced) and play.done == len(play.order)
        if not over or play.number == _turns(state.rules).rounds or not state.ladder:
            return ()
        return (_round(state, play.number + 1, event.at, _seconds(_turns(state.rules).pause_seconds)),)

    def due(self, state: LotState) -> datetime | None:
        """Return the end of the turn or, before the rounds, their start if there are bidders for them."""
        play = state.play
        if not isinstance(play, TurnsPlay):
            return state.closes_at if len(state.standing) >= _FEWEST else None
        return _turn_ends(state.rules, play) if play.done < len(play.order) else None

    def ring(self, state: LotState) -> tuple[Event, ...]:
        """Return the end of the turn, or the start of the rounds with the close that it leads to."""
        play, turns = state.play, _turns(state.rules)
        if isinstance(play, TurnsPlay):
            return (TurnEnded(play.order[play.done], _turn_ends(state.rules, play)),)
        at = state.closes_at
        pauses = turns.first_pause_seconds + turns.rounds * turns.pause_seconds
        lasting = _seconds(pauses + turns.rounds * turns.turn_seconds * len(state.standing))
        first = _round(state, 1, at, _seconds(turns.first_pause_seconds))
        return (first, LotExtended(at + lasting, at))

    def evolve(self, state: LotState, event: Event) -> LotState:
        """Remember the round, whose turn it is and what was entered in it; first bids show when the rounds start.

        ``opened`` stands for that: between the lot's opening and the start of the rounds the prices are not told.
        """
        play = state.play
        if isinstance(event, LotOpened):
            return state._replace(opened=False)
        if isinstance(event, RoundStarted) and event.first_turn_at is not None:
            return state._replace(opened=True, play=TurnsPlay(event.number, event.order, event.first_turn_at))
        if isinstance(event, LotClosed):
            return state._replace(opened=True)
        if not isinstance(play, TurnsPlay):
            return state
        after = _remembered(state.rules, play, event)
        return state if after is play else state._replace(play=after)

    def stage(self, state: LotState, bidder: OrganizationId | None, now: datetime) -> StageView | None:
        """Return the round (0: first bids), the end of the turn or of the pause before it, and the bidder's own turn.

        During a pause of the lot no end is known.
        """
        play, running = state.play, state.status is Status.OPEN
        if state.status not in {Status.OPEN, Status.PAUSED}:
            return None
        if not isinstance(play, TurnsPlay):
            return StageView(0, None, state.closes_at if running else None, may_bid=running and bidder is not None)
        entered = play.pending if play.pending is not None and play.pending.bidder == bidder else None
        ends_at, turn_at = None, None
        if running:
            ends_at = _stage_ends(state, play, now)
            turn_at = _turn_of(state.rules, play, bidder)
        return StageView(
            number=play.number,
            price=None,
            ends_at=ends_at,
            may_bid=turn_at is not None and turn_at <= now and bidder == play.order[play.done],
            answered=entered is not None,
            turn_at=turn_at,
            entered=_own(entered, state, bidder) if entered is not None and bidder is not None else None,
        )


# ---- times


def _turns(rules: Rules) -> Turns:
    if rules.turns is None:
        raise ValueError("the rules of an auction in turns say when the rounds start")
    return rules.turns


def _seconds(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def _turn_starts(rules: Rules, play: TurnsPlay, index: int) -> datetime:
    return play.first_turn_at + index * _seconds(_turns(rules).turn_seconds)


def _turn_ends(rules: Rules, play: TurnsPlay) -> datetime:
    return _turn_starts(rules, play, play.done + 1)


def _turn_of(rules: Rules, play: TurnsPlay, bidder: OrganizationId | None) -> datetime | None:
    """Return when the turn of ``bidder`` begins, or began; None once it is over in this round."""
    if bidder not in play.order[play.done :]:
        return None
    return _turn_starts(rules, play, play.order.index(bidder))


def _stage_ends(state: LotState, play: TurnsPlay, now: datetime) -> datetime:
    """Return the end of what goes on: the pause before the round, a turn, or the wait for the announcement."""
    if play.done == len(play.order):
        return state.closes_at
    return play.first_turn_at if now < play.first_turn_at else _turn_ends(state.rules, play)


def _lost(rules: Rules, play: TurnsPlay, paused_at: datetime) -> timedelta:
    """Return how much of a turn had passed when a pause interrupted it."""
    if play.done == len(play.order):
        return timedelta()
    return max(timedelta(), paused_at - _turn_starts(rules, play, play.done))


# ---- what happens


def _round(state: LotState, number: int, at: datetime, pause: timedelta) -> RoundStarted:
    order = tuple(rung[3] for rung in state.ladder)[::-1]
    ends_at = at + pause + len(order) * _seconds(_turns(state.rules).turn_seconds)
    return RoundStarted(number, None, order, first_turn_at=at + pause, ends_at=ends_at, at=at)


def _placed(entered: PendingBid, at: datetime) -> BidPlaced:
    return BidPlaced(
        entered.bidder,
        entered.bid_id,
        entered.amount,
        entered.commitment,
        entered.valid_until,
        entered.key,
        at,
        entered.malus,
        surrogate=entered.surrogate,
    )


def _remembered(rules: Rules, play: TurnsPlay, event: Event) -> TurnsPlay:
    """Return what ``play`` is after ``event``."""
    if isinstance(event, TurnBidEntered):
        return replace(play, pending=_pending(event))
    if isinstance(event, TurnEnded):
        return replace(play, done=play.done + 1)
    if isinstance(event, LotPaused):
        return replace(play, paused_at=event.at)
    if isinstance(event, LotResumed) and play.paused_at is not None:
        moved = event.at - play.paused_at + _lost(rules, play, play.paused_at)
        return replace(play, first_turn_at=play.first_turn_at + moved, paused_at=None)
    return replace(play, pending=None) if _is_gone(play.pending, event) else play


def _is_gone(pending: PendingBid | None, event: Event) -> bool:
    """Tell whether what was entered has been placed or taken back, or its bidder was excluded."""
    if pending is None:
        return False
    if isinstance(event, BidderExcluded):
        return event.bidder == pending.bidder
    return isinstance(event, BidPlaced | BidWithdrawn) and event.bid_id == pending.bid_id


def _pending(event: TurnBidEntered) -> PendingBid:
    return PendingBid(
        event.bidder,
        event.bid_id,
        event.amount,
        event.malus,
        event.commitment,
        event.valid_until,
        event.key,
        event.at,
        event.surrogate,
    )


def _own(entered: PendingBid, state: LotState, bidder: OrganizationId) -> OwnBid:
    version = state.versions.get(bidder, 0) + 1
    return OwnBid(entered.bid_id, entered.amount, entered.valid_until, entered.entered_at, version)


# ---- what is refused


def _limit(view: BidderView, rules: Rules) -> Decimal | None:
    """Return one step below the own standing price in whole cents, rounded down; None while first bids are taken."""
    own = view.own_cost
    if view.stage is None or view.stage.number == 0 or own is None or rules.decrement is None:
        return None
    return (own - rules.decrement.of(own)).quantize(CENT, rounding=ROUND_FLOOR)


def _when(view: BidderView, stage: StageView | None) -> str:
    """Say when the bidder's turn is, as far as it is known."""
    if stage is not None and stage.turn_at is not None:
        return f"your turn in round {stage.number} begins at {stage.turn_at.isoformat()}"
    if view.own is None:
        return "only those who gave a first bid before the rounds have a turn in them"
    return "your turn in this round is over: if another round follows, its order is told when this one ends"


def _problems(rules: Rules) -> Iterator[FieldError]:
    if rules.turns is None:
        yield FieldError("/turns", "the rounds need a start: give turns.starts_at, the same instant as closes_at")
    else:
        yield from _figure_problems(rules, rules.turns)
    if rules.decrement is None:
        yield FieldError("/decrement", "a turn needs a least step down, for example 10.00 or 1 %")
    foreign = (
        ("base", rules.base is not Base.OWN, "in its turn a bidder goes down from its own price: use own"),
        ("ties", rules.ties is not Ties.ALLOWED, "of equal prices the earlier stands better: use allowed"),
        ("soft_close", rules.soft_close is not None, "each bidder has its own turn, nobody can be late: leave it out"),
        ("proxy", rules.proxy, "every bidder bids in its own turn: leave it out"),
        ("lead_buffer", rules.lead_buffer is not None, "a turn goes down from the own price: leave it out"),
        ("largest_change", rules.largest_change is not None, "a slip can be taken back in the turn: leave it out"),
    )
    yield from (FieldError(f"/{name}", message) for name, set_, message in foreign if set_)


def _figure_problems(rules: Rules, turns: Turns) -> Iterator[FieldError]:
    if turns.starts_at != rules.closes_at:
        why = "the close of the first bids is the start of the rounds, which add their time to it"
        yield FieldError("/turns/starts_at", f"{why}: use {rules.closes_at.isoformat()}")
    least = {"rounds": 1, "first_pause_seconds": 0, "pause_seconds": 1, "turn_seconds": 1}
    for name, bound in least.items():
        if getattr(turns, name) < bound:
            yield FieldError(f"/turns/{name}", f"is below {bound}: use {bound} or more")
