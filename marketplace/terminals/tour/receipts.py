"""The hash chain of a tour's lot, made as a real lot's is, and what a bidder gets of it for each of its bids."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from marketplace.bidding.events import BidPlaced, LotEvent
from marketplace.kernel import chain, codec
from marketplace.kernel.ids import OrganizationId, RequestId, UserId
from marketplace.terminals.tour.market import InPlay
from marketplace.terminals.tour.robots import chance

_NOBODY = (UserId("nobody"), OrganizationId("tour"))


@dataclass(frozen=True, slots=True)
class Receipt:
    """One accepted bid: when, at what price, and the hash of its event, into which all before it went."""

    at: datetime
    amount: Decimal | None
    leaf: str


def head(one: InPlay, seed: int) -> str:
    """Return the hash of a lot's last event: who changes anything before it changes this."""
    *_, (_, last) = _leaves(one, seed)
    return last


def receipts(one: InPlay, seed: int, bidder: OrganizationId) -> tuple[Receipt, ...]:
    """Return the receipts of ``bidder``, oldest first."""
    return tuple(
        Receipt(event.at, event.amount, leaf)
        for event, leaf in ((held.event, leaf) for held, leaf in _leaves(one, seed))
        if isinstance(event, BidPlaced) and event.bidder == bidder
    )


def _leaves(one: InPlay, seed: int) -> Iterator[tuple[LotEvent, str]]:
    previous = chain.GENESIS
    for number, event in enumerate(one.events, start=1):
        salt = f"{chance(seed, 'salt', one.lot.ref, number).getrandbits(120):030x}"
        held = LotEvent(RequestId("tour"), one.state.lot_id, event, salt)
        place = held.stream, number, previous
        previous = chain.leaf_of(held.name, place, event.at.astimezone(UTC), _NOBODY, codec.canonical(held.data()))
        yield held, previous
