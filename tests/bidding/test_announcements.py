"""Both sides of an auction read what the platform says and does, and never who the buyer is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from buyers.requests.model import Status
from marketplace.bidding import control
from marketplace.bidding.announcements import rules
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import REGISTRATION, SignedIn
from tests.security.made import SITE, Stage

RACE = {"preset": "open_price_race", "ceiling": "20000", "decrement": "100"}
SLOW = "A cable cut slows us down: we watch."


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def read(stage: Stage, who: SignedIn, request_id: str) -> list[dict[str, Any]]:
    """Return what one reads of announcements, the carrier by its newest invitation."""
    paths = {"buyer": f"/requests/{request_id}", "platform": f"/auctions/{request_id}"}
    at = paths.get(who.principal.kind) or f"/invitations/{stage.invitation(who)}"
    items: list[dict[str, Any]] = stage.ok(who, "GET", f"{at}/announcements")["items"]
    return items


def acts(stage: Stage, request_id: str, what: str, **body: Any) -> Any:
    stage.clock.now += timedelta(minutes=1)
    return stage.ok(stage.admin, "POST", f"/auctions/{request_id}/{what}", body)


def test_every_act_and_word_of_the_platform_is_read_by_both_sides_newest_first(stage: Stage) -> None:
    carriers = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish(auction=RACE)
    later = (stage.clock.now + timedelta(days=4)).isoformat()
    acts(stage, request_id, "announcements", text=SLOW)
    acts(stage, request_id, "pause", reason="The specification is being corrected.")
    acts(stage, request_id, "resume", lots=["T1"], reason="It stands corrected.")
    acts(stage, request_id, "extend", closes_at=later)
    seen = read(stage, stage.buyer, request_id)
    assert [(one["kind"], one["lots"], one["text"]) for one in seen] == [
        ("extended", [], ""),
        ("resumed", ["T1"], "It stands corrected."),
        ("paused", [], "The specification is being corrected."),
        ("announced", [], SLOW),
    ]
    assert seen[0]["closes_at"] is not None
    assert [one["at"] for one in seen] == sorted((one["at"] for one in seen), reverse=True)
    for reader in (*carriers, stage.admin):
        assert read(stage, reader, request_id) == seen


def test_an_act_that_is_refused_is_not_announced(stage: Stage) -> None:
    stage.a_carrier()
    request_id = stage.publish(auction=RACE)
    assert stage.call(stage.admin, "POST", f"/auctions/{request_id}/resume", {"reason": "go"}).status_code == 409
    assert read(stage, stage.buyer, request_id) == []


@pytest.mark.parametrize(
    "words", [f"We do this for the {REGISTRATION['name']}.", SITE["label"], "Call +1 212 555 0100"]
)
def test_no_word_of_the_platform_tells_who_the_buyer_is(stage: Stage, words: str) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish(auction=RACE)
    later = (stage.clock.now + timedelta(days=4)).isoformat()
    for what, body in (
        ("announcements", {"text": words}),
        ("pause", {"reason": words}),
        ("resume", {"reason": words}),
        ("extend", {"reason": words, "closes_at": later}),
    ):
        refused = stage.call(stage.admin, "POST", f"/auctions/{request_id}/{what}", body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/buyer-named"), what
        assert refused.json()["errors"][0]["pointer"] == ("/text" if what == "announcements" else "/reason")
    assert read(stage, carrier, request_id) == []


def test_all_participants_are_told_that_there_is_an_announcement_but_not_its_words(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish(auction=RACE)
    acts(stage, request_id, "announcements", text=SLOW)
    stage.settle()
    for who in (carrier, stage.buyer):
        notices = stage.ok(who, "GET", "/notices")["items"]
        assert "auction.announced" in [notice["event"] for notice in notices]
        assert SLOW not in str(notices)


def test_announcements_are_for_those_who_take_part_and_by_the_platform(stage: Stage, market: Marketplace) -> None:
    carrier, uninvited = stage.a_carrier(), stage.a_carrier(filters=False)
    rival = stage.a_buyer("rival@rival.example")
    request_id = stage.publish(auction=RACE)
    acts(stage, request_id, "announcements", text=SLOW)
    own = f"/invitations/{stage.invitation(carrier)}/announcements"
    assert stage.call(uninvited, "GET", own).status_code == 404
    assert stage.call(rival, "GET", f"/requests/{request_id}/announcements").status_code == 404
    for who in (carrier, stage.buyer):
        at = f"/auctions/{request_id}/announcements"
        assert stage.call(who, "POST", at, {"text": SLOW}).status_code == 403
        assert stage.call(who, "GET", at).status_code == 403
    assert stage.call(stage.admin, "POST", "/auctions/req_x/announcements", {"text": SLOW}).status_code == 404
    with market.workshop.reading(uninvited.principal) as reading:
        query = text("SELECT count(*) FROM market.announcements")
        assert reading.session.connection().execute(query).scalar_one() == 0


def test_what_happens_in_a_last_round_is_not_told_to_those_who_were_not_called(stage: Stage) -> None:
    called, other = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish(auction={"preset": "sealed_final_offers"})
    stage.bid(called, "400.00")
    stage.bid(other, "500.00")
    stage.close()
    (lot,) = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/auction")
    best = next(one["bid_id"] for one in lot["bids"] if one["provider_id"] == called.principal.organization_id)
    closes_at = (stage.clock.now + timedelta(hours=2)).isoformat()
    body = {"bids": [best], "closes_at": closes_at, "reason": "The best of all."}
    stage.ok(stage.buyer, "POST", f"/requests/{request_id}/lots/T1/final-offers", body)
    acts(stage, request_id, "pause", reason="One moment please.")
    assert [one["kind"] for one in read(stage, stage.buyer, request_id)] == ["paused"]
    assert read(stage, called, request_id) == read(stage, other, request_id) == []


def test_an_outage_that_pauses_lots_is_announced(stage: Stage, market: Marketplace) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish(auction=RACE | {"longest_outage_seconds": 60})
    began = stage.clock.now
    stage.clock.now += timedelta(minutes=10)
    with market.workshop.work() as work:
        assert control.report_outage(work, began, stage.clock.now) == 1
    (seen,) = read(stage, carrier, request_id)
    assert (seen["kind"], seen["lots"]) == ("paused", ["T1"])


@given(st.sampled_from(list(Status)), st.integers(0, 2 * rules.MOST))
def test_announcements_end_with_the_auction_and_are_limited(status: Status, announced: int) -> None:
    if status in {Status.OPEN, Status.CLOSED} and announced < rules.MOST:
        rules.check(status, announced)
        return
    with pytest.raises((rules.AuctionOverError, rules.TooManyAnnouncementsError)):
        rules.check(status, announced)
