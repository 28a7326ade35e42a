"""Filters learned from other applications find winners without accepting everything; rivals' prices repeat."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalogue.model import Catalogue
from marketplace.standards.erate import Application, ErateMapping, map_applications
from marketplace.standards.erate_filters import (
    HIGHEST_FACTOR,
    LOWEST_FACTOR,
    Sale,
    learn_criteria,
    learned_filters,
    leave_one_out,
    recall,
    synthetic_price,
)
from marketplace.standards.erate_rows import ErateRow
from sellers.model import Range

RowsOf = Callable[..., tuple[ErateRow, ...]]


def sale(state: str, mbps: int = 100, service_type: str = "data.mpls-vpn") -> Sale:
    return Sale(service_type, "US", f"US-{state}", Decimal(mbps))


def won(application: int, spin: int, state: str, **changes: str) -> dict[str, str]:
    return {
        "application_number": str(application),
        "form_471_line_item_number": f"{application}.{spin}",
        "spin_number": str(spin),
        "ros_physical_state": state,
    } | changes


def applications_of(rows: tuple[ErateRow, ...], catalogue: Catalogue) -> tuple[Application, ...]:
    return map_applications(rows, catalogue).applications


def test_a_filter_is_what_was_sold_where_and_widened_speeds() -> None:
    (criteria,) = learn_criteria([sale("NJ", 100), sale("NY", 1000, "data.dark-fibre")])
    assert criteria.service_types == ("data",)
    assert criteria.territory.states == ("US-NJ", "US-NY")
    assert criteria.territory.countries == ()
    assert criteria.bandwidth_mbps == Range(Decimal(1), Decimal(100_000))


def test_three_states_are_a_country() -> None:
    (criteria,) = learn_criteria([sale("NJ"), sale("NY"), sale("PA")])
    assert (criteria.territory.countries, criteria.territory.states) == (("US",), ())


def test_a_site_of_unknown_state_widens_nothing_but_alone_it_is_the_country() -> None:
    nowhere = Sale("data.mpls-vpn", "US", "", Decimal(100))
    assert learn_criteria([sale("NJ"), nowhere])[0].territory.states == ("US-NJ",)
    assert learn_criteria([nowhere])[0].territory.countries == ("US",)


def test_families_are_filters_of_their_own() -> None:
    data, voice = learn_criteria([sale("NJ"), Sale("voice.pri", "US", "US-NY", None)])
    assert (data.service_types, data.territory.states) == (("data",), ("US-NJ",))
    assert (voice.service_types, voice.territory.states) == (("voice",), ("US-NY",))
    assert voice.bandwidth_mbps is None


def test_the_application_left_out_teaches_nothing(rows_of: RowsOf, catalogue: Catalogue) -> None:
    applications = applications_of(rows_of(won(1, 11, "NJ"), won(2, 11, "NY"), won(2, 12, "NY")), catalogue)
    assert set(learned_filters(applications)) == {"11", "12"}
    learned = learned_filters(applications, leave_out="2")
    assert set(learned) == {"11"}
    assert learned["11"][0].territory.states == ("US-NJ",)


def test_recall_counts_found_missed_and_unlearnable_winners(rows_of: RowsOf, catalogue: Catalogue) -> None:
    applications = applications_of(
        rows_of(
            won(1, 11, "NJ"),
            won(2, 11, "NJ"),
            won(3, 12, "NJ"),
            won(4, 13, "NY"),
            won(5, 13, "CA"),
            won(5, 11, "NJ", ros_entity_number="502"),
        ),
        catalogue,
    )
    report = recall(applications, leave_one_out(applications))
    assert (report.applications, report.applications_learnable) == (5, 4)
    assert (report.applications_found, report.applications_reached) == (2, 3)
    assert (report.winners, report.learnable, report.found, report.providers) == (6, 5, 3, 3)
    assert (report.recall, report.recall_learnable) == (Decimal("0.4"), Decimal("0.5"))
    assert [(miss.application, miss.spin, miss.learnable) for miss in report.misses] == [
        ("3", "12", False),
        ("4", "13", True),
        ("5", "13", True),
    ]
    assert report.misses[0].reason == "won in no other application"
    assert "US-CA" in report.misses[1].reason
    # 1, 2 and 5 bring in 11 and 12 each, 3 brings in 11, 4 brings in nobody
    assert report.mean_invited == Decimal("1.4")
    assert report.precision == Decimal("0.4286")


def test_nothing_to_test_has_no_recall() -> None:
    report = recall((), lambda _: {})
    assert report.recall == report.mean_invited == Decimal(0)


def test_learned_filters_find_most_published_winners_among_few_invited(published: ErateMapping) -> None:
    report = recall(published.applications, leave_one_out(published.applications))
    assert (report.applications, report.providers) == (172, 66)
    assert report.recall >= Decimal("0.75")
    assert report.recall_learnable >= Decimal("0.97")
    assert report.mean_share <= Decimal("0.07")
    for criteria in learned_filters(published.applications).values():
        assert all(one.service_types and not one.territory.empty for one in criteria)


@given(
    seed=st.integers(),
    line=st.integers(min_value=1, max_value=2000),
    real=st.decimals(min_value=0, max_value=10**8, places=2, allow_nan=False),
)
def test_synthetic_prices_repeat_and_stay_near_the_real_one(seed: int, line: int, real: Decimal) -> None:
    price = synthetic_price(seed, "221000001", "143000001", f"L{line}", real)
    assert price == synthetic_price(seed, "221000001", "143000001", f"L{line}", real)
    assert real * LOWEST_FACTOR - Decimal("0.01") <= price <= real * HIGHEST_FACTOR + Decimal("0.01")


def test_synthetic_prices_differ_between_rivals_lines_and_seeds() -> None:
    real = Decimal(1000)
    prices = {
        synthetic_price(seed, "221000001", spin, line, real)
        for seed in (1, 2)
        for spin in ("143000001", "143000002")
        for line in ("L1", "L2")
    }
    assert len(prices) == 8
