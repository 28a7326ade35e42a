"""Form 471 rows become requests with exact prices, and no row is lost."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests import checks
from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.rules import validate_selection
from marketplace.kernel.money import CENT
from marketplace.standards import erate
from marketplace.standards.erate import Application, ErateMapping, content_of, line_totals, map_applications, shares
from marketplace.standards.erate_rows import ErateRow
from marketplace.standards.erate_services import purpose_of

RowsOf = Callable[..., tuple[ErateRow, ...]]
BARE = "Internet access service with no circuit (data circuit to ISP state/regional network is billed separately)"
FULL = (
    "Internet access service that includes a connection from any applicant site directly to the Internet Service "
    "Provider"
)
OWN = "Data Connection between two or more sites entirely within the applicant’s network"  # noqa: RUF001 - as the form writes it
BACKBONE = (
    "Backbone circuit for consortium that provides connectivity between aggregation points or other non-user facilities"
)
NOON = datetime(2022, 1, 1, 12, tzinfo=UTC)


def site(number: int, **changes: str) -> dict[str, str]:
    return {"ros_entity_number": str(number), "ros_physical_address": f"{number} Oak St"} | changes


def product(function: str, name: str, purpose: str, **changes: str) -> dict[str, str]:
    return {
        "form_471_function_name": function,
        "form_471_product_name": name,
        "form_471_purpose_name": purpose,
    } | changes


def features(application: Application, line: int = 0) -> dict[str, Any]:
    return {wanted.code: wanted.value for wanted in application.lines[line].features}


def prices(application: Application) -> list[tuple[int, Decimal, Decimal]]:
    quantity = {line.ref: line.quantity for line in application.lines}
    return [(quantity[one.line], one.mrc, one.nrc) for bid in application.winning for one in bid.lines]


def test_a_row_is_a_line_at_an_exact_site_with_its_winner(rows_of: RowsOf, catalogue: Catalogue) -> None:
    mapping = map_applications(rows_of({}), catalogue)
    (application,) = mapping.applications
    assert (application.buyer.name, application.buyer.kind) == ("Elm Grove Library", "library")
    (place,) = application.sites
    assert (place.label, place.place.street, place.place.postal_code) == ("elm grove main", "1 Elm St", "07060")
    assert (place.place.latitude, place.place.longitude) == (Decimal("40.5"), Decimal("-74.25"))
    (line,) = application.lines
    assert line.service_type == "data.ethernet-virtual-private-line"
    assert features(application) == {"bandwidth_mbps": Decimal(1000), "medium": "fibre", "purpose": "transport-to-isp"}
    assert line.note.startswith("Data connection(s) for an applicant’s hub site")  # noqa: RUF001 - as the form writes it
    (bid,) = application.winning
    assert (bid.spin, bid.spin_name, bid.lots) == ("143000001", "Blue Fiber LLC", ("T1",))
    assert (bid.lines[0].mrc, bid.lines[0].months) == (Decimal(1000), 12)
    assert [provider.spin for provider in mapping.providers] == ["143000001"]


def test_a_request_can_be_published_as_it_is_and_names_nobody(rows_of: RowsOf, catalogue: Catalogue) -> None:
    rows = rows_of({}, site(502, spin_number="143000002", form_471_line_item_number="2299000001.002"))
    (application,) = map_applications(rows, catalogue).applications
    content = content_of(application, {"S1": "site_abc", "S2": "site_def"})
    assert [one.site_id for one in content.sites] == ["site_abc", "site_def"]
    texts = [content.title, content.description, *(lot.name for lot in content.lots)]
    texts += [line.note for line in content.lines]
    for secret in ("Elm Grove", "221000001", "2299000001", "Blue Fiber", "143000001"):
        assert not [text for text in texts if secret in text]
    assert [error.pointer for error in checks.check_submission(content, catalogue, NOON)] == ["/schedule/closes_at"]


def test_a_line_item_at_several_sites_is_shared_out_to_the_cent(rows_of: RowsOf, catalogue: Catalogue) -> None:
    change = {
        "total_monthly_cost": "50",
        "monthly_quantity": "2",
        "total_one_time_cost": "10",
        "one_time_quantity": "1",
    }
    rows = rows_of(*(change | site(number) for number in (501, 502, 503)))
    (application,) = map_applications(rows, catalogue).applications
    assert prices(application) == [
        (1, Decimal("33.34"), Decimal("3.34")),
        (1, Decimal("33.33"), Decimal("3.33")),
        (1, Decimal("33.33"), Decimal("3.33")),
    ]
    assert sum(line_totals(application).values()) == 100 * 12 + 10


def test_units_that_divide_over_the_sites_are_the_quantity(rows_of: RowsOf, catalogue: Catalogue) -> None:
    change = {
        "total_monthly_cost": "50",
        "monthly_quantity": "4",
        "total_one_time_cost": "10",
        "one_time_quantity": "2",
    }
    (application,) = map_applications(rows_of(change | site(501), change | site(502)), catalogue).applications
    assert prices(application) == [(2, Decimal(50), Decimal(5)), (2, Decimal(50), Decimal(5))]


def test_units_whose_one_time_cost_does_not_divide_are_one_line(rows_of: RowsOf, catalogue: Catalogue) -> None:
    change = {"monthly_quantity": "2", "total_one_time_cost": "10.01", "one_time_quantity": "1"}
    (application,) = map_applications(rows_of(change), catalogue).applications
    assert prices(application) == [(1, Decimal(2000), Decimal("10.01"))]
    assert "2 units at this site" in application.lines[0].note


@given(
    total=st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False),
    count=st.integers(min_value=1, max_value=500),
)
def test_shares_sum_up_and_differ_by_a_cent_at_most(total: Decimal, count: int) -> None:
    parts = shares(total, count)
    assert len(parts) == count
    assert abs(sum(parts) - total) <= CENT / 2
    assert max(parts) - min(parts) <= CENT


def test_every_lot_is_one_winner_at_one_site(rows_of: RowsOf, catalogue: Catalogue) -> None:
    rows = rows_of(
        site(501),
        site(501, form_471_line_item_number="2299000001.002"),
        site(501, form_471_line_item_number="2299000001.003", spin_number="143000002", spin_name="NA"),
        site(502),
    )
    (application,) = map_applications(rows, catalogue).applications
    assert [(lot.name, lot.lines) for lot in application.lots] == [
        ("S1", ("L1", "L2")),
        ("S1 part 2", ("L3",)),
        ("S2", ("L4",)),
    ]
    assert {bid.spin_name: bid.lots for bid in application.winning} == {
        "Blue Fiber LLC": ("T1", "T3"),
        "SPIN 143000002": ("T2",),
    }


def test_sites_without_a_number_are_told_apart_by_address(rows_of: RowsOf, catalogue: Catalogue) -> None:
    items = [{"form_471_line_item_number": f"1.{number}", "ros_entity_number": "NA"} for number in range(3)]
    rows = rows_of(items[0], items[1] | {"ros_physical_address": "1 ELM ST"}, items[2] | {"ros_physical_address": "2"})
    (application,) = map_applications(rows, catalogue).applications
    assert [line.site for line in application.lines] == ["S1", "S1", "S2"]


@pytest.mark.parametrize(
    ("change", "service_type", "expected"),
    [
        (product("Fiber", "Ethernet", BARE), "data.dedicated-internet-access", {"purpose": "internet-access"}),
        (product("Fiber", "Ethernet", FULL), "data.dedicated-internet-access", {"bandwidth_up_mbps": Decimal(1000)}),
        (product("Fiber", "MPLS", OWN), "data.mpls-vpn", {"purpose": "private-network"}),
        (product("Other", "Other", BARE), "data.ip-transit", {"bandwidth_mbps": Decimal(1000)}),
        (product("Other", "Other", FULL), "data.dedicated-internet-access", {}),
        (product("Wireless", "NA", OWN), "data.ethernet-virtual-private-line", {"medium": "fixed-wireless"}),
        (product("Fiber", "Dark Fiber IRU (No Special Construction)", OWN), "data.dark-fibre", {"tenure": "iru"}),
        (product("Fiber", "Leased Dark Fiber", OWN), "data.dark-fibre", {"tenure": "lease"}),
        (product("Copper", "Cable Modem", BACKBONE), "data.broadband", {"medium": "coax", "purpose": "backbone"}),
        (product("Copper", "T-1", OWN), "data.ethernet-private-line", {"medium": "copper"}),
        (product("Fiber", "OC-12", FULL), "data.dedicated-internet-access", {"medium": "fibre"}),
        (product("Wireless", "Satellite Service", FULL), "data.broadband", {"medium": "satellite"}),
        (product("Wireless", "Wireless data service", FULL), "mobile.fixed-wireless", {}),
        (
            product("Wireless", "Data plan/Air Card", FULL, download_speed="NA", monthly_quantity="7"),
            "mobile.voice-and-data-plan",
            {"sims": Decimal(7)},
        ),
        (product("Voice Services", "PRI", "NA"), "voice.pri", {}),
        (
            product("Voice Services", "Hosted VoIP", "NA", download_speed="NA", monthly_quantity="30"),
            "voice.ucaas-seat",
            {"seats": Decimal(30)},
        ),
        (product("Voice Services", "Local Phone Service", "NA", monthly_quantity="3"), "voice.local", {"lines": 3}),
        (product("Voice Services", "Long Distance", "NA"), "voice.complete-calling-package", {}),
    ],
)
def test_products_are_service_types(
    rows_of: RowsOf, catalogue: Catalogue, change: dict[str, str], service_type: str, expected: dict[str, Any]
) -> None:
    mapping = map_applications(rows_of(change), catalogue)
    assert mapping.unmapped == ()
    (application,) = mapping.applications
    assert application.lines[0].service_type == service_type
    assert features(application).items() >= expected.items()


def test_units_counted_in_a_feature_are_no_quantity(rows_of: RowsOf, catalogue: Catalogue) -> None:
    change = product("Voice", "Hosted VoIP", "NA", monthly_quantity="30", total_monthly_cost="20")
    (application,) = map_applications(rows_of(change), catalogue).applications
    assert prices(application) == [(1, Decimal(600), Decimal(0))]


def test_speeds_that_the_service_type_does_not_take_are_in_the_note(rows_of: RowsOf, catalogue: Catalogue) -> None:
    change = {"download_speed": "100", "form_471_download_speed_unit_name": "Mbps", "upload_speed": "20"}
    (application,) = map_applications(rows_of(change), catalogue).applications
    assert features(application)["bandwidth_mbps"] == Decimal(100)
    assert "Upload 20 Gbps" in application.lines[0].note
    (fibre,) = map_applications(rows_of(product("Fiber", "Dark Fiber", OWN)), catalogue).applications
    assert "Download 1 Gbps" in fibre.lines[0].note


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"application_number": "NA"}, "no application number"),
        ({"form_471_line_item_number": "NA"}, "no line item number"),
        ({"organization_name": "NA"}, "no buyer"),
        ({"spin_number": "NA"}, "no provider"),
        (product("Fiber", "Self-provisioned Fiber", OWN, spin_number="NA"), "no provider (a self-provisioned network)"),
        ({"total_monthly_cost": "0"}, "no price: neither a monthly nor a one-time cost"),
        ({"total_monthly_cost": "NA"}, "no price: neither a monthly nor a one-time cost"),
        ({"total_monthly_cost": "-1"}, "a negative price, quantity or term"),
        ({"months_of_service": "NA"}, "no months of service"),
        ({"ros_physical_city": "NA", "ros_physical_state": "NA", "ros_physical_zipcode": "NA"}, "no site: "),
        ({"ros_entity_number": "NA", "ros_physical_address": "NA"}, "no site: "),
        ({"form_471_product_name": "Carrier pigeon"}, "unknown product 'Carrier pigeon' of 'Fiber'"),
        (product("Other", "Other", "NA"), "neither function nor product nor purpose says"),
        ({"download_speed": "NA"}, "data.ethernet-virtual-private-line: bandwidth_mbps (Bandwidth) is missing"),
        ({"form_471_service_type_name": "Internal Connections"}, "equipment or upkeep (internal connections)"),
        (product("Cabling/Connectors", "Cabling", "NA"), "equipment or upkeep (cabling)"),
    ],
)
def test_what_cannot_be_mapped_is_listed_with_its_reason(
    rows_of: RowsOf, catalogue: Catalogue, change: dict[str, str], reason: str
) -> None:
    mapping = map_applications(rows_of(change), catalogue)
    assert mapping.applications == ()
    (unmapped,) = mapping.unmapped
    assert (unmapped.row, unmapped.line) == (1, 2)
    assert unmapped.reason.startswith(reason)


def test_contradicting_and_doubled_rows_are_unmapped(rows_of: RowsOf, catalogue: Catalogue) -> None:
    rows = rows_of(
        site(501),
        site(501),
        site(502, form_471_line_item_number="2"),
        site(503, form_471_line_item_number="2", total_monthly_cost="999"),
        site(504, form_471_line_item_number="3", billed_entity_number="9002"),
    )
    mapping = map_applications(rows, catalogue)
    assert mapping.applications[0].rows == (1,)
    assert {one.row: one.reason for one in mapping.unmapped} == {
        2: "the same line item at the same site as row 1",
        3: "the rows of line item 2 contradict each other about winner or price",
        4: "the rows of line item 2 contradict each other about winner or price",
        5: "another buyer than in row 1 of the same application",
    }


def test_one_row_that_contradicts_most_of_its_line_item_is_left_out_alone(
    rows_of: RowsOf, catalogue: Catalogue
) -> None:
    rows = rows_of(site(501), site(502), site(503, spin_number="143000002"), site(504, spin_number="NA"), site(505))
    mapping = map_applications(rows, catalogue)
    assert mapping.applications[0].rows == (1, 2, 5)
    assert {one.row: one.reason for one in mapping.unmapped} == {
        3: "contradicts most rows of line item 2299000001.001 about spin_number",
        4: "no provider",
    }


def test_a_line_item_keeps_its_total_when_one_of_its_rows_is_unmapped(rows_of: RowsOf, catalogue: Catalogue) -> None:
    rows = rows_of(site(501), site(502, ros_entity_number="NA", ros_physical_address="NA"))
    (application,) = map_applications(rows, catalogue).applications
    assert sum(line_totals(application).values()) == 12_000


def test_purposes_are_choices_of_the_catalogue(catalogue: Catalogue) -> None:
    kind = catalogue.service_type("data.mpls-vpn")
    purpose = kind.feature("purpose") if kind else None
    assert purpose is not None
    found = [purpose_of(sentence) for sentence in (BARE, FULL, OWN, BACKBONE, "Voice", "Applicant owned fiber network")]
    assert found == ["internet-access", "internet-access", "private-network", "backbone", "voice", "other"]
    assert set(found) <= set(purpose.choices)
    assert purpose_of(None) == ""


def test_limits_are_those_of_requests() -> None:
    assert (erate.SITE_LIMIT, erate.LINE_LIMIT) == (checks.SITE_LIMIT, checks.LINE_LIMIT)


def test_the_published_file_maps_without_losing_a_row(
    published_rows: tuple[ErateRow, ...], published: ErateMapping
) -> None:
    mapped = [number for application in published.applications for number in application.rows]
    assert (len(published_rows), len(published.applications)) == (2404, 172)
    everywhere = Counter(mapped) + Counter(row.row for row in published.unmapped)
    assert everywhere == Counter(range(1, len(published_rows) + 1))
    assert [row.reason for row in published.unmapped] == []
    for application in published.applications:
        assert len(application.rows) == len(application.lines)


def test_every_published_request_passes_the_checks_of_requests(published: ErateMapping, catalogue: Catalogue) -> None:
    for application in published.applications:
        content = content_of(application)
        assert [error.pointer for error in checks.check_submission(content, catalogue, NOON)] == ["/schedule/closes_at"]
        for line in content.lines:
            values = {wanted.code: wanted.value for wanted in line.features}
            assert validate_selection(catalogue, line.service_type, values, pointer="")[1] == ()
        winners = [ref for bid in application.winning for ref in bid.lots]
        assert sorted(winners) == sorted(lot.ref for lot in application.lots)


def test_published_costs_are_met_to_the_cent(published_rows: tuple[ErateRow, ...], published: ErateMapping) -> None:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for application in published.applications:
        for item, total in zip(application.line_items, line_totals(application).values(), strict=True):
            totals[item] += total
    stated, computed = {}, {}
    for row in published_rows:
        item = row.form_471_line_item_number or ""
        stated[item] = row.pre_discount_extended_eligible_line_item_costs or Decimal(0)
        months = (row.total_monthly_cost or 0) * (row.monthly_quantity or 0) * (row.months_of_service or 0)
        computed[item] = months + (row.total_one_time_cost or 0) * (row.one_time_quantity or 0)
    assert totals == computed
    # The form's own total leaves out costs that are not eligible: these line items cost more than it says.
    exceptions = [item for item, total in totals.items() if total != stated[item]]
    assert len(totals) == 1163
    assert len(exceptions) == 23
    assert all(totals[item] > stated[item] for item in exceptions)
