from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from marketplace.bidding import engine
from marketplace.bidding.commands import Cancel, DecideWithdrawal, Exclude, MarkAwarded, Return, WithdrawBid
from marketplace.bidding.events import BidExpired, BidRetracted
from marketplace.bidding.model import RefusalCode, Status
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId
from tests.bidding.made import Played, nothing_is_lost
from tests.bidding.markets import CLOSES, ENGLISH, SEALED, A, B, C, at, offer, opening, refused

LAST_DAY = date(2026, 3, 10)
AFTER = datetime(2026, 3, 11, tzinfo=UTC)


def with_an_error() -> Played:
    """Return a lot in which A stands at 100 and asks to take 10 back, which it placed after; B stands at 90."""
    lot = Played(ENGLISH)
    for bidder, price, mark in ((A, "100", "first"), (B, "90", "b"), (A, "10", "slip")):
        lot.do(offer(bidder, price, mark), at(1))
    assert refused(lot.do(WithdrawBid(A, BidId("bid_slip"), "w"), at(2))) is RefusalCode.WITHDRAWAL_NOT_OFFERED
    assert refused(lot.do(WithdrawBid(A, BidId("bid_slip"), "w", "a digit is missing"), at(2))) is None
    return lot


def decided(lot: Played, *, granted: bool, minute: float = 3) -> RefusalCode | None:
    return refused(lot.do(DecideWithdrawal(BidId("bid_slip"), granted, "checked"), at(minute)))


def test_a_bid_called_an_error_stands_until_it_is_decided() -> None:
    assert with_an_error().prices() == [(A, Decimal(10)), (B, Decimal(90))]


def test_a_granted_withdrawal_brings_the_previous_bid_back_with_its_own_time() -> None:
    lot = with_an_error()
    assert decided(lot, granted=True) is None
    assert lot.prices() == [(B, Decimal(90)), (A, Decimal(100))]
    assert (lot.state.standing[A].bid_id, lot.state.standing[A].placed_at) == ("bid_first", at(1))
    nothing_is_lost(lot)
    assert refused(lot.bid(A, "85", at(4))) is None
    assert lot.state.standing[A].version == 3


def test_all_are_told_that_a_bid_was_withdrawn_and_not_whose() -> None:
    lot = with_an_error()
    decided(lot, granted=True)
    (told,) = lot.happened(BidRetracted)
    assert "org_a" not in str(codec.dump(told))


def test_a_refused_withdrawal_leaves_the_bid() -> None:
    lot = with_an_error()
    assert decided(lot, granted=False) is None
    assert lot.prices()[0] == (A, Decimal(10))
    assert decided(lot, granted=True) is RefusalCode.NO_SUCH_BID
    nothing_is_lost(lot)


def test_a_later_bid_stands_when_the_earlier_one_is_taken_out() -> None:
    lot = with_an_error()
    lot.do(offer(A, "-1", "no"), at(2))
    lot.bid(A, "0.01", at(2))  # refused: below the error there is no whole step left
    assert lot.prices()[0] == (A, Decimal(10))
    lot = Played(ENGLISH)
    for price, mark in (("100", "first"), ("80", "slip")):
        lot.do(offer(A, price, mark), at(1))
    lot.do(WithdrawBid(A, BidId("bid_slip"), "w", "wrong site"), at(2))
    lot.bid(A, "60", at(2))
    assert decided(lot, granted=True) is None
    assert lot.prices() == [(A, Decimal(60))]
    nothing_is_lost(lot)


def test_a_request_is_decided_after_the_close_too_but_not_after_the_award() -> None:
    for minute, code in ((61, None), (62, RefusalCode.WRONG_STATUS)):
        lot = with_an_error()
        lot.ring(CLOSES)
        if code is not None:
            lot.do(MarkAwarded(BidId("bid_b")), at(61))
        assert decided(lot, granted=True, minute=minute) is code


@pytest.mark.parametrize("gone", ["excluded", "expired"])
def test_a_request_ends_with_its_bid(gone: str) -> None:
    lot = Played(ENGLISH)
    lot.do(offer(A, "100", "slip", valid_until=at(0).date()), at(1))
    lot.do(offer(B, "90", "b"), at(1))
    lot.do(WithdrawBid(A, BidId("bid_slip"), "w", "a slip"), at(2))
    if gone == "excluded":
        lot.do(Exclude(A, "suspended"), at(2))
    else:
        lot.ring(AFTER)
    assert lot.prices() == [(B, Decimal(90))]
    assert decided(lot, granted=True, minute=4) is RefusalCode.NO_SUCH_BID
    nothing_is_lost(lot)


def test_somebody_elses_bid_or_an_old_one_is_not_taken_back() -> None:
    lot = with_an_error()
    for bidder, bid in ((B, "bid_slip"), (A, "bid_first"), (C, "bid_b")):
        code = refused(lot.do(WithdrawBid(bidder, BidId(bid), f"w{bidder}{bid}", "an error"), at(3)))
        assert code is RefusalCode.NO_SUCH_BID


def test_sealed_bids_are_replaced_and_withdrawn_until_the_close() -> None:
    lot = Played(SEALED)
    lot.bid(A, "100", at(1))
    lot.bid(A, "120", at(2))
    bid = lot.state.standing[A]
    assert (bid.version, bid.amount) == (2, None)
    take_back = WithdrawBid(A, bid.bid_id, "w")
    assert refused(engine.decide(lot.state, take_back, CLOSES)) is RefusalCode.LATE
    assert refused(lot.do(take_back, at(3))) is None
    assert lot.do(take_back, at(4)) == ()
    assert engine.view(lot.state, A, at(4)).own is None
    lot.bid(A, "90", at(5))
    assert lot.state.standing[A].version == 3
    nothing_is_lost(lot)


def test_an_expired_bid_leaves_the_standing_by_an_event_at_the_end_of_its_last_day() -> None:
    lot = Played(ENGLISH)
    lot.do(offer(A, "100", "a"), at(1))
    lot.do(offer(B, "90", "b", valid_until=LAST_DAY), at(2))
    lot.ring(AFTER - timedelta(microseconds=1))
    assert lot.prices()[0] == (B, Decimal(90))
    lot.ring(AFTER + timedelta(days=3))
    assert lot.happened(BidExpired) == [BidExpired(BidId("bid_b"), AFTER)]
    assert lot.prices() == [(A, Decimal(100))]
    nothing_is_lost(lot)


def test_when_the_last_bid_expires_the_lot_fails() -> None:
    lot = Played(ENGLISH)
    lot.do(offer(B, "90", "b", valid_until=LAST_DAY), at(2))
    lot.ring(AFTER)
    assert (lot.state.status, lot.state.reason) == (Status.FAILED, engine.NO_BIDS)
    nothing_is_lost(lot)


def test_validity_is_asked_for_and_an_expired_bid_is_not_awarded() -> None:
    lot = Played(replace(ENGLISH, valid_until_at_least=LAST_DAY))
    for day in (None, LAST_DAY - timedelta(days=1)):
        assert refused(lot.do(offer(A, "9", day, valid_until=day), at(1))) is RefusalCode.VALIDITY_TOO_SHORT
    assert refused(lot.do(offer(A, "9", "in", valid_until=LAST_DAY), at(1))) is None
    assert refused(engine.decide(lot.state, MarkAwarded(BidId("bid_in")), AFTER)) is RefusalCode.WRONG_STATUS
    assert refused(lot.do(MarkAwarded(BidId("bid_in")), AFTER - timedelta(minutes=1))) is None


def test_an_excluded_bidder_stands_no_longer_and_bids_no_more() -> None:
    lot = with_an_error()
    lot.do(Exclude(A, "lost its approval"), at(3))
    assert lot.prices() == [(B, Decimal(90))]
    assert refused(lot.bid(A, "5", at(4))) is RefusalCode.EXCLUDED
    assert lot.do(Exclude(A, "again"), at(4)) == ()
    nothing_is_lost(lot)


def test_an_award_that_falls_through_leaves_the_others_until_none_is_left() -> None:
    lot = Played(SEALED)
    for bidder in (A, B, C):
        lot.do(offer(bidder, "100", bidder), at(1))
    award = MarkAwarded(BidId(f"bid_{B}"))
    assert refused(lot.do(award, at(2))) is RefusalCode.WRONG_STATUS
    assert refused(lot.do(award, CLOSES)) is RefusalCode.STILL_SEALED
    lot.ring(CLOSES)
    inside = {BidId(f"bid_{bidder}"): (Decimal(price), Decimal(0)) for bidder, price in ((A, 100), (B, 80), (C, 90))}
    short = replace(opening(lot.state, inside), prices=opening(lot.state, inside).prices[:2])
    assert refused(lot.do(short, CLOSES)) is RefusalCode.OPENING_MISMATCH
    lot.do(opening(lot.state, inside), CLOSES)
    lot.do(award, CLOSES)
    assert [engine.view(lot.state, who, CLOSES).won for who in (A, B)] == [False, True]
    assert refused(lot.do(Cancel("too late"), CLOSES)) is RefusalCode.WRONG_STATUS
    lot.do(Return("terms refused"), CLOSES)
    assert [bidder for bidder, _ in lot.prices()] == [C, A]
    for bidder in (C, A):
        lot.do(MarkAwarded(BidId(f"bid_{bidder}")), CLOSES)
        lot.do(Return("declined"), CLOSES)
    assert (lot.state.status, lot.state.reason) == (Status.FAILED, engine.NO_BIDS)
    nothing_is_lost(lot)
