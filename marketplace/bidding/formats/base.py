"""What every auction format answers: the one interface through which the engine knows formats."""

from decimal import Decimal
from typing import Protocol

from marketplace.bidding.model import BidderView, PlaceBid, Refusal, Rules
from marketplace.kernel.errors import FieldError


class Format(Protocol):
    """One format. It is handed a bidder's view, never the lot, so that a refusal can't tell what the view doesn't.

    ``sealed``: prices stay out of events, state and views until the opening. ``may_withdraw``: a bidder may take its
    bid back while the lot is open. ``visibilities``: the codes of those that it can be combined with.
    """

    @property
    def code(self) -> str:
        """Return the name by which rules choose the format."""

    @property
    def sealed(self) -> bool:
        """Return whether prices are hidden until an opening."""

    @property
    def may_withdraw(self) -> bool:
        """Return whether a bidder may withdraw freely until the close."""

    @property
    def visibilities(self) -> frozenset[str]:
        """Return the codes of the visibilities that go with it."""

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return what in ``rules`` this format can't work with."""

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
        """Return why this format does not take ``bid``, or None. The ceiling has been checked."""

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:
        """Return the highest price that it would take from the view's bidder, or None if any (or none) would do."""
