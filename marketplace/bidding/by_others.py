"""What the buyer's and the platform's commands cause in a lot, and those of the market around it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from marketplace.bidding import visibility
from marketplace.bidding.commands import (
    CallFinalOffers,
    Cancel,
    Command,
    DecideWithdrawal,
    Exclude,
    Extend,
    Invite,
    MarkAwarded,
    MarkNotAwarded,
    OpenBids,
    Pause,
    ReportOutage,
    Reschedule,
    Resume,
    Return,
)
from marketplace.bidding.events import (
    NO_BIDS,
    BidderExcluded,
    BidderInvited,
    BidRetracted,
    BidsOpened,
    FinalOffersCalled,
    LotAwarded,
    LotCancelled,
    LotExtended,
    LotFailed,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotReturned,
    WithdrawalRefused,
)
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.lot_clock import is_expired
from marketplace.bidding.model import LotState, Refusal, RefusalCode, Status
from marketplace.bidding.outcome import Decision
from marketplace.bidding.play import FinalPlay
from marketplace.kernel.ids import BidId
from marketplace.kernel.money import is_price

_ENDED = (Status.AWARDED, Status.FAILED, Status.CANCELLED)

OUTAGE = "outage"
"""The reason of a pause that an outage caused."""


# ---- who may bid


def _invite(state: LotState, command: Invite, at: datetime) -> Decision:
    if command.bidder in state.bidders and command.bidder not in state.excluded:
        return ()
    if state.status not in visibility.RUNNING:
        return _wrong_status(state, "invite")
    return (BidderInvited(command.bidder, at),)


def _exclude(state: LotState, command: Exclude, at: datetime) -> Decision:
    if command.bidder not in state.bidders or command.bidder in state.excluded:
        return ()
    if state.status in _ENDED:
        return _wrong_status(state, "exclusion")
    return (BidderExcluded(command.bidder, command.reason, at),)


# ---- the clock


def _pause(state: LotState, command: Pause, at: datetime) -> Decision:
    if state.status is not Status.OPEN:
        return _wrong_status(state, "pause")
    return (LotPaused(command.reason, at),)


def _resume(state: LotState, _: Resume, at: datetime) -> Decision:
    if state.status is not Status.PAUSED or state.paused_at is None:
        return _wrong_status(state, "resume")
    return (LotResumed(state.closes_at + (at - state.paused_at), at),)


def _outage(state: LotState, command: ReportOutage, at: datetime) -> Decision:
    """Pause from the outage's beginning on, or from the opening if that fell into it.

    An event since then shows that it was none for this lot.
    """
    bound, began = state.rules.longest_outage_seconds, interrupted_at(state, command)
    if state.status is not Status.OPEN or bound is None or state.at > began:
        return ()
    if (command.ended - began).total_seconds() <= bound:
        return ()
    return (LotPaused(OUTAGE, at),)


def interrupted_at(state: LotState, command: ReportOutage) -> datetime:
    """Return when the outage began for this lot: not before its opening, if that comes before the outage's end."""
    return max(command.began, state.opens_at) if state.opens_at < command.ended else command.began


def _extend(state: LotState, command: Extend, at: datetime) -> Decision:
    if state.status not in visibility.RUNNING:
        return _wrong_status(state, "extension")
    if command.closes_at < state.closes_at:
        detail = f"a close never moves back: bids are taken until {state.closes_at.isoformat()}"
        return Refusal(RefusalCode.WRONG_STATUS, "extension", detail)
    return (LotExtended(command.closes_at, at),) if command.closes_at > state.closes_at else ()


def _reschedule(state: LotState, command: Reschedule, at: datetime) -> Decision:
    if state.status is not Status.SCHEDULED or command.opens_at >= command.closes_at or command.closes_at <= at:
        return _wrong_status(state, "reschedule")
    if (command.opens_at, command.closes_at) == (state.opens_at, state.closes_at):
        return ()
    return (LotRescheduled(command.opens_at, command.closes_at, at),)


# ---- the bids


def _open_bids(state: LotState, command: OpenBids, at: datetime) -> Decision:
    if state.status is not Status.CLOSED or state.opened:
        return _wrong_status(state, "opening")
    sealed = sorted(bid.bid_id for bid in state.standing.values() if bid.amount is None)
    named = sorted(opened.bid_id for opened in command.prices)
    if sealed != named or not all(is_price(opened.amount) for opened in command.prices):
        return Refusal(RefusalCode.OPENING_MISMATCH, "opening", "an opening names each sealed bid once, with a price")
    return (BidsOpened(tuple(sorted(command.prices, key=lambda opened: opened.bid_id)), at),)


def _decide_withdrawal(state: LotState, command: DecideWithdrawal, at: datetime) -> Decision:
    if command.bid_id not in state.withdrawals:
        return Refusal(RefusalCode.NO_SUCH_BID, "withdrawal", "its bidder has not asked to withdraw this bid")
    if state.status not in (*visibility.RUNNING, Status.CLOSED):
        return _wrong_status(state, "withdrawal")
    if not command.granted:
        return (WithdrawalRefused(command.bid_id, command.reason, at),)
    return (BidRetracted(command.bid_id, command.reason, at),)


def _call_final_offers(state: LotState, command: CallFinalOffers, at: datetime) -> Decision:
    if state.status is not Status.CLOSED or not state.opened or isinstance(state.play, FinalPlay):
        return _wrong_status(state, "final offers")
    if state.rules.final_offers is None:
        return Refusal(RefusalCode.NOT_OFFERED, "final offers", "the rules announced no round of final offers")
    valid = {bidder for bidder, bid in state.standing.items() if not is_expired(bid, at)}
    if not command.bidders or len(set(command.bidders)) != len(command.bidders) or not valid >= set(command.bidders):
        return Refusal(
            RefusalCode.NO_SUCH_BID, "final offers", "a short list names bidders with a valid bid, each once"
        )
    if command.closes_at <= at or not command.reason.strip():
        return Refusal(RefusalCode.WRONG_STATUS, "final offers", "give a cut-off in the future and the reason")
    return (FinalOffersCalled(command.bidders, command.closes_at, command.reason.strip(), at),)


# ---- the end


def _award(state: LotState, command: MarkAwarded, at: datetime) -> Decision:
    """Award a standing bid; in formats with several candidates, one after the other until all of them are awarded."""
    more = state.status is Status.AWARDED and _may_also_win(state, command.bid_id)
    if not (state.status is Status.CLOSED or more):
        return _wrong_status(state, "award")
    if not state.opened:
        return Refusal(RefusalCode.STILL_SEALED, "award", "the bids have to be opened first")
    bid = next((bid for bid in state.standing.values() if bid.bid_id == command.bid_id), None)
    if bid is None:
        return Refusal(RefusalCode.NO_SUCH_BID, "award", "this bid does not stand")
    if is_expired(bid, at):
        return Refusal(RefusalCode.BID_EXPIRED, "validity", f"this bid was valid until {bid.valid_until}")
    return (LotAwarded(command.bid_id, at),)


def _may_also_win(state: LotState, bid_id: BidId) -> bool:
    candidates = FORMATS[state.rules.format].payments(state)
    return len(state.awards) < len(candidates) and bid_id in candidates and bid_id not in state.awards


def _not_awarded(state: LotState, command: MarkNotAwarded, at: datetime) -> Decision:
    return (LotFailed(command.reason, at),) if state.status is Status.CLOSED else _wrong_status(state, "award")


def _return(state: LotState, command: Return, at: datetime) -> Decision:
    if state.status is not Status.AWARDED:
        return _wrong_status(state, "return")
    if command.bid_id not in {None, *state.awards}:
        return Refusal(RefusalCode.NO_SUCH_BID, "return", "this bid was not awarded")
    fell = set(state.awards) if command.bid_id is None else {command.bid_id}
    stay = set(state.awards) - fell
    dropped = tuple(
        sorted(
            bid.bid_id
            for bid in state.standing.values()
            if bid.bid_id in fell or (bid.bid_id not in stay and is_expired(bid, at))
        )
    )
    returned = LotReturned(command.reason, dropped, at)
    return (returned,) if len(dropped) < len(state.standing) else (returned, LotFailed(NO_BIDS, at))


def _cancel(state: LotState, command: Cancel, at: datetime) -> Decision:
    if state.status in _ENDED:
        return _wrong_status(state, "cancellation")
    return (LotCancelled(command.reason, at),)


def _wrong_status(state: LotState, rule: str) -> Refusal:
    return Refusal(RefusalCode.WRONG_STATUS, rule, f"the lot is {state.status}")


DECIDERS: dict[type[Command], Callable[[LotState, Any, datetime], Decision]] = {
    Invite: _invite,
    Exclude: _exclude,
    Pause: _pause,
    Resume: _resume,
    ReportOutage: _outage,
    Extend: _extend,
    Reschedule: _reschedule,
    OpenBids: _open_bids,
    DecideWithdrawal: _decide_withdrawal,
    CallFinalOffers: _call_final_offers,
    MarkAwarded: _award,
    MarkNotAwarded: _not_awarded,
    Return: _return,
    Cancel: _cancel,
}
