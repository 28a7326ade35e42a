"""Best and final offers: sealed bids, and after any format a last sealed round for those whom the buyer called."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from marketplace.bidding.commands import PlaceBid
from marketplace.bidding.formats.base import Format
from marketplace.bidding.formats.sealed import SealedFirstPrice
from marketplace.bidding.model import BidderView, LotState, Refusal, RefusalCode, StageView, Status
from marketplace.bidding.play import FinalPlay
from marketplace.bidding.ranking import ranked
from marketplace.bidding.rules import Rules
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import OrganizationId

_SECOND = 2
"""The number of the round that follows the auction."""


@dataclass(frozen=True, slots=True)
class BestAndFinal(SealedFirstPrice):
    """Sealed at first price, with a round of final offers announced: the buyer may call a short list to it."""

    code: ClassVar[str] = "best_and_final"

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:
        """Return an error too where the last round is missing, from which the format has its name."""
        found = SealedFirstPrice.problems(self, rules)
        if rules.final_offers is None:
            found += (
                FieldError("/final_offers", "the last round has to be announced: set it, or use a sealed format"),
            )
        return found


@dataclass(frozen=True, slots=True)
class FinalRound(Format):
    """The last round of a lot, whatever its format before: sealed offers of the called, until one common cut-off (B1).

    An offer is replaced as often as its bidder likes until the cut-off, which nothing but a pause or an amendment
    moves; it is taken back only as an error, by the buyer's decision, and then the previous offer counts again. Who
    does not answer keeps its previous offer. Where the rules say ``may_not_worsen`` no offer costs more, in effect,
    than the bidder's own previous one. After the cut-off the new offers are opened and all are ranked together.

    Who was not called is not told of the round (B2): it sees the lot as it was closed, before and after the cut-off,
    and its bids are refused for the reason that they would be refused for without a round: as late.
    """

    code: ClassVar[str] = "final_round"
    sealed: ClassVar[bool] = True
    replaces_freely: ClassVar[bool] = True
    visibilities: ClassVar[frozenset[str]] = frozenset()

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
        """Return a refusal of an offer worse than the bidder's previous one, where the rules bind it to that."""
        limit = _limit(view, rules)
        if limit is None or bid.amount <= limit:
            return None
        return Refusal(
            RefusalCode.WORSE_THAN_BEFORE,
            rule="final offers",
            detail="a final offer may not be worse than your previous one, which stands if you offer nothing",
            amount=bid.amount,
            own_amount=view.own.amount if view.own else None,
            next_admissible_price=self.next_admissible_price(view, rules),
        )

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:
        """Return the ceiling or the bidder's previous offer in its own money, whichever is lower."""
        bounds = [bound for bound in (_limit(view, rules), rules.ceiling) if bound is not None]
        highest = min(bounds, default=None)
        return highest if highest is not None and highest > 0 else None

    def shown_to(self, state: LotState, bidder: OrganizationId) -> LotState:
        """Return to who was not called the lot without the round, whether that still runs or not."""
        play = state.play
        if not isinstance(play, FinalPlay) or bidder in play.called:
            return state
        ended = state.status in {Status.AWARDED, Status.FAILED, Status.CANCELLED}
        bids = {key: bid for key, bid in state.bids.items() if bid.sequence < play.sequence}
        latest = {key[0]: bid for key, bid in sorted(bids.items())}
        before = state._replace(
            status=state.status if ended else Status.CLOSED,
            closes_at=play.closed_at,
            opened=True,
            reason=state.reason if ended else None,
            paused_at=None,
            play=None,
        )
        return ranked(before, latest)

    def stage(self, state: LotState, bidder: OrganizationId | None, now: datetime) -> StageView | None:  # noqa: ARG002 - interface
        """Return the round while it runs: its cut-off, and for one who was called the effective cost it had before."""
        play = state.play
        if not isinstance(play, FinalPlay) or state.status not in {Status.OPEN, Status.PAUSED}:
            return None
        called = bidder in play.called
        own = state.standing.get(bidder) if bidder is not None else None
        return StageView(
            number=_SECOND,
            price=next((cost for who, cost in play.before if who == bidder), None),
            ends_at=state.closes_at if state.status is Status.OPEN else None,
            may_bid=called and state.status is Status.OPEN,
            answered=called and own is not None and own.sequence > play.sequence,
        )


def _limit(view: BidderView, rules: Rules) -> Decimal | None:
    """Return the price at which the bidder, with its present qualities, would stand as with its previous offer."""
    previous = view.stage.price if view.stage is not None else None
    if previous is None or rules.final_offers is None or not rules.final_offers.may_not_worsen:
        return None
    return previous - view.malus
