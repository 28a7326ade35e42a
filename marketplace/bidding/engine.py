"""The decider of one lot: what a command, or the clock, causes, and what each participant sees of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from typing import Any, TypeAlias

from marketplace.bidding import visibility
from marketplace.bidding.events import (
    BidderInvited,
    BidPlaced,
    BidsOpened,
    BidWithdrawn,
    Event,
    LotAwarded,
    LotCancelled,
    LotClosed,
    LotExtended,
    LotFailed,
    LotOpened,
    LotPaused,
    LotResumed,
    LotReturned,
    LotScheduled,
)
from marketplace.bidding.evolution import evolve, replay
from marketplace.bidding.formats.base import Format
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.model import (
    Base,
    BidderView,
    BuyerView,
    Cancel,
    Command,
    Decrement,
    DecrementKind,
    Extend,
    Invite,
    LotState,
    MarkAwarded,
    MarkNotAwarded,
    OpenBids,
    Pause,
    PlaceBid,
    Receipt,
    Refusal,
    RefusalCode,
    Resume,
    Return,
    Rules,
    StandingBid,
    Status,
    WithdrawBid,
    rules_hash,
)
from marketplace.bidding.ranking import standing
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import LotId, OrganizationId
from marketplace.kernel.money import LIMIT, cents

__all__ = ["buyer_view", "decide", "due", "evolve", "receipt", "replay", "ring", "schedule", "standing", "view"]

NO_BIDS = "no_bids"
"""The reason of a lot that failed because nothing was left to award."""

Decision: TypeAlias = tuple[Event, ...] | Refusal


# ---- announcing


def schedule(lot_id: LotId, rules: Rules, bidders: Iterable[OrganizationId], now: datetime) -> tuple[Event, ...]:
    """Return the first event of a lot. Raises MalformedError, with a pointer into the rules, for rules that can't work.

    An ``opens_at`` that has passed opens the lot at once.
    """
    problems = _problems(rules)
    if not problems and rules.closes_at <= now:
        problems = (FieldError("/closes_at", "is in the past: it has to be later than now"),)
    if problems:
        raise MalformedError("These auction rules can't work.", errors=problems)
    return (LotScheduled(lot_id, rules, rules_hash(rules), tuple(dict.fromkeys(bidders)), now),)


def _problems(rules: Rules) -> tuple[FieldError, ...]:
    found: list[FieldError] = []
    if rules.format not in FORMATS:
        found.append(FieldError("/format", f"is none of {', '.join(FORMATS)}"))
    elif rules.visibility not in FORMATS[rules.format].visibilities:
        allowed = ", ".join(sorted(FORMATS[rules.format].visibilities))
        found.append(FieldError("/visibility", f"with this format it is one of: {allowed}"))
    else:
        found.extend(FORMATS[rules.format].problems(rules))
        found.extend(_leaks(rules))
    if rules.opens_at >= rules.closes_at:
        found.append(FieldError("/closes_at", "has to be later than opens_at"))
    if rules.ceiling is not None and not _is_price(rules.ceiling):
        found.append(FieldError("/ceiling", "has to be above 0, in whole cents"))
    if rules.min_bidders < 1:
        found.append(FieldError("/min_bidders", "has to be at least 1"))
    if rules.decrement is not None and not _is_step(rules.decrement):
        found.append(FieldError("/decrement/value", "has to be above 0: whole cents, or a percentage below 100"))
    return tuple(found)


def _leaks(rules: Rules) -> tuple[FieldError, ...]:
    """A base that the visibility hides could be found by trying: acceptance would tell it."""
    shown = visibility.VISIBILITIES[rules.visibility]
    told = {Base.OWN: True, Base.NEXT: shown.next_price, Base.LEAD: shown.lead_price}[rules.base]
    return () if told else (FieldError("/base", "this visibility hides that price: use own"),)


def _is_price(amount: Decimal) -> bool:
    return amount.is_finite() and 0 < amount < LIMIT and amount == cents(amount)


def _is_step(decrement: Decrement) -> bool:
    if decrement.kind is DecrementKind.ABSOLUTE:
        return _is_price(decrement.value)
    return decrement.value.is_finite() and 0 < decrement.value < 100  # noqa: PLR2004 - per cent


# ---- the clock


def due(state: LotState) -> tuple[tuple[datetime, str], ...]:
    """Return what the clock will cause, earliest first: ``(instant, "open" | "close")``. Nothing while paused."""
    if state.status is Status.SCHEDULED:
        return ((state.opens_at, "open"), (state.closes_at, "close"))
    return ((state.closes_at, "close"),) if state.status is Status.OPEN else ()


def ring(state: LotState, now: datetime) -> tuple[Event, ...]:
    """Return what the clock has caused up to ``now``.

    The events carry the instants that they were due at, so that a late ring gives what a punctual one would have.
    """
    if state.status is Status.SCHEDULED and now >= state.opens_at:
        opened = LotOpened(max(state.opens_at, state.at))
        return (opened, *ring(evolve(state, opened), now))
    if state.status is not Status.OPEN or now < state.closes_at:
        return ()
    closed = LotClosed(state.closes_at)
    return (closed,) if state.standing else (closed, LotFailed(NO_BIDS, state.closes_at))


# ---- deciding


def decide(state: LotState, command: Command, now: datetime) -> Decision:
    """Return the events that ``command`` causes at ``now``, or why it is refused.

    What the clock has caused up to ``now`` comes first, for callers that have not rung. A repeated command (same key
    and content) causes nothing: its receipt is found by ``receipt``.
    """
    caused = ring(state, now)
    current = reduce(evolve, caused, state)
    # a clock that was set back must not let a later price stand before an earlier one
    decision = _DECIDERS[type(command)](current, command, max(now, current.at))
    return (*caused, *decision) if caused and isinstance(decision, tuple) and decision else decision


def receipt(state: LotState, bidder: OrganizationId, key: str) -> Receipt | None:
    """Return what ``bidder``'s accepted command under ``key`` led to, or None if there is none."""
    keys = state.seen_keys.get(bidder)
    return keys.get(key) if keys else None


def _place(state: LotState, command: PlaceBid, at: datetime) -> Decision:
    earlier = receipt(state, command.bidder, command.key)
    if earlier is not None:
        return () if _is_repetition(earlier, command) else _key_reused()
    rules, format_ = state.rules, FORMATS[state.rules.format]
    view = visibility.look(state, command.bidder)
    refusal = _refuse(format_, view, rules, command)
    if refusal is not None:
        return refusal
    amount = None if format_.sealed else cents(command.amount)
    return (
        BidPlaced(command.bidder, command.bid_id, amount, command.commitment, command.valid_until, command.key, at),
    )


def _is_repetition(earlier: Receipt, command: PlaceBid) -> bool:
    return (
        earlier.type == BidPlaced.type
        and earlier.commitment == command.commitment
        and earlier.valid_until == command.valid_until
        and earlier.amount in (None, command.amount)
    )


def _refuse(format_: Format, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
    """Return why a new bid is refused: a function of what its bidder may see, by the types of what is passed."""
    return _not_taking_bids(view) or _not_acceptable(format_, view, rules, bid) or format_.refuse(view, rules, bid)


def _not_taking_bids(view: BidderView) -> Refusal | None:
    if not view.invited:
        return Refusal(RefusalCode.NOT_INVITED, "invitation", "only invited bidders may bid here")
    if view.status is Status.OPEN:
        return None
    if view.status is Status.SCHEDULED:
        return Refusal(RefusalCode.NOT_OPEN_YET, "clock", f"bids are taken from {view.opens_at.isoformat()} on")
    if view.status is Status.PAUSED:
        return Refusal(RefusalCode.PAUSED, "pause", f"no bids are taken during the pause: {view.reason}")
    if view.status is Status.CANCELLED:
        return Refusal(RefusalCode.CANCELLED, "cancellation", f"the lot was cancelled: {view.reason}")
    return Refusal(RefusalCode.LATE, "clock", f"bids were taken until before {view.closes_at.isoformat()}")


def _not_acceptable(format_: Format, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
    if _is_price(bid.amount):
        if rules.ceiling is not None and bid.amount > rules.ceiling:
            return Refusal(
                RefusalCode.OVER_CEILING,
                "ceiling",
                f"the highest price taken is {rules.ceiling} {rules.currency}",
                amount=bid.amount,
                own_amount=view.own.amount if view.own else None,
                next_admissible_price=format_.next_admissible_price(view, rules),
            )
    else:
        return Refusal(RefusalCode.NOT_A_PRICE, "price", "a price is above 0, below 10^12 and in whole cents")
    least = rules.valid_until_at_least
    if least is not None and (bid.valid_until is None or bid.valid_until < least):
        return Refusal(RefusalCode.VALIDITY_TOO_SHORT, "validity", f"a bid has to be valid until {least} or longer")
    return None


def _withdraw(state: LotState, command: WithdrawBid, at: datetime) -> Decision:
    earlier = receipt(state, command.bidder, command.key)
    if earlier is not None:
        same = earlier.type == BidWithdrawn.type and earlier.bid_id == command.bid_id
        return () if same else _key_reused()
    view = visibility.look(state, command.bidder)
    if (refusal := _not_taking_bids(view)) is not None:
        return refusal
    if not FORMATS[state.rules.format].may_withdraw:
        return Refusal(RefusalCode.WITHDRAWAL_NOT_OFFERED, "withdrawal", "bids of this format bind once placed")
    if view.own is None or view.own.bid_id != command.bid_id:
        return Refusal(RefusalCode.NO_SUCH_BID, "withdrawal", "this is not your standing bid")
    return (BidWithdrawn(command.bidder, command.bid_id, command.key, at),)


def _key_reused() -> Refusal:
    return Refusal(RefusalCode.KEY_REUSED, "idempotency", "this key was used for other content: take a new one")


def _invite(state: LotState, command: Invite, at: datetime) -> Decision:
    if command.bidder in state.bidders:
        return ()
    if state.status not in visibility.RUNNING:
        return _wrong_status(state, "invite")
    return (BidderInvited(command.bidder, at),)


def _pause(state: LotState, command: Pause, at: datetime) -> Decision:
    if state.status is not Status.OPEN:
        return _wrong_status(state, "pause")
    return (LotPaused(command.reason, at),)


def _resume(state: LotState, _: Resume, at: datetime) -> Decision:
    if state.status is not Status.PAUSED or state.paused_at is None:
        return _wrong_status(state, "resume")
    return (LotResumed(state.closes_at + (at - state.paused_at), at),)


def _extend(state: LotState, command: Extend, at: datetime) -> Decision:
    if state.status not in visibility.RUNNING or command.closes_at < state.closes_at:
        return _wrong_status(state, "extension")
    return (LotExtended(command.closes_at, at),) if command.closes_at > state.closes_at else ()


def _open_bids(state: LotState, command: OpenBids, at: datetime) -> Decision:
    if state.status is not Status.CLOSED or state.opened:
        return _wrong_status(state, "opening")
    sealed = sorted(bid.bid_id for bid in state.standing.values())
    named = sorted(bid_id for bid_id, _ in command.amounts)
    if sealed != named or not all(_is_price(amount) for _, amount in command.amounts):
        return Refusal(RefusalCode.OPENING_MISMATCH, "opening", "an opening names each standing bid once, with a price")
    return (BidsOpened(tuple(sorted((bid_id, cents(amount)) for bid_id, amount in command.amounts)), at),)


def _award(state: LotState, command: MarkAwarded, at: datetime) -> Decision:
    if state.status is not Status.CLOSED:
        return _wrong_status(state, "award")
    if not state.opened:
        return Refusal(RefusalCode.STILL_SEALED, "award", "the bids have to be opened first")
    bid = next((bid for bid in state.standing.values() if bid.bid_id == command.bid_id), None)
    if bid is None:
        return Refusal(RefusalCode.NO_SUCH_BID, "award", "this bid does not stand")
    if _is_expired(bid, at):
        return Refusal(RefusalCode.BID_EXPIRED, "validity", f"this bid was valid until {bid.valid_until}")
    return (LotAwarded(command.bid_id, at),)


def _is_expired(bid: StandingBid, at: datetime) -> bool:
    return bid.valid_until is not None and bid.valid_until < at.astimezone(UTC).date()


def _not_awarded(state: LotState, command: MarkNotAwarded, at: datetime) -> Decision:
    return (LotFailed(command.reason, at),) if state.status is Status.CLOSED else _wrong_status(state, "award")


def _return(state: LotState, command: Return, at: datetime) -> Decision:
    if state.status is not Status.AWARDED:
        return _wrong_status(state, "return")
    dropped = tuple(
        sorted(bid.bid_id for bid in state.standing.values() if bid.bid_id == state.awarded_bid or _is_expired(bid, at))
    )
    returned = LotReturned(command.reason, dropped, at)
    return (returned,) if len(dropped) < len(state.standing) else (returned, LotFailed(NO_BIDS, at))


def _cancel(state: LotState, command: Cancel, at: datetime) -> Decision:
    if state.status in {Status.AWARDED, Status.FAILED, Status.CANCELLED}:
        return _wrong_status(state, "cancellation")
    return (LotCancelled(command.reason, at),)


def _wrong_status(state: LotState, rule: str) -> Refusal:
    return Refusal(RefusalCode.WRONG_STATUS, rule, f"the lot is {state.status}")


_DECIDERS: dict[type[Command], Callable[[LotState, Any, datetime], Decision]] = {
    PlaceBid: _place,
    WithdrawBid: _withdraw,
    Invite: _invite,
    Pause: _pause,
    Resume: _resume,
    Extend: _extend,
    OpenBids: _open_bids,
    MarkAwarded: _award,
    MarkNotAwarded: _not_awarded,
    Return: _return,
    Cancel: _cancel,
}


# ---- what one participant sees


def view(state: LotState, bidder: OrganizationId, now: datetime) -> BidderView:
    """Return what ``bidder`` may know at ``now``, whether or not what is due has been rung."""
    current = reduce(evolve, ring(state, now), state)
    seen = visibility.look(current, bidder)
    if current.status not in visibility.RUNNING or not seen.invited:
        return seen
    hint = FORMATS[current.rules.format].next_admissible_price(seen, current.rules)
    return replace(seen, next_admissible_price=hint)


def buyer_view(state: LotState, now: datetime) -> BuyerView:
    """Return what the buyer may know at ``now``, whether or not what is due has been rung."""
    return visibility.look_as_buyer(reduce(evolve, ring(state, now), state))
