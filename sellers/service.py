"""What providers and the platform do here: registration and approval, filters, invitations, terms."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from marketplace.catalogue import service as catalogues
from marketplace.identity import service as identity
from marketplace.kernel import http, ids
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import events, pdf, rules, store
from sellers.key_terms import KeyTerms
from sellers.model import (
    PDF,
    Contact,
    Counts,
    Criteria,
    Filter,
    Invitation,
    InvitationStatus,
    Provider,
    ProviderStatus,
    TermsDocument,
    TermsHead,
)


class TermsVersionTakenError(ConflictError):
    """Two versions of the same terms were published at the same moment."""

    kind = "terms-version-taken"
    title = "Another version of these terms was just published"


@dataclass(frozen=True, slots=True)
class RegisterProvider:
    """A company that wants to sell here, and the person who signs in for it first."""

    name: str
    contact: Contact
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered provider and the initial password of its first user, known to nobody else and never shown again."""

    provider: Provider
    email: str
    initial_password: str


@dataclass(frozen=True, slots=True)
class FilterDraft:
    """What a provider says in a filter."""

    name: str
    criteria: Criteria
    active: bool = True
    delivery: str = "at once"


def register_provider(work: Work, command: RegisterProvider) -> Registration:
    """Register a company with its first user, an admin of it; it receives nothing until the platform approves."""
    organization_id = identity.create_organization(work, Kind.PROVIDER)
    contact = command.contact
    user = identity.create_user(work, organization_id, contact.email, contact.name, UserRole.ADMIN)
    provider = Provider(
        organization_id, command.name, ProviderStatus.PENDING, command.reference, contact, registered_at=work.now
    )
    store.add_provider(work, provider)
    work.append(events.ProviderRegistered(organization_id))
    return Registration(provider, contact.email, user.initial_password)


def get(reading: Reading, provider_id: str) -> Provider:
    """Return a provider. Raises NotFoundError; a provider finds only itself."""
    provider = reading.once(("provider", provider_id), lambda: store.provider(reading, provider_id))
    if provider is None:
        raise NotFoundError
    return provider


def among(reading: Reading, provider_ids: Sequence[OrganizationId]) -> dict[OrganizationId, Provider]:
    """Return these providers by their ids, an unknown one left out; a provider finds only itself."""
    return store.providers_among(reading, provider_ids)


def own(reading: Reading) -> Provider:
    """Return the caller's own provider. Raises NotFoundError."""
    return get(reading, reading.principal.organization_id)


def own_active(reading: Reading) -> Provider:
    """Return the caller's own provider, which may receive, open and bid. Raises ProviderInactiveError."""
    provider = own(reading)
    rules.check_active(provider)
    return provider


def many(reading: Reading, status: ProviderStatus | None, after: str | None, limit: int) -> list[Provider]:
    """Return providers behind ``after``, who registered first comes first."""
    return store.providers(reading, status, after, limit)


def approved(reading: Reading) -> list[OrganizationId]:
    """Return the providers that may receive requests, by id."""
    return store.approved_ids(reading)


def is_approved(reading: Reading, provider_id: str) -> bool:
    """Return whether a provider may receive requests."""
    provider = store.provider(reading, provider_id)
    return provider is not None and rules.may_bid(provider)


def search(reading: Reading, words: str, most: int) -> list[OrganizationId]:
    """Return the providers whose company's name holds ``words``, whatever the case, at most ``most``."""
    return store.ids_by_name(reading, words, most)


def names(reading: Reading, provider_ids: Sequence[OrganizationId]) -> dict[OrganizationId, str]:
    """Return the companies' names of these providers, for who may know them; an unknown id is left out."""
    return store.names(reading, provider_ids)


def approve(work: Work, provider_id: str, reason: str) -> Provider:
    """Let a provider receive requests. Raises NotFoundError, ProviderClosedError, ProviderAlreadyApprovedError."""
    decided = _decided(work, rules.approve(_held(work, provider_id)), reason)
    work.append(events.ProviderApproved(decided.id))
    return decided


def suspend(work: Work, provider_id: str, reason: str) -> Provider:
    """Keep a provider from requests for the time being. Raises NotFoundError, ProviderNotApprovedError."""
    decided = _decided(work, rules.suspend(_held(work, provider_id)), reason)
    work.append(events.ProviderSuspended(decided.id))
    return decided


def close(work: Work, provider_id: str, reason: str) -> Provider:
    """End a provider's registration for good. Raises NotFoundError, ProviderClosedError."""
    decided = _decided(work, rules.close(_held(work, provider_id)), reason)
    work.append(events.ProviderClosed(decided.id))
    return decided


def _held(work: Work, provider_id: str) -> Provider:
    provider = store.locked_provider(work, provider_id)
    if provider is None:
        raise NotFoundError
    work.tick()
    return provider


def _decided(work: Work, provider: Provider, reason: str) -> Provider:
    decided = replace(provider, decided_at=work.now, reason=reason)
    store.save_decision(work, decided)
    return decided


def save_filter(work: Work, draft: FilterDraft) -> Filter:
    """Save a new filter behind the others. Raises MalformedError, TooManyFiltersError, TooManyPlacesError."""
    provider = own(work)
    store.hold_filters(work, provider.id)
    count, last = store.filter_count(work, provider.id)
    rules.check_room(count)
    check_drafts(work, (draft,), "/criteria")
    saved = _filter(provider.id, draft)
    store.add_filters(work, (saved,), last + 1)
    check_places(work)
    work.append(events.FilterSaved(provider.id, saved.id, saved.revision))
    return saved


def change_filter(work: Work, filter_id: str, draft: FilterDraft, if_match: str | None) -> Filter:
    """Replace what a filter says; its place in the order stays.

    Raises NotFoundError, PreconditionRequiredError, StaleError, MalformedError, TooManyPlacesError.
    """
    store.hold_filters(work, work.principal.organization_id)  # else a territory could be removed meanwhile
    before = _held_filter(work, filter_id, if_match)
    check_drafts(work, (draft,), "/criteria")
    changed = replace(
        before,
        name=draft.name,
        criteria=draft.criteria,
        active=draft.active,
        delivery=draft.delivery,
        revision=before.revision + 1,
    )
    store.save_filter(work, changed)
    check_places(work)
    work.append(events.FilterSaved(changed.provider_id, changed.id, changed.revision))
    return changed


def remove_filter(work: Work, filter_id: str, if_match: str | None) -> None:
    """Delete a filter; invitations that it led to stay. Raises NotFoundError, PreconditionRequiredError, StaleError."""
    removed = _held_filter(work, filter_id, if_match)
    store.remove_filter(work, removed.id)
    work.append(events.FilterRemoved(removed.provider_id, removed.id))


def replace_filters(work: Work, drafts: Sequence[FilterDraft]) -> int:
    """Make ``drafts`` all the filters that the provider has, in this order, or change nothing; return how many.

    Raises MalformedError whose pointers begin with the place in the list ('/3/criteria/…'), TooManyPlacesError.
    """
    provider = own(work)
    store.hold_filters(work, provider.id)
    check_drafts(work, drafts, "/{}/criteria")
    store.remove_filters(work, provider.id)
    store.add_filters(work, [_filter(provider.id, draft) for draft in drafts], 1)
    check_places(work)
    work.append(events.FiltersReplaced(provider.id, len(drafts)))
    return len(drafts)


def check_places(work: Work) -> None:
    """Refuse what makes the caller's territories and filters too large for everybody. Raises TooManyPlacesError."""
    rules.check_places(store.place_keys(work, work.principal.organization_id))


def filters(reading: Reading, after: str | None, limit: int) -> list[tuple[int, Filter]]:
    """Return the caller's filters in saved order behind ``after``, each with its ordinal."""
    return store.filters(reading, reading.principal.organization_id, after, limit)


def filter_of(reading: Reading, filter_id: str) -> Filter:
    """Return a filter of the caller. Raises NotFoundError."""
    found = store.filter_of(reading, filter_id)
    if found is None:
        raise NotFoundError
    return found


def active_filters(reading: Reading, provider_ids: Sequence[OrganizationId]) -> list[Filter]:
    """Return the active filters of these providers, provider by provider in saved order."""
    return store.active_filters(reading, provider_ids)


def _held_filter(work: Work, filter_id: str, if_match: str | None) -> Filter:
    found = store.locked_filter(work, filter_id)
    if found is None:
        raise NotFoundError
    http.check_if_match(if_match, found.revision)
    return found


def _filter(provider_id: OrganizationId, draft: FilterDraft) -> Filter:
    return Filter(ids.new("flt"), provider_id, draft.name, draft.criteria, draft.active, draft.delivery)


def check_drafts(reading: Reading, drafts: Sequence[FilterDraft], base: str) -> None:
    """Refuse drafts that the catalogue in force does not fit; ``base`` takes the draft's place in the list."""
    catalogue = catalogues.current(reading)
    nodes = frozenset(catalogue.nodes())
    features = frozenset(
        feature.code for family in catalogue.families for kind in family.service_types for feature in kind.features
    )
    saved = store.territory_ids(reading, reading.principal.organization_id)
    errors: list[FieldError] = []
    for index, draft in enumerate(drafts):
        errors += rules.check_criteria(draft.criteria, nodes, features, saved, base=base.format(index))
        if len(errors) >= rules.MAX_ERRORS:
            break
    if errors:
        raise MalformedError("A filter can't be saved like this.", errors=tuple(errors[: rules.MAX_ERRORS]))


def invite_all(work: Work, invitations: Sequence[Invitation]) -> list[Invitation]:
    """Give requests to providers, in one statement; return what is new: nobody receives a request twice."""
    new = store.add_invitations(work, invitations)
    return [invitation for invitation in invitations if invitation.id in new]


def invitation(reading: Reading, invitation_id: str) -> Invitation:
    """Return an invitation; a provider finds only its own, and none while it is not approved.

    Raises NotFoundError, ProviderInactiveError.
    """
    return reading.once(("invitation", invitation_id), lambda: _invitation(reading, invitation_id))


def _invitation(reading: Reading, invitation_id: str) -> Invitation:
    _check_caller(reading)
    found = store.invitation(reading, invitation_id)
    if found is None:
        raise NotFoundError
    return found


def invitations(reading: Reading, status: InvitationStatus | None, after: str | None, limit: int) -> list[Invitation]:
    """Return the caller's invitations behind ``after``, newest first. Raises ProviderInactiveError."""
    return store.invitations(reading, own_active(reading).id, status, after, limit)


def invitations_of_request(reading: Reading, request_id: RequestId) -> list[Invitation]:
    """Return all invitations to a request, by provider."""
    return store.invitations_of_request(reading, request_id)


def invitations_named(reading: Reading, invitation_ids: Sequence[str]) -> list[Invitation]:
    """Return these invitations; a provider finds only its own."""
    return store.invitations_named(reading, invitation_ids)


def invited_requests(reading: Reading, provider_id: OrganizationId) -> set[str]:
    """Return the requests that a provider has received."""
    return store.invited_requests(reading, provider_id)


def invited_providers(reading: Reading, request_id: RequestId) -> set[str]:
    """Return the providers that have received a request."""
    return store.invited_providers(reading, request_id)


def counts(reading: Reading, request_id: RequestId) -> Counts:
    """Return what became of a request's invitations."""
    return store.counts(reading, request_id)


def mark_seen(work: Work, invitation_id: str) -> Invitation:
    """Record that the provider opened the request; the first time counts. Raises like ``invitation``."""
    before = _held_invitation(work, invitation_id)
    seen = rules.see(before, work.now)
    if seen != before:
        store.save_invitation(work, seen)
        work.append(events.InvitationSeen(seen.id, seen.provider_id, seen.request_id))
    return seen


def decline(work: Work, invitation_id: str, reason: str, text: str) -> Invitation:
    """Record that the provider won't bid.

    Raises NotFoundError, ProviderInactiveError, MalformedError, InvitationHasBidError, InvitationDeclinedError.
    """
    declined = rules.decline(_held_invitation(work, invitation_id), reason, text, work.now)
    store.save_invitation(work, declined)
    work.append(events.InvitationDeclined(declined.id, declined.provider_id, declined.request_id, reason))
    return declined


def reopen(work: Work, invitation_id: str, closes_at: datetime | None) -> Invitation:
    """Take a decline back, before the request closes at ``closes_at``.

    Raises NotFoundError, ProviderInactiveError, InvitationNotDeclinedError, InvitationClosedError.
    """
    reopened = rules.reopen(_held_invitation(work, invitation_id), work.now, closes_at)
    store.save_invitation(work, reopened)
    work.append(events.InvitationReopened(reopened.id, reopened.provider_id, reopened.request_id))
    return reopened


def mark_bid(work: Work, invitation_id: str) -> Invitation:
    """Record that the provider bid; the bid itself is the event.

    Raises NotFoundError, ProviderInactiveError, InvitationDeclinedError.
    """
    before = _held_invitation(work, invitation_id)
    changed = rules.record_bid(before, work.now)
    if changed != before:
        store.save_invitation(work, changed)
    return changed


def _held_invitation(work: Work, invitation_id: str) -> Invitation:
    _check_caller(work)
    found = store.locked_invitation(work, invitation_id)
    if found is None:
        raise NotFoundError
    work.tick()
    return found


def _check_caller(reading: Reading) -> None:
    """Keep a provider that is not approved from what it received; nobody else is concerned."""
    if reading.principal.kind is Kind.PROVIDER:
        own_active(reading)


def publish_terms(work: Work, title: str, text: str, key_terms: KeyTerms | None = None) -> TermsDocument:
    """Add the next version of the terms of this title, in Markdown, to the caller's library.

    Raises MalformedError, TermsVersionTakenError.
    """
    return _publish(work, _version(work, title, text, rules.terms_hash(text), key_terms), None)


def publish_pdf(work: Work, title: str, content: bytes, key_terms: KeyTerms | None = None) -> TermsDocument:
    """Add the next version of the terms of this title, as PDF: its bytes are hashed and kept.

    Raises TooLargeError, UnsupportedMediaError, MalformedError, TermsVersionTakenError.
    """
    read = pdf.read_pdf(content)
    version = _version(work, title, read.text, hashlib.sha256(content).hexdigest(), key_terms)
    return _publish(work, replace(version, media_type=PDF, pages=read.pages), content)


def _version(work: Work, title: str, text: str, sha256: str, key_terms: KeyTerms | None) -> TermsDocument:
    provider = own(work)
    return TermsDocument(
        id=ids.new("terms"),
        provider_id=provider.id,
        title=title,
        version=store.latest_version(work, provider.id, title) + 1,
        text=text,
        sha256=sha256,
        created_at=work.now,
        key_terms=key_terms,
    )


def _publish(work: Work, terms: TermsDocument, content: bytes | None) -> TermsDocument:
    if not store.add_terms(work, terms, content):
        raise TermsVersionTakenError("Read your library again before you publish once more.")
    work.append(events.TermsPublished(terms.provider_id, terms.id, terms.sha256))
    return terms


def terms_bytes(reading: Reading, terms_id: str) -> bytes:
    """Return the bytes of a version that its hash is of: the PDF, or the text in UTF-8. Raises NotFoundError."""
    found = terms(reading, terms_id)
    if found.media_type != PDF:
        return found.text.encode()
    content = store.terms_file(reading, terms_id)
    if content is None:
        raise NotFoundError
    return content


def terms(reading: Reading, terms_id: str) -> TermsDocument:
    """Return a version of a terms document. Raises NotFoundError; a provider finds only its own."""
    found = store.terms(reading, terms_id)
    if found is None:
        raise NotFoundError
    return found


def terms_library(reading: Reading, after: str | None, limit: int) -> list[TermsHead]:
    """Return the caller's terms documents without their texts behind ``after``, newest first."""
    return store.terms_of(reading, reading.principal.organization_id, after, limit)


def terms_of(reading: Reading, provider_id: OrganizationId, limit: int) -> list[TermsHead]:
    """Return a provider's newest terms documents without their texts: for the platform, and for the provider itself."""
    return store.terms_of(reading, provider_id, None, limit)
