"""What a filter would have brought in 90 days: rounded down, never below five, never what the list keeps from it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from buyers.requests.model import Bands, ListMode, ProviderList
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.wiring import Marketplace
from matching.facts import facts_of
from matching.hindsight import FLOOR, hindsight, stepped
from matching.model import Published
from matching.places import places_of
from sellers.model import Coverage, CoverageKind, Criteria, ProviderStatus, Range, Territory
from tests.conftest import NOON
from tests.factories import as_owner
from tests.matching.made import NEVADA, RENO, SAN_FRANCISCO, a_provider, content, publish

OWN = OrganizationId("org_own")


def past(count: int, *places: Any, providers: ProviderList = ProviderList(), **changes: Any) -> list[Published]:  # noqa: B008 - a frozen value
    facts = facts_of(RequestId("req_1"), content(*places, **changes), Bands())
    return [Published(facts, providers)] * count


@given(st.integers(0, 100_000))
def test_numbers_below_the_floor_are_one_answer_and_others_are_steps_rounded_down(count: int) -> None:
    told = stepped(count)
    if count < FLOOR:
        assert told is None
    else:
        assert told is not None
        assert FLOOR <= told <= count
        assert count - told < max(5, count * 0.2)
        assert told == stepped(told)


def look_back(criteria: Criteria, requests: list[Published]) -> Any:
    return hindsight(criteria, places_of(criteria), OWN, requests)


def test_what_the_buyers_list_keeps_from_the_provider_is_not_counted() -> None:
    shut = ProviderList(ListMode.EXCEPT, (OWN,))
    others = ProviderList(ListMode.ONLY, (OrganizationId("org_other"),))
    requests = [*past(4), *past(50, providers=shut), *past(50, providers=others)]
    assert look_back(Criteria(), requests).words == "fewer than 5"
    assert look_back(NEVADA, requests).costliest is None
    own = ProviderList(ListMode.ONLY, (OWN,))
    assert look_back(Criteria(), past(7, providers=own)).matched == 5


@pytest.mark.parametrize(
    ("criterion", "criteria"),
    [
        ("territory", NEVADA),
        ("excluded_territory", Criteria(excluded_territory=Territory(states=("US-CA",)))),
        ("service_types", Criteria(service_types=("voice",))),
        ("bandwidth_mbps", Criteria(bandwidth_mbps=Range(Decimal(5000)))),
        ("required_features", Criteria(required_features=("sla_availability",))),
        ("excluded_features", Criteria(excluded_features=("bandwidth_mbps",))),
        ("term_months", Criteria(term_months=Range(Decimal(60)))),
        ("sites", Criteria(sites=Range(Decimal(2)))),
        ("industries", Criteria(industries=("P",))),
        ("currencies", Criteria(currencies=("EUR",))),
        ("consolidated_invoice", Criteria(consolidated_invoice=False)),
    ],
)
def test_the_criterion_that_loses_most_is_named(criterion: str, criteria: Criteria) -> None:
    found = look_back(criteria, past(23))
    assert found.matched is None
    assert found.costliest is not None
    assert (found.costliest.criterion, found.costliest.matched) == (criterion, 20)


def test_coverage_can_be_what_loses_most() -> None:
    twice = Criteria(coverage=Coverage(CoverageKind.AT_LEAST, sites=2))
    found = look_back(twice, [*past(6, SAN_FRANCISCO, RENO), *past(12)])
    assert found.matched == 5
    assert (found.costliest.criterion, found.costliest.matched) == ("coverage", 15)


def preview(client: TestClient, user: Any, **criteria: Any) -> Any:
    body = {"name": "draft", "criteria": criteria}
    return client.post("/filters/preview", json=body, headers=user.headers)


def test_a_provider_asks_what_a_draft_would_have_brought_on_days_that_are_over(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_provider(market)
    shut = ProviderList(ListMode.EXCEPT, (user.principal.organization_id,))
    for _ in range(6):
        publish(market, content(provider_list=ProviderList()))
        publish(market, content(provider_list=shut))
    assert preview(client, user).json() == {"words": "fewer than 5", "matched": None, "costliest": None}
    clock.now = NOON + timedelta(days=1)
    assert preview(client, user).json()["words"] == "about 5"
    narrow = preview(client, user, service_types=["voice"]).json()
    assert narrow == {
        "words": "fewer than 5",
        "matched": None,
        "costliest": {"criterion": "service_types", "matched": 5},
    }
    clock.now = NOON + timedelta(days=92)
    assert preview(client, user).json()["matched"] is None
    assert client.get("/filters", headers=user.headers).json()["items"] == []


def test_a_draft_that_can_not_be_saved_can_not_be_asked_about(client: TestClient, market: Marketplace) -> None:
    answer = preview(client, a_provider(market), service_types=["telepathy"])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/criteria/service_types/0"


def test_a_provider_can_not_search_with_such_questions(client: TestClient, market: Marketplace) -> None:
    user, other = a_provider(market), a_provider(market)
    answers = [preview(client, user).status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
    assert preview(client, other).status_code == 200


def test_the_carriers_role_can_not_read_the_facts(market: Marketplace) -> None:
    publish(market, content())
    with as_owner(market) as connection:
        allowed = "SELECT has_table_privilege('marketplace_carrier', 'market.request_facts', 'SELECT')"
        assert connection.execute(text(allowed)).scalar_one() is False


@pytest.mark.parametrize("status", [ProviderStatus.PENDING, ProviderStatus.SUSPENDED, ProviderStatus.CLOSED])
def test_who_is_not_approved_counts_nobodys_requests(
    market: Marketplace, client: TestClient, status: ProviderStatus
) -> None:
    user = a_provider(market, status=status)
    answer = client.post("/filters/preview", json={"name": "all"}, headers=user.headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/provider-inactive")
