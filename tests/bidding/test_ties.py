from dataclasses import replace
from decimal import Decimal

import pytest

from marketplace.bidding import engine, linter
from marketplace.bidding.model import Refusal, RefusalCode
from marketplace.bidding.rules import Option, Ties
from tests.bidding.made import Played
from tests.bidding.markets import ENGLISH, A, B, C, D, at, fixed, offer, refused

CALM = fixed(ENGLISH, "1")


def three(ties: Ties) -> Played:
    """Return a lot in which A, B and C stand at 100, 99.99 and 90."""
    lot = Played(replace(CALM, ties=ties, disclosed=(Option.ALL_PRICES,)))
    for minute, (bidder, price) in enumerate(((A, "100"), (B, "99.99"), (C, "90")), start=1):
        assert refused(lot.bid(bidder, price, at(minute))) is None
    return lot


def test_equal_prices_stand_by_time_and_are_shown_as_joint() -> None:
    lot = three(Ties.ALLOWED)
    lot.bid(A, "90", at(9))
    lines = engine.standing(lot.state)
    assert [(line.bidder, line.joint) for line in lines] == [(C, True), (A, True), (B, False)]
    seen = engine.view(lot.state, A, at(9))
    assert (seen.rank, seen.joint, seen.lead_price) == (2, True, Decimal(90))


@pytest.mark.parametrize(
    ("ties", "price", "code"),
    [
        (Ties.ALLOWED, "90", None),
        (Ties.ALLOWED, "100", None),
        (Ties.BANNED, "90", RefusalCode.PRICE_TAKEN),
        (Ties.BANNED, "99.99", RefusalCode.PRICE_TAKEN),
        (Ties.BANNED, "100", RefusalCode.PRICE_TAKEN),
        (Ties.BANNED, "99.98", None),
        (Ties.BANNED_AT_LEAD, "90", RefusalCode.PRICE_TAKEN),
        (Ties.BANNED_AT_LEAD, "99.99", None),
        (Ties.BANNED_AT_LEAD, "89.99", None),
    ],
)
def test_a_tie_is_refused_where_it_is_banned(ties: Ties, price: str, code: RefusalCode | None) -> None:
    assert refused(three(ties).bid(D, price, at(9))) is code


def test_the_refusal_of_a_tie_names_a_price_that_is_free() -> None:
    """With the ceiling at 100 and 100.00 as well as 99.99 taken, it is 99.98."""
    lot = three(Ties.BANNED)
    lot.state = lot.state._replace(rules=replace(lot.state.rules, ceiling=Decimal(100)))
    refusal = lot.bid(D, "100", at(9))
    assert isinstance(refusal, Refusal)
    assert refusal.next_admissible_price == Decimal("99.98")
    assert engine.view(lot.state, D, at(9)).next_admissible_price == Decimal("99.98")
    assert refused(lot.bid(D, "99.98", at(9))) is None


def test_a_bidder_does_not_tie_with_itself() -> None:
    lot = three(Ties.BANNED)
    assert refused(engine.decide(lot.state, offer(C, "90", "x"), at(9))) is RefusalCode.STEP_TOO_SMALL


@pytest.mark.parametrize("visibility", ["rank_only", "traffic_light", "blind"])
@pytest.mark.parametrize("ties", [Ties.BANNED, Ties.BANNED_AT_LEAD])
def test_ties_are_not_banned_where_a_refusal_would_tell_a_hidden_price(ties: Ties, visibility: str) -> None:
    rules = replace(CALM, ties=ties, visibility=visibility)
    assert {finding.pointer for finding in linter.errors(rules)} == {"/ties"}


@pytest.mark.parametrize("changes", [{"starting_gate": True}, {"proxy": True, "ceiling": Decimal(100)}])
def test_a_ban_does_not_go_with_a_starting_gate_or_with_proxies(changes: dict[str, object]) -> None:
    rules = replace(CALM, ties=Ties.BANNED, **changes)  # type: ignore[arg-type]
    assert {finding.pointer for finding in linter.errors(rules)} == {"/ties"}
