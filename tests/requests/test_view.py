import types
import typing
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.auction import AuctionChoice
from buyers.requests.model import (
    Band,
    Bands,
    BillingPreferences,
    Content,
    Disclosure,
    Line,
    ListMode,
    Lot,
    Place,
    PriorUsage,
    ProviderList,
    Schedule,
    Site,
    WantedFeature,
)
from buyers.requests.view import CarrierView, carrier_view
from marketplace.kernel import codec
from marketplace.kernel.ids import OrganizationId

SEEN_BY_CARRIERS = {
    "pseudonym",
    "version",
    "catalogue_version",
    "title",
    "description",
    "term_months",
    "start_date",
    "discount_rate",
    "disclosure",
    "sites/ref",
    "sites/place/country",
    "sites/place/state",
    "sites/place/city",
    "sites/place/postal_code",
    "sites/place/street",
    "sites/place/latitude",
    "sites/place/longitude",
    "lines/ref",
    "lines/service_type",
    "lines/site",
    "lines/quantity",
    "lines/features/code",
    "lines/features/value",
    "lines/features/priority",
    "lines/priority",
    "lines/note",
    "lots/ref",
    "lots/name",
    "lots/lines",
    "billing/currency",
    "billing/period",
    "billing/consolidated",
    "billing/payment_days",
    "billing/invoice_format",
    "billing/tax_exempt",
    "prior_usage/service_type",
    "prior_usage/unit",
    "prior_usage/monthly_quantity",
    "bands/industry",
    "bands/size",
    "bands/region",
    "schedule/opens_at",
    "schedule/closes_at",
    "schedule/award_planned_on",
    "attachments/ref",
    "attachments/name",
    "attachments/media_type",
    "attachments/size",
    "attachments/sha256",
    "auction/format",
    "auction/ceiling",
    "auction/decrement",
    "auction/decrement_percent",
    "auction/base",
    "auction/min_bidders",
    "auction/visibility",
    "auction/decrement_steps/down_to",
    "auction/decrement_steps/value",
    "auction/lead_buffer",
    "auction/largest_change",
    "auction/largest_change_percent",
    "auction/ties",
    "auction/proxy",
    "auction/soft_close/window_seconds",
    "auction/soft_close/extension_seconds",
    "auction/soft_close/trigger_rank",
    "auction/soft_close/base",
    "auction/soft_close/most_extensions",
    "auction/soft_close/hard_stop_minutes",
    "auction/scoring/criteria/code",
    "auction/scoring/criteria/answers/code",
    "auction/scoring/criteria/answers/malus",
    "auction/scoring/kind",
    "auction/scoring/price_points",
    "auction/disclosed",
    "auction/starting_gate",
    "auction/longest_outage_seconds",
    "auction/dutch/start",
    "auction/dutch/step",
    "auction/dutch/seconds",
    "auction/dutch/winners",
    "auction/japanese/start",
    "auction/japanese/seconds",
    "auction/japanese/step",
    "auction/japanese/prices",
    "auction/japanese/stop_at",
    "auction/japanese/target",
    "auction/turns/rounds",
    "auction/turns/first_pause_seconds",
    "auction/turns/pause_seconds",
    "auction/turns/turn_seconds",
    "auction/final_offers/may_not_worsen",
    "auction/arrangement/kind",
    "auction/arrangement/minutes",
    "auction/results_together",
    "auction/rules",
}

PLACE = Place("US", "CT", "Waterbury", "06702", "1060 Clarkson Avenue", Decimal("41.5582"), Decimal("-73.0515"))
CONTENT = Content(
    title="Internet access",
    description="Two sites",
    sites=(Site("S1", "site_secret", PLACE),),
    lines=(
        Line("L1", "data.internet", "S1", 2, (WantedFeature("bandwidth_mbps", Decimal(500)),), note="to the attic"),
    ),
    lots=(Lot("T1", "All", ("L1",)),),
    billing=BillingPreferences(purchase_order="PO-SECRET"),
    prior_usage=(PriorUsage("data.internet", "GB", Decimal(10), Decimal(999), "Carrier X", date(2027, 1, 1)),),
    provider_list=ProviderList(ListMode.ONLY, (OrganizationId("org_secret"),)),
    disclosed_bands=(Band.SIZE,),
    schedule=Schedule(datetime(2027, 1, 1, tzinfo=UTC)),
    auction=AuctionChoice(ceiling=Decimal(100)),
)
BANDS = Bands("P", "50-249", "Northeast")


def paths(kind: object, path: str = "") -> set[str]:
    if isinstance(kind, type) and is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return set().union(*(paths(hints[member.name], f"{path}/{member.name}") for member in fields(kind)))
    arguments = [argument for argument in typing.get_args(kind) if argument not in {Ellipsis, types.NoneType}]
    if typing.get_origin(kind) in {tuple, typing.Union, types.UnionType}:
        return set().union(*(paths(argument, path) for argument in arguments))
    assert not arguments, f"{path} holds {kind}: say here how to walk it"
    return {path.removeprefix("/")}


def seen(content: Content) -> bytes:
    view = carrier_view(1, "Buyer K7-204", content, BANDS, content.lots, catalogue_version="2026.1")
    return codec.canonical(codec.dump(view))


def place_at(disclosure: Disclosure) -> object:
    content = replace(CONTENT, disclosure=disclosure)
    return carrier_view(1, "", content, BANDS, (), catalogue_version="").sites[0].place


def test_carriers_see_the_listed_fields_and_no_other() -> None:
    assert paths(CarrierView) == SEEN_BY_CARRIERS


def test_a_place_is_shown_as_far_as_the_disclosure_level_goes() -> None:
    shown = {
        level: {
            name for name in ("street", "postal_code", "city", "state", "country") if getattr(place_at(level), name)
        }
        for level in Disclosure
    }
    city = {"city", "state", "country"}
    assert shown[Disclosure.CITY] == city
    assert shown[Disclosure.POSTAL_CODE] == city | {"postal_code"}
    assert shown[Disclosure.BUILDING] == shown[Disclosure.EXACT] == city | {"postal_code", "street"}


@pytest.mark.parametrize("level", Disclosure)
def test_coordinates_are_shown_at_the_exact_level_only(level: Disclosure) -> None:
    place = place_at(level)
    degrees = (getattr(place, "latitude", "missing"), getattr(place, "longitude", "missing"))
    exact = (PLACE.latitude, PLACE.longitude)
    assert degrees == (exact if level is Disclosure.EXACT else (None, None))


def test_only_ticked_bands_are_shown() -> None:
    shown = carrier_view(1, "", CONTENT, BANDS, (), catalogue_version="").bands
    assert (shown.industry, shown.size, shown.region) == ("", "50-249", "")


def test_no_private_value_is_anywhere_in_the_view() -> None:
    text = seen(CONTENT).decode()
    for secret in ("site_secret", "PO-SECRET", "999", "Carrier X", '2027-01-01"', "org_secret", "Clarkson", "41.55"):
        assert secret not in text


words = st.text(max_size=12)
degrees = st.none() | st.decimals(-90, 90, places=6)


@st.composite
def another_buyer(draw: st.DrawFn) -> Content:
    """The same request of somebody else: all that differs is private."""
    disclosure = draw(st.sampled_from([Disclosure.BUILDING, Disclosure.POSTAL_CODE, Disclosure.CITY]))
    place = replace(PLACE, latitude=draw(degrees), longitude=draw(degrees))
    if disclosure is not Disclosure.BUILDING:
        place = replace(place, street=draw(words))
    if disclosure is Disclosure.CITY:
        place = replace(place, postal_code=draw(words))
    usage = replace(
        CONTENT.prior_usage[0],
        provider=draw(words),
        monthly_spend=draw(st.none() | st.decimals(0, 10**6, places=2)),
        contract_end=draw(st.none() | st.dates()),
    )
    return replace(
        CONTENT,
        disclosure=disclosure,
        sites=(Site("S1", draw(words), place),),
        billing=replace(CONTENT.billing, purchase_order=draw(words)),
        prior_usage=(usage,),
        provider_list=ProviderList(
            draw(st.sampled_from(ListMode)),
            tuple(OrganizationId(name) for name in draw(st.lists(words, max_size=3))),
            draw(st.booleans()),
            draw(st.booleans()),
        ),
    )


@given(another_buyer())
def test_two_requests_that_differ_in_private_fields_only_are_the_same_bytes(other: Content) -> None:
    assert seen(other) == seen(replace(CONTENT, disclosure=other.disclosure))
