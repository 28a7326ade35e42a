import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from marketplace.bidding.model import LotOverview, PriceFigures, Status
from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.seed import load_seed
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.ids import LotId, RequestId
from marketplace.oversight import rules
from marketplace.oversight.model import OddBid
from sellers import service as sellers
from sellers.model import Criteria
from tests.factories import a_user, as_owner
from tests.security.made import INTERNET, Stage
from tests.stories.made import begin

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
QUIET = LotOverview(
    lot_id=LotId("lot_a"),
    request_id=RequestId("req_a"),
    lot="T1",
    status=Status.OPEN,
    suspended=False,
    sealed=False,
    opens_at=NOON,
    closes_at=NOON + timedelta(hours=1),
    extensions=0,
    reason=None,
    invited=3,
    excluded=0,
    bidders=2,
    bids=2,
    automatic=0,
    surrogate=0,
    last_bid_at=NOON,
    withdrawals=0,
    prices=None,
)


def lots(stage: Stage, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stage.ok(stage.admin, "GET", "/platform/auctions", params=params)["items"]
    return sorted(items, key=lambda lot: str(lot["lot"]))


def test_running_lots_show_counts_and_what_is_odd(stage: Stage) -> None:
    story = begin(stage, RACE, lots=2)
    story.bid("A", "15000.00")
    story.bid("B", "14000.00")
    quiet, other = lots(stage)
    assert (quiet["lot"], quiet["title"], quiet["invited"], quiet["bids"], quiet["odd"]) == (
        "T1",
        "Internet access for one place",
        3,
        2,
        [],
    )
    assert quiet["pseudonym"].startswith("Buyer ")
    assert (other["bids"], other["last_bid_at"], other["leading_share"]) == (0, None, None)
    stage.clock.now += timedelta(minutes=2)
    slip = story.bid("A", "5000.00")
    found = lots(stage)[0]
    assert found["odd"] == ["lead-far-below", "steep-step"]
    assert (found["steepest_bid"], Decimal(found["steepest_share"])) == (slip["bid_id"], Decimal("0.6667"))
    assert found["steepest_bidder"] == story.carriers["A"].principal.organization_id
    assert (found["bids"], found["bidders"], found["last_bid_seconds"]) == (3, 2, 0)
    assert story.take_back("A", slip["bid_id"], "A digit is missing.").status_code == 204
    assert lots(stage)[0]["odd"] == ["lead-far-below", "steep-step", "called-error"]
    story.steer("pause", {"reason": "Looking into it.", "lots": ["T1"]})
    assert [(lot["lot"], lot["reason"]) for lot in lots(stage, status="paused")] == [("T1", "Looking into it.")]
    first = stage.ok(stage.admin, "GET", "/platform/auctions", params={"limit": 1})
    second = stage.ok(stage.admin, "GET", "/platform/auctions", params={"limit": 1, "after": first["next"]})
    assert {first["items"][0]["lot"], second["items"][0]["lot"]} == {"T1", "T2"}
    agent = a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)
    assert len(stage.ok(agent, "GET", "/platform/auctions")["items"]) == 2
    for who in (stage.buyer, story.carriers["A"]):
        assert stage.call(who, "GET", "/platform/auctions").status_code == 403


def test_of_sealed_bids_nobody_learns_an_amount_before_the_opening(stage: Stage) -> None:
    carriers = [stage.a_carrier(), stage.a_carrier()]
    stage.publish()
    for carrier, price in zip(carriers, ("400.00", "100.00"), strict=True):
        stage.bid(carrier, price)
    (sealed,) = lots(stage)
    assert (sealed["sealed"], sealed["bids"], sealed["bidders"]) == (True, 2, 2)
    assert {sealed[name] for name in ("leading_share", "steepest_share", "steepest_bidder", "steepest_bid")} == {None}
    assert sealed["odd"] == []
    stage.close()
    assert lots(stage) == []
    (opened,) = lots(stage, status="closed")
    assert (opened["sealed"], opened["odd"]) == (False, ["lead-far-below"])


def test_a_proxys_limit_is_no_bid_here(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("B", "15000.00")
    story.limit("A", "4000.00")
    (lot,) = lots(stage)
    assert "lead-far-below" not in lot["odd"]
    assert Decimal(lot["leading_share"]) > Decimal("0.9")


@pytest.mark.parametrize(
    ("leading", "second", "steepest", "odd"),
    [
        ("49.99", "100", "0.5", [OddBid.LEAD_FAR_BELOW]),
        ("50", "100", "0.5001", [OddBid.STEEP_STEP]),
        ("50", "100", None, []),
        ("0", "0", None, []),
        (None, None, None, []),
    ],
)
def test_a_price_is_odd_from_half_on(
    leading: str | None, second: str | None, steepest: str | None, odd: list[OddBid]
) -> None:
    known = [None if text is None else Decimal(text) for text in (leading, second, steepest)]
    figures = PriceFigures(*known, steepest_bidder=None, steepest_bid=None)
    assert list(rules.odd_bids(replace(QUIET, prices=figures))) == odd
    assert rules.odd_bids(replace(QUIET, withdrawals=1)) == (OddBid.CALLED_ERROR,)


def test_the_reveal_log_tells_who_learned_the_name_when_and_by_what_right(stage: Stage) -> None:
    winner, loser = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    stage.bid(winner, "300.00")
    stage.bid(loser, "400.00")
    stage.close()
    admin_then = {"since": stage.clock.now.isoformat()}
    stage.award(request_id)
    invitation = stage.invitation(winner)
    stage.ok(winner, "GET", f"/invitations/{invitation}/buyer")
    stage.settle()
    winner_id, buyer_id = winner.principal.organization_id, stage.buyer.principal.organization_id
    admin = stage.admin.headers

    def ask(**params: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = stage.ok(stage.admin, "GET", "/platform/reveals", params=params)["items"]
        return items

    log = ask()
    assert [one["right"] for one in log] == ["awarded reading", "award", "platform reading"]
    assert {one["buyer_id"] for one in log} == {buyer_id}
    assert [one["provider_id"] for one in log] == [winner_id, winner_id, None]
    assert log[0]["provider_name"] == f"Carrier {winner_id}"
    assert (log[0]["organization_id"], log[0]["user_id"]) == (winner_id, winner.principal.user_id)
    assert (log[1]["request_id"], log[1]["organization_id"]) == (request_id, buyer_id)
    assert log[2]["user_id"] == stage.admin.principal.user_id
    assert len(ask(**admin_then)) == 2
    assert len(ask(until=admin_then["since"])) == 1
    assert ask(provider_id=loser.principal.organization_id) == []
    assert len(ask(provider_id=winner_id)) == 2
    assert len(ask(buyer_id=buyer_id)) == 3
    assert ask(buyer_id="org_unknown") == []
    assert [one["right"] for one in ask(right="award")] == ["award"]
    first = stage.client.get("/platform/reveals", headers=admin, params={"limit": 2}).json()
    assert ask(after=first["next"]) == log[2:]
    exported = stage.client.get("/platform/reveals.csv", headers=admin, params={"right": "award"})
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(exported.text))
    assert {name: row[name] or None for name in row} == {
        name: None if value is None else str(value) for name, value in log[1].items()
    }
    for who in (stage.buyer, winner, a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)):
        for path in ("/platform/reveals", "/platform/reveals.csv"):
            assert stage.call(who, "GET", path).status_code in {401, 403}


def test_a_name_in_the_export_is_no_formula(stage: Stage) -> None:
    winner = stage.a_carrier()
    with as_owner(stage.market) as connection:
        connection.exec_driver_sql("UPDATE market.providers SET name = '=1+1'")
    request_id = stage.publish()
    stage.bid(winner)
    stage.close()
    stage.award(request_id)
    text = stage.call(stage.admin, "GET", "/platform/reveals.csv").text
    assert ",'=1+1," in text


def test_words_that_a_buyer_kept_wait_for_a_look(stage: Stage) -> None:
    body = stage.parts(title="Internet for Riverbend Public Library")
    request_id = stage.ok(stage.buyer, "POST", "/requests", body)["id"]
    words = [found["text"] for found in stage.ok(stage.buyer, "GET", f"/requests/{request_id}/findings")]
    assert words
    assert stage.ok(stage.admin, "GET", "/platform/reviews")["items"] == []
    stage.ok(stage.buyer, "POST", f"/requests/{request_id}/submit", {"accept_findings": words})
    waiting = stage.ok(stage.admin, "GET", "/platform/reviews")["items"]
    assert [(one["words"], one["place"], one["source"], one["version"]) for one in waiting] == [
        (word, "/title", "request", 1) for word in words
    ]
    assert waiting[0]["context"] == "Internet for Riverbend Public Library"
    assert stage.buyer.principal.organization_id not in str(waiting)
    stage.amend(request_id, description="Amended.", accept_findings=words)
    assert len(stage.ok(stage.admin, "GET", "/platform/reviews")["items"]) == len(words)
    jobs = stage.ok(stage.admin, "GET", "/platform/queue")["items"]
    assert [(job["kind"], job["subject"], job["count"]) for job in jobs] == [("review", request_id, len(words))]
    path = f"/platform/reviews/{waiting[0]['id']}/seen"
    assert stage.ok(stage.admin, "POST", path, {"note": "It means it."})["seen_by"] == stage.admin.principal.user_id
    again = stage.call(stage.admin, "POST", path, {})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-reviewed")
    seen = stage.ok(stage.admin, "GET", "/platform/reviews", params={"seen": True})["items"]
    assert [(one["id"], one["note"]) for one in seen] == [(waiting[0]["id"], "It means it.")]
    stage.settle()
    told = stage.ok(stage.admin, "GET", "/journal", params={"stream": f"request:{request_id}"})["items"]
    assert "finding.reviewed" in [event["type"] for event in told]
    assert "Riverbend" not in str(told)
    assert stage.call(stage.admin, "POST", "/platform/reviews/fnd_unknown/seen", {}).status_code == 404


def test_words_of_a_request_that_no_carrier_can_read_are_read_by_nobody(stage: Stage) -> None:
    body = stage.parts(title="Internet for Riverbend Public Library")
    request_id = stage.ok(stage.buyer, "POST", "/requests", body)["id"]
    words = [found["text"] for found in stage.ok(stage.buyer, "GET", f"/requests/{request_id}/findings")]
    stage.ok(stage.buyer, "PATCH", "/buyer", {"name": "Riverbend Library"}, headers={"If-Match": "*"})
    stage.ok(stage.buyer, "POST", f"/requests/{request_id}/submit", {"accept_findings": [*words, "Riverbend"]})
    assert stage.ok(stage.admin, "GET", "/platform/reviews")["items"] == []


def test_health_tells_how_far_behind_everything_is(stage: Stage) -> None:
    stage.publish()
    health = stage.ok(stage.admin, "GET", "/platform/health")
    assert health["journal"]["position"] > 0
    assert health["journal"]["unstamped"] == 0
    assert {one["name"] for one in health["followers"]} >= {"oversight.reveals"}
    assert {(one["behind"], one["failures"]) for one in health["followers"]} == {(0, 0)}
    assert [one["name"] for one in health["heartbeats"]] == ["market"]
    kinds = {one["kind"]: one for one in health["alarms"]}
    assert kinds["verification-expiry"]["overdue"] == 0
    assert health["database"]["size"] > 1_000_000
    assert health["sessions"] == 2
    assert health["process"] == {"desk_waiting": 0, "boards_waiting": 0}
    stage.clock.now += timedelta(days=400)
    with stage.market.workshop.work() as work:
        sellers.register_provider(
            work, sellers.RegisterProvider("New", sellers.Contact("N", "new@carrier.example.org", ""))
        )
    admin = a_user(stage.market, Kind.PLATFORM)
    late = stage.ok(admin, "GET", "/platform/health")
    assert late["journal"]["unstamped"] > 0
    assert {one["kind"]: one for one in late["alarms"]}["verification-expiry"]["overdue"] == 1
    assert late["heartbeats"][0]["age_seconds"] > 86_400


def without(catalogue: Catalogue, code: str, feature: str = "") -> dict[str, Any]:
    document: dict[str, Any] = codec.dump(catalogue) | {"version": "next"}
    for family in document["families"]:
        if feature:
            for kind in family["service_types"]:
                if kind["code"] == code:
                    kind["features"] = [one for one in kind["features"] if one["code"] != feature]
        else:
            family["service_types"] = [kind for kind in family["service_types"] if kind["code"] != code]
    return document


def test_a_catalogue_is_previewed_with_who_uses_what_it_removes(stage: Stage) -> None:
    carrier, other = stage.a_carrier(), stage.a_carrier()
    with stage.market.workshop.work(carrier.principal) as work:
        sellers.save_filter(work, sellers.FilterDraft("internet", Criteria(service_types=(INTERNET,))))
        sellers.save_filter(work, sellers.FilterDraft("all data", Criteria(service_types=("data",))))
    with stage.market.workshop.work(other.principal) as work:
        criteria = Criteria(service_types=(INTERNET,))
        sellers.save_filter(work, sellers.FilterDraft("asleep", criteria, active=False))
    request_id = stage.publish()
    catalogue = load_seed()
    lost = stage.ok(stage.admin, "POST", "/platform/catalogue/impact", without(catalogue, INTERNET))
    assert lost["nodes"] == [INTERNET]
    assert [(one["filter_name"], one["nodes"]) for one in lost["filters"]] == [("internet", [INTERNET])]
    assert lost["filters"][0]["provider_name"] == f"Carrier {carrier.principal.organization_id}"
    assert [(one["request_id"], one["status"], one["feature"]) for one in lost["requests"]] == [
        (request_id, "open", "")
    ]
    less = stage.ok(stage.admin, "POST", "/platform/catalogue/impact", without(catalogue, INTERNET, "bandwidth_mbps"))
    assert less["removed_features"] == [{"service_type": INTERNET, "feature": "bandwidth_mbps"}]
    assert (less["nodes"], less["filters"]) == ([], [])
    assert [(one["request_id"], one["feature"]) for one in less["requests"]] == [(request_id, "bandwidth_mbps")]
    same = stage.ok(stage.admin, "POST", "/platform/catalogue/impact", codec.dump(catalogue))
    assert [same[name] for name in ("nodes", "removed_features", "filters", "requests")] == [[], [], [], []]
    stage.close()
    admin = a_user(stage.market, Kind.PLATFORM)
    ended = stage.ok(admin, "POST", "/platform/catalogue/impact", without(catalogue, INTERNET))
    assert ended["requests"] == []
    assert stage.call(admin, "POST", "/platform/catalogue/impact", {"version": "x"}).status_code == 422
    assert stage.call(stage.buyer, "POST", "/platform/catalogue/impact", {}).status_code in {401, 403}
