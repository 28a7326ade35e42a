"""Imports E-Rate purchases through the services, in one transaction: accounts, drafts, providers and their filters."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from buyers.registry import service as registry
from buyers.registry import verification
from buyers.registry.model import Contact, Demographics, SiteDetails
from buyers.registry.schemas import NumbersInput, RegistrationInput
from buyers.requests import service as requests
from buyers.requests.model import Place
from marketplace.kernel import imports
from marketplace.kernel.access import SYSTEM, Kind
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from marketplace.replay import script
from marketplace.replay.script import Cast, Labels, site_key
from marketplace.standards.erate import Application, ErateProvider, content_of
from sellers import service as sellers
from sellers.model import Contact as SellerContact
from sellers.schemas import FilterInput, ProviderInput

SOURCE = "erate"
DOMAIN = "erate.example"
"""The made-up mail domain of imported accounts. Nobody knows their initial passwords."""
_APPLICATION, _BUYER, _PROVIDER = "application", "buyer", "provider"


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a cast comes in and what is here already, by the numbers of the file."""

    applications: tuple[Application, ...]
    providers: tuple[ErateProvider, ...]
    new_buyers: tuple[str, ...]
    known_applications: tuple[str, ...]
    known_providers: tuple[str, ...]


def plan_of(reading: Reading, cast: Cast) -> Plan:
    """Return what an import of ``cast`` would do now."""
    here = {kind: imports.known(reading, SOURCE, kind) for kind in (_APPLICATION, _BUYER, _PROVIDER)}
    fresh = tuple(one for one in cast.applications if one.number not in here[_APPLICATION])
    buyers = dict.fromkeys(one.buyer.entity_number for one in fresh)
    return Plan(
        applications=fresh,
        providers=tuple(one for one in cast.providers if one.spin not in here[_PROVIDER]),
        new_buyers=tuple(number for number in buyers if number not in here[_BUYER]),
        known_applications=tuple(one.number for one in cast.applications if one.number in here[_APPLICATION]),
        known_providers=tuple(one.spin for one in cast.providers if one.spin in here[_PROVIDER]),
    )


def load(work: Work, cast: Cast) -> Plan:
    """Bring in what is not here yet: buyers awaiting verification, drafts, pending providers with learned filters.

    Raises MalformedError when a service refuses something; nothing is changed then.
    """
    imports.begin(work, SOURCE)
    plan = plan_of(work, cast)
    for number in plan.new_buyers:
        buyer_id = _register_buyer(work, cast.firsts[number])
        imports.mark(work, SOURCE, _BUYER, number, buyer_id)
    for provider in plan.providers:
        provider_id = _register_provider(work, cast, provider)
        imports.mark(work, SOURCE, _PROVIDER, provider.spin, provider_id)
    buyers = imports.known(work, SOURCE, _BUYER)
    for application in plan.applications:
        number = application.buyer.entity_number
        request_id = _draft(work, OrganizationId(buyers[number]), application, cast.labels[number])
        imports.mark(work, SOURCE, _APPLICATION, application.number, request_id)
    return plan


def _register_buyer(work: Work, application: Application) -> OrganizationId:
    body = RegistrationInput.model_validate(script.buyer_registration(application, DOMAIN))
    done = registry.register_buyer(
        work, body.name, Contact(**body.contact.model_dump()), Demographics(**body.demographics.model_dump())
    )
    with _on_behalf(work, Kind.BUYER, done.buyer.id):
        verification.add_numbers(work, NumbersInput.model_validate(script.evidence(application)).numbers)
        verification.submit(work)
    return done.buyer.id


def _register_provider(work: Work, cast: Cast, provider: ErateProvider) -> OrganizationId:
    body = ProviderInput.model_validate(script.provider_registration(provider, DOMAIN))
    contact = SellerContact(body.contact_name, body.contact_email, body.contact_phone)
    done = sellers.register_provider(work, sellers.RegisterProvider(body.name, contact, body.reference))
    bodies: Sequence[dict[str, object]] = script.filter_bodies(cast.filters[provider.spin])
    with _on_behalf(work, Kind.PROVIDER, done.provider.id):
        sellers.replace_filters(work, [FilterInput.model_validate(item).draft() for item in bodies])
    return done.provider.id


def _draft(work: Work, buyer_id: OrganizationId, application: Application, labels: Labels) -> str:
    """Put the sites into the buyer's address book and begin the request."""
    rows = [_site(labels[site_key(site)], site.place) for site in application.sites]
    by_label = registry.upsert_sites(work, buyer_id, rows)
    site_ids = {site.ref: by_label[labels[site_key(site)]] for site in application.sites}
    with _on_behalf(work, Kind.BUYER, buyer_id):
        request = requests.draft(work, content_of(application, site_ids))
        registry.own(work, request.id, buyer_id)
    return request.id


def _site(label: str, place: Place) -> SiteDetails:
    return SiteDetails(
        label=label,
        country=place.country,
        state=place.state,
        city=place.city,
        postal_code=place.postal_code,
        street=place.street,
        latitude=None if place.latitude is None else script.in_degrees(place.latitude),
        longitude=None if place.longitude is None else script.in_degrees(place.longitude),
    )


@contextmanager
def _on_behalf(work: Work, kind: Kind, organization_id: OrganizationId) -> Iterator[None]:
    """Let the platform act for an organization; the journal says that the system did it, and for whom."""
    work.principal = replace(SYSTEM, kind=kind, organization_id=organization_id)
    try:
        yield
    finally:
        work.principal = SYSTEM
