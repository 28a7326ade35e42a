"""The busy day counts what it should: instants, bids that reach pages, and figures that say what was missed."""

import random
from datetime import UTC, datetime
from itertools import islice

from benchmarks.market import Lived, figures
from benchmarks.market_day import Auction, Bid, LivePage, Rates, Seen, arrivals, instants
from benchmarks.market_place import Member, request_parts
from buyers.desk.schemas import RequestParts

BUYER = Member("org_a", "token", ("sit_a", "sit_b"))
RATES = Rates(10.0, 1.0, 9.0)


def drawn(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - made again by its seed


def day(*received: float) -> tuple[Auction, list[LivePage]]:
    auction = Auction("req_a", BUYER, 100.0)
    auction.pages = [LivePage("/live/a", "token", list(received)), LivePage("/live/b", "token", [1.0, 5.5])]
    return auction, auction.pages


def test_bids_rise_to_the_close() -> None:
    found = list(instants(RATES.bids, 100.0, 200.0, drawn(1)))
    assert found == sorted(found)
    assert found[0] > 100.0
    assert found[-1] < 200.0
    early, late = sum(at < 150.0 for at in found), sum(at >= 150.0 for at in found)
    assert 1.8 < late / early < 3.2  # 7 a second in the second half on average, 3 in the first
    assert list(islice(instants(RATES.bids, 0.0, 9.0, drawn(2)), 3)) == list(
        islice(instants(RATES.bids, 0.0, 9.0, drawn(2)), 3)
    )


def test_a_bid_has_arrived_when_a_picture_is_newer_than_it() -> None:
    auction, _ = day(1.0, 4.5)
    found, missing = arrivals([Bid(auction, sent=4.0, accepted=5.0)])
    assert (found, missing) == ([0.0, 500.0], 0)
    assert arrivals([Bid(auction, sent=5.0, accepted=5.1)])[1] == 1


def test_a_lost_bid_and_an_error_miss_their_goals() -> None:
    auction, pages = day(4.5)
    seen = Seen(bids=[Bid(auction, 4.0, 4.2), Bid(auction, 4.1, 4.3)], lag=[1.0])
    lived = Lived(seen, {}, seconds=1.0, stored=2, pages=len(pages), fresh=2)
    assert [one.name for one in figures(lived) if one.met is False] == []
    lived.stored, lived.fresh = 1, 1
    seen.blame("GET /: 500")
    missed = [one.name for one in figures(lived) if one.met is False]
    assert missed == ["errors", "accepted bids that the database has", "live pages with the newest picture"]


def test_what_buyers_ask_for_is_what_the_api_takes() -> None:
    for seed in range(20):
        parts = request_parts(BUYER, drawn(seed), datetime(2027, 1, 1, tzinfo=UTC))
        assert RequestParts.model_validate(parts).given()["lots"][0]["lines"] == ["L1", "L2"]
