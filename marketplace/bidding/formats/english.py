"""English reverse auction: every bid goes down by at least the decrement from its base."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import ClassVar

from marketplace.bidding.commands import PlaceBid
from marketplace.bidding.formats.base import Format
from marketplace.bidding.model import BidderView, Refusal, RefusalCode
from marketplace.bidding.rules import Base, Rules
from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import CENT


@dataclass(frozen=True, slots=True)
class English(Format):
    """``p ≤ base - d``, where the base is the bidder's own price, that of the bidder ranked before it, or the lead's.

    Where the base has no price yet (no own bid, nobody in the lead) only the ceiling limits a bid. A newcomer stands
    behind all, so the last-ranked is the one before it. With a lead buffer ``f`` a challenger that beats the lead
    beats it by ``f``, while the leader improves by ``d``. All prices are in the bidder's own money.
    """

    code: ClassVar[str] = "english"
    steps: ClassVar[bool] = True
    visibilities: ClassVar[frozenset[str]] = frozenset({"open", "rank_only", "traffic_light", "blind"})

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error if there is no step: without one a price could stand still for ever."""
        if rules.decrement is None:
            return (FieldError("/decrement", "an English auction needs a decrement, for example 10.00 or 1 %"),)
        return ()

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
        """Return a refusal if the step is too small, or so big that it may be a slip."""
        limit = _limit(view, rules)
        if limit is not None and bid.amount > limit:
            return self._too_small(view, rules, bid, f"from the {rules.base} price")
        if _inside_buffer(view, rules, bid.amount):
            return self._too_small(view, rules, bid, f"and beat the lead by at least {rules.lead_buffer}")
        guard = None if bid.confirmed or rules.largest_change is None else _largest_change(view, rules)
        if guard is not None and bid.amount < guard:
            return Refusal(
                RefusalCode.CONFIRM_CHANGE,
                rule="largest_change",
                detail=f"a price below {guard} {rules.currency} is an unusually big step: confirm it if it is meant",
                amount=bid.amount,
                own_amount=view.own.amount if view.own else None,
            )
        return None

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:
        """Return the ceiling or one step below the base, whichever is lower; None when no positive price is left."""
        bounds = [bound for bound in (_limit(view, rules), rules.ceiling) if bound is not None]
        highest = min(bounds) if bounds else None
        if highest is not None and _inside_buffer(view, rules, highest):
            highest = _under_buffer(view, rules)
        return highest if highest is not None and highest > 0 else None

    def _too_small(self, view: BidderView, rules: Rules, bid: PlaceBid, why: str) -> Refusal:
        return Refusal(
            RefusalCode.STEP_TOO_SMALL,
            rule="decrement",
            detail=f"a bid has to go down by at least the decrement {why}",
            amount=bid.amount,
            own_amount=view.own.amount if view.own else None,
            next_admissible_price=self.next_admissible_price(view, rules),
        )


def _limit(view: BidderView, rules: Rules) -> Decimal | None:
    """Return ``base - d`` in whole cents, rounded down because the step is at least ``d``; None without a base."""
    base = view.own_cost
    if rules.base is not Base.OWN:
        base = view.lead_price if rules.base is Base.LEAD else view.next_price
    if base is None or rules.decrement is None:
        return None
    return (base - rules.decrement.of(base)).quantize(CENT, rounding=ROUND_FLOOR)


def _leads(view: BidderView) -> bool:
    """Tell whether the view's bidder is the leader: one that shares the lead's price but came later is none."""
    return view.rank == 1


def _under_buffer(view: BidderView, rules: Rules) -> Decimal | None:
    return None if view.lead_price is None or rules.lead_buffer is None else view.lead_price - rules.lead_buffer


def _inside_buffer(view: BidderView, rules: Rules, amount: Decimal) -> bool:
    """Tell whether ``amount`` would beat another bidder's lead by less than the buffer."""
    if rules.lead_buffer is None or view.lead_price is None or _leads(view):
        return False
    return view.lead_price - rules.lead_buffer < amount < view.lead_price


def _largest_change(view: BidderView, rules: Rules) -> Decimal | None:
    """Return the price below which a bid has to be confirmed: one largest change below the own price or the ceiling."""
    start = view.own_cost if view.own_cost is not None else rules.ceiling
    return None if rules.largest_change is None or start is None else start - rules.largest_change.of(start)
