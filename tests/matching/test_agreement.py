"""Distribution, explanation and count give one answer, whatever providers want and whatever is asked."""

import random
from datetime import date
from decimal import Decimal

import pytest

from buyers.requests.model import (
    Band,
    Bands,
    BillingPreferences,
    Content,
    Disclosure,
    Line,
    ListMode,
    Place,
    ProviderList,
    Site,
    WantedFeature,
)
from marketplace.kernel.ids import OrganizationId
from marketplace.wiring import Marketplace
from matching import live, rules, service, store
from sellers import service as sellers
from sellers.model import (
    Coverage,
    CoverageKind,
    Criteria,
    InvitationReason,
    ProviderStatus,
    Range,
    Territory,
)
from tests.matching.made import RENO, SAN_FRANCISCO, a_provider, content, publish

SERVICES = ("data.dedicated-internet-access", "data.broadband", "voice.local")
NODES = ("data", "voice", *SERVICES)
PLACES = (
    SAN_FRANCISCO,
    RENO,
    Place("US", "CA", "Los Angeles", "90012", "3 Main Street"),
    Place("DE", "BE", "Berlin", "10115", "4 Gartenstrasse"),
)


def some(chance: random.Random, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(chance.sample(values, chance.randint(0, min(2, len(values)))))


def a_filter(chance: random.Random) -> Criteria:
    return Criteria(
        service_types=some(chance, NODES),
        territory=Territory(some(chance, ("US", "DE")), some(chance, ("US-CA", "US-NV")), some(chance, ("US-9",))),
        excluded_territory=Territory(states=chance.choice(((), (), ("US-NV",)))),
        coverage=chance.choice(
            (Coverage(), Coverage(CoverageKind.ALL), Coverage(CoverageKind.AT_LEAST, sites=2), Coverage())
        ),
        bandwidth_mbps=chance.choice((None, None, Range(Decimal(100), Decimal(500)))),
        term_months=chance.choice((None, None, Range(Decimal(24)))),
        industries=chance.choice(((), (), ("P",))),
        currencies=chance.choice(((), ("USD",), ("USD", "EUR"))),
        consolidated_invoice=chance.choice((None, True, False)),
    )


def a_request(chance: random.Random, providers: list[OrganizationId]) -> Content:
    places = chance.sample(PLACES, chance.randint(1, 3))
    refs = [f"S{number}" for number in range(1, len(places) + 1)]
    lines = tuple(
        Line(
            f"L{number}",
            chance.choice(SERVICES[:2]),
            chance.choice([ref, ref, ""]),
            features=(WantedFeature("bandwidth_mbps", Decimal(chance.choice((50, 300, 1000)))),),
        )
        for number, ref in enumerate(refs, 1)
    )
    listed = tuple(chance.sample(providers, 3))
    mode = chance.choice((ListMode.OPEN, ListMode.OPEN, ListMode.ONLY, ListMode.EXCEPT))
    return content(
        sites=tuple(Site(ref, f"sit_{ref}", place) for ref, place in zip(refs, places, strict=True)),
        lines=lines,
        term_months=chance.choice((12, 36)),
        start_date=chance.choice((None, date(2027, 3, 1))),
        billing=BillingPreferences(currency=chance.choice(("USD", "EUR")), consolidated=chance.random() < 0.5),
        disclosed_bands=chance.choice(((), (Band.INDUSTRY,))),
        disclosure=chance.choice((Disclosure.CITY, Disclosure.POSTAL_CODE, Disclosure.BUILDING)),
        provider_list=ProviderList()
        if mode is ListMode.OPEN
        else ProviderList(mode, listed, True, chance.random() < 0.5),
    )


@pytest.mark.parametrize("seed", range(3))
def test_all_of_them_agree(market: Marketplace, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same examples in every run
    statuses = [ProviderStatus.APPROVED] * 10 + [ProviderStatus.SUSPENDED, ProviderStatus.CLOSED]
    users = [
        a_provider(market, *(a_filter(chance) for _ in range(chance.randint(0, 3))), status=status)
        for status in statuses
    ]
    providers = [user.principal.organization_id for user in users]
    reached = 0
    for _ in range(8):
        request_id = publish(market, a_request(chance, providers), Bands(industry="P"))
        with market.workshop.work() as work:
            given = {one.provider_id: one for one in sellers.invitations_of_request(work, request_id)}
            explained = [one for _, one in service.explain_all(work, request_id, None, 100)]
            published = store.of(work, (request_id,))[request_id]
            counted = live.of(work).count(work, published.facts, published.providers)
        by_filter = 0
        for one in explained:
            wanted = one.accepted and one.admitted and one.status == ProviderStatus.APPROVED
            listed = rules.chooses(published.providers, one.provider_id) or rules.grants(
                published.providers, one.provider_id
            )
            assert one.invited is (one.provider_id in given)
            assert one.invited is (wanted or (listed and one.status == ProviderStatus.APPROVED))
            assert one.accepted is (one.filter is not None and all(result.passed for result in one.criteria))
            if one.invited:
                invitation = given[one.provider_id]
                assert (invitation.reason == InvitationReason.FILTER) is wanted
                assert invitation.filter_id == (one.filter.id if wanted and one.filter else "")
                assert invitation.explanation == (one.criteria if wanted else ())
            by_filter += wanted
        assert counted == by_filter
        reached += len(given)
    assert 0 < reached < 8 * len(users), "the examples must decide both ways"
