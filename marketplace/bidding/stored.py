"""How a lot's state lies in the database: a small head that seldom changes, a few columns, and a row per bid.

So that one more bid costs the same in a lot with ten bids and in one with ten thousand, nothing that grows with the
lot is written again: the standing is read from the rows of its bids.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from immutables import Map

from marketplace.bidding.events import BidPlaced, Event, LotExtended
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.ladder import Ladder
from marketplace.bidding.model import LotState, Proxy, Receipt, StandingBid, Status, WithdrawalRequest, content_of
from marketplace.bidding.play import FinalPlay, Play
from marketplace.bidding.rules import Rules
from marketplace.bidding.scoring import weighed
from marketplace.kernel.ids import BidId, LotId, OrganizationId


@dataclass(frozen=True, slots=True)
class LotHead:
    """What of a lot's state changes seldom. ``receipts`` are those of commands other than plain bids, by key."""

    opened: bool
    bidders: dict[OrganizationId, datetime]
    excluded: dict[OrganizationId, str]
    receipts: tuple[tuple[OrganizationId, str, Receipt], ...]
    proxies: tuple[Proxy, ...]
    withdrawals: tuple[WithdrawalRequest, ...]
    play: Play | None
    paused_at: datetime | None
    reason: str | None
    awarded_bid: BidId | None
    also_awarded: tuple[BidId, ...] = ()
    lost: timedelta = timedelta()
    secret: str = ""
    opening: tuple[tuple[OrganizationId, Decimal], ...] = ()


class LotFigures(NamedTuple):
    """What of a lot's state may change with every bid: columns of its row."""

    status: Status
    sequence: int
    at: datetime
    opens_at: datetime
    closes_at: datetime
    extensions: int


_PLAIN = (BidPlaced, LotExtended)
"""Events that change nothing of the head but the format's own memory, and drop no bid."""


@dataclass(frozen=True, slots=True)
class StoredBid:
    """One placed bid as its row holds it. ``dropped``: it was taken back, expired, or its bidder was excluded."""

    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal | None
    malus: Decimal | None
    commitment: str
    valid_until: date | None
    sequence: int
    version: int
    automatic: bool
    surrogate: bool
    key: str
    dropped: bool
    placed_at: datetime


def head_of(state: LotState) -> LotHead:
    """Return the head of ``state``."""
    return LotHead(
        opened=state.opened,
        bidders=dict(state.bidders),
        excluded=dict(state.excluded),
        receipts=tuple(
            sorted((bidder, key, kept) for (bidder, key), kept in state.receipts.items() if kept.type != BidPlaced.type)
        ),
        proxies=tuple(sorted(state.proxies.values(), key=lambda proxy: proxy.sequence)),
        withdrawals=tuple(sorted(state.withdrawals.values(), key=lambda request: request.bid_id)),
        play=state.play,
        paused_at=state.paused_at,
        reason=state.reason,
        awarded_bid=state.awarded_bid,
        also_awarded=state.also_awarded,
        lost=state.lost,
        secret=state.secret,
        opening=state.opening,
    )


def figures_of(state: LotState) -> LotFigures:
    """Return the figures of ``state``."""
    return LotFigures(state.status, state.sequence, state.at, state.opens_at, state.closes_at, state.extensions)


def state_of(
    lot_id: LotId, announced: tuple[Rules, str], head: LotHead, figures: LotFigures, bids: Iterable[StoredBid]
) -> LotState:
    """Return the state whose head, figures and bids these are: the same that its events lead to.

    ``announced``: the rules and their hash.
    """
    rules, rules_hash = announced
    sealed = FORMATS[rules.format].sealed
    last_round = head.play.sequence if isinstance(head.play, FinalPlay) else figures.sequence
    receipts: dict[tuple[OrganizationId, str], Receipt] = {}
    versions: dict[OrganizationId, int] = {}
    kept: dict[tuple[OrganizationId, int], StandingBid] = {}
    for bid in sorted(bids, key=lambda item: item.sequence):
        content = content_of(
            bid.commitment, None if sealed or bid.sequence > last_round else bid.amount, bid.valid_until
        )
        receipts[bid.bidder, bid.key] = Receipt(
            BidPlaced.type, bid.bid_id, content, bid.placed_at, bid.sequence, bid.version
        )
        versions[bid.bidder] = max(bid.version, versions.get(bid.bidder, 0))
        if not bid.dropped:
            kept[bid.bidder, bid.version] = _standing_bid(bid)
    receipts |= {(bidder, key): receipt for bidder, key, receipt in head.receipts}
    latest = {bidder: bid for (bidder, _), bid in sorted(kept.items())}
    standing = weighed(rules.scoring, latest.values())
    expiries = [bid.valid_until for bid in standing if bid.valid_until is not None]
    return LotState(
        lot_id=lot_id,
        status=figures.status,
        rules=rules,
        rules_hash=rules_hash,
        sequence=figures.sequence,
        at=figures.at,
        opens_at=figures.opens_at,
        closes_at=figures.closes_at,
        opened=head.opened,
        bidders=Map(head.bidders),
        excluded=Map(head.excluded),
        standing=Map({bid.bidder: bid for bid in standing}),
        bids=Map(kept),
        versions=Map(versions),
        ladder=Ladder.of(bid.rung for bid in standing if bid.amount is not None),
        receipts=Map(receipts),
        proxies=Map({proxy.bidder: proxy for proxy in head.proxies}),
        withdrawals=Map({request.bid_id: request for request in head.withdrawals}),
        extensions=figures.extensions,
        first_expiry=min(expiries, default=None),
        play=head.play,
        paused_at=head.paused_at,
        reason=head.reason,
        awarded_bid=head.awarded_bid,
        also_awarded=head.also_awarded,
        lost=head.lost,
        secret=head.secret,
        opening=head.opening,
    )


def _standing_bid(bid: StoredBid) -> StandingBid:
    return StandingBid(
        bid.bidder,
        bid.bid_id,
        bid.amount,
        bid.malus,
        bid.commitment,
        bid.valid_until,
        bid.placed_at,
        bid.sequence,
        bid.version,
        bid.automatic,
        bid.surrogate,
    )


class Changes(NamedTuple):
    """What events changed in the rows of a lot: bids that were placed or dropped; whether the head is another one."""

    placed: tuple[tuple[StandingBid, str], ...]
    dropped: tuple[BidId, ...]
    head: bool


def changes(before: LotState, after: LotState, events: Iterable[Event]) -> Changes:
    """Return what is to be written for ``events``, which led from ``before`` to ``after``.

    ``placed`` are the bids with their keys, in the order of their events.
    """
    happened = tuple(events)
    placed: list[tuple[StandingBid, str]] = []
    seen: dict[OrganizationId, int] = {}
    for event in happened:
        if isinstance(event, BidPlaced):
            seen[event.bidder] = number = seen.get(event.bidder, before.versions.get(event.bidder, 0)) + 1
            placed.append((after.bids[event.bidder, number], event.key))
    if all(isinstance(event, _PLAIN) for event in happened):
        return Changes(tuple(placed), (), head=before.play != after.play)
    dropped = tuple(sorted(bid.bid_id for key, bid in before.bids.items() if key not in after.bids))
    return Changes(tuple(placed), dropped, head=head_of(before) != head_of(after))
