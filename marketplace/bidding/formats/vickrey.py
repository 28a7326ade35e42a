"""Sealed bids, second price (Vickrey): the best bid wins and is paid what the second-best would have allowed it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import ClassVar

from marketplace.bidding.formats.sealed import SealedFirstPrice
from marketplace.bidding.model import LotState
from marketplace.bidding.rules import Rules, ScoringKind
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import BidId
from marketplace.kernel.money import CENT


@dataclass(frozen=True, slots=True)
class SealedSecondPrice(SealedFirstPrice):
    """Sealed as the first price is; only the payment differs.

    The winner is paid the price at which it would just have stood equal to the second: the second-lowest effective
    cost less its own malus, and no more than the ceiling. So its own price decides whether it wins, never what it is
    paid. Alone it is paid the ceiling, or its own price where there is none. The second is the one behind it when the
    bids were opened: a loser that expires or is excluded afterwards makes nothing dearer.
    """

    code: ClassVar[str] = "sealed_second_price"
    pays_by_rivals: ClassVar[bool] = True

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error for points too: a second place in points is no price."""
        found = SealedFirstPrice.problems(self, rules)
        if rules.scoring is not None and rules.scoring.kind is ScoringKind.RELATIVE_POINTS:
            found += (FieldError("/scoring/kind", "a second price needs qualities in money, not in points"),)
        return found

    def advice(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return that a ceiling is missing: it is what a bidder without a rival is paid at most."""
        if rules.ceiling is not None:
            return ()
        return (FieldError("/ceiling", "without a ceiling a single bidder is paid whatever it asks: set one"),)

    def payments(self, state: LotState) -> Mapping[BidId, Decimal]:
        """Return the winner with its payment in whole cents, rounded down: never below its own price."""
        if not state.ladder:
            return {}
        bid = state.standing[state.ladder.first[3]]
        if bid.amount is None or bid.malus is None:
            return {}
        ceiling = state.rules.ceiling
        # a lot that was opened before this was kept has its ladder alone
        order = state.opening or tuple((rung[3], rung[0]) for rung in state.ladder)
        behind = [bidder for bidder, _ in order].index(bid.bidder) + 1
        if behind == len(order):
            return {bid.bid_id: bid.amount if ceiling is None else ceiling}
        equal = (order[behind][1] - bid.malus).quantize(CENT, rounding=ROUND_FLOOR)
        return {bid.bid_id: equal if ceiling is None else min(equal, ceiling)}
