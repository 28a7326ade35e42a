"""What bidders are told of a lot after its first award: what concerns them. That an award fell through does not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from marketplace.bidding import engine
from marketplace.bidding.events import FinalOffersCalled, LotAwarded, LotReturned, event_from
from marketplace.bidding.model import LotState, Status
from marketplace.bidding.store import StoredLot
from marketplace.kernel import journal
from marketplace.kernel.chain import Recorded
from marketplace.kernel.ids import BidId, OrganizationId
from marketplace.kernel.work import Reading

_DECIDED = frozenset({Status.CLOSED, Status.AWARDED, Status.FAILED})


def as_told(reading: Reading, lots: Sequence[StoredLot], bidder: OrganizationId) -> list[StoredLot]:
    """Return ``lots`` as they were when something last happened in them that ``bidder`` is told.

    A loser that saw a lot come back would know that the buyer needs it, and how it stood against who won.
    """
    streams = [f"lot:{lot.id}" for lot in lots if lot.state.status in _DECIDED]
    returned = journal.streams_with(reading.session, streams, LotReturned.type) if streams else frozenset()
    return [
        replace(lot, state=told(journal.of_stream(reading.session, f"lot:{lot.id}"), bidder, lot.state))
        if f"lot:{lot.id}" in returned
        else lot
        for lot in lots
    ]


def told(chain: Iterable[Recorded], bidder: OrganizationId, current: LotState) -> LotState:
    """Return the state of a lot that ``bidder`` is told, by the events that led to ``current``.

    From the first return on that is the state before it; its own award, the fall of its own award, and a call to final
    offers that it belongs to bring the bidder up to date.
    """
    state: LotState | None = None
    kept: LotState | None = None
    for one in chain:
        if one.seq > current.sequence:
            break
        event = event_from(one.name, one.data["event"])
        before, state = state, engine.evolve(state, event)
        if isinstance(event, LotReturned) and before is not None:
            own = _bid_of(before, bidder)
            kept = state if own in event.dropped and own in before.awards else kept or before
        elif kept is not None and isinstance(event, LotAwarded) and event.bid_id == _bid_of(state, bidder):
            kept = state
        elif isinstance(event, FinalOffersCalled) and bidder in event.bidders:
            kept = None
    return kept or current


def _bid_of(state: LotState, bidder: OrganizationId) -> BidId | None:
    standing = state.standing.get(bidder)
    return None if standing is None else standing.bid_id
