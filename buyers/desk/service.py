"""What a buyer does with its own requests: the verification gate, the leak check and the address book meet here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buyers.desk.content import Parts, merged
from buyers.registry import rules as registry_rules
from buyers.registry import service as registry
from buyers.registry.model import Profile as RegisteredProfile
from buyers.registry.model import SiteDetails
from buyers.requests import control, leak_check, reidentification
from buyers.requests import service as requests
from buyers.requests.attachments import cleaning
from buyers.requests.attachments import service as attachments
from buyers.requests.attachments.service import File
from buyers.requests.leak_check import Finding, IdentityTerms
from buyers.requests.model import Bands, Content, Place, Request, Status
from buyers.requests.reidentification import Hint, Profile
from buyers.requests.rules import NotAmendableError
from marketplace.kernel import http, pagination
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


class IdentityFoundError(ConflictError):
    """A text that carriers would read gives the buyer away; ``findings`` says where."""

    kind = "identity-found"
    title = "Your identity shows in this request"


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted request, and whether it waits for the verification of the buyer."""

    request: Request
    waits: bool


def owned(reading: Reading, request_id: str) -> RequestId:
    """Return the id of a request that the caller's organization owns. Raises NotFoundError for any other."""
    checked = RequestId(request_id)
    if registry.owner_of(reading, checked) != reading.principal.organization_id:
        raise NotFoundError
    return checked


def buyer_of(reading: Reading, request_id: RequestId) -> OrganizationId | None:
    """Return whose request it is, for those who tell the buyer what happened."""
    return registry.owner_of(reading, request_id)


def create(work: Work, parts: Parts) -> Request:
    """Begin a request. Raises MalformedError."""
    buyer_id = work.principal.organization_id
    request = requests.draft(work, _content(work, buyer_id, Content(), parts))
    registry.own(work, request.id, buyer_id)
    return request


def blank(parts: Parts) -> Content:
    """Return the content of a request that says nothing but ``parts``, which name no sites, and is saved nowhere."""
    return merged(Content(), parts, {})


def read(reading: Reading, request_id: str) -> Request:
    """Return one of the caller's requests. Raises NotFoundError."""
    return requests.get(reading, owned(reading, request_id))


def list_own(reading: Reading, after: str | None, limit: int) -> tuple[list[Request], str | None]:
    """Return one page of the caller's requests, newest first, and the cursor of the next. Raises MalformedError."""
    behind = pagination.decode_moment(after)
    found = requests.page(reading, own_ids(reading), behind, limit + 1)
    return pagination.page_of(found, limit, lambda item: (item.created_at.isoformat(), item.id))


def own_ids(reading: Reading) -> tuple[RequestId, ...]:
    """Return the ids of all requests of the caller's organization."""
    return registry.requests_of(reading, reading.principal.organization_id)


def edit(work: Work, request_id: str, parts: Parts, if_match: str | None) -> Request:
    """Replace parts of a draft. Raises StaleError, NotEditableError, MalformedError."""
    checked = owned(work, request_id)
    request = requests.hold(work, checked)
    http.check_if_match(if_match, request.revision)
    return requests.edit(work, checked, _content(work, work.principal.organization_id, request.content, parts))


def amend(work: Work, request_id: str, parts: Parts, if_match: str | None, accepted: Sequence[str] = ()) -> Request:
    """Change a published request within what may be amended. Raises NotAmendableError, IdentityFoundError."""
    checked = owned(work, request_id)
    request = requests.hold(work, checked)
    http.check_if_match(if_match, request.revision)
    if "sites" in parts:
        raise NotAmendableError(errors=(FieldError("/sites", "the sites were fixed when the request was published"),))
    proposed = merged(request.content, parts, {})
    found = _leaks(work, checked, proposed)
    _check_leaks(found, accepted)
    amended = requests.amend(work, checked, proposed)
    control.keep_accepted(work, checked, found, texts_of(work, checked, proposed))
    return amended


def preview(reading: Reading, request_id: str) -> dict[str, Any]:
    """Return byte for byte what an invited carrier gets, or would get if the request were published now."""
    request = requests.get(reading, owned(reading, request_id))
    if request.version:
        return requests.publication(reading, request.id)
    return requests.preview(request, disclosable_bands(reading))


def findings(reading: Reading, request_id: str) -> tuple[Finding, ...]:
    """Return where the buyer's identity shows in what carriers would read."""
    checked = owned(reading, request_id)
    return _leaks(reading, checked, requests.get(reading, checked).content)


def unusual(reading: Reading, request_id: str) -> Hint:
    """Return how unusual what a request of the caller's discloses is among the other verified buyers."""
    content = requests.get(reading, owned(reading, request_id)).content
    countries = {site.place.country for site in content.sites}
    others = registry.other_profiles(reading, reading.principal.organization_id, countries)
    return reidentification.hint(content, disclosable_bands(reading), map(_profile, others))


def _profile(known: RegisteredProfile) -> Profile:
    """Return a profile as the hint counts it: a buyer is where its address book says, and where it is registered."""
    bands, seat = registry_rules.bands_of(known.demographics), known.demographics
    places = (Place(seat.country, seat.region), *map(_place, known.places))
    return Profile(
        Bands(bands.industry, bands.size, bands.region), seat.sites, frozenset(map(reidentification.spot, places))
    )


def submit(work: Work, request_id: str, accepted: Sequence[str], if_match: str | None) -> Submitted:
    """Submit a draft; a verified buyer's is published at once, another's waits for the verification.

    ``accepted`` are the exact words of findings that the buyer takes responsibility for.

    Raises:
        IdentityFoundError: a finding is not among ``accepted``.
        MalformedError: the request is not complete.
        NotSubmittableError: it is not a draft.
    """
    buyer_id = work.principal.organization_id
    checked = owned(work, request_id)
    # the buyer is held before the request, as by the platform's decision: otherwise each could wait for the other
    verified = registry.is_verified(work, buyer_id)
    request = requests.hold(work, checked)
    if if_match is not None:
        http.check_if_match(if_match, request.revision)
    if request.status is Status.DRAFT:  # the address book may have changed since the last edit
        sites = [{"ref": site.ref, "site_id": site.site_id} for site in request.content.sites]
        request = requests.edit(work, checked, _content(work, buyer_id, request.content, {"sites": sites}))
    found = _leaks(work, checked, request.content)
    request = requests.submit(work, checked, acknowledged=len(found))
    _check_leaks(found, accepted)
    control.keep_accepted(work, checked, found, texts_of(work, checked, request.content))
    if verified:
        return Submitted(requests.publish(work, checked, disclosable_bands(work)), waits=False)
    return Submitted(request, waits=True)


def attach(work: Work, request_id: str, name: str, content: bytes, if_match: str | None) -> Request:
    """Add a file to a draft, freed of its metadata.

    Raises StaleError, NotEditableError, TooLargeError, UnsupportedMediaError, MalformedError, TooManyAttachmentsError.
    """
    checked = owned(work, request_id)
    bare = cleaning.bare(content)  # before the request is held: it takes its time
    http.check_if_match(if_match, requests.hold(work, checked).revision)
    return attachments.attach(work, checked, name, bare)


def detach(work: Work, request_id: str, ref: str, if_match: str | None) -> Request:
    """Take a file out of a draft. Raises StaleError, NotEditableError, NotFoundError."""
    checked = owned(work, request_id)
    http.check_if_match(if_match, requests.hold(work, checked).revision)
    return attachments.detach(work, checked, ref)


def attachment(reading: Reading, request_id: str, ref: str) -> File:
    """Return a file of one of the caller's requests as carriers get it. Raises NotFoundError."""
    return attachments.file(reading, owned(reading, request_id), ref)


def withdraw(work: Work, request_id: str, reason: str) -> Request:
    """Take a request back for good. Raises NotWithdrawableError."""
    return requests.withdraw(work, owned(work, request_id), reason)


def publish_waiting(work: Work, buyer_id: OrganizationId) -> None:
    """Publish what waited for this buyer's verification, and let its suspended requests go on."""
    bands = registry.bands_of(work, buyer_id)
    disclosable = Bands(bands.industry, bands.size, bands.region)
    for request in requests.many(work, registry.requests_of(work, buyer_id)):
        if request.status is Status.AWAITING_VERIFICATION:
            requests.publish(work, request.id, disclosable)
        elif request.suspended:
            requests.resume(work, request.id)


def suspend_all(work: Work, buyer_id: OrganizationId) -> None:
    """Suspend every published request of a buyer whose verification ended."""
    for request_id in registry.requests_of(work, buyer_id):
        requests.suspend(work, request_id)


def disclosable_bands(reading: Reading) -> Bands:
    """Return the bands of the caller's organization that a request may disclose."""
    bands = registry.bands_of(reading, reading.principal.organization_id)
    return Bands(bands.industry, bands.size, bands.region)


def _content(reading: Reading, buyer_id: OrganizationId, content: Content, parts: Parts) -> Content:
    """Return ``content`` with ``parts`` replaced, its sites taken from the buyer's address book."""
    places: dict[str, Place] = {}
    if "sites" in parts:
        known = registry.sites_by_id(reading, buyer_id)
        errors = tuple(
            FieldError(f"/sites/{index}/site_id", "this is none of your sites (GET /sites)")
            for index, site in enumerate(parts["sites"])
            if site["site_id"] not in known
        )
        if errors:
            raise MalformedError("A site is not in your address book.", errors=errors)
        places = {site_id: _place(site) for site_id, site in known.items()}
    return merged(content, parts, places)


def _place(site: SiteDetails) -> Place:
    return Place(site.country, site.state, site.city, site.postal_code, site.street, site.latitude, site.longitude)


def check_texts(
    reading: Reading, request_id: RequestId, texts: Mapping[str, str], accepted: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Check texts on a request that carriers will read, named by JSON Pointers, as the request's own are checked.

    Return the findings, all of them among the words ``accepted``. Raises IdentityFoundError, NotFoundError.
    """
    found = text_findings(reading, request_id, texts)
    _check_leaks(found, accepted)
    return found


def text_findings(reading: Reading, request_id: RequestId, texts: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return where the identity of a request's buyer shows in texts by anybody. Raises NotFoundError."""
    buyer_id = registry.owner_of(reading, request_id)
    if buyer_id is None:
        raise NotFoundError
    return leak_check.find_leaks(texts, _terms(reading, buyer_id, requests.get(reading, request_id).content))


def texts_of(reading: Reading, request_id: RequestId, content: Content) -> dict[str, str]:
    """Return every text that reaches the carriers by JSON Pointer: of the content itself, and in its files."""
    return leak_check.texts_of(content) | attachments.texts(reading, request_id, content)


def _leaks(reading: Reading, request_id: RequestId, content: Content) -> tuple[Finding, ...]:
    terms = _terms(reading, reading.principal.organization_id, content)
    return leak_check.find_leaks(texts_of(reading, request_id, content), terms)


def _terms(reading: Reading, buyer_id: OrganizationId, content: Content) -> IdentityTerms:
    """Return what gives a buyer away beside ``content``, which discloses something."""
    known = registry.known_identity(reading, buyer_id)
    return IdentityTerms(
        names=known.names,
        domains=known.domains,
        emails=known.emails,
        phones=known.phones,
        numbers=known.numbers,
        people=known.people,
        streets=() if content.disclosure in {"exact", "building"} else known.streets,
        site_labels=known.site_labels,
        disclosed_cities=tuple({site.place.city for site in content.sites if site.place.city}),
    )


def _check_leaks(found: tuple[Finding, ...], accepted: Sequence[str]) -> None:
    """Raise IdentityFoundError unless the buyer took responsibility for every finding, word by word."""
    words = set(accepted)
    unaccepted = tuple(finding for finding in found if finding.text not in words)
    if unaccepted:
        raise IdentityFoundError(
            "Change the text, or take responsibility by sending the exact words in accept_findings.",
            errors=tuple(FieldError(finding.where, f"'{finding.text}': {finding.why}") for finding in unaccepted),
        )
