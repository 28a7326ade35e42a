"""The auctions that tests of the engine's rules play: an English and a sealed one, and their usual moves."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import Answers, OpenBids, OpenedPrice, PlaceBid, SetProxy
from marketplace.bidding.events import Event
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.model import LotState, Refusal, RefusalCode
from marketplace.bidding.rules import (
    Answer,
    Criterion,
    Decrement,
    DecrementKind,
    DutchClock,
    FinalOffers,
    JapaneseClock,
    Rules,
    Scoring,
    SoftClose,
    Turns,
)
from marketplace.kernel.ids import BidId, OrganizationId
from tests.bidding.made import BIDDERS, T0, Played

OPENS, CLOSES = T0 + timedelta(hours=1), T0 + timedelta(hours=2)
A, B, C, D = BIDDERS
STEP = Decrement(DecrementKind.ABSOLUTE, Decimal("10.2"))
ENGLISH = Rules("english", "open", "EUR", OPENS, CLOSES, decrement=STEP)
SEALED = Rules("sealed_first_price", "sealed", "EUR", OPENS, CLOSES)
SPEED = Scoring(
    (
        Criterion("speed", (Answer("fast", Decimal("-5.00")), Answer("slow", Decimal("7.50")))),
        Criterion("local", (Answer("yes", Decimal(0)), Answer("no", Decimal("2.25")))),
    )
)

bidders = st.sampled_from(BIDDERS)
prices = st.integers(1, 30_000).map(lambda cents: Decimal(cents) / 100)
minutes = st.floats(0, 70)
moves = st.lists(st.tuples(bidders, prices, minutes), max_size=20)
answers = st.builds(
    lambda speed, local: (("speed", speed), ("local", local)),
    st.sampled_from(["fast", "slow"]),
    st.sampled_from(["yes", "no"]),
)


def at(minute: float) -> datetime:
    """Return the instant so many minutes after the opening."""
    return OPENS + timedelta(minutes=minute)


def offer(
    bidder: OrganizationId,
    amount: str | Decimal,
    mark: object,
    *,
    quality: Answers = (),
    confirmed: bool = False,
    valid_until: date | None = None,
) -> PlaceBid:
    """Return a bid whose id, key and commitment carry ``mark``."""
    return PlaceBid(
        bidder, BidId(f"bid_{mark}"), Decimal(amount), f"c_{mark}", valid_until, f"k_{mark}", quality, confirmed
    )


def limit(bidder: OrganizationId, amount: str | Decimal, mark: object, step: str | None = None) -> SetProxy:
    """Return an instruction to bid down to ``amount``."""
    least = None if step is None else Decimal(step)
    return SetProxy(bidder, BidId(f"limit_{mark}"), Decimal(amount), f"c_{mark}", None, f"k_{mark}", least)


def opening(state: LotState, inside: dict[BidId, tuple[Decimal, Decimal]]) -> OpenBids:
    """Return the opening of the standing bids, with what is inside each: price and malus."""
    standing = (bid.bid_id for bid in state.standing.values())
    return OpenBids(tuple(OpenedPrice(bid_id, *inside[bid_id]) for bid_id in standing))


def refused(decision: tuple[Event, ...] | Refusal | object) -> RefusalCode | None:
    """Return why something was refused, None if it wasn't."""
    return decision.code if isinstance(decision, Refusal) else None


def fixed(rules: Rules, value: str) -> Rules:
    """Return ``rules`` with another absolute decrement."""
    return replace(rules, decrement=Decrement(DecrementKind.ABSOLUTE, Decimal(value)))


_EVERYTHING = replace(
    ENGLISH,
    ceiling=Decimal(300),
    dutch=DutchClock(Decimal(20), Decimal("7.5"), seconds=300, winners=2),
    japanese=JapaneseClock(Decimal(280), seconds=240, step=Decimal("17.5")),
    turns=Turns(CLOSES),
    final_offers=FinalOffers(),
    soft_close=SoftClose(600, 300, hard_stop=CLOSES + timedelta(minutes=20)),
)
EXAMPLES = {
    f"{code} {visibility}": linter.mended(replace(_EVERYTHING, format=code, visibility=visibility))
    for code, format_ in FORMATS.items()
    for visibility in sorted(format_.visibilities)
}
"""Rules for each format with each of its visibilities, with every part that it has a use for."""
any_rules = st.sampled_from(list(EXAMPLES.values()))


Move = tuple[OrganizationId, Decimal, float, bool]
any_move = st.tuples(bidders, prices, st.floats(0, 70) | st.floats(60, 110), st.booleans())
any_moves = st.lists(any_move, max_size=16)


def act(lot: Played, move: Move) -> tuple[Event, ...] | Refusal:
    """Place the bid of ``move``: at its price, or at the one that the bidder's view says is taken."""
    bidder, price, minute, hinted = move
    hint = engine.view(lot.state, bidder, at(minute)).next_admissible_price if hinted else None
    return lot.bid(bidder, price if hint is None else hint, at(minute))
