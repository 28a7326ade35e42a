from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from buyers.requests.model import Bands, Content, Line, Lot, Priority, PriorUsage
from buyers.requests.view import carrier_view
from marketplace.bidding import announcing
from marketplace.bidding.drafts.draft import Draft, DraftLine, DraftLot, OwnCost, lots_to_price
from marketplace.bidding.drafts.margin import Margin, margins
from marketplace.bidding.drafts.sheet import AskedLine
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import SignedIn, a_user, as_owner
from tests.security.made import INTERNET, Stage

PRICE = "417.31"
"""Found nowhere but in the draft."""


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


@pytest.fixture
def carrier(stage: Stage) -> SignedIn:
    carrier = stage.a_carrier()
    lines = [
        {"ref": "L1", "service_type": INTERNET, "site": "S1", "features": [{"code": "bandwidth_mbps", "value": 500}]},
        {
            "ref": "L2",
            "service_type": INTERNET,
            "site": "S1",
            "quantity": 3,
            "features": [{"code": "bandwidth_mbps", "value": 100}],
        },
    ]
    stage.publish(lines=lines)
    return carrier


def path(stage: Stage, carrier: SignedIn, what: str = "bid-draft") -> str:
    return f"/invitations/{stage.invitation(carrier)}/{what}"


def a_lot(**line: Any) -> dict[str, Any]:
    return {"lot": "T1", "lines": [{"line": "L1", "mrc": PRICE, **line}]}


def put(stage: Stage, carrier: SignedIn, revision: int, *lots: dict[str, Any]) -> Any:
    headers = {"If-Match": f'"{revision}"'}
    return stage.ok(carrier, "PUT", path(stage, carrier), {"lots": list(lots)}, headers=headers)


def upload(stage: Stage, carrier: SignedIn, content: bytes, query: str = "") -> Any:
    return stage.ok(carrier, "PUT", path(stage, carrier, f"bid-sheet{query}"), files={"file": ("bid", content)})


def test_a_draft_is_written_in_steps_and_says_what_is_missing(stage: Stage, carrier: SignedIn) -> None:
    where = path(stage, carrier)
    empty = stage.call(carrier, "GET", where)
    assert empty.headers["etag"] == '"0"'
    assert empty.json()["lots"] == [
        {"lot": "T1", "missing": ["L1", "L2"], "problems": [], "total": None, "open_ended": []}
    ]
    begun = put(stage, carrier, 0, a_lot())
    assert (begun["revision"], begun["lots"][0]["missing"], begun["lots"][0]["total"]) == (1, ["L2"], None)

    stale = stage.call(carrier, "PUT", where, {"lots": []}, headers={"If-Match": '"0"'})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-version")
    assert stage.call(carrier, "PUT", where, {"lots": []}).status_code == 428

    lot = a_lot(construction_cap="5.00")
    lot["lines"].append({"line": "L2", "mrc": "100.00", "firmness": "budgetary"})
    wrong = put(stage, carrier, 1, lot)["lots"][0]
    assert wrong["missing"] == []
    assert [problem["pointer"] for problem in wrong["problems"]] == ["/lots/0/lines/0/construction_cap"]
    del lot["lines"][0]["construction_cap"]
    done = put(stage, carrier, 2, lot)
    assert done["lots"][0]["total"] == "25823.16"  # 36 x (417.31 + 3 x 100.00)
    assert done["lots"][0]["open_ended"] == ["L2"]
    assert stage.ok(carrier, "GET", where) == done


def test_a_complete_draft_is_what_a_bid_takes(stage: Stage, carrier: SignedIn) -> None:
    lot = a_lot(taxes=[{"name": "USF", "basis": "percent", "figure": "12.5"}])
    lot["lines"].append({"line": "L2", "mrc": "100.00", "firmness": "subject to survey", "construction_cap": "50.00"})
    content = put(stage, carrier, 0, lot | {"adjustment": "-0.32", "note": "As discussed."})
    body = stage.bid_body(carrier, lots=content["content"]["lots"])
    (receipt,) = stage.ok(carrier, "POST", path(stage, carrier, "bids"), body)["receipts"]
    assert receipt["amount"] == content["lots"][0]["total"] == "27850.74"


def test_access_and_limits_go_from_the_sheet_through_the_draft_into_the_bid(stage: Stage, carrier: SignedIn) -> None:
    limits = {"capacity": {"lots": 2, "sites": None, "mbps": 10_000}, "alternative": "north"}
    put(stage, carrier, 0, a_lot() | limits | {"alternative": " north "})
    upload(stage, carrier, b"lot,line,mrc,access_owner,entrance\nT1,L1,9,Cascade  Fiber,north\nT1,L2,5,,\n")
    lots = stage.ok(carrier, "GET", path(stage, carrier))["content"]["lots"]
    assert {name: lots[0][name] for name in limits} == limits
    stage.ok(carrier, "POST", path(stage, carrier, "bids"), stage.bid_body(carrier, lots=lots))
    (sealed,) = stage.ok(carrier, "GET", path(stage, carrier, "bids"))
    assert sealed["offer"] is None
    stage.close()
    (own,) = stage.ok(carrier, "GET", path(stage, carrier, "bids"))
    assert {name: own["offer"][name] for name in limits} == limits
    first, second = own["offer"]["lines"]
    assert (first["access_owner"], first["entrance"]) == ("Cascade Fiber", "north")
    assert "access_owner" not in second


def test_own_costs_stay_with_the_draft_and_go_with_no_bid(stage: Stage, carrier: SignedIn) -> None:
    put(stage, carrier, 0, a_lot())
    done = upload(stage, carrier, b"lot,line,mrc,own_cost\nT1,L1,400,310.55\nT1,L2,100,-3\n")
    assert [(one["column"], one["new"]) for one in done["changes"]] == [("mrc", "400"), ("own_cost", "310.55")]
    assert [(one["row"], one["column"]) for one in done["bad"]] == [(3, "own_cost")]
    upload(stage, carrier, b"lot,line,mrc\nT1,L2,100\n")  # a sheet without the column leaves the costs
    draft = stage.ok(carrier, "GET", path(stage, carrier))
    assert draft["content"]["costs"] == [{"lot": "T1", "line": "L1", "monthly": "310.55"}]
    sheet = stage.call(carrier, "GET", path(stage, carrier, "bid-sheet?format=csv")).content.decode("utf-8-sig")
    assert [row.rpartition(",")[2] for row in sheet.splitlines()] == ["own_cost", "310.55", ""]
    lots = draft["content"]["lots"]
    assert "310.55" not in str(lots)
    stage.ok(carrier, "POST", path(stage, carrier, "bids"), stage.bid_body(carrier, lots=lots))
    refused = stage.call(
        carrier,
        "POST",
        path(stage, carrier, "bids"),
        stage.bid_body(carrier, lots=[lots[0] | {"own_cost": "310.55"}]),
    )
    assert refused.status_code == 422
    stage.close()
    with as_owner(stage.market) as connection:
        for table in ("market.bids", "market.lots", "kernel.journal", "market.bid_drafts"):
            rows = connection.execute(text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%310.55%'"))  # noqa: S608 - names of ours
            assert rows.scalar_one() == 0
    other = stage.a_carrier()
    assert stage.call(other, "GET", path(stage, carrier)).status_code == 404
    twice = {"lots": [], "costs": [{"lot": "T1", "line": "L1", "monthly": "1"}] * 2}
    answer = stage.call(carrier, "PUT", path(stage, carrier), twice, headers={"If-Match": "*"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/costs/1/line"]


def test_margins_are_what_prices_leave_over_costs() -> None:
    asked = [
        AskedLine("T1", ref, INTERNET, "", "", "", quantity, "must", ()) for ref, quantity in (("L1", 1), ("L2", 3))
    ]
    lines = (DraftLine("L1", Decimal(400)), DraftLine("L2", Decimal(100)), DraftLine("L9", Decimal(1)))
    costs = (OwnCost("T1", "L1", Decimal(300)), OwnCost("T1", "L2", Decimal(110)), OwnCost("T1", "L9", Decimal(1)))
    found = margins(Draft(lots=(DraftLot("T1", lines),), costs=costs), asked)
    assert found.lines == {
        ("T1", "L1"): Margin(Decimal(100), Decimal("0.25")),
        ("T1", "L2"): Margin(Decimal(-10), Decimal("-0.1")),
    }
    assert (found.whole, found.known, found.priced) == (Margin(Decimal(70), Decimal("0.1")), 2, 2)
    assert margins(Draft(lots=(DraftLot("T1", lines),)), asked).whole is None
    free = margins(Draft(lots=(DraftLot("T1", (DraftLine("L1", Decimal(0)),)),), costs=costs[:1]), asked)
    assert free.lines["T1", "L1"] == Margin(Decimal(-300), None)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [({"capacity": {"lots": 0}}, "/lots/0/capacity/lots"), ({"capacity": {"seats": 1}}, "/lots/0/capacity/seats")],
)
def test_a_limit_of_another_shape_is_refused(
    stage: Stage, carrier: SignedIn, changed: dict[str, Any], pointer: str
) -> None:
    answer = stage.call(
        carrier, "PUT", path(stage, carrier), {"lots": [a_lot() | changed]}, headers={"If-Match": '"0"'}
    )
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_draft_has_every_lot_and_line_once(stage: Stage, carrier: SignedIn) -> None:
    doubled = a_lot()
    doubled["lines"] *= 2
    for lots, pointer in (([a_lot(), a_lot()], "/lots/1/lot"), ([doubled], "/lots/0/lines/1/line")):
        answer = stage.call(carrier, "PUT", path(stage, carrier), {"lots": lots}, headers={"If-Match": '"0"'})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_lot_of_another_request_is_told(stage: Stage, carrier: SignedIn) -> None:
    checks = put(stage, carrier, 0, {"lot": "T9", "lines": []})["lots"]
    assert [check["lot"] for check in checks] == ["T1", "T9"]
    assert checks[1]["problems"] == [{"pointer": "/lots/0/lot", "message": "T9 is no lot of this request"}]


def test_nobody_else_finds_a_draft(stage: Stage, carrier: SignedIn) -> None:
    where, sheet = path(stage, carrier), path(stage, carrier, "bid-sheet")
    put(stage, carrier, 0, a_lot())
    rival = stage.a_carrier()
    stage.settle()
    for other in (rival, stage.a_carrier(filters=False)):
        for method, at in (("GET", where), ("GET", sheet), ("DELETE", where)):
            answer = stage.call(other, method, at, headers={"If-Match": "*"})
            assert answer.status_code == 404, (method, at)
        assert stage.call(other, "PUT", where, {"lots": []}, headers={"If-Match": "*"}).status_code == 404
        assert stage.call(other, "PUT", sheet, files={"file": ("bid", b"lot,line,mrc")}).status_code == 404
    assert stage.ok(rival, "GET", path(stage, rival))["content"]["lots"] == []
    for kind in (stage.buyer, stage.admin):
        assert stage.call(kind, "GET", where).status_code == 403
    colleague = a_user(stage.market, Kind.PROVIDER, UserRole.DESK, carrier.principal.organization_id)
    assert stage.ok(colleague, "GET", where)["content"]["lots"][0]["lines"][0]["mrc"] == PRICE


def test_what_is_stored_shows_no_price_and_another_carrier_s_session_no_row(stage: Stage, carrier: SignedIn) -> None:
    put(stage, carrier, 0, a_lot(), {"lot": "T9", "lines": []})
    with as_owner(stage.market) as owner:
        rows = owner.execute(text("SELECT content FROM market.bid_drafts")).scalars().all()
        events = owner.execute(text("SELECT data::text FROM kernel.journal")).scalars().all()
    assert len(rows) == 1
    assert PRICE.encode() not in bytes(rows[0])
    assert not [event for event in events if PRICE in event]
    counting = text("SELECT count(*) FROM market.bid_drafts")
    for who, found in ((carrier, 1), (stage.a_carrier(), 0)):
        with stage.market.workshop.reading(who.principal) as reading:
            assert reading.session.connection().execute(counting).scalar_one() == found


def test_a_draft_thrown_away_leaves_nothing_and_its_revisions_go_on(stage: Stage, carrier: SignedIn) -> None:
    put(stage, carrier, 0, a_lot())
    assert stage.call(carrier, "DELETE", path(stage, carrier), headers={"If-Match": '"0"'}).status_code == 412
    assert stage.call(carrier, "DELETE", path(stage, carrier), headers={"If-Match": '"1"'}).status_code == 204
    found = stage.ok(carrier, "GET", path(stage, carrier))
    assert (found["revision"], found["content"]["lots"]) == (2, [])


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_sheet_goes_out_and_comes_back(stage: Stage, carrier: SignedIn, kind: str) -> None:
    put(stage, carrier, 0, a_lot())
    out = stage.call(carrier, "GET", path(stage, carrier, f"bid-sheet?format={kind}"))
    assert out.headers["content-disposition"] == f'attachment; filename="bid-sheet.{kind}"'
    back = upload(stage, carrier, out.content)
    assert (back["changes"], back["unchanged"], back["bad"], back["revision"]) == ([], 2, [], 1)


def test_good_rows_of_a_sheet_are_kept_and_bad_ones_explained(stage: Stage, carrier: SignedIn) -> None:
    put(stage, carrier, 0, a_lot())
    content = b'lot,line,mrc,taxes\nT1,L2,100,E911 0.75 a month\nT1,L1,"1.234,50",\nT7,L1,5,\n'
    tried = upload(stage, carrier, content, "?dry_run=true")
    assert (tried["dry_run"], tried["revision"]) == (True, 1)
    assert tried["lots"][0]["total"] == "25904.16"
    assert stage.ok(carrier, "GET", path(stage, carrier))["lots"][0]["missing"] == ["L2"]

    done = upload(stage, carrier, content)
    assert {**done, "dry_run": True, "revision": 1} == tried
    assert done["revision"] == 2
    assert [(item["column"], item["old"], item["new"]) for item in done["changes"]] == [
        ("mrc", "", "100"),
        ("taxes", "", "E911 0.75 a month"),
    ]
    assert done["unknown"] == [{"row": 4, "lot": "T7", "line": "L1"}]
    (bad,) = done["bad"]
    assert (bad["row"], bad["column"], bad["value"]) == (3, "mrc", "1.234,50")
    assert "write 1234.50" in bad["message"]
    lines = stage.ok(carrier, "GET", path(stage, carrier))["content"]["lots"][0]["lines"]
    assert [(line["line"], line["mrc"]) for line in lines] == [("L1", PRICE), ("L2", "100")]


def test_a_sheet_for_an_older_draft_is_refused_when_it_says_so(stage: Stage, carrier: SignedIn) -> None:
    put(stage, carrier, 0, a_lot())
    files = {"file": ("bid.csv", b"lot,line,mrc\nT1,L1,5\n")}
    for query in ("", "?dry_run=true"):
        where = path(stage, carrier, f"bid-sheet{query}")
        assert stage.call(carrier, "PUT", where, files=files, headers={"If-Match": '"0"'}).status_code == 412


def test_a_sheet_tells_nothing_that_the_disclosure_keeps(stage: Stage, carrier: SignedIn) -> None:
    sheet = stage.call(carrier, "GET", path(stage, carrier, "bid-sheet?format=csv")).text
    assert "Albany, NY, 12207, US" in sheet
    for private in ("Canal", "Bookbinders", "Riverbend"):
        assert private not in sheet


counts = st.integers(1, 40)


@given(
    st.lists(
        st.tuples(st.sampled_from([INTERNET, "voice.x", "mobile.y"]), counts, st.booleans()), min_size=1, max_size=6
    ),
    st.lists(st.tuples(st.sampled_from(["voice.x", "mobile.y"]), st.sampled_from(["minutes", "GB"])), unique=True),
    st.decimals(min_value=0, max_value=10**6, places=3),
    st.integers(1, 3),
)
def test_a_draft_is_priced_like_the_auction_prices_the_bid(
    asked: list[tuple[str, int, bool]], used: list[tuple[str, str]], monthly: Decimal, lots: int
) -> None:
    lines = tuple(
        Line(f"L{number}", service, quantity=quantity, priority=Priority.MUST if must else Priority.NICE)
        for number, (service, quantity, must) in enumerate(asked, start=1)
    )
    content = Content(
        lines=lines,
        lots=tuple(
            Lot(f"T{one}", "", tuple(line.ref for line in lines[one - 1 :: lots][::-1])) for one in range(1, lots + 1)
        ),
        prior_usage=tuple(PriorUsage(service, unit, monthly) for service, unit in used),
        discount_rate=Decimal("0.05"),
    )
    view = codec.dump(carrier_view(1, "Buyer", content, Bands(), content.lots, catalogue_version="1"))
    assert lots_to_price(view) == tuple(announcing.to_price(content, lot.ref) for lot in content.lots)
