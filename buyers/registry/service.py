"""Use cases of the registry: registration, the buyer's record, its address book, and whose a request is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from buyers.registry import rules, store
from buyers.registry.events import BuyerChanged, BuyerRegistered, SiteRemoved, SitesSaved, VerificationRevoked
from buyers.registry.model import (
    Bands,
    Buyer,
    BuyerIdentity,
    Contact,
    Demographics,
    KnownIdentity,
    Number,
    NumberKind,
    Profile,
    Site,
    SiteDetails,
)
from buyers.registry.numbers import WrongNumberError, check_number
from marketplace.identity import service as identity
from marketplace.identity.model import NewUser
from marketplace.kernel import http, ids
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.errors import ConflictError, FieldError, ForbiddenError, MalformedError, NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


class LabelTakenError(ConflictError):
    """The address book has a site with this label, perhaps in another case."""

    kind = "site-label-taken"
    title = "One of your sites has this label already"


class AddressBookFullError(ConflictError):
    """The address book has as many sites as it may have."""

    kind = "address-book-full"
    title = f"An address book has at most {rules.MOST_SITES:,} sites"


@dataclass(frozen=True, slots=True)
class Registration:
    """A new buyer and its first user, whose initial password can be read here only."""

    buyer: Buyer
    user: NewUser


def register_buyer(work: Work, name: str, contact: Contact, demographics: Demographics) -> Registration:
    """Create a buyer and its first user, an admin with the contact's name and e-mail address.

    Raises ForbiddenError for somebody who has an account, MalformedError, EmailTakenError.
    """
    if work.principal.kind not in {Kind.NOBODY, Kind.PLATFORM}:
        raise ForbiddenError("You have an account: sign out to register another organization.")
    _raise_if(rules.check_demographics(demographics), "/demographics")
    buyer_id = identity.create_organization(work, Kind.BUYER)
    user = identity.create_user(work, buyer_id, contact.email, contact.name, UserRole.ADMIN)
    buyer = Buyer(buyer_id, name, contact, demographics, (), rules.unverified(work.now), 1, work.now)
    store.add(work, buyer)
    work.append(BuyerRegistered(buyer_id))
    return Registration(buyer, user)


def get(reading: Reading, buyer_id: OrganizationId) -> Buyer:
    """Return a buyer. Raises NotFoundError."""
    return _found(store.get(reading, buyer_id))


def hold(work: Work, buyer_id: OrganizationId) -> Buyer:
    """Return a buyer that nobody else can change until the transaction ends. Raises NotFoundError."""
    buyer = _found(store.locked(work, buyer_id))
    work.tick()
    return buyer


def _found(buyer: Buyer | None) -> Buyer:
    if buyer is None:
        raise NotFoundError
    return buyer


def change(work: Work, parts: Mapping[str, Any], if_match: str | None) -> Buyer:
    """Replace parts of the caller's record: ``name``, ``contact``, ``demographics``, ``numbers`` (values by kind).

    What was verified is the name and the numbers: a change of them takes the verification back to pending.

    Raises StaleError, PreconditionRequiredError, MalformedError.
    """
    before = hold(work, work.principal.organization_id)
    http.check_if_match(if_match, before.revision)
    changes = dict(parts)
    if "numbers" in parts:
        changes["numbers"] = checked_numbers(parts["numbers"])
    after = replace(before, **changes)
    _raise_if(rules.check_demographics(after.demographics), "/demographics")
    changed = tuple(name for name in changes if getattr(after, name) != getattr(before, name))
    return save_change(work, before, after, changed) if changed else before


def save_change(work: Work, before: Buyer, after: Buyer, changed: tuple[str, ...]) -> Buyer:
    """Store a held buyer's record of which the parts ``changed`` differ; the verification may go back to pending."""
    if {"name", "numbers"} & set(changed):
        after = replace(after, verification=rules.reopened(before.verification, work.now))
    after = replace(after, revision=before.revision + 1)
    store.set_numbers(work, after.id, after.numbers)
    store.save(work, after)
    work.append(BuyerChanged(after.id, changed))
    if after.verification != before.verification:
        work.append(VerificationRevoked(after.id, "identity changed"))
    return after


def checked_numbers(values: Mapping[NumberKind, str]) -> tuple[Number, ...]:
    """Return numbers in their normal form, in the order of their kinds. Raises MalformedError naming each wrong one."""
    numbers, errors = [], []
    for kind, value in sorted(values.items()):
        try:
            numbers.append(Number(kind, check_number(kind, value)))
        except WrongNumberError as error:
            errors.append(FieldError(f"/numbers/{kind}", str(error)))
    _raise_if(tuple(errors), "")
    return tuple(numbers)


def is_verified(reading: Reading, buyer_id: OrganizationId) -> bool:
    """Return whether a buyer is verified now; inside a ``Work`` that stays so until the transaction ends."""
    verification = store.verification(reading, buyer_id)
    return verification is not None and rules.is_verified(verification, reading.now)


def bands_of(reading: Reading, buyer_id: OrganizationId) -> Bands:
    """Return the demographic bands of a buyer. Raises NotFoundError."""
    return rules.bands_of(get(reading, buyer_id).demographics)


def other_profiles(reading: Reading, buyer_id: OrganizationId, countries: Collection[str]) -> tuple[Profile, ...]:
    """Return what is known of all other buyers that are verified now, with their places in ``countries``."""
    return store.profiles_except(reading, buyer_id, countries)


def identity_of(reading: Reading, buyer_id: OrganizationId) -> BuyerIdentity:
    """Return who a buyer is: for the disclosure to a provider that won, for nothing else. Raises NotFoundError."""
    buyer = get(reading, buyer_id)
    return BuyerIdentity(buyer.id, buyer.name, buyer.numbers, buyer.contact, buyer.demographics)


def known_identity(reading: Reading, buyer_id: OrganizationId) -> KnownIdentity:
    """Return everything on record that gives a buyer away in a text: for the leak check. Raises NotFoundError."""
    buyer, sites = get(reading, buyer_id), store.sites(reading, buyer_id)
    users = identity.users_of(reading, buyer_id)
    emails = _distinct([buyer.contact.email, *(user.email for user in users), *(site.contact_email for site in sites)])
    people = _distinct(
        [
            buyer.contact.name,
            *(user.full_name for user in users),
            *(site.contact_name for site in sites),
        ]
    )
    return KnownIdentity(
        names=(buyer.name,),
        domains=rules.own_domains(emails),
        emails=emails,
        phones=_distinct([buyer.contact.phone, *(site.contact_phone for site in sites)]),
        numbers=tuple(number.value for number in buyer.numbers),
        streets=_distinct([_street_line(buyer.contact.address), *(site.street for site in sites)]),
        people=people,
        site_labels=_distinct([site.label for site in sites]),
    )


def _street_line(address: str) -> str:
    """Return the line of a postal address that names the street: the first with a house number, or the first."""
    lines = address.splitlines() or [""]
    return next((line for line in lines if any(char.isdigit() for char in line)), lines[0])


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty, each once, in their order."""
    return tuple(dict.fromkeys(value for value in values if value))


def own(work: Work, request_id: RequestId, buyer_id: OrganizationId) -> None:
    """Record whose a new request is."""
    store.own_request(work, request_id, buyer_id)


def owner_of(reading: Reading, request_id: RequestId) -> OrganizationId | None:
    """Return whose a request is, None for a request that nobody owns."""
    return store.owner_of(reading, request_id)


def requests_of(reading: Reading, buyer_id: OrganizationId) -> tuple[RequestId, ...]:
    """Return the ids of a buyer's requests, in no order that means anything."""
    return store.requests_of(reading, buyer_id)


def sites_by_id(reading: Reading, buyer_id: OrganizationId) -> dict[str, Site]:
    """Return a buyer's whole address book by site id."""
    return {site.id: site for site in store.sites(reading, buyer_id)}


def own_sites(reading: Reading, after: str | None, limit: int, having: str = "") -> tuple[list[Site], str | None]:
    """Return one page of the caller's address book by label, and the cursor of the next.

    ``having``: only sites that say this in their label or address.
    """
    return store.sites_page(reading, reading.principal.organization_id, after, limit, having)


def count_own_sites(reading: Reading) -> int:
    """Return how many sites the caller's address book has."""
    return store.count_sites(reading, reading.principal.organization_id)


def own_site(reading: Reading, site_id: str) -> Site:
    """Return one of the caller's sites. Raises NotFoundError."""
    return _own_site(reading, site_id)


def add_site(work: Work, details: SiteDetails) -> Site:
    """Add a site to the caller's address book. Raises MalformedError, LabelTakenError, AddressBookFullError."""
    site = Site(**asdict(details), id=ids.new("sit"))
    return _save_site(work, site)


def change_site(work: Work, site_id: str, parts: Mapping[str, Any]) -> Site:
    """Replace fields of one of the caller's sites. Raises NotFoundError, MalformedError, LabelTakenError."""
    store.locked(work, work.principal.organization_id)
    return _save_site(work, replace(_own_site(work, site_id), **parts))


def remove_site(work: Work, site_id: str) -> None:
    """Remove one of the caller's sites; requests keep the address that they were written with. Raises NotFoundError."""
    site = _own_site(work, site_id)
    store.remove_site(work, site.id)
    work.append(SiteRemoved(work.principal.organization_id, site.id))


def upsert_sites(work: Work, buyer_id: OrganizationId, rows: Collection[SiteDetails]) -> dict[str, str]:
    """Save many sites; one whose label is known (in any case) replaces that site. Return the site ids by label.

    Of rows with one label the last one counts. Raises MalformedError (pointers begin with the row's number, from 0)
    and AddressBookFullError.
    """
    errors = tuple(
        FieldError(f"/{number}{error.pointer}", error.message)
        for number, row in enumerate(rows)
        for error in rules.check_site(row)
    )
    _raise_if(errors, "")
    store.locked(work, buyer_id)
    by_label = {row.label.lower(): row for row in rows}
    saved = store.upsert_sites(work, buyer_id, by_label.values())
    if store.count_sites(work, buyer_id) > rules.MOST_SITES:
        raise AddressBookFullError
    if saved:
        work.append(SitesSaved(buyer_id, tuple(saved.values())))
    found = {label.lower(): site_id for label, site_id in saved.items()}
    return {row.label: found[row.label.lower()] for row in rows}


def _own_site(reading: Reading, site_id: str) -> Site:
    site = store.get_site(reading, reading.principal.organization_id, site_id)
    if site is None:
        raise NotFoundError
    return site


def _save_site(work: Work, site: Site) -> Site:
    buyer_id = work.principal.organization_id
    _raise_if(rules.check_site(site), "")
    store.locked(work, buyer_id)  # two sites of one label at once
    if store.site_id_of_label(work, buyer_id, site.label) not in {None, site.id}:
        raise LabelTakenError(f"Choose another label than '{site.label}'.")
    store.save_site(work, buyer_id, site)
    if store.count_sites(work, buyer_id) > rules.MOST_SITES:
        raise AddressBookFullError
    work.append(SitesSaved(buyer_id, (site.id,)))
    return site


def _raise_if(errors: tuple[FieldError, ...], pointer: str) -> None:
    """Raise MalformedError if there are ``errors``, which stand below ``pointer``."""
    if errors:
        raise MalformedError(errors=tuple(FieldError(pointer + error.pointer, error.message) for error in errors))
