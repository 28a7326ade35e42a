"""What tests of auctions need made: a lot played by commands, its bids as rows, and the proof that nothing is lost."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce

from marketplace.bidding import engine, stored
from marketplace.bidding.commands import Command, PlaceBid
from marketplace.bidding.events import BidPlaced, Event, event_from
from marketplace.bidding.model import LotState, Refusal
from marketplace.bidding.rules import Rules
from marketplace.bidding.stored import LotFigures, LotHead, StoredBid
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, LotId, OrganizationId

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
BIDDERS = tuple(OrganizationId(f"org_{name}") for name in "abcd")


class Played:
    """One lot driven by commands and the clock, keeping its events as the journal does."""

    def __init__(self, rules: Rules, bidders: Iterable[OrganizationId] = BIDDERS) -> None:
        self.events = list(engine.schedule(LotId("lot_1"), rules, bidders, T0))
        self.state = engine.replay(self.events)
        self.count = 0

    def do(self, command: Command, now: datetime) -> tuple[Event, ...] | Refusal:
        """Return what ``command`` causes, after keeping it; the state told is the one that the events lead to."""
        decided = engine.outcome(self.state, command, now)
        if isinstance(decided, Refusal):
            return decided
        assert reduce(engine.evolve, decided.events, self.state) == decided.state
        self.events.extend(decided.events)
        self.state = decided.state
        return decided.events

    def ring(self, now: datetime) -> tuple[Event, ...]:
        """Return what the clock has caused up to ``now``, after keeping it."""
        events = engine.ring(self.state, now)
        self.events.extend(events)
        self.state = reduce(engine.evolve, events, self.state)
        return events

    def bid(self, bidder: OrganizationId, amount: str | Decimal, now: datetime) -> tuple[Event, ...] | Refusal:
        """Place a bid under a new key."""
        self.count += 1
        return self.do(a_bid(bidder, amount, str(self.count)), now)

    def prices(self) -> list[tuple[OrganizationId, Decimal]]:
        """Return the standing, best first."""
        return [(line.bidder, line.amount) for line in engine.standing(self.state)]

    def happened(self, *kinds: type[Event]) -> list[Event]:
        """Return the events of ``kinds``, in order."""
        return [event for event in self.events if isinstance(event, kinds)]


def a_bid(bidder: OrganizationId, amount: str | Decimal, mark: str) -> PlaceBid:
    """Return a bid whose id, key and commitment carry ``mark``."""
    return PlaceBid(bidder, BidId(f"bid_{mark}"), Decimal(amount), f"commit_{mark}", None, f"key_{mark}")


def rows_of(events: Sequence[Event], state: LotState) -> list[StoredBid]:
    """Return the bids of a lot as the rows that a database holds of them."""
    rows: list[StoredBid] = []
    versions: dict[OrganizationId, int] = {}
    for sequence, event in enumerate(events, start=1):
        if not isinstance(event, BidPlaced):
            continue
        versions[event.bidder] = version = versions.get(event.bidder, 0) + 1
        kept = state.bids.get((event.bidder, version))
        rows.append(
            StoredBid(
                bidder=event.bidder,
                bid_id=event.bid_id,
                amount=event.amount if kept is None else kept.amount,
                malus=event.malus if kept is None else kept.malus,
                commitment=event.commitment,
                valid_until=event.valid_until,
                sequence=sequence,
                version=version,
                automatic=event.automatic,
                surrogate=event.surrogate is not None,
                key=event.key,
                dropped=kept is None,
                placed_at=event.at,
            )
        )
    return rows


def nothing_is_lost(lot: Played) -> None:
    """Assert that the events, read back from JSON, and what a database holds both give back the whole state (K1)."""
    state = lot.state
    assert engine.replay(event_from(event.type, codec.dump(event)) for event in lot.events) == state
    head = codec.load(LotHead, codec.dump(stored.head_of(state)))
    figures = codec.load(LotFigures, codec.dump(stored.figures_of(state)))
    announced = (codec.load(Rules, codec.dump(state.rules)), state.rules_hash)
    assert stored.state_of(state.lot_id, announced, head, figures, rows_of(lot.events, state)) == state
