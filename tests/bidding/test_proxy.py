from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine
from marketplace.bidding.model import RefusalCode
from marketplace.bidding.rules import Decrement, DecrementKind, DecrementStep, Rules
from marketplace.kernel.ids import OrganizationId
from tests.bidding.made import BIDDERS, Played, nothing_is_lost
from tests.bidding.markets import ENGLISH, A, B, C, D, at, fixed, limit, refused

CEILING = Decimal(150)
PROXIES = replace(fixed(ENGLISH, "1"), proxy=True, ceiling=CEILING)
STEPPED = Decrement(DecrementKind.ABSOLUTE, Decimal(1), (DecrementStep(Decimal(100), Decimal(20)),))
few = settings(max_examples=60)

limits = st.lists(
    st.integers(5_000, 15_000).map(lambda cents: Decimal(cents) / 100), min_size=4, max_size=4, unique=True
)
decrements = st.sampled_from(
    [PROXIES.decrement, Decrement(DecrementKind.PERCENT, Decimal(3)), STEPPED, fixed(ENGLISH, "0.01").decrement]
)
Limits = list[tuple[OrganizationId, Decimal]]


def set_in_turn(given_: Limits, rules: Rules = PROXIES) -> Played:
    lot = Played(rules)
    for minute, (bidder, price) in enumerate(given_, start=1):
        assert refused(lot.do(limit(bidder, price, bidder), at(minute))) is None
    return lot


def outbidding(limits_: dict[OrganizationId, Decimal]) -> tuple[OrganizationId, Decimal, set[OrganizationId]]:
    """Play proxies step by step: who does not lead goes a decrement (1.00) below the lead, or to its limit.

    Return who leads in the end, at what price, and who led at its own limit meanwhile.
    """
    lead, leader = CEILING, min(limits_)
    exhausted: set[OrganizationId] = set()
    moved = True
    while moved:
        moved = False
        for bidder, lowest in limits_.items():
            price = max(lowest, lead - 1)
            if bidder != leader and price < lead:
                lead, leader, moved = price, bidder, True
                exhausted |= {bidder} if price == lowest else set()
    return leader, lead, exhausted


@few
@given(limits)
def test_the_closed_form_is_what_outbidding_step_by_step_leads_to(lows: list[Decimal]) -> None:
    """The winner is the same; so is its price once the second has led at its limit, which only some orders let it do.

    Where the winner came to stand at or below that limit by chance, it is at most one decrement dearer.
    """
    given_ = dict(zip(BIDDERS, lows, strict=True))
    leader, lead, exhausted = outbidding(given_)
    (winner, price), *rest = set_in_turn(list(given_.items())).prices()
    assert winner == leader
    assert Decimal(0) <= lead - price <= 1
    if rest[0][0] in exhausted:
        assert lead == price
    assert dict(rest) == {bidder: low for bidder, low in given_.items() if bidder != winner}


@few
@given(limits, st.permutations(range(4)), decrements)
def test_the_result_does_not_depend_on_the_order_of_arrival(
    lows: list[Decimal], order: list[int], decrement: Decrement
) -> None:
    rules = replace(PROXIES, decrement=decrement)
    given_ = list(zip(BIDDERS, lows, strict=True))
    lots = set_in_turn(given_, rules), set_in_turn([given_[index] for index in order], rules)
    assert lots[0].prices() == lots[1].prices()
    nothing_is_lost(lots[1])


@few
@given(limits)
def test_the_winner_pays_a_step_below_the_second_limit_or_its_own(lows: list[Decimal]) -> None:
    lot = set_in_turn(list(zip(BIDDERS, lows, strict=True)))
    best, second, *rest = sorted(lows)
    assert [price for _, price in lot.prices()] == [max(best, second - 1), second, *rest]


def test_alone_a_proxy_bids_the_ceiling_and_no_less() -> None:
    lot = set_in_turn([(A, Decimal(60))])
    assert lot.prices() == [(A, CEILING)]
    lot.do(limit(A, "50", "lower"), at(5))
    assert lot.prices() == [(A, CEILING)]


def test_of_equal_limits_the_earlier_wins_at_it() -> None:
    lot = set_in_turn([(B, Decimal(60)), (A, Decimal(60))])
    assert lot.prices() == [(B, Decimal(60)), (A, Decimal(60))]


def test_a_bid_by_hand_is_answered_in_the_same_instant_and_no_further_than_needed() -> None:
    lot = set_in_turn([(A, Decimal(60))])
    lot.bid(B, "100", at(5))
    assert lot.prices() == [(A, Decimal(99)), (B, Decimal(100))]
    lot.bid(B, "60", at(6))
    assert lot.prices() == [(B, Decimal(60)), (A, Decimal(60))]
    nothing_is_lost(lot)


def test_an_own_step_larger_than_the_decrement_is_kept() -> None:
    lot = Played(PROXIES)
    lot.do(limit(A, "60", 1, step="7"), at(1))
    lot.bid(B, "100", at(2))
    assert lot.prices()[0] == (A, Decimal(93))


def test_automatic_bids_are_marked_and_never_rise() -> None:
    lot = set_in_turn([(A, Decimal(90)), (B, Decimal(70)), (C, Decimal(80)), (D, Decimal(60))])
    for bidder in BIDDERS:
        own = [bid.amount for (who, _), bid in sorted(lot.state.bids.items()) if who == bidder]
        assert all(later < earlier for earlier, later in pairwise(own) if earlier is not None and later is not None)
        seen = engine.view(lot.state, bidder, at(9))
        assert seen.own is not None
        assert seen.own.automatic


def test_a_limit_is_readable_by_its_owner_alone() -> None:
    secret = Decimal("61.37")
    lot = set_in_turn([(A, secret), (B, Decimal(90))])
    assert engine.view(lot.state, A, at(9)).proxy_limit == secret
    others = [engine.view(lot.state, bidder, at(9)) for bidder in (B, C, D)]
    assert str(secret) not in repr((others, engine.buyer_view(lot.state, at(9))))


@pytest.mark.parametrize(
    ("rules", "price", "code"),
    [
        (replace(PROXIES, proxy=False), "60", RefusalCode.PROXY_NOT_OFFERED),
        (PROXIES, "150.01", RefusalCode.OVER_CEILING),
        (PROXIES, "0", RefusalCode.NOT_A_PRICE),
        (replace(PROXIES, ceiling=None), "60", RefusalCode.NO_SUCH_BID),
    ],
)
def test_what_no_bid_could_be_is_no_limit(rules: Rules, price: str, code: RefusalCode) -> None:
    assert refused(Played(rules).do(limit(A, price, 1), at(1))) is code


def test_a_limit_above_the_own_price_is_refused() -> None:
    lot = Played(PROXIES)
    lot.bid(A, "100", at(1))
    assert refused(lot.do(limit(A, "101", 1), at(2))) is RefusalCode.STEP_TOO_SMALL
    assert refused(lot.do(limit(A, "99", 2), at(2))) is None
    assert lot.do(limit(A, "99.00", 2), at(3)) == ()
