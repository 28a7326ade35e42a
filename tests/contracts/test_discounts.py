"""Discounts that an award earns: in its contracts to the cent, and not granted once what they counted has returned."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from marketplace.awards.model import Award, AwardedLot, Discount, Outcome
from marketplace.bidding.offer import LinePrice
from marketplace.contracts import discounts, document, proof, rules, sheet
from marketplace.contracts.model import ContractDiscount, Presentation
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import BidId, OrganizationId, RequestId
from marketplace.wiring import Marketplace
from tests.contracts.made import Caller, Deal, award, bid, confirm, provider, publish, verified_buyer
from tests.contracts.test_document import NOON, T1, T2, VIEW, a_bid, a_document, a_presentation, an_acceptance
from tests.factories import a_user

BLUE, RED = OrganizationId("org_p"), OrganizationId("org_r")
amounts = st.decimals(min_value=0, max_value=10**9, places=2)


def an_award(*found: Discount, returned: tuple[str, ...] = ()) -> Award:
    lots = tuple(
        AwardedLot(
            ref,
            Outcome.RETURNED if ref in returned else Outcome.AWARDED,
            BLUE,
            BidId(f"bid_{ref}"),
            Decimal(total),
            "",
        )
        for ref, total in (("T1", "7220.00"), ("T2", "270.00"), ("T3", "100.00"))
    )
    return Award("awd_1", RequestId("req_1"), NOON, lots, found)


PACKAGE = Discount(BLUE, ("T1", "T2"), Decimal("100.01"), "a package of T1, T2")


@given(amounts, st.lists(amounts, min_size=1, max_size=6))
def test_a_discount_is_divided_in_proportion_and_no_cent_is_lost(amount: Decimal, totals: list[Decimal]) -> None:
    lots = tuple(f"T{number}" for number in range(len(totals)))
    shares = discounts.divided(Discount(BLUE, lots, amount, ""), dict(zip(lots, totals, strict=True)))
    assert sum(shares.values()) == amount
    whole = sum(totals)
    for lot, total in zip(lots, totals, strict=True):
        assert 0 <= shares[lot] <= amount
        if whole:
            assert abs(shares[lot] - amount * total / whole) <= Decimal("0.01")


def test_a_contract_has_its_provider_s_share_of_the_discounts_on_its_lots() -> None:
    made = an_award(PACKAGE, Discount(RED, ("T1",), Decimal(5), "another's"), Discount(BLUE, ("T3",), Decimal(1), "x"))
    (whole,) = discounts.contract_discounts(made, BLUE, ("T1", "T2"))
    assert whole == ContractDiscount("a package of T1, T2", ("T1", "T2"), Decimal("100.01"))
    (first,) = discounts.contract_discounts(made, BLUE, ("T1",))
    (second,) = discounts.contract_discounts(made, BLUE, ("T2",))
    assert (first.amount, first.elsewhere) == (Decimal("96.40"), ("T2",))
    assert (second.amount, second.elsewhere) == (Decimal("3.61"), ("T1",))


def discounted(*found: ContractDiscount) -> Presentation:
    terms = a_presentation(T1).terms
    return rules.presentation("awd_1", VIEW, (BLUE, "Blue Fiber"), terms, (T1, T2), discounts=found)


WHOLE = ContractDiscount("a package of T1, T2", ("T1", "T2"), Decimal("100.01"))


def test_the_total_is_after_discounts_and_the_prices_are_by_list() -> None:
    figures = discounted(WHOLE).figures
    assert (figures.total, figures.discount) == (Decimal("7389.99"), Decimal("100.01"))
    plain = a_presentation(T1, T2).figures
    assert (figures.monthly, figures.one_time) == (plain.monthly, plain.one_time)


def test_what_has_no_discounts_and_no_stated_access_is_hashed_as_before() -> None:
    dumped = codec.dump(a_presentation(T1, T2))
    assert not {"discounts", "revision"} & dumped.keys()
    assert "discount" not in dumped["figures"]
    assert not {"access_owner", "entrance"} & dumped["lots"][0]["lines"][0].keys()
    assert codec.load(Presentation, codec.dump(discounted(WHOLE))) == discounted(WHOLE)


def test_a_package_of_which_a_lot_returned_is_reckoned_anew() -> None:
    before = discounted(WHOLE)
    assert discounts.reckoned_anew(before, an_award(PACKAGE)) == before
    after = discounts.reckoned_anew(before, an_award())
    assert (after.discounts, after.figures.total, after.revision) == ((), Decimal("7490.00"), 1)


def test_a_made_contract_says_when_its_discount_s_condition_has_failed() -> None:
    split = discounted(replace(WHOLE, lots=("T1", "T2", "T3"), elsewhere=("T3",)))
    assert discounts.lapsed(split, ()) == ()
    (said,) = discounts.lapsed(split, ("T3",))
    assert "100.01 EUR) is not granted any more: T3 returned" in said
    assert discounts.lapsed(discounted(WHOLE), ("T3",)) == ()


def discounted_document() -> dict[str, Any]:
    made = a_document(T1, T2)
    made["discounts"] = codec.dump((replace(WHOLE, elsewhere=("T3",)),))
    made["figures"] |= {"total": "7389.99", "discount": "100.01"}
    return made


def test_the_document_holds_the_discounts_and_adds_up() -> None:
    made = discounted_document()
    assert document.verify_document(made, codec.digest(made))
    changes: tuple[dict[str, Any], ...] = ({"discounts": []}, {"figures": made["figures"] | {"total": "7490.00"}})
    for changed in changes:
        other = made | changed
        assert not document.verify_document(other, codec.digest(other))
    del made["discounts"]
    assert not document.verify_document(made, codec.digest(made))
    assert a_document(T1)["discounts"] == []


@pytest.mark.parametrize("format_", ["tenderline contract 1", "tenderline contract 2"])
def test_documents_of_earlier_formats_are_verified_and_set_as_before(format_: str) -> None:
    made = a_document(T1, T2) | {"format": format_}
    del made["discounts"]
    if format_.endswith("1"):
        for name in ("key_terms", "changes", "dates", "confirmation"):
            del made[name]
        del made["acceptance"]["changes_version"]
    assert document.verify_document(made, codec.digest(made))
    words = sheet.sheet(made, "ab" * 32, "s", b"# Terms")
    assert [lot["name"] for lot in words["lots"]] == ["T1  Site S1", "T2  Site S2"]
    total = next(fact["value"] for fact in words["agreed"] if fact["name"] == "Total")
    assert total.endswith("without optional lines.")


def test_the_paper_names_discounts_conditions_and_access_lines() -> None:
    made = discounted_document()
    stated = a_bid("T2", LinePrice("L3", Decimal("7.50"), access_owner="Cascade Fiber", entrance="north door"))
    made["lots"][1] = a_document(stated)["lots"][0]
    words = sheet.sheet(made, "ab" * 32, "s", b"# Terms")
    last = words["lots"][-1]
    assert (last["name"], last["lines"]) == ("Discounts", [])
    assert last["total"].endswith("100.01 EUR in total")
    assert "if one of these returns to the buyer, it is not granted" in last["notes"][0]
    assert words["lots"][1]["lines"][0]["notes"] == ["access line of Cascade Fiber", "entrance or route: north door"]
    assert codec.load(type(an_acceptance(a_presentation(T1))), made["acceptance"])


# ---- from the bid to the contract


PACK = [{"lots": ["T1", "T2"], "percent": "10.00"}]


def packed_bid(desk: Caller, terms_id: str, prices: dict[str, tuple[str, str]]) -> None:
    lots = [
        {"lot": lot, "lines": [{"line": line, "mrc": mrc}], "packages": PACK} for lot, (line, mrc) in prices.items()
    ]
    invitation = desk("GET", "/invitations")["items"][0]
    body = {"request_version": 1, "terms_id": terms_id, "term_months": 36, "lots": lots}
    desk("POST", f"/invitations/{invitation['id']}/bids", 201, json=body)


Play = Callable[..., Deal]


@pytest.fixture
def play(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Play:
    """Award both lots to blue, whose bids are a package, on one terms document or on one each."""

    def played(*, apart: bool, confirmed: bool = True) -> Deal:
        platform = a_user(market, Kind.PLATFORM)
        admin = Caller(client, platform)
        buyer_id = verified_buyer(market, platform)
        buyer = Caller(client, a_user(market, role=UserRole.NEGOTIATOR, organization_id=buyer_id))
        blue, terms = provider(client, market, admin, "Blue")
        red, red_terms = provider(client, market, admin, "Red")
        request_id = publish(buyer, clock)
        run_worker()
        other = {"title": "Depot agreement", "text": "# Terms of the depot"}
        second = blue("POST", "/terms", 201, json=other)["id"] if apart else terms
        packed_bid(blue, terms, {"T1": ("L1", "100.00")})
        packed_bid(blue, second, {"T2": ("L2", "50.00")})
        bid(red, red_terms, {"T1": ("L1", "900.00"), "T2": ("L2", "800.00")})
        clock.now += timedelta(days=3)
        run_worker()
        award(buyer, request_id)
        if confirmed:
            confirm(blue)
        return Deal(request_id, buyer, blue, red)

    return played


def presented(deal: Deal) -> dict[str, Any]:
    """Return the contracts that wait for the buyer, by their lots."""
    rows = deal.buyer("GET", f"/requests/{deal.request_id}/contracts")
    return {
        "+".join(row["lots"]): deal.buyer("GET", f"/contracts/{row['id']}")
        for row in rows
        if row["status"] == "presented"
    }


def accept(deal: Deal, contract: dict[str, Any], status: int = 200, shown: str | None = None) -> Any:
    body = {"sha256": contract["presentation"]["terms"]["sha256"], "accepted_terms": True, "shown_sha256": shown}
    return deal.buyer("POST", f"/contracts/{contract['id']}/acceptance", status, json=body)


def test_an_earned_package_is_in_the_presentation_the_document_and_on_paper(play: Play, client: TestClient) -> None:
    deal = play(apart=False)
    contract = presented(deal)["T1+T2"]
    shown = contract["presentation"]
    assert (shown["figures"]["total"], shown["figures"]["discount"]) == ("6480.00", "720.00")  # 36 x (100 + 2 x 50)
    (discount,) = shown["discounts"]
    assert (discount["lots"], discount["amount"], discount["elsewhere"]) == (["T1", "T2"], "720.00", [])
    accept(deal, contract, 409, "00" * 32)
    made = accept(deal, contract, shown=contract["shown_sha256"])
    path = f"/contracts/{contract['id']}/document"
    frozen = deal.blue("GET", path)
    assert (frozen["format"], frozen["discounts"], frozen["figures"]) == (
        "tenderline contract 3",
        shown["discounts"],
        shown["figures"],
    )
    assert document.verify_document(frozen, made["sha256"])
    content = client.get(f"{path}.pdf", headers=deal.buyer.who.headers).content
    assert proof.check_paper(content, None).same_pages
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert "Discounts" in text
    assert "720.00 USD" in text
    assert "6,480.00 USD" in text
    assert "720.00" not in json.dumps([deal.red("GET", where) for where in ("/invitations", "/contracts", "/notices")])


def test_a_refused_part_of_a_package_voids_the_discount_of_the_rest_and_that_has_to_be_seen(play: Play) -> None:
    deal = play(apart=True)
    both = presented(deal)
    assert {lots: one["presentation"]["figures"]["discount"] for lots, one in both.items()} == {
        "T1": "360.00",
        "T2": "360.00",
    }
    assert both["T1"]["presentation"]["discounts"][0]["elsewhere"] == ["T2"]
    deal.buyer("POST", f"/contracts/{both['T2']['id']}/refusal", json={"reason": "Not these terms."})
    alone = presented(deal)["T1"]
    assert (alone["presentation"]["revision"], alone["presentation"]["figures"]["total"]) == (1, "3600.00")
    assert "discounts" not in alone["presentation"]
    (given,) = deal.buyer("GET", f"/requests/{deal.request_id}/awards")
    assert given["discounts"] == []
    for stale in (None, both["T1"]["shown_sha256"]):
        assert accept(deal, alone, 409, stale)["type"] == "/problems/other-figures"
    made = accept(deal, alone, shown=alone["shown_sha256"])
    assert deal.buyer("GET", f"/contracts/{made['id']}/document")["figures"]["total"] == "3600.00"


def test_a_made_contract_stays_and_tells_both_that_its_condition_failed(play: Play) -> None:
    deal = play(apart=True)
    both = presented(deal)
    made = accept(deal, both["T1"])
    assert made["warnings"] == both["T1"]["warnings"]
    deal.buyer("POST", f"/contracts/{both['T2']['id']}/refusal", json={"reason": "Not these terms."})
    for side in (deal.buyer, deal.blue):
        after = side("GET", f"/contracts/{made['id']}")
        assert "is not granted any more: T2 returned to the buyer" in after["warnings"][-1]
        assert after["sha256"] == made["sha256"]
    (discount,) = deal.buyer("GET", f"/contracts/{made['id']}/document")["discounts"]
    assert (discount["amount"], discount["elsewhere"]) == ("360.00", ["T2"])


def test_a_declined_award_leaves_no_discount_behind(play: Play, run_worker: Callable[[], None]) -> None:
    deal = play(apart=True, confirmed=False)
    (given,) = deal.buyer("GET", f"/requests/{deal.request_id}/awards")
    assert [discount["amount"] for discount in given["discounts"]] == ["720.00"]
    invitation = deal.blue("GET", "/invitations")["items"][0]["id"]
    body = {"award_id": given["id"], "reason": "We can't build there."}
    deal.blue("POST", f"/invitations/{invitation}/award/declination", json=body)
    run_worker()
    assert presented(deal) == {}
    (after,) = deal.buyer("GET", f"/requests/{deal.request_id}/awards")
    assert after["discounts"] == []
