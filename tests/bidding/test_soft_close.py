from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine
from marketplace.bidding.commands import Pause, Resume
from marketplace.bidding.events import BidPlaced, LotExtended
from marketplace.bidding.model import Refusal, RefusalCode
from marketplace.bidding.rules import ExtensionBase, Rules, SoftClose
from marketplace.kernel import codec
from marketplace.kernel.ids import OrganizationId
from tests.bidding.made import BIDDERS, Played, nothing_is_lost
from tests.bidding.markets import CLOSES, ENGLISH, A, B, C, D, at, bidders, fixed, limit, offer, prices, refused

SOFT = SoftClose(window_seconds=300, extension_seconds=120)
CALM = fixed(ENGLISH, "0.01")


def rules(soft: SoftClose = SOFT) -> Rules:
    return replace(CALM, soft_close=soft)


def four(soft: SoftClose = SOFT) -> Played:
    """Return a lot in which A, B, C and D stand in this order at 100, 110, 120 and 130, long before the close."""
    lot = Played(rules(soft))
    for minute, (bidder, price) in enumerate(zip(BIDDERS, (100, 110, 120, 130), strict=True), start=1):
        lot.bid(bidder, str(price), at(minute))
    return lot


def moved_by(lot: Played, bidder: OrganizationId, price: str, minute: float) -> float:
    """Return by how many minutes a bid moves the close."""
    before = lot.state.closes_at
    assert refused(lot.bid(bidder, price, at(minute))) is None
    return (lot.state.closes_at - before) / timedelta(minutes=1)


# ---- the four settings, by figures


@pytest.mark.parametrize(
    ("rank", "bidder", "price", "minutes"),
    [
        (1, B, "99", 2),
        (1, B, "105", 0),
        (1, C, "105", 0),
        (1, A, "95", 0),
        (2, C, "105", 2),
        (2, B, "105", 0),
        (2, D, "115", 0),
        (3, D, "115", 2),
        (3, D, "125", 0),
        (None, D, "129", 2),
        (None, A, "95", 2),
    ],
)
def test_only_overtaking_another_to_the_trigger_rank_extends(
    rank: int | None, bidder: OrganizationId, price: str, minutes: float
) -> None:
    assert moved_by(four(replace(SOFT, trigger_rank=rank)), bidder, price, 59) == minutes


@pytest.mark.parametrize(("minute", "minutes"), [(54.999, 0), (55, 2), (59.999, 2)])
def test_the_window_begins_w_before_the_close_and_includes_its_first_instant(minute: float, minutes: float) -> None:
    assert moved_by(four(), B, "99", minute) == minutes


@pytest.mark.parametrize(
    ("base", "minute", "minutes"),
    [
        (ExtensionBase.CLOSE, 56, 2),
        (ExtensionBase.CLOSE, 59.5, 2),
        (ExtensionBase.RECEIPT, 56, 0),
        (ExtensionBase.RECEIPT, 58, 0),
        (ExtensionBase.RECEIPT, 59.5, 1.5),
    ],
)
def test_an_extension_counts_from_the_close_or_from_the_receipt(
    base: ExtensionBase, minute: float, minutes: float
) -> None:
    assert moved_by(four(replace(SOFT, base=base)), B, "99", minute) == minutes


def test_after_n_max_extensions_the_close_stands() -> None:
    lot = four(replace(SOFT, most_extensions=2))
    moves = [moved_by(lot, bidder, price, 59) for bidder, price in ((B, "99"), (A, "98"), (B, "97"))]
    assert moves == [2, 2, 0]


def test_the_hard_stop_cuts_the_last_extension() -> None:
    lot = four(replace(SOFT, hard_stop=CLOSES + timedelta(minutes=3)))
    moves = [moved_by(lot, bidder, price, 59) for bidder, price in ((B, "99"), (A, "98"), (B, "97"))]
    assert moves == [2, 1, 0]


def test_a_newcomer_passes_those_behind_it_but_alone_it_passes_nobody() -> None:
    lot = Played(rules())
    assert moved_by(lot, A, "100", 59) == 0
    assert moved_by(lot, B, "99", 59) == 2


def test_a_lead_that_a_proxy_takes_back_at_once_extends_nothing() -> None:
    lot = Played(replace(rules(), proxy=True, ceiling=Decimal(200)))
    lot.do(limit(A, "50", 1), at(1))
    assert moved_by(lot, B, "100", 59) == 0
    assert lot.prices()[0] == (A, Decimal("99.99"))


# ---- properties

softs = st.builds(
    SoftClose,
    st.integers(30, 1_800),
    st.integers(30, 1_800),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from(ExtensionBase),
    st.sampled_from([None, 1, 3]),
    st.sampled_from([None, CLOSES + timedelta(seconds=30), CLOSES + timedelta(minutes=7)]),
)
late_moves = st.lists(st.tuples(bidders, prices, st.floats(30, 80)), max_size=20)
few = settings(max_examples=60)


@few
@given(softs, late_moves)
def test_the_close_never_moves_back_never_passes_the_hard_stop_and_ends_the_bids(
    soft: SoftClose, moves: list[tuple[OrganizationId, Decimal, float]]
) -> None:
    """X1, X2, X3: after every bid."""
    lot = Played(rules(soft))
    for bidder, price, minute in moves:
        before = lot.state.closes_at
        decision = lot.bid(bidder, price, at(minute))
        assert lot.state.closes_at >= before
        assert soft.hard_stop is None or lot.state.closes_at <= max(CLOSES, soft.hard_stop)
        if at(minute) >= before:
            assert refused(decision) is RefusalCode.LATE
    assert soft.most_extensions is None or lot.state.extensions <= soft.most_extensions
    assert lot.state.extensions == len(lot.happened(LotExtended))
    nothing_is_lost(lot)


@few
@given(softs, late_moves)
def test_a_leader_that_improves_itself_extends_nothing(
    soft: SoftClose, moves: list[tuple[OrganizationId, Decimal, float]]
) -> None:
    """X4: whatever the settings, unless they say that any bid extends."""
    lot = Played(rules(replace(soft, trigger_rank=soft.trigger_rank or 1)))
    for bidder, price, minute in moves:
        leader = lot.prices()[:1]
        events = lot.bid(bidder, price, at(minute))
        if leader and leader[0][0] == bidder and not isinstance(events, Refusal):
            assert not [event for event in events if isinstance(event, LotExtended)]


@few
@given(softs, late_moves, st.sampled_from(["open", "rank_only", "traffic_light", "blind"]))
def test_all_learn_the_same_new_instant(
    soft: SoftClose, moves: list[tuple[OrganizationId, Decimal, float]], visibility: str
) -> None:
    """X5: bidders, whether they bid or not, and the buyer."""
    lot = Played(rules())
    lot.state = lot.state._replace(rules=replace(rules(soft), visibility=visibility))
    for bidder, price, minute in moves:
        lot.bid(bidder, price, at(minute))
        now = lot.state.at
        closes = {engine.view(lot.state, reader, now).closes_at for reader in BIDDERS}
        assert closes == {engine.buyer_view(lot.state, now).closes_at}


@pytest.mark.parametrize("visibility", ["rank_only", "traffic_light", "blind"])
def test_the_cause_of_an_extension_is_not_shown(visibility: str) -> None:
    """X6: the event names nobody, and the others' views change by the close and their own place alone."""
    lot = Played(replace(rules(), visibility=visibility, soft_close=replace(SOFT, trigger_rank=None)))
    for minute, bidder in enumerate((A, B, C), start=1):
        lot.bid(bidder, str(100 + minute), at(minute))
    before = engine.view(lot.state, A, at(59))
    events = lot.bid(C, "50", at(59))
    assert not isinstance(events, Refusal)
    placed, extended = events
    assert isinstance(placed, BidPlaced)
    assert set(codec.dump(extended)) == {"closes_at", "at", "soft"}
    after = engine.view(lot.state, A, at(59))
    assert after._replace(closes_at=before.closes_at, rank=before.rank, light=before.light) == before


def test_a_dry_run_moves_nothing() -> None:
    lot = four()
    answer = engine.validate(lot.state, offer(B, "99", "dry"), at(59))
    assert not isinstance(answer, Refusal)
    assert (answer.closes_at, lot.state.closes_at) == (CLOSES, CLOSES)


def test_a_pause_moves_the_hard_stop_by_the_time_lost() -> None:
    """X2: ≤ hard stop + lost. The stop would have fallen into the pause, and no bid would have extended any more."""
    lot = four(replace(SOFT, hard_stop=CLOSES + timedelta(minutes=3)))
    for begins, ends in ((55, 60), (61, 66)):
        lot.do(Pause("storm"), at(begins))
        lot.do(Resume(), at(ends))
    assert lot.state.lost == timedelta(minutes=10)
    moves = [moved_by(lot, bidder, price, 69) for bidder, price in ((B, "99"), (A, "98"), (B, "97"))]
    assert moves == [2, 1, 0]
    assert lot.state.closes_at == CLOSES + timedelta(minutes=13)
    nothing_is_lost(lot)
