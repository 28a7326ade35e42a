"""English reverse auction with visible prices: every bid goes down by at least the decrement."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from marketplace.bidding.model import Base, BidderView, PlaceBid, Refusal, RefusalCode, Rules
from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import CENT


@dataclass(frozen=True, slots=True)
class English:
    """``p ≤ base - d``, where the base is the bidder's own price, that of the bidder ranked before it, or the lead's.

    Where the base has no price yet (no own bid, nobody in the lead) only the ceiling limits a bid. A newcomer stands
    behind all, so the last-ranked is the one before it.
    """

    code: str = "english"
    sealed: bool = False
    may_withdraw: bool = False
    visibilities: frozenset[str] = frozenset({"open"})

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error if there is no step: without one a price could stand still for ever."""
        if rules.decrement is None:
            return (FieldError("/decrement", "an English auction needs a decrement, for example 10.00 or 1 %"),)
        return ()

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
        """Return a refusal if the step is too small."""
        limit = _limit(view, rules)
        if limit is None or bid.amount <= limit:
            return None
        return Refusal(
            RefusalCode.STEP_TOO_SMALL,
            rule="decrement",
            detail=f"a bid has to go down by at least the decrement from the {rules.base} price",
            amount=bid.amount,
            own_amount=view.own.amount if view.own else None,
            next_admissible_price=self.next_admissible_price(view, rules),
        )

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:
        """Return the ceiling or one step below the base, whichever is lower; None when no positive price is left."""
        bounds = [bound for bound in (_limit(view, rules), rules.ceiling) if bound is not None]
        return min(bounds) if bounds and min(bounds) > 0 else None


def _limit(view: BidderView, rules: Rules) -> Decimal | None:
    """Return ``base - d`` in whole cents, rounded down because the step is at least ``d``; None without a base."""
    own = view.own.amount if view.own else None
    base = {Base.OWN: own, Base.NEXT: view.next_price, Base.LEAD: view.lead_price}[rules.base]
    if base is None or rules.decrement is None:
        return None
    return (base - rules.decrement.of(base)).quantize(CENT, rounding=ROUND_FLOOR)
