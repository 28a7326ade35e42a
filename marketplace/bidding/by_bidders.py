"""What a bidder's command causes: a bid, a proxy, a withdrawal, an exit. A refusal is made of its view alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplace.bidding import visibility
from marketplace.bidding.commands import Command, Leave, PlaceBid, SetProxy, WithdrawBid
from marketplace.bidding.events import (
    BidderLeft,
    BidPlaced,
    BidWithdrawn,
    ProxySet,
    TurnBidEntered,
    WithdrawalRequested,
)
from marketplace.bidding.formats.base import Format
from marketplace.bidding.formats.table import format_of
from marketplace.bidding.model import (
    BidderView,
    LotState,
    Receipt,
    Refusal,
    RefusalCode,
    Status,
    content_of,
)
from marketplace.bidding.outcome import Decision
from marketplace.bidding.rules import Rules, Ties
from marketplace.bidding.scoring import malus_of
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.money import cents, is_price

_BIDS = frozenset({BidPlaced.type, TurnBidEntered.type})


def receipt(state: LotState, bidder: OrganizationId, key: str) -> Receipt | None:
    """Return what ``bidder``'s accepted command under ``key`` led to, or None if there is none."""
    return state.receipts.get((bidder, key))


def _as_placed(amount: Decimal) -> Decimal:
    """Return ``amount`` as a placed bid has it, so that 290 under the key of 290.00 is a repetition."""
    return cents(amount) if is_price(amount) else amount


# ---- bids


def _place(state: LotState, command: PlaceBid, at: datetime) -> Decision:
    format_, rules = format_of(state), state.rules
    earlier = receipt(state, command.bidder, command.key)
    if earlier is not None:
        # a bid of before a sealed last round was kept with its amount, a sealed one never is
        contents = {
            content_of(command.commitment, price, command.valid_until) for price in (_as_placed(command.amount), None)
        }
        same = earlier.type in _BIDS and earlier.content in contents
        return () if same else _key_reused()
    malus = malus_of(rules.scoring, command.answers)
    price = cents(command.amount) if is_price(command.amount) else None
    view = visibility.look(state, command.bidder, at, malus, None if malus is None else price)
    refusal = _refuse(format_, view, rules, command, malus, price=price)
    if refusal is not None:
        if refusal.next_admissible_price is None or rules.ties is Ties.ALLOWED:
            return refusal
        hint = visibility.next_admissible_price(state, command.bidder, view)
        return replace(refusal, next_admissible_price=hint)
    placed = BidPlaced(
        command.bidder,
        command.bid_id,
        None if format_.sealed else price,
        command.commitment,
        command.valid_until,
        command.key,
        at,
        None if format_.sealed else malus,
        surrogate=command.surrogate,
    )
    return format_.accepted(state, placed)


def _refuse(
    format_: Format, view: BidderView, rules: Rules, bid: PlaceBid, malus: Decimal | None, *, price: Decimal | None
) -> Refusal | None:
    """Return why a new bid is refused: a function of what its bidder may see, by the types of what is passed."""
    return (
        _not_taking_bids(view)
        or _not_acceptable(format_, view, rules, bid, malus, price=price)
        or _taken(format_, view, rules, bid)
        or format_.refuse(view, rules, bid)
    )


def _not_taking_bids(view: BidderView) -> Refusal | None:
    if not view.invited:
        return Refusal(RefusalCode.NOT_INVITED, "invitation", "only invited bidders may bid here")
    if view.excluded is not None:
        return Refusal(RefusalCode.EXCLUDED, "invitation", f"you may not bid here any longer: {view.excluded}")
    if view.status is Status.OPEN:
        return None
    late = Refusal(RefusalCode.LATE, "clock", f"bids were taken until before {view.closes_at.isoformat()}")
    return {
        Status.SCHEDULED: Refusal(
            RefusalCode.NOT_OPEN_YET, "clock", f"bids are taken from {view.opens_at.isoformat()} on"
        ),
        Status.PAUSED: Refusal(RefusalCode.PAUSED, "pause", f"no bids are taken during the pause: {view.reason}"),
        Status.CANCELLED: Refusal(RefusalCode.CANCELLED, "cancellation", f"the lot was cancelled: {view.reason}"),
    }.get(view.status, late)


def _not_acceptable(
    format_: Format, view: BidderView, rules: Rules, bid: PlaceBid, malus: Decimal | None, *, price: Decimal | None
) -> Refusal | None:
    if malus is None:
        return _quality_missing(rules)
    if price is None:
        return Refusal(RefusalCode.NOT_A_PRICE, "price", "a price is above 0, below 10^12 and in whole cents")
    if rules.ceiling is not None and bid.amount > rules.ceiling:
        return Refusal(
            RefusalCode.OVER_CEILING,
            "ceiling",
            f"the highest price taken is {rules.ceiling} {rules.currency}",
            amount=bid.amount,
            own_amount=view.own.amount if view.own else None,
            next_admissible_price=format_.next_admissible_price(view, rules),
        )
    least = rules.valid_until_at_least
    if least is not None and (bid.valid_until is None or bid.valid_until < least):
        return Refusal(RefusalCode.VALIDITY_TOO_SHORT, "validity", f"a bid has to be valid until {least} or longer")
    return None


def _quality_missing(rules: Rules) -> Refusal:
    criteria = rules.scoring.criteria if rules.scoring is not None else ()
    expected = "; ".join(f"{item.code}: {', '.join(answer.code for answer in item.answers)}" for item in criteria)
    detail = (
        f"answer each criterion once ({expected})" if expected else "these rules ask for no criteria: leave them out"
    )
    return Refusal(RefusalCode.QUALITY_MISSING, "scoring", detail)


def _taken(format_: Format, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
    if not view.tied:
        return None
    return Refusal(
        RefusalCode.PRICE_TAKEN,
        "ties",
        "another bidder stands at this price and the rules allow no ties: go below it",
        amount=bid.amount,
        own_amount=view.own.amount if view.own else None,
        next_admissible_price=format_.next_admissible_price(view, rules),
    )


# ---- proxies


def _set_proxy(state: LotState, command: SetProxy, at: datetime) -> Decision:
    """A proxy is taken where a bid at its limit would be: its limit is the last price that it may come to."""
    earlier = receipt(state, command.bidder, command.key)
    if earlier is not None:
        content = content_of(command.commitment, _as_placed(command.limit), command.valid_until)
        return () if earlier.type == ProxySet.type and earlier.content == content else _key_reused()
    format_, rules = format_of(state), state.rules
    malus = malus_of(rules.scoring, command.answers)
    view = visibility.look(state, command.bidder, at, malus)
    if not (rules.proxy and format_.steps):
        return Refusal(RefusalCode.PROXY_NOT_OFFERED, "proxy", "these rules take no limits: bid yourself")
    bid = PlaceBid(
        command.bidder,
        command.bid_id,
        command.limit,
        command.commitment,
        command.valid_until,
        command.key,
        confirmed=True,
    )
    price = cents(command.limit) if is_price(command.limit) else None
    refusal = _not_taking_bids(view) or _not_acceptable(format_, view, rules, bid, malus, price=price)
    if refusal is not None:
        return refusal
    return _proxy_problem(view, rules, command) or (
        ProxySet(
            command.bidder,
            command.bid_id,
            cents(command.limit),
            command.step,
            malus or Decimal(0),
            command.commitment,
            command.valid_until,
            command.key,
            at,
        ),
    )


def _proxy_problem(view: BidderView, rules: Rules, command: SetProxy) -> Refusal | None:
    if command.step is not None and not is_price(command.step):
        return Refusal(RefusalCode.NOT_A_PRICE, "proxy", "a step is above 0 and in whole cents")
    own = view.own.amount if view.own else None
    if own is not None and command.limit > own:
        return Refusal(
            RefusalCode.STEP_TOO_SMALL, "proxy", "a limit lies below your own price", command.limit, own_amount=own
        )
    if own is None and rules.ceiling is None:
        return Refusal(
            RefusalCode.NO_SUCH_BID, "proxy", "without a ceiling a limit needs a first bid of yours: place it"
        )
    return None


# ---- taking back and leaving


def _withdraw(state: LotState, command: WithdrawBid, at: datetime) -> Decision:
    earlier = receipt(state, command.bidder, command.key)
    if earlier is not None:
        same = earlier.type in {BidWithdrawn.type, WithdrawalRequested.type} and earlier.bid_id == command.bid_id
        return () if same else _key_reused()
    view = visibility.look(state, command.bidder, at)
    if (refusal := _not_taking_bids(view)) is not None:
        return refusal
    entered = view.stage.entered if view.stage is not None else None
    free = (BidWithdrawn(command.bidder, command.bid_id, command.key, at),)
    if entered is not None and entered.bid_id == command.bid_id:
        return free
    if view.own is None or view.own.bid_id != command.bid_id:
        return Refusal(RefusalCode.NO_SUCH_BID, "withdrawal", "this is not your standing bid")
    return free if format_of(state).may_withdraw else _ask_to_withdraw(command, at)


def _ask_to_withdraw(command: WithdrawBid, at: datetime) -> Decision:
    if not command.reason.strip():
        return Refusal(
            RefusalCode.WITHDRAWAL_NOT_OFFERED,
            "withdrawal",
            "bids of this format bind once placed: say why this one is an error, and the buyer decides",
        )
    return (WithdrawalRequested(command.bidder, command.bid_id, command.reason.strip(), command.key, at),)


def _leave(state: LotState, command: Leave, at: datetime) -> Decision:
    if not command.key:  # without one an event of leaving is that of a silence
        return Refusal(RefusalCode.NOT_OFFERED, "idempotency", "leaving needs a key, as every command of a bidder does")
    earlier = receipt(state, command.bidder, command.key)
    if earlier is not None:
        return () if earlier.type == BidderLeft.type else _key_reused()
    refusal = _not_taking_bids(visibility.look(state, command.bidder, at))
    return refusal or format_of(state).leave(state, command, at)


def _key_reused() -> Refusal:
    return Refusal(RefusalCode.KEY_REUSED, "idempotency", "this key was used for other content: take a new one")


DECIDERS: dict[type[Command], Callable[[LotState, Any, datetime], Decision]] = {
    PlaceBid: _place,
    SetProxy: _set_proxy,
    WithdrawBid: _withdraw,
    Leave: _leave,
}
