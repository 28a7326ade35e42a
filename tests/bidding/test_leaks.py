from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import PlaceBid, WithdrawBid
from marketplace.bidding.events import LotExtended
from marketplace.bidding.model import BidderView, LotState, Refusal
from marketplace.bidding.rules import Base, Option, Rules, SoftClose, Ties
from marketplace.bidding.visibility import VISIBILITIES
from marketplace.kernel.ids import OrganizationId
from tests.bidding.made import Played
from tests.bidding.markets import CLOSES, ENGLISH, EXAMPLES, SEALED, A, B, C, D, at, fixed, offer, refused

CEILING = Decimal("1000.00")
"""With prices in cents, 100,000 of them could be the lead."""
OTHERS = (B, C, D)
CALM = replace(fixed(ENGLISH, "0.01"), ceiling=CEILING)
SOFT = SoftClose(window_seconds=1_800, extension_seconds=60)
HIDING = {
    "rank_only": replace(CALM, visibility="rank_only", soft_close=SOFT),
    "traffic_light": replace(CALM, visibility="traffic_light", soft_close=SOFT),
    "blind": replace(CALM, visibility="blind", soft_close=replace(SOFT, trigger_rank=None)),
    "sealed": replace(SEALED, ceiling=CEILING),
    "clock": EXAMPLES["japanese clock"],
}
"""One auction for each visibility that hides the competition, with all that the linter lets it have."""

hidden = st.lists(st.integers(1, 100_000).map(lambda number: Decimal(number) / 100), min_size=3, max_size=3)
own = st.integers(1, 100_000).map(lambda number: Decimal(number) / 100)


def test_each_hiding_visibility_is_under_test_and_may_be_announced() -> None:
    assert set(HIDING) == {code for code, row in VISIBILITIES.items() if row.hides}
    for rules in HIDING.values():
        assert linter.errors(rules) == ()


def world(rules: Rules, first: Decimal, others: list[Decimal]) -> LotState:
    """Return the lot after this bidder's first bid and one of each of the others, late in the lot."""
    lot = Played(rules)
    if rules.format == "japanese":
        lot.ring(at(0))
        for bidder, price in zip(OTHERS, others, strict=True):
            if price > 500:  # whether another stays in a round is hidden until it ends
                lot.bid(bidder, Decimal(280), at(1))
        return lot.state
    for bidder, price in ((A, first), *zip(OTHERS, others, strict=True)):
        assert refused(lot.bid(bidder, price, at(20))) is None
    return lot.state


def shown(view: BidderView) -> tuple[object, ...]:
    """Return what the visibility shows of the competition: a place or a colour."""
    return view.rank, view.light


def told(state: LotState, command: PlaceBid, minute: float) -> tuple[object, ...]:
    """Return all that a bid and its dry run tell the bidder, but for its new place: and whether the close moves."""
    decision, dry = engine.outcome(state, command, at(minute)), engine.validate(state, command, at(minute))
    if isinstance(decision, Refusal):
        return decision, dry
    after = engine.view(decision.state, command.bidder, at(minute))
    extended = any(isinstance(event, LotExtended) for event in decision.events)
    return extended, after._replace(rank=None, light=None), dry


@settings(max_examples=150)
@given(st.sampled_from(sorted(HIDING)), own, hidden, hidden, st.tuples(own, st.sampled_from([25, 55])))
def test_worlds_that_differ_in_hidden_prices_alone_answer_a_bidder_alike(
    code: str, first: Decimal, here: list[Decimal], there: list[Decimal], question: tuple[Decimal, float]
) -> None:
    """The leak rule: what is shown being equal, refusals, hints, dry runs, acceptance and the close are equal.

    The place after a bid is told, by the visibility itself: where it differs, so may an extension that it causes.
    """
    rules, (asked, minute) = HIDING[code], question
    worlds = [world(rules, first, others) for others in (here, there)]
    minute = 2 if code == "clock" else minute
    views = [engine.view(state, A, at(minute)) for state in worlds]
    assert views[0]._replace(rank=None, light=None) == views[1]._replace(rank=None, light=None)
    if shown(views[0]) != shown(views[1]):
        return
    price = views[0].next_admissible_price if code == "clock" and asked > 500 else asked
    assert price is not None
    command = offer(A, price, "asked")
    dry = [engine.validate(state, command, at(minute)) for state in worlds]
    assert dry[0] == dry[1]
    decisions = [engine.outcome(state, command, at(minute)) for state in worlds]
    accepted = [decision for decision in decisions if not isinstance(decision, Refusal)]
    if len(accepted) < len(decisions):
        assert decisions[0] == decisions[1]
        return
    after = [shown(engine.view(decision.state, A, at(minute))) for decision in accepted]
    if after[0] == after[1]:
        assert told(worlds[0], command, minute) == told(worlds[1], command, minute)


@pytest.mark.parametrize("code", sorted(set(HIDING) - {"clock"}))
def test_refusals_differ_in_nothing_but_the_bidders_own_figures(code: str) -> None:
    """Every kind of refusal that a bidder can have for nothing, in a world of cheap and one of dear others."""
    rules = replace(HIDING[code], valid_until_at_least=CLOSES.date())
    answers = []
    for others in ([Decimal(1)] * 3, [Decimal(900)] * 3):
        lot = Played(replace(rules, valid_until_at_least=None))
        lot.bid(A, "500", at(1))
        for bidder, price in zip(OTHERS, others, strict=True):
            lot.bid(bidder, price, at(2))
        state = lot.state._replace(rules=rules)
        refusals = [
            engine.decide(state, offer(A, price, price, valid_until=day), at(3))
            for price in ("0", "0.001", "2000", "500", "499.99", "1.00", "0.99", "900", "NaN")
            for day in (None, CLOSES.date() - timedelta(days=1))
        ]
        assert all(isinstance(refusal, Refusal) for refusal in refusals)
        answers.append([*refusals, engine.decide(state, WithdrawBid(A, state.standing[B].bid_id, "w"), at(3))])
    assert answers[0] == answers[1]


# ---- the probe attack


def probes(state: LotState, bidder: OrganizationId, most: int) -> tuple[int, int, int]:
    """Bisect for the hidden lead price by dry runs and free refusals: ``(from, to, probes)``, in cents, inclusive.

    It takes every difference in an answer for news about the lead: it learns in which half the answers change by
    asking at both ends and in the middle. What always answers alike leaves it with all that it began with.
    """
    low, high, asked = 1, int(CEILING * 100), 0

    def answer(cents: int) -> object:
        nonlocal asked
        asked += 1
        command = offer(bidder, Decimal(cents) / 100, f"probe{asked}")
        dry = engine.validate(state, command, at(30))
        return dry.code if isinstance(dry, Refusal) else (*shown(dry), dry.joint, dry.closes_at)

    below, above = answer(low), answer(high)
    while below != above and low < high and asked < most:
        middle = (low + high) // 2
        if answer(middle) == below:
            low = middle + 1
        else:
            high = middle
    return low, high, asked


@pytest.mark.parametrize("code", sorted(set(HIDING) - {"clock"}))
@pytest.mark.parametrize("lead", ["3.17", "512.34", "999.98"])
def test_60_probes_leave_every_price_that_was_consistent_before(code: str, lead: str) -> None:
    """A newcomer, who is shown nothing yet, knows as little after 60 dry runs as before: 100,000 candidates."""
    lot = Played(HIDING[code])
    lot.bid(B, lead, at(1))
    lot.bid(C, CEILING, at(2))
    low, high, _ = probes(lot.state, A, most=60)
    assert high - low + 1 == 100_000


@pytest.mark.parametrize("code", sorted(set(HIDING) - {"clock"}))
def test_dry_runs_below_the_own_price_tell_where_the_own_step_is_and_no_more(code: str) -> None:
    """A bidder with a bid finds by probing only what its view tells it anyway: its own next price."""
    answers = set()
    for lead in ("3.17", "212.34", "499.98"):
        lot = Played(HIDING[code])
        lot.bid(A, "500", at(1))
        lot.bid(B, lead, at(2))
        found = probes(lot.state, A, most=60)
        hint = engine.view(lot.state, A, at(30)).next_admissible_price
        assert hint is not None
        assert found[:2] in {(int(hint * 100) + 1,) * 2, (1, 100_000)}
        answers.add(found)
    assert len(answers) == 1


def test_a_step_from_a_hidden_lead_is_found_by_18_probes_so_the_linter_refuses_it() -> None:
    """The refused combination, past the linter: the attack works, so the tests above can fail.

    Past the linter alone it would not: the view still withholds the lead, so a step from it has no base. Only with a
    visibility that hands the lead to the decision does whether a bid is accepted tell it.
    """
    leaky = replace(HIDING["rank_only"], base=Base.LEAD)
    assert "/base" in {finding.pointer for finding in linter.errors(leaky)}
    for lead in ("3.17", "512.34", "999.98"):
        lot = Played(HIDING["rank_only"])
        lot.bid(B, lead, at(1))
        state = lot.state._replace(rules=leaky)
        seen = VISIBILITIES["rank_only"]
        assert not seen.lead_price
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(VISIBILITIES, "rank_only", replace(seen, lead_price=True))
            low, high, asked = probes_by_refusal(state)
        assert (low, high) == (int(Decimal(lead) * 100),) * 2
        assert asked <= 18


def test_the_probing_finds_a_lead_that_dry_runs_tell() -> None:
    """In the open, all prices disclosed, each price's place is told: what finds nothing elsewhere finds it here."""
    lot = Played(replace(CALM, disclosed=(Option.ALL_PRICES,)))
    lot.bid(B, "512.34", at(1))
    low, high, asked = probes(lot.state, A, most=60)
    assert (low, high) == (51_234, 51_234)
    assert asked <= 20


def probes_by_refusal(state: LotState) -> tuple[int, int, int]:
    """Bisect by acceptance alone, without reading what a refusal names: ``(from, to, probes)`` for the lead."""
    low, high, asked = 1, int(CEILING * 100), 0
    while low < high:
        middle = (low + high) // 2
        asked += 1
        dry = engine.validate(state, offer(A, Decimal(middle) / 100, f"p{asked}"), at(30))
        low, high = (low, middle) if isinstance(dry, Refusal) else (middle + 1, high)
    return low, high, asked


@pytest.mark.parametrize("disclosed", [(), (Option.ALL_PRICES,)])
def test_in_the_open_a_dry_run_tells_its_place_only_to_who_is_shown_all_prices(disclosed: tuple[Option, ...]) -> None:
    """Else the place at each price would tell the others' prices one by one, and the highest price their number."""
    lot = Played(replace(CALM, disclosed=disclosed))
    for bidder, price in ((B, "100"), (C, "200")):
        lot.bid(bidder, price, at(1))
    dry = [engine.validate(lot.state, offer(A, price, price), at(2)) for price in ("50", "150", "250")]
    ranks = [None if isinstance(answer, Refusal) else answer.rank for answer in dry]
    assert ranks == ([1, 2, 3] if disclosed else [None, None, None])


def test_a_starting_gate_is_not_passed_by_a_dry_run() -> None:
    lot = Played(replace(CALM, starting_gate=True, disclosed=(Option.ALL_PRICES, Option.NUMBER_OF_BIDDERS)))
    lot.bid(B, "100", at(1))
    dry = engine.validate(lot.state, offer(A, "90", "dry"), at(2))
    assert not isinstance(dry, Refusal)
    assert (dry.rank, dry.lead_price, dry.prices, dry.bidders) == (None, None, None, None)
    lot.bid(A, "90", at(3))
    assert engine.view(lot.state, A, at(3)).rank == 1


# ---- what the linter refuses for it


@pytest.mark.parametrize("visibility", ["rank_only", "traffic_light", "blind"])
@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/base", {"base": Base.LEAD}),
        ("/base", {"base": Base.NEXT}),
        ("/lead_buffer", {"lead_buffer": Decimal(5)}),
        ("/ties", {"ties": Ties.BANNED}),
        ("/ties", {"ties": Ties.BANNED_AT_LEAD}),
        ("/proxy", {"proxy": True}),
        ("/disclosed", {"disclosed": (Option.ALL_PRICES,)}),
        ("/disclosed", {"disclosed": (Option.NUMBER_OF_BIDDERS,)}),
    ],
)
def test_rules_that_would_leak_are_refused_with_the_reason(
    visibility: str, pointer: str, changes: dict[str, object]
) -> None:
    rules = replace(CALM, visibility=visibility, **changes)  # type: ignore[arg-type]
    found = {finding.pointer: finding for finding in linter.errors(rules)}
    assert set(found) == {pointer}
    assert found[pointer].reason
    assert linter.errors(linter.mended(rules)) == ()


@pytest.mark.parametrize(
    ("visibility", "rank", "fits"),
    [
        ("rank_only", 2, True),
        ("traffic_light", 1, True),
        ("traffic_light", 2, False),
        ("traffic_light", 3, False),
        ("blind", 1, False),
        ("blind", None, True),
    ],
)
def test_an_extension_may_not_tell_a_rank_that_is_not_shown(visibility: str, rank: int | None, *, fits: bool) -> None:
    rules = replace(CALM, visibility=visibility, soft_close=replace(SOFT, trigger_rank=rank))
    assert (linter.errors(rules) == ()) is fits


SECRET = st.integers(10_000_000, 99_999_999)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from((A, B, C, D)), SECRET), min_size=1, max_size=8))
def test_sealed_prices_and_their_number_are_nowhere_before_the_opening(bids: list[tuple[OrganizationId, int]]) -> None:
    lot = Played(SEALED)
    empty = engine.buyer_view(lot.state, at(2))
    for bidder, amount in bids:
        assert refused(lot.bid(bidder, Decimal(amount) / 100, at(1))) is None
    assert engine.buyer_view(lot.state, at(2)) == empty
    lot.ring(CLOSES)
    written = repr((lot.events, tuple(lot.state.bids.values()), dict(lot.state.receipts), lot.state))
    written += repr([engine.view(lot.state, bidder, CLOSES) for bidder in (A, B, C, D)])
    assert not [amount for _, amount in bids if str(amount) in written or f"{Decimal(amount) / 100:.2f}" in written]
    assert engine.standing(lot.state) == ()
