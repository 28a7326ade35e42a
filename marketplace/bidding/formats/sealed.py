"""Sealed bids, first price: replaceable until the close, hidden from everyone until the opening."""

from dataclasses import dataclass
from decimal import Decimal

from marketplace.bidding.model import Base, BidderView, PlaceBid, Refusal, Rules
from marketplace.kernel.errors import FieldError


@dataclass(frozen=True, slots=True)
class SealedFirstPrice:
    """Any price up to the ceiling, higher or lower than the bidder's last one: nobody sees either."""

    code: str = "sealed_first_price"
    sealed: bool = True
    may_withdraw: bool = True
    visibilities: frozenset[str] = frozenset({"sealed"})

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error for steps: there is no visible price to step down from."""
        found: tuple[FieldError, ...] = ()
        if rules.decrement is not None:
            found += (FieldError("/decrement", "sealed bids know no decrement: leave it out"),)
        if rules.base is not Base.OWN:
            found += (FieldError("/base", "sealed bids are compared with no price: leave it out"),)
        return found

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:  # noqa: ARG002 - interface
        """Return None: the ceiling is all that limits a sealed price."""
        return None

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:  # noqa: ARG002 - interface
        """Return the ceiling, if there is one."""
        return rules.ceiling
