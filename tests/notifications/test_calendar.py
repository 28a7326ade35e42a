"""Calendars: what matters to a user at its time, an address that is a secret, and nothing that the pages don't show."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from icalendar import Calendar

from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import SignedIn
from tests.security.made import Stage


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def events_of(content: bytes) -> dict[str, datetime]:
    """Return the instants of a calendar by UID and title."""
    found = Calendar.from_ical(content).walk("VEVENT")
    return {f"{event['uid']} {event['summary']}": event["dtstart"].dt for event in found}


def own(stage: Stage, who: SignedIn) -> dict[str, datetime]:
    answer = stage.call(who, "GET", "/calendar")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return events_of(answer.content)


def test_a_close_is_in_the_calendars_of_buyer_and_carrier_and_moves_there(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    closes_at = stage.clock.now + timedelta(days=2)
    before = {who.email: own(stage, who) for who in (stage.buyer, carrier)}
    assert all(list(found.values()) == [closes_at] for found in before.values())
    assert "“Internet access for one place”" in next(iter(before[stage.buyer.email]))
    assert "Bidding ends: the request of Buyer " in next(iter(before[carrier.email]))
    later = closes_at + timedelta(days=1)
    stage.amend(request_id, schedule={"closes_at": later.isoformat()})
    stage.settle()
    for who in (stage.buyer, carrier):
        assert own(stage, who) == dict.fromkeys(before[who.email], later)
    stage.clock.now += timedelta(days=9)
    stage.settle()
    assert own(stage, carrier) == {}


def test_a_feed_is_read_without_signing_in_by_its_newest_address_alone(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    addresses = []
    for _ in range(2):
        url = stage.ok(carrier, "POST", "/calendar/feed")["url"]
        addresses.append(url.removeprefix(stage.market.settings.address))
    assert stage.call(None, "GET", addresses[0]).status_code == 404
    assert events_of(stage.call(None, "GET", addresses[1]).content) == own(stage, carrier)
    assert stage.call(None, "GET", "/calendar/AAAA.ics").status_code == 404
    stage.call(carrier, "DELETE", "/calendar/feed")
    assert stage.call(None, "GET", addresses[1]).status_code == 404


def test_an_answer_that_is_due_stands_in_both_calendars_and_the_days_of_the_contract_after_it(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    stage.bid(carrier)
    stage.close()
    offer = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/comparison")["lots"][0]["offers"][0]
    body = {"awarded": [{"lot": "T1", "bid_id": offer["bid_id"]}]}
    stage.ok(stage.buyer, "POST", f"/requests/{request_id}/award", body)
    stage.settle()
    due = stage.clock.now + timedelta(days=5)
    for who, title in ((stage.buyer, "A carrier's answer is due"), (carrier, "Confirm your award")):
        assert [at for name, at in own(stage, who).items() if name.endswith(title)] == [due]
    invitation = stage.invitation(carrier)
    (asked,) = stage.ok(carrier, "GET", f"/invitations/{invitation}/award/confirmation")
    path = f"/invitations/{invitation}/award/confirmation"
    stage.ok(carrier, "POST", path, {"award_id": asked["award_id"]})
    (contract,) = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/contracts")
    read = stage.ok(stage.buyer, "GET", f"/contracts/{contract['id']}")
    sha256 = read["presentation"]["terms"]["sha256"]
    stage.ok(stage.buyer, "POST", f"/contracts/{contract['id']}/acceptance", {"sha256": sha256, "accepted_terms": True})
    for who in (stage.buyer, carrier):
        titles = {name.split(" ", 1)[1] for name in own(stage, who)}
        assert {"A contract starts", "A contract's term ends"} <= titles
