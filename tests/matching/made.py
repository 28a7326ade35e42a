"""What tests of matching and its neighbours need made: providers with filters and published requests."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from buyers.requests import service as requests
from buyers.requests.model import Bands, Content, Line, Place, Schedule, Site, WantedFeature
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.wiring import Marketplace
from sellers import service as sellers
from sellers import store
from sellers.model import Contact, Criteria, Filter, Provider, ProviderStatus, Territory
from tests.conftest import NOON
from tests.factories import SignedIn, a_user

SAN_FRANCISCO = Place("US", "CA", "San Francisco", "94103", "1 Market Street")
RENO = Place("US", "NV", "Reno", "89501", "2 Virginia Street")
INTERNET = "data.dedicated-internet-access"
CALIFORNIA = Criteria(territory=Territory(states=("US-CA",)))
NEVADA = Criteria(territory=Territory(states=("US-NV",)))


def a_provider(market: Marketplace, *filters: Criteria, status: ProviderStatus = ProviderStatus.APPROVED) -> SignedIn:
    """Return the signed-in admin of a provider of this status with these filters, named 'filter 1' and so on."""
    user = a_user(market, Kind.PROVIDER, UserRole.ADMIN)
    provider_id = user.principal.organization_id
    with market.workshop.work() as work:
        contact = Contact("Robin Vale", user.email)
        store.add_provider(work, Provider(provider_id, f"Carrier {provider_id}", ProviderStatus.PENDING, "", contact))
    for number, criteria in enumerate(filters, 1):
        save_filter(market, user, criteria, f"filter {number}")
    decide(market, provider_id, status)
    return user


def decide(market: Marketplace, provider_id: OrganizationId, status: ProviderStatus) -> None:
    """Bring a pending provider to ``status``."""
    with market.workshop.work() as work:
        if status is not ProviderStatus.PENDING:
            sellers.approve(work, provider_id, "checked")
        if status is ProviderStatus.SUSPENDED:
            sellers.suspend(work, provider_id, "license under review")
        if status is ProviderStatus.CLOSED:
            sellers.close(work, provider_id, "left")


def save_filter(market: Marketplace, user: SignedIn, criteria: Criteria, name: str = "all") -> Filter:
    """Save a filter as the provider does."""
    with market.workshop.work(user.principal) as work:
        return sellers.save_filter(work, sellers.FilterDraft(name, criteria))


def content(*places: Place, **changes: Any) -> Content:
    """Return a complete request for one internet access at each place, closing a week from the tests' noon."""
    places = places or (SAN_FRANCISCO,)
    speed = (WantedFeature("bandwidth_mbps", Decimal(500)),)
    made = Content(
        title="Internet access",
        sites=tuple(Site(f"S{number}", f"sit_{number}", place) for number, place in enumerate(places, 1)),
        lines=tuple(Line(f"L{number}", INTERNET, f"S{number}", features=speed) for number in range(1, len(places) + 1)),
        schedule=Schedule(closes_at=NOON + timedelta(days=7)),
    )
    return replace(made, **changes)


def publish(market: Marketplace, asked: Content, bands: Bands = Bands()) -> RequestId:  # noqa: B008 - a frozen value
    """Publish a request as the desk does for a verified buyer."""
    with market.workshop.work() as work:
        request = requests.draft(work, asked)
        requests.submit(work, request.id, acknowledged=0)
        requests.publish(work, request.id, bands)
    return request.id


def invited(market: Marketplace, request_id: RequestId) -> dict[str, str]:
    """Return the providers that received a request, each with the filter's name or else the reason."""
    with market.workshop.reading() as reading:
        found = sellers.invitations_of_request(reading, request_id)
    return {str(one.provider_id): one.filter_name or one.reason for one in found}
