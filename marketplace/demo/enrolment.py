"""The demo's accounts: buyers, carriers and platform admins, registered and verified as everybody is."""

from dataclasses import dataclass
from functools import cache

from buyers.registry import service as registry
from buyers.registry import verification
from buyers.registry.model import Contact, Decision, Demographics, SiteDetails
from buyers.registry.schemas import NumbersInput, RegistrationInput, SiteInput
from marketplace.demo.cast import FACTOR, PASSWORD, BuyerRole, CarrierRole
from marketplace.identity import service as identity
from marketplace.kernel import http
from marketplace.kernel.access import NOBODY, Kind, Principal, UserRole
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.security import hash_password
from marketplace.kernel.work import Workshop
from sellers import service as sellers
from sellers.model import Contact as SellerContact
from sellers.schemas import FilterInput, ProviderInput


@dataclass(frozen=True, slots=True)
class EnrolledBuyer:
    """A buyer's admin, and the ids of its sites by label."""

    admin: Principal
    sites: dict[str, str]


def platform_admin(workshop: Workshop, email: str, full_name: str) -> Principal:
    """Create a platform admin with the demo's password and second factor."""
    with workshop.work() as work:
        new = identity.ensure_platform_admin(work, email, full_name)
        if new is None:
            raise NotFoundError
        return identity.open_account(work, new.user_id, _password_hash(), FACTOR)


def buyer(workshop: Workshop, role: BuyerRole) -> EnrolledBuyer:
    """Register a buyer with its colleagues, sites and evidence, and let it ask for verification."""
    body = RegistrationInput.model_validate(role.registration)
    with workshop.work(NOBODY) as work:
        done = registry.register_buyer(
            work,
            body.name,
            Contact(**body.contact.model_dump()),
            Demographics(**body.demographics.model_dump()),
        )
        admin = Principal(Kind.BUYER, done.user.user_id, done.buyer.id, UserRole.ADMIN)
        identity.open_account(work, admin.user_id, _password_hash())
    with workshop.work(admin) as work:
        for colleague in role.colleagues:
            new = identity.invite_user(work, colleague.email, colleague.full_name, colleague.role)
            identity.open_account(work, new.user_id, _password_hash())
        details = [SiteDetails(**SiteInput.model_validate(site).model_dump()) for site in role.sites]
        sites = registry.upsert_sites(work, admin.organization_id, details)
        verification.add_numbers(work, NumbersInput.model_validate({"numbers": role.numbers}).numbers)
        verification.submit(work)
    return EnrolledBuyer(admin, sites)


def decide(workshop: Workshop, admin: Principal, buyer_id: OrganizationId, *, trust: bool, reason: str) -> None:
    """Let a platform admin read a buyer's case and verify it, or revoke its verification."""
    with workshop.work(admin) as work:
        case = verification.read_case(work, buyer_id)
        decision = Decision.VERIFY if trust else Decision.REVOKE
        verification.decide(work, buyer_id, decision, reason, http.etag(case.buyer.revision))


def carrier(workshop: Workshop, role: CarrierRole) -> tuple[Principal, str]:
    """Register a carrier with its filters and terms; return its admin and the id of the terms."""
    body = ProviderInput.model_validate(role.registration)
    contact = SellerContact(body.contact_name, body.contact_email, body.contact_phone)
    with workshop.work(NOBODY) as work:
        done = sellers.register_provider(work, sellers.RegisterProvider(body.name, contact, body.reference))
        (user,) = identity.users_of(work, done.provider.id)
        admin = Principal(Kind.PROVIDER, user.id, done.provider.id, UserRole.ADMIN)
        identity.open_account(work, admin.user_id, _password_hash())
    with workshop.work(admin) as work:
        sellers.replace_filters(work, [FilterInput.model_validate(item).draft() for item in role.filters])
        terms = sellers.publish_terms(work, role.terms["title"], role.terms["text"])
    return admin, terms.id


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)
