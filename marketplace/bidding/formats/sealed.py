"""Sealed bids, first price: replaceable until the close, hidden from everyone until the opening."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.bidding.formats.base import Format
from marketplace.bidding.rules import Option, Rules
from marketplace.kernel.errors import FieldError


@dataclass(frozen=True, slots=True)
class SealedFirstPrice(Format):
    """Any price up to the ceiling, higher or lower than the bidder's last one: nobody sees either."""

    code: ClassVar[str] = "sealed_first_price"
    sealed: ClassVar[bool] = True
    may_withdraw: ClassVar[bool] = True
    replaces_freely: ClassVar[bool] = True
    visibilities: ClassVar[frozenset[str]] = frozenset({"sealed"})

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error for an option that tells of prices before the opening."""
        told = {Option.ALL_PRICES, Option.LEAD_PRICE, Option.NUMBER_OF_BIDDERS} & set(rules.disclosed)
        return (FieldError("/disclosed", f"sealed bids never show {', '.join(sorted(told))}"),) if told else ()
