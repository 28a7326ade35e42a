import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.awards.model import Award, AwardedLot, Outcome
from marketplace.bidding.offer import (
    Basis,
    FeatureAnswer,
    Firmness,
    Fit,
    LinePrice,
    LineToPrice,
    LotToPrice,
    Offer,
    Surcharge,
)
from marketplace.bidding.opened import OpenedOffer
from marketplace.contracts import document, rules
from marketplace.contracts.model import (
    Acceptance,
    Contract,
    ContractStatus,
    Presentation,
    PresentedTerms,
    ProviderConfirmation,
)
from marketplace.kernel import codec
from marketplace.kernel.access import UserRole
from marketplace.kernel.ids import BidId, InvitationId, OrganizationId, RequestId, UserId

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
TERMS = PresentedTerms("terms_1", "Master agreement", 3, "ab" * 32)
TEXT = "# Master agreement\n\nBe kind."
VIEW: dict[str, Any] = {
    "version": 2,
    "pseudonym": "Buyer K7-204",
    "term_months": 36,
    "billing": {"currency": "EUR"},
    "lines": [
        {"ref": "L1", "service_type": "data.dia", "site": "S1", "quantity": 2, "priority": "must"},
        {"ref": "L2", "service_type": "data.dia", "site": "S1", "quantity": 1, "priority": "nice"},
        {"ref": "L3", "service_type": "data.dia", "site": "S2", "quantity": 1, "priority": "nice"},
    ],
    "lots": [
        {"ref": "T1", "name": "Site S1", "lines": ["L1", "L2"]},
        {"ref": "T2", "name": "Site S2", "lines": ["L3"]},
    ],
}
IDENTITY: dict[str, Any] = {
    "buyer": {"name": "Northwind Orchards"},
    "purchase_order": "PO-7",
    "sites": [{"ref": "S1", "place": {"street": "1 Pine St"}}, {"ref": "S2", "place": {"street": "9 Oak Ave"}}],
}


def a_bid(
    lot: str, *prices: LinePrice, terms_id: str = "terms_1", version: int = 2, bid_id: str | None = None
) -> OpenedOffer:
    lines = tuple(
        LineToPrice(line["ref"], line["service_type"], line["quantity"], line["priority"] == "must")
        for line in VIEW["lines"]
        if any(item["ref"] == lot and line["ref"] in item["lines"] for item in VIEW["lots"])
    )
    offer = Offer(lot, prices, 36, None, terms_id, TERMS.sha256)
    to_price = LotToPrice(lot, lines, 36, Decimal(0))
    return OpenedOffer(BidId(bid_id or f"bid_{lot}"), 1, version, NOON, "cd" * 32, to_price, offer)


T1 = a_bid(
    "T1",
    LinePrice("L1", Decimal("100.00"), Decimal("10.00"), install_days=30, answers=(FeatureAnswer("sla", Fit.MEETS),)),
    LinePrice("L2", Decimal("5.00"), install_days=90),
)
T2 = a_bid("T2", LinePrice("L3", Decimal("7.50")))


def a_presentation(*bids: OpenedOffer) -> Presentation:
    return rules.presentation("awd_1", VIEW, (OrganizationId("org_p"), "Blue Fiber"), TERMS, bids)


def an_acceptance(presentation: Presentation) -> Acceptance:
    shown = document.shown(presentation, TEXT)
    return Acceptance(UserId("usr_1"), "Dana Whitfield", UserRole.NEGOTIATOR, NOON, TERMS.sha256, shown)


def a_document(*bids: OpenedOffer) -> dict[str, Any]:
    presentation = a_presentation(*bids)
    made = document.contract_document(
        "con_1",
        presentation,
        an_acceptance(presentation),
        document.Surroundings(
            awarded_at=NOON,
            presented_at=NOON,
            identity=IDENTITY,
            view=VIEW,
            confirmation=ProviderConfirmation(UserId("usr_2"), "Sam Reed", NOON),
        ),
    )
    return dict(codec.parse(codec.canonical(made)))  # shares nothing with the values that it was built from


def test_the_figures_leave_optional_lines_out_and_multiply_by_quantities() -> None:
    figures = a_presentation(T1).figures
    assert (figures.monthly, figures.one_time) == (Decimal("200.00"), Decimal("20.00"))
    assert figures.total == Decimal("7220.00")  # 2 x 10.00 once + 2 x 100.00 x 36
    assert (figures.currency, figures.term_months, figures.slowest_install_days) == ("EUR", 36, 30)
    assert [line.optional for line in a_presentation(T1).lots[0].lines] == [False, True]


def test_a_lot_of_nothing_but_wishes_counts_in_full() -> None:
    presentation = a_presentation(T2)
    assert not presentation.lots[0].lines[0].optional
    assert presentation.figures.total == Decimal("270.00")
    assert presentation.figures.slowest_install_days is None


def test_the_document_names_exactly_the_sites_of_its_lots() -> None:
    assert [site["ref"] for site in a_document(T1)["request"]["sites"]] == ["S1"]
    assert [site["ref"] for site in a_document(T1, T2)["request"]["sites"]] == ["S1", "S2"]


def test_the_document_holds_taxes_firmness_caps_and_the_adjustment() -> None:
    taxes = (Surcharge("USF", Basis.PERCENT, Decimal("12.5")),)
    price = LinePrice("L3", Decimal("7.50"), taxes=taxes, firmness=Firmness.BUDGETARY)
    bid = a_bid("T2", replace(price, construction_cap=Decimal("90.00")))
    (lot,) = a_document(replace(bid, offer=replace(bid.offer, adjustment=Decimal("-3.75"))))["lots"]
    (line,) = lot["lines"]
    assert line["taxes"] == [{"name": "USF", "basis": "percent", "figure": "12.5"}]
    assert (line["firmness"], line["construction_cap"]) == ("budgetary", "90.00")
    assert (lot["adjustment"], lot["total"], lot["open_ended"]) == ("-3.75", "390.00", [])
    assert a_document(a_bid("T2", price))["lots"][0]["open_ended"] == ["L3"]


def test_a_presentation_from_before_there_were_taxes_is_read() -> None:
    stored = codec.dump(a_presentation(T1))
    del stored["key_terms"], stored["accepted_before"], stored["terms"]["media_type"], stored["terms"]["pages"]
    for lot in stored["lots"]:
        for name in ("adjustment", "open_ended", "packages", "volume"):
            del lot[name]
        for line in lot["lines"]:
            for name in ("taxes", "firmness", "construction_cap"):
                del line[name]
    assert codec.load(Presentation, stored) == a_presentation(T1)


def test_the_document_holds_prices_terms_parties_and_evidence() -> None:
    made = a_document(T1)
    assert made["parties"] == {
        "buyer": {"name": "Northwind Orchards"},
        "provider": {"id": "org_p", "name": "Blue Fiber"},
    }
    assert made["lots"][0]["lines"][0]["mrc"] == "100.00"
    assert made["lots"][0]["bid_commitment"] == "cd" * 32
    assert made["terms"]["sha256"] == made["acceptance"]["terms_sha256"] == TERMS.sha256
    assert made["acceptance"]["full_name"] == "Dana Whitfield"
    assert made["request"]["view"] == VIEW


def test_a_document_is_verified_by_its_hash_after_any_json_reader() -> None:
    made = a_document(T1, T2)
    sha256 = codec.digest(made)
    assert document.verify_document(json.loads(json.dumps(made, indent=2)), sha256)
    others: tuple[object, ...] = (made | {"format": "another"}, {}, [], None, 1.5)
    for other in others:
        assert not document.verify_document(other, sha256)
    assert not document.verify_document({}, codec.digest({}))


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [path]


@given(
    st.sampled_from(leaves(a_document(T1, T2))),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
)
def test_no_value_of_a_contract_can_be_changed_unseen(path: tuple[Any, ...], value: object) -> None:
    made = a_document(T1, T2)
    sha256 = codec.digest(made)
    *parents, last = path
    place: Any = made
    for part in parents:
        place = place[part]
    before = place[last]
    place[last] = value
    same = type(before) is type(value) and before == value
    assert document.verify_document(made, sha256) == same


def test_a_document_that_accepts_other_terms_is_none_of_ours_even_with_its_own_hash() -> None:
    made = a_document(T1)
    made["acceptance"]["terms_sha256"] = "00" * 32
    assert not document.verify_document(made, codec.digest(made))


def test_what_was_shown_changes_with_a_price_and_with_a_letter_of_the_terms() -> None:
    presentation = a_presentation(T1)
    dearer = a_presentation(a_bid("T1", LinePrice("L1", Decimal("100.01"), Decimal("10.00"))))
    hashes = {
        document.shown(presentation, TEXT),
        document.shown(dearer, TEXT),
        document.shown(presentation, TEXT + "."),
    }
    assert len(hashes) == 3


def test_terms_are_presented_once_for_each_provider_document_and_version() -> None:
    def won(lot: str, provider: str) -> AwardedLot:
        return AwardedLot(lot, Outcome.AWARDED, OrganizationId(provider), BidId(f"b{lot}"), Decimal(1), "")

    opened = {
        BidId("bT1"): a_bid("T1"),
        BidId("bT2"): a_bid("T2", terms_id="terms_2"),
        BidId("bT3"): a_bid("T3"),
        BidId("bT10"): a_bid("T10"),
    }
    lots = (
        won("T10", "org_p"),
        won("T1", "org_p"),
        won("T2", "org_p"),
        won("T3", "org_q"),
        AwardedLot("T4", Outcome.NOT_AWARDED, None, None, None, "too dear"),
    )
    bound = rules.bound_lots(Award("awd_1", RequestId("req_1"), NOON, lots), opened)
    assert {key: [lot.lot for lot in group] for key, group in bound.items()} == {
        ("org_p", "terms_1", 2): ["T1", "T10"],
        ("org_p", "terms_2", 2): ["T2"],
        ("org_q", "terms_1", 2): ["T3"],
    }


def test_only_the_presented_terms_can_be_accepted_and_only_once() -> None:
    contract = Contract("con_1", RequestId("req_1"), InvitationId("inv_1"), a_presentation(T1), NOON)
    rules.check_acceptance(contract, TERMS.sha256, None, None)
    with pytest.raises(rules.OtherTermsError):
        rules.check_acceptance(contract, "00" * 32, None, None)
    for status in (ContractStatus.ACCEPTED, ContractStatus.REFUSED):
        with pytest.raises(rules.TermsDecidedError):
            rules.check_acceptance(replace(contract, status=status), TERMS.sha256, None, None)
