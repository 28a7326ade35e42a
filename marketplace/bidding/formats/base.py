"""What every auction format answers: the one interface through which the engine knows formats, with what is usual."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from marketplace.bidding.commands import Leave, PlaceBid
from marketplace.bidding.events import BidPlaced, Event
from marketplace.bidding.model import BidderView, LotState, Refusal, RefusalCode, StageView
from marketplace.bidding.rules import Rules
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import BidId, OrganizationId


@dataclass(frozen=True, slots=True)
class Format:
    """One format: an object without state of its own, in the table of formats. A format says what differs from this.

    ``sealed``: prices stay out of events, state and views until the opening. ``may_withdraw``: a bidder may take its
    bid back freely while the lot is open. ``visibilities``: the codes of those that it goes with. ``steps``: it knows
    decrements, bases, lead buffers, the slip guard, proxies and the soft close. ``replaces_freely``: a later bid may
    be dearer than the bidder's earlier one. ``pays_by_rivals``: payments depend on the costs as they were opened.
    """

    code: ClassVar[str]
    sealed: ClassVar[bool] = False
    may_withdraw: ClassVar[bool] = False
    visibilities: ClassVar[frozenset[str]]
    steps: ClassVar[bool] = False
    replaces_freely: ClassVar[bool] = False
    pays_by_rivals: ClassVar[bool] = False

    def problems(self, rules: Rules) -> tuple[FieldError, ...]:  # noqa: ARG002 - interface
        """Return what in ``rules`` this format can't work with, with what would be right."""
        return ()

    def advice(self, rules: Rules) -> tuple[FieldError, ...]:  # noqa: ARG002 - interface
        """Return what in ``rules`` this format works with, but seldom well, with what would be better."""
        return ()

    def refuse(self, view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:  # noqa: ARG002 - interface
        """Return why this format does not take ``bid``: of what its bidder sees alone.

        Status, ceiling, validity and ties have been checked.
        """
        return None

    def next_admissible_price(self, view: BidderView, rules: Rules) -> Decimal | None:  # noqa: ARG002 - interface
        """Return the highest price that it would take from the view's bidder, or None if any (or none) would do."""
        return rules.ceiling

    def accepted(self, state: LotState, placed: BidPlaced) -> tuple[Event, ...]:  # noqa: ARG002 - interface
        """Return what an accepted bid causes in this format: usually that it is placed."""
        return (placed,)

    def leave(self, state: LotState, command: Leave, at: datetime) -> tuple[Event, ...] | Refusal:  # noqa: ARG002
        """Return what a bidder's leaving causes: formats without rounds of staying know no leaving."""
        return Refusal(RefusalCode.NOT_OFFERED, "leaving", "in this format a bidder just stops bidding")

    def follows(self, state: LotState, event: Event) -> tuple[Event, ...]:  # noqa: ARG002 - interface
        """Return what ``event``, which led to ``state``, causes in the same instant, such as the end of the lot."""
        return ()

    def due(self, state: LotState) -> datetime | None:  # noqa: ARG002 - interface
        """Return the next instant at which the format's own clock causes an event. The lot is open."""
        return None

    def ring(self, state: LotState) -> tuple[Event, ...]:  # noqa: ARG002 - interface
        """Return what happens at the instant ``due``: events that carry that instant as their time."""
        return ()

    def evolve(self, state: LotState, event: Event) -> LotState:  # noqa: ARG002 - interface
        """Return ``state``, in which ``event`` already counts, with what this format remembers of it."""
        return state

    def stage(self, state: LotState, bidder: OrganizationId | None, now: datetime) -> StageView | None:  # noqa: ARG002
        """Return where the format's own clock stands at ``now`` for ``bidder`` (None: for the buyer)."""
        return None

    def shown_to(self, state: LotState, bidder: OrganizationId) -> LotState:  # noqa: ARG002 - interface
        """Return the lot of which ``bidder`` may know anything at all: usually ``state`` itself."""
        return state

    def payments(self, state: LotState) -> Mapping[BidId, Decimal]:
        """Return the candidates for the award, best first, each with the price that it would be paid.

        In its own money: usually the leader at its own price.
        """
        if not state.ladder:
            return {}
        bid = state.standing[state.ladder.first[3]]
        return {bid.bid_id: bid.amount} if bid.amount is not None else {}
