"""Whatever a visitor does, a tour is replayed to the same bytes, by the rules, and robots know what carriers would."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.bidding import announcing, engine
from marketplace.bidding.events import BidPlaced, Event, LotClosed, LotExtended
from marketplace.kernel import codec
from marketplace.kernel.errors import ConflictError, MalformedError
from marketplace.terminals.tour import market, matching, receipts, story, views, ways
from marketplace.terminals.tour.model import (
    MARKET_TIME,
    MOST_MOVES,
    PACE,
    VISITOR,
    Kind,
    Need,
    Role,
    Tour,
    TourFullError,
)
from marketplace.terminals.tour.needs import ASKED, NEEDS
from marketplace.terminals.tour.story import Scene

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LONG = timedelta(minutes=10)
SHEET = "751,0;470,0;470,0;375,100"
EVERY_NEED = (*NEEDS.values(), ASKED)

_texts = st.sampled_from(
    (*NEEDS, *market.OFFERED, "cheapest", "one-provider", SHEET, "0,0", "60000", "70000.005", "-1", "1e9", "nan", "")
)
_told = st.tuples(st.sampled_from(list(Kind)), _texts, st.integers(0, 40_000))
seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def as_buyer(seed: int, need: str = "offices", preset: str = "rank_only") -> Tour:
    tour = story.made(Tour(seed, Role.BUYER, START), Kind.NEED, need, START + SECOND)
    return story.made(tour, Kind.OPEN, preset, START + 5 * SECOND)


def as_carrier(seed: int) -> Tour:
    return story.made(Tour(seed, Role.CARRIER, START), Kind.BID, SHEET, START + 5 * SECOND)


def played(tour: Tour, now: datetime) -> market.Market:
    found = story.scene(tour, now).market
    assert found is not None
    return found


def events(found: market.Market) -> list[list[Event]]:
    return [one.events for one in found.lots]


def canonical(scene: Scene) -> list[list[bytes]]:
    lots = scene.market.lots if scene.market is not None else ()
    return [[codec.canonical(codec.dump(event)) for event in one.events] for one in lots]


@st.composite
def tours(draw: st.DrawFn) -> tuple[Tour, datetime]:
    """A tour after whatever a visitor tried; what was refused left no trace."""
    role = draw(st.sampled_from(list(Role)))
    tour, now = Tour(draw(seeds), role, START), START
    opening = ((Kind.NEED, "fleet", 500), (Kind.OPEN, draw(st.sampled_from(market.OFFERED)), 500))
    first = opening if role is Role.BUYER else ((Kind.BID, SHEET, 500),)
    for kind, text, wait in (*first, *draw(st.lists(_told, max_size=6))):
        now += timedelta(milliseconds=wait)
        with suppress(MalformedError, ConflictError):
            tour = story.made(tour, kind, text, now)
    return tour, now + timedelta(milliseconds=draw(st.integers(0, 150_000)))


@given(tours())
@quick
def test_a_tour_is_replayed_to_the_same_bytes_and_to_what_its_events_say(made: tuple[Tour, datetime]) -> None:
    tour, now = made
    first, second = story.scene(tour, now), story.scene(tour, now)
    assert canonical(first) == canonical(second)
    assert first.step == second.step
    for one in first.market.lots if first.market is not None else ():
        assert engine.replay(one.events) == one.state
        assert all(before.at <= after.at for before, after in pairwise(one.events))


@given(tours(), st.integers(0, 60_000))
@quick
def test_time_only_adds_to_what_happened(made: tuple[Tour, datetime], later: int) -> None:
    tour, now = made
    moves = tuple(move for move in tour.moves if move.kind not in {Kind.JUMP, Kind.AWARD})
    tour = replace(tour, moves=moves)
    first, second = story.scene(tour, now), story.scene(tour, now + timedelta(milliseconds=later))
    if first.market is not None and second.market is not None:
        for before, after in zip(events(first.market), events(second.market), strict=True):
            assert after[: len(before)] == before


@given(tours())
@quick
def test_robots_never_go_below_their_cost_and_all_bids_are_by_the_rules(made: tuple[Tour, datetime]) -> None:
    scene = story.scene(*made)
    if scene.play is None or scene.market is None:
        return
    costs = {robot.id: robot.cost for robot in scene.play.robots}
    for one in scene.market.lots:
        for event in one.events:
            if isinstance(event, BidPlaced) and event.bidder != VISITOR:
                amount = event.amount if event.amount is not None else one.boxes[event.bid_id].amount
                assert amount >= costs[event.bidder][one.lot.ref]
        closed = next((at for at, event in enumerate(one.events) if isinstance(event, LotClosed)), len(one.events))
        assert not any(isinstance(event, BidPlaced) for event in one.events[closed:])


@given(seeds, st.sampled_from(list(NEEDS)), st.sampled_from(("blind_improvement", "sealed_round")))
@quick
def test_where_rivals_are_hidden_a_robot_bids_as_if_it_were_alone(seed: int, need: str, preset: str) -> None:
    tour = as_buyer(seed, need, preset)
    scene = story.scene(tour, START + LONG)
    assert scene.play is not None
    robot = scene.play.robots[0]
    alone = market.replay(tour, replace(scene.play, robots=(robot,)), START + LONG)
    assert alone is not None
    window = START + 5 * SECOND + MARKET_TIME - timedelta(minutes=3)  # an extension is told to all

    def bids(found: market.Market) -> Iterator[tuple[str, datetime, Decimal]]:
        for one in found.lots:
            for event in one.events:
                if isinstance(event, BidPlaced) and event.bidder == robot.id and event.at < window:
                    yield one.lot.ref, event.at, one.boxes[event.bid_id].amount

    assert scene.market is not None
    assert list(bids(scene.market)) == list(bids(alone))


@pytest.mark.parametrize("preset", market.OFFERED)
@pytest.mark.parametrize("need", EVERY_NEED, ids=lambda need: need.code)
def test_the_rules_of_a_tour_could_be_announced_for_real(need: Need, preset: str) -> None:
    content, _ = market.announced(need, preset, START)
    assert announcing.problems(content, START) == ()


@pytest.mark.parametrize("preset", market.OFFERED)
@pytest.mark.parametrize("need", list(NEEDS))
def test_every_auction_ends_in_a_few_minutes_with_something_to_award(need: str, preset: str) -> None:
    for seed in range(3):
        scene = story.scene(as_buyer(seed, need, preset), START + timedelta(minutes=4))
        assert scene.step == "award"
        assert scene.ways
        assert scene.ways[0].cost < scene.play.need.today  # type: ignore[union-attr]


@given(seeds, st.sampled_from(list(NEEDS)))
@quick
def test_the_cheapest_way_to_award_is_the_sum_of_its_bids_and_no_other_is_cheaper(seed: int, need: str) -> None:
    scene = story.scene(as_buyer(seed, need, "sealed_round"), START + LONG)
    assert scene.market is not None
    for way in scene.ways:
        bids = {bid.bid_id: bid for one in scene.market.lots for bid in one.state.standing.values()}
        amounts = [bids[bid_id].amount for bid_id in way.bids.values()]
        assert sum(filter(None, amounts), Decimal(0)) - way.discount == way.cost
    cheapest = scene.ways[0]
    best = sum((one.state.ladder.first[0] for one in scene.market.lots), Decimal(0))
    assert cheapest.cost <= best
    assert all(cheapest.cost <= way.cost for way in scene.ways)
    assert next((len(way.carriers) for way in scene.ways if way.code == "one-provider"), 1) == 1


@pytest.mark.parametrize("need", EVERY_NEED, ids=lambda need: need.code)
def test_what_carriers_see_holds_nothing_of_who_asks(need: Need) -> None:
    seen = codec.canonical(codec.dump(views.seen_by_carriers(7, need, need.content))).decode()
    company, billing = need.company, need.content.billing
    private = [company.name, company.contact_name, company.contact_email, company.contact_phone, billing.purchase_order]
    private += [*company.labels.values(), *(site.place.street for site in need.content.sites)]
    private += [usage.provider for usage in need.content.prior_usage]
    private += [str(usage.monthly_spend) for usage in need.content.prior_usage]
    assert [text for text in private if text in seen] == []
    theirs = " ".join(fact.theirs or "" for fact in views.facts(7, need, need.content))
    assert [text for text in private if text in theirs] == []
    assert views.leaks(need, f"{need.content.title}. {need.content.description}") == ()


def test_a_sentence_with_the_name_in_disguise_is_caught() -> None:
    found = views.leaks(NEEDS["offices"], "Ask for L4RKSPUR & Hale, 303-555-0176")
    assert {finding.kind for finding in found} == {"name", "phone"}


def test_the_request_reaches_the_visitor_by_its_filter_with_reasons_that_tell_no_figure_of_the_buyer() -> None:
    found = matching.reasons(ASKED)
    assert found.accepted
    assert not any("2180" in word or "2,180" in word for word in found.words)


def test_the_buyer_learns_names_when_the_lots_have_closed_and_no_sooner() -> None:
    tour = as_buyer(3)
    before, after = (story.scene(tour, START + timedelta(seconds=at)) for at in (60, 400))
    for scene, known in ((before, False), (after, True)):
        assert scene.play is not None
        assert scene.market is not None
        shown = views.buyer_auction(scene.play, scene.market, scene.now)
        rungs = [rung for lot in shown.lots for rung in lot.rungs]
        assert rungs
        assert all((rung.name is not None) is known for rung in rungs)


def test_sealed_prices_are_shown_to_nobody_before_the_close() -> None:
    tour = as_buyer(5, preset="sealed_round")
    scene = story.scene(tour, START + timedelta(seconds=70))
    assert scene.play is not None
    assert scene.market is not None
    shown = views.buyer_auction(scene.play, scene.market, scene.now)
    assert shown.running
    assert shown.sealed
    assert shown.best is None
    assert not any(lot.rungs for lot in shown.lots)
    assert all(item.amount is None for item in shown.happenings)


def test_each_winner_learns_the_exact_sites_of_its_own_lots_only() -> None:
    for seed in range(20):
        tour = as_buyer(seed, preset="sealed_round")
        tour = story.made(tour, Kind.JUMP, "", START + 10 * SECOND)
        tour = story.made(tour, Kind.AWARD, "cheapest", START + 20 * SECOND)
        scene = story.scene(tour, START + 21 * SECOND)
        assert scene.chosen is not None
        assert scene.play is not None
        if len(scene.chosen.carriers) > 1:
            told = views.reveals(scene.play, scene.chosen)
            assert sum(len(one.sites) for one in told) == len(scene.play.content.sites)
            assert all(one.company is scene.play.need.company for one in told)
            return
    pytest.fail("no tour with several winners")


def test_the_smallest_valid_step_is_taken_and_less_is_refused_with_the_rule() -> None:
    for seed in range(3):
        tour, now = as_carrier(seed), START + 8 * SECOND
        one = played(tour, now).lots[0]
        at = market.market_time(one.state.opens_at, now)
        step = engine.view(one.state, VISITOR, at).next_admissible_price
        assert step is not None
        with pytest.raises(ConflictError, match="decrement"):
            story.made(tour, Kind.PRICE, str(step + Decimal("0.01")), now)
        lower = story.made(tour, Kind.PRICE, str(step), now)
        own = engine.view(played(lower, now).lots[0].state, VISITOR, at).own
        assert own is not None
        assert own.amount == step
        assert [each.amount for each in receipts.receipts(played(lower, now).lots[0], seed, VISITOR)][-1] == step


def test_a_bid_at_or_after_the_close_is_refused() -> None:
    tour = as_carrier(1)
    with pytest.raises(ConflictError, match="close"):
        story.made(tour, Kind.PRICE, "100", START + LONG)


def test_who_keeps_going_down_to_its_cost_wins_some_and_who_never_moves_loses() -> None:
    wins = 0
    for seed in range(6):
        tour, cost = as_carrier(seed), ASKED.today * 74 / 100
        for second in range(8, 200, 3):
            now = START + second * SECOND
            scene = story.scene(tour, now)
            if scene.market is None or not scene.market.running:
                break
            seen = views.carrier_auction(scene.play, scene.market, seed, now)  # type: ignore[arg-type]
            if not seen.leads and seen.next_price is not None and seen.next_price >= cost:
                tour = story.made(tour, Kind.PRICE, str(seen.next_price), now)
        end = story.scene(tour, START + LONG)
        idle = story.scene(as_carrier(seed), START + LONG)
        assert end.step == idle.step == "result"
        wins += views.carrier_auction(end.play, end.market, seed, end.now).won  # type: ignore[arg-type]
        assert not views.carrier_auction(idle.play, idle.market, seed, idle.now).won  # type: ignore[arg-type]
    assert wins > 0


def test_the_soft_close_happens_and_is_told() -> None:
    told = 0
    for seed in range(8):
        scene = story.scene(as_buyer(seed), START + LONG)
        assert scene.market is not None
        moved = [event for one in scene.market.lots for event in one.events if isinstance(event, LotExtended)]
        told += len(moved)
        assert max(one.state.closes_at for one in scene.market.lots) <= START + 5 * SECOND + MARKET_TIME * 2
    assert told > 0


def test_the_hash_chain_of_a_lot_changes_with_any_price() -> None:
    first, second = (played(as_buyer(seed), START + LONG).lots[0] for seed in (1, 2))
    assert receipts.head(first, 1) == receipts.head(played(as_buyer(1), START + LONG).lots[0], 1)
    assert receipts.head(first, 1) != receipts.head(second, 1)


def test_a_tour_takes_only_so_many_moves() -> None:
    tour = as_carrier(2)
    full = replace(tour, moves=(tour.moves[0],) * MOST_MOVES)
    with pytest.raises(TourFullError):
        story.made(full, Kind.PRICE, "60000", START + 20 * SECOND)


def test_new_rules_play_the_same_robots_again() -> None:
    first = as_buyer(9, preset="rank_only")
    again = story.made(first, Kind.OPEN, "sealed_round", START + 100 * SECOND)
    assert [move.kind for move in again.moves] == [Kind.NEED, Kind.OPEN]
    before, after = (story.scene(tour, START + LONG * 2).play for tour in (first, again))
    assert before is not None
    assert after is not None
    assert before.robots == after.robots


def test_the_markets_clock_runs_so_many_times_as_fast() -> None:
    assert market.market_time(START, START + 4 * SECOND) == START + 4 * PACE * SECOND
    assert market.market_time(START, START - SECOND) == START


def test_ways_are_none_where_a_lot_has_no_bid() -> None:
    scene = story.scene(as_buyer(1), START + 6 * SECOND)
    assert scene.play is not None
    assert scene.market is not None
    assert ways.ways(scene.play, scene.market) == ()
