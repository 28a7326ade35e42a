"""Who of the platform read whose bids, in which lot and when: an event in the journal for every such reading."""

from collections.abc import Collection, Iterable

from marketplace.bidding.events import BidPlaced, BidsOpened, ProxySet, TurnBidEntered
from marketplace.bidding.readings.events import BidsRead, Place
from marketplace.kernel.access import Kind
from marketplace.kernel.ids import LotId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Work

_TELLS = frozenset(kind.type for kind in (BidPlaced, TurnBidEntered, ProxySet, BidsOpened))
_STREAM = "lot:"


def record(work: Work, lot_ids: Collection[LotId], place: Place) -> None:
    """Put on record that the caller reads bids of lots, if it is of the platform: a buyer's own are its business."""
    if work.principal.kind is Kind.PLATFORM and lot_ids:
        work.append_all([BidsRead(lot_id, place) for lot_id in sorted(lot_ids)])


def lots_told(shown: Iterable[Recorded]) -> frozenset[LotId]:
    """Return the lots of whose bids events tell: who bid, or how much."""
    return frozenset(
        LotId(one.stream.removeprefix(_STREAM))
        for one in shown
        if one.stream.startswith(_STREAM) and one.name in _TELLS
    )
