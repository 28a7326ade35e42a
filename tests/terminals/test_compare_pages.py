"""The comparison of many lots: small pages, filters that count, sorts, and a choice that goes to the award by name."""

import gzip
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.model import Content, Line, Lot, Place, Site
from marketplace.awards import rules
from marketplace.awards.model import ComparedLot, Comparison
from marketplace.kernel import ids
from marketplace.kernel.ids import BidId
from marketplace.terminals.browser import Preferences
from marketplace.terminals.buyer import compare_model as model
from marketplace.terminals.buyer import compare_view as view
from marketplace.terminals.buyer.award_selection import NO_BID
from marketplace.terminals.buyer.compare_model import Query
from marketplace.terminals.rendering import render
from tests.awards.offers import an_offer

STATES = ("NY", "NJ", "WA")
MOST_BYTES = 60_000


def a_sheet(lots: int, carriers: int, *, served: float = 1.0) -> view.Sheet:
    """Return a comparison of closed lots in three states; each carrier bids on a share of them."""
    chance = random.Random(lots * 100 + carriers)  # noqa: S311 - the same comparison each time
    refs = [f"T{number}" for number in range(1, lots + 1)]
    providers = [ids.new("prv") for _ in range(carriers)]
    compared = []
    for ref in refs:
        bids = [
            an_offer(one, ref, Decimal(chance.randint(1_000_000, 2_000_000)) / 100, provider_name=f"Carrier {one[-4:]}")
            for one in providers
            if chance.random() < served
        ]
        bids = [replace(bid, bid_id=BidId(ids.new("bid"))) for bid in bids]
        compared.append(rules.with_distances(ComparedLot(ref, "closed", rules.in_order(bids))))
    content = Content(
        sites=tuple(Site(f"S{number}", "", Place("US", STATES[number % 3], "Albany")) for number in range(lots)),
        lines=tuple(Line(f"L{number}", "voice.pri", site=f"S{number}") for number in range(lots)),
        lots=tuple(Lot(ref, ref, (f"L{number}",)) for number, ref in enumerate(refs)),
    )
    grand = rules.grand_totals(compared)
    comparison = Comparison("USD", 36, tuple(compared), Decimal(0), None, grand_totals=grand)
    return view.Sheet(content, comparison, frozenset())


def cheapest(sheet: view.Sheet) -> dict[str, str]:
    return sheet.base_of(Query(), None)


def refs(sheet: view.Sheet, query: Query) -> list[str]:
    return [row.ref for row in sheet.all_rows(query, cheapest(sheet))]


@pytest.mark.parametrize("carriers", [2, 8, 40])
def test_a_page_of_the_matrix_travels_in_less_than_60_kb(carriers: int) -> None:
    sheet = a_sheet(250, carriers)
    query, chosen = Query(), cheapest(sheet)
    rows, count = sheet.rows(query, chosen)
    shown = {
        "own": SimpleNamespace(id=ids.new("req")),
        "query": query,
        "columns": sheet.shown(query),
        "rows": rows,
        "choice": SimpleNamespace(wanted=len(sheet.waiting), bids=chosen),
        "kept_picks": [],
        "shown_address": "/b/requests/req_x/compare?",
        "currency": "USD",
        "pages": 2,
        "first": 1,
        "count": count,
    }
    html = render("buyer/compare/_matrix.html", Preferences(), datetime(2026, 11, 2, tzinfo=UTC), **shown)
    assert html.count("<tr id=") == len(rows) <= model.A_PAGE
    assert len(gzip.compress(html.encode())) < MOST_BYTES


def test_pages_hold_every_lot_once() -> None:
    sheet = a_sheet(250, 8)
    found = [row.ref for page in (1, 2, 3) for row in sheet.rows(Query(sort="spread", page=page), cheapest(sheet))[0]]
    assert sorted(found) == sorted(lot.lot for lot in sheet.comparison.lots)
    assert found == refs(sheet, Query(sort="spread"))


@given(st.integers(1, 200))
def test_the_wider_the_table_the_fewer_its_rows(columns: int) -> None:
    rows = model.rows_a_page(columns)
    assert model.LEAST_A_PAGE <= rows <= model.A_PAGE
    assert rows >= model.rows_a_page(columns + 1)


FILTERED = st.builds(
    Query,
    only=st.sampled_from(("", *model.ONLY)),
    state=st.sampled_from(("", *STATES, "TX")),
    chosen=st.sampled_from(("", model.NOBODY, "first", "second")),
)
SHEET = a_sheet(60, 4, served=0.4)


@given(FILTERED)
def test_counts_say_what_each_filter_would_show_beside_the_others(query: Query) -> None:
    by_number = {"first": SHEET.columns[0].provider_id, "second": SHEET.columns[1].provider_id}
    query = replace(query, chosen=by_number.get(query.chosen, query.chosen))
    counts: Mapping[str, Mapping[str, int]] = SHEET.counts(query, cheapest(SHEET))
    for name, values in counts.items():
        for value, count in values.items():
            assert count == len(refs(SHEET, replace(query, **{name: value}))), (name, value)  # type: ignore[arg-type]


@given(FILTERED)
def test_where_nothing_is_found_the_filters_to_loosen_are_named(query: Query) -> None:
    found = SHEET.loosenings(query, cheapest(SHEET))
    for one in found:
        assert getattr(query, one.name)
        assert len(refs(SHEET, replace(query, **{one.name: ""}))) == one.lots > 0  # type: ignore[arg-type]
    assert [one.lots for one in found] == sorted((one.lots for one in found), reverse=True)


def test_filters_mean_what_they_are_called() -> None:
    offers = {lot.lot: lot.offers for lot in SHEET.comparison.lots}
    assert refs(SHEET, Query(only="empty")) == [ref for ref, found in offers.items() if not found]
    assert refs(SHEET, Query(only="one")) == [ref for ref, found in offers.items() if len(found) == 1]
    apart = {ref: [bid.total for bid in found] for ref, found in offers.items() if len(found) > 1}
    wide = [ref for ref, totals in apart.items() if max(totals) >= min(totals) * Decimal("1.25")]
    assert refs(SHEET, Query(only="apart")) == wide
    assert wide
    assert len(wide) < len(apart)
    assert refs(SHEET, Query(chosen=model.NOBODY)) == refs(SHEET, Query(only="empty"))


def test_rows_are_sorted_by_site_price_and_spread() -> None:
    best = {lot.lot: min((bid.total for bid in lot.offers), default=None) for lot in SHEET.comparison.lots}
    cheap = [best[ref] for ref in refs(SHEET, Query(sort="best"))]
    known = [one for one in cheap if one is not None]
    assert cheap == sorted(known) + [None] * (len(cheap) - len(known))
    sites = [SHEET.places[ref] for ref in refs(SHEET, Query(sort="site"))]
    assert sites == sorted(sites)
    spreads = [
        model.spread(lot, "total")
        for ref in refs(SHEET, Query(sort="spread", down=True))
        for lot in SHEET.comparison.lots
        if lot.lot == ref
    ]
    assert [one for one in spreads if one is not None] == sorted(filter(None, spreads), reverse=True)


class TestChoice:
    """A choice goes to the award as the name of its base and what differs from it, and is the same there."""

    sheet = a_sheet(500, 8, served=0.9)

    def _sent(self, query: Query, scenario: Mapping[str, str] | None, bids: Mapping[str, str]) -> dict[str, str]:
        choice = SimpleNamespace(bids=bids, scenario="")
        address = self.sheet.award_query(choice, scenario, query)  # type: ignore[arg-type]
        assert len(address) < 300
        said = parse_qs(address.removeprefix("?"))
        picks = dict(text.split(":", 1) for text in said.get("pick", []))
        return self.sheet.base_named(said["base"][0], scenario) | picks

    def _changed(self, bids: Mapping[str, str]) -> dict[str, str]:
        other = self.sheet.comparison.lots[6].offers[1].bid_id
        changed = dict(bids) | {self.sheet.comparison.lots[6].lot: str(other)}
        del changed["T3"]
        return changed

    @pytest.mark.parametrize("base", ["best", "carrier", "scenario"])
    def test_of_500_lots_needs_a_short_address(self, base: str) -> None:
        carrier = self.sheet.columns[2].provider_id
        scenario = {"T3": str(self.sheet.offers["T3"][carrier].bid_id)} if base == "scenario" else None
        query = Query(base=carrier if base == "carrier" else "", scenario="own-1" if scenario else "")
        bids = {ref: bid for ref, bid in self.sheet.base_of(query, scenario).items() if ref != "T3" or bid}
        changed = self._changed(bids)
        sent = self._sent(query, scenario, changed)
        assert {ref: bid for ref, bid in sent.items() if bid != NO_BID} == changed
        assert sent["T3"] == NO_BID

    def test_of_a_scenario_as_it_was_computed_is_that_scenario(self) -> None:
        choice = SimpleNamespace(bids={}, scenario="cheapest")
        assert self.sheet.award_query(choice, {}, Query(scenario="cheapest")) == "?scenario=cheapest"  # type: ignore[arg-type]

    def test_of_a_scenario_that_is_gone_begins_with_the_best(self) -> None:
        assert self.sheet.base_named("scenario.gone", None) == self.sheet.base_named(view.BEST, None)
