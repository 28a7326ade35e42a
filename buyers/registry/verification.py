"""Use cases of verification: the buyer's evidence, the platform's decision, the end by the clock."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import puremagic

from buyers.registry import rules, service, store
from buyers.registry.events import (
    BuyerEvent,
    BuyerFlagged,
    BuyerRejected,
    BuyerVerified,
    EvidenceAdded,
    IdentityRead,
    VerificationExpired,
    VerificationExpiryNeared,
    VerificationRequested,
    VerificationRevoked,
)
from buyers.registry.model import (
    Buyer,
    Case,
    Decision,
    DecisionRecord,
    DocumentInfo,
    IdentityReading,
    NumberKind,
    QueueEntry,
    Verification,
    VerificationStatus,
)
from marketplace.kernel import http, ids
from marketplace.kernel.access import Kind
from marketplace.kernel.alarms import set_alarm
from marketplace.kernel.errors import (
    ConflictError,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    TooLargeError,
    UnsupportedMediaError,
)
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work

EXPIRY_ALARM = "verification-expiry"
WARNING_ALARM = "verification-expires-soon"
WARNING_DAYS = (30, 7)
"""So many days before a verification expires its buyer is told."""


class TooManyDocumentsError(ConflictError):
    """The buyer has uploaded as many documents as it may."""

    kind = "too-many-documents"
    title = f"A buyer gives at most {rules.MOST_DOCUMENTS} documents"


def own_case(reading: Reading) -> tuple[Buyer, tuple[DocumentInfo, ...]]:
    """Return the caller's record and its documents."""
    buyer_id = reading.principal.organization_id
    return service.get(reading, buyer_id), store.documents(reading, buyer_id)


def add_numbers(work: Work, values: Mapping[NumberKind, str]) -> Buyer:
    """Add numbers to the caller's record; one of a kind that is there replaces it. Raises MalformedError."""
    numbers = service.checked_numbers(values)
    before = service.hold(work, work.principal.organization_id)
    kept = [number for number in before.numbers if number.kind not in values]
    after = replace(before, numbers=tuple(sorted([*kept, *numbers], key=lambda number: number.kind)))
    if after == before:
        return before
    saved = service.save_change(work, before, after, ("numbers",))
    work.append(EvidenceAdded(saved.id, numbers=tuple(number.kind for number in numbers)))
    return saved


def add_document(work: Work, title: str, content: bytes) -> DocumentInfo:
    """Add a document to the caller's evidence; the same bytes a second time are the same document.

    Raises TooLargeError, UnsupportedMediaError, TooManyDocumentsError.
    """
    if len(content) > rules.LARGEST_DOCUMENT:
        raise TooLargeError(f"A document has at most {rules.LARGEST_DOCUMENT:,} bytes.")
    media_type = _media_type(content)
    before = service.hold(work, work.principal.organization_id)
    there = store.documents(work, before.id)
    sha256 = hashlib.sha256(content).hexdigest()
    for document in there:
        if document.sha256 == sha256:
            return document
    if len(there) >= rules.MOST_DOCUMENTS:
        raise TooManyDocumentsError
    document = DocumentInfo(ids.new("doc"), before.id, title, media_type, len(content), sha256, work.now)
    store.add_document(work, document, content)
    _save(work, before, before.verification)
    work.append(EvidenceAdded(before.id, document_id=document.id))
    return document


def _media_type(content: bytes) -> str:
    """Return the type that the bytes themselves have; what the sender calls it does not count."""
    try:
        found: str = puremagic.from_string(content, mime=True)
    except (puremagic.PureError, ValueError):  # of no known type, or empty
        found = ""
    if found not in rules.DOCUMENT_TYPES:
        raise UnsupportedMediaError("Send a PDF, PNG or JPEG file; its bytes say that this is none.")
    return found


def submit(work: Work) -> Buyer:
    """Ask the platform to verify the caller. Raises NotSubmittableError."""
    before = service.hold(work, work.principal.organization_id)
    evidence = len(before.numbers) + len(store.documents(work, before.id))
    after = _save(work, before, rules.submitted(before.verification, work.now, evidence=evidence))
    work.append(VerificationRequested(before.id))
    return after


def queue(
    reading: Reading, status: VerificationStatus, after: str | None, limit: int
) -> tuple[list[QueueEntry], str | None]:
    """Return one page of the cases with this status, the longest waiting first, and the cursor of the next."""
    return store.queue(reading, status, after, limit)


def read_case(work: Work, buyer_id: OrganizationId) -> Case:
    """Return a case for the admin who decides; that it was read goes on record. Raises NotFoundError."""
    buyer = service.get(work, buyer_id)
    documents = store.documents(work, buyer_id)
    checks = rules.checks_of(buyer, documents, store.claimed_by_others(work, buyer_id))
    work.append(IdentityRead(buyer_id))
    return Case(buyer, documents, checks, store.decisions(work, buyer_id))


def read_document(work: Work, buyer_id: OrganizationId, document_id: str) -> tuple[DocumentInfo, bytes]:
    """Return a buyer's document and its bytes; that it was read goes on record. Raises NotFoundError."""
    found = [document for document in store.documents(work, buyer_id) if document.id == document_id]
    content = store.document_content(work, buyer_id, document_id)
    if not found or content is None:
        raise NotFoundError
    work.append(IdentityRead(buyer_id, document_id))
    return found[0], content


def decide(work: Work, buyer_id: OrganizationId, decision: Decision, reason: str, if_match: str | None) -> Buyer:
    """Decide a case on exactly what was read of it: ``if_match`` is the version that ``read_case`` gave.

    Raises:
        ForbiddenError: the caller is not of the platform.
        NotFoundError: there is no such buyer.
        StaleError: the buyer changed its record or evidence since; PreconditionRequiredError: no ``if_match``.
        NotDecidableError: its status does not allow the decision.
        SecondAdminNeededError: the caller flagged the case.
        MalformedError: the reason is empty.
    """
    admin = work.principal
    if admin.kind is not Kind.PLATFORM:
        raise ForbiddenError("Only the platform verifies.")
    if not reason.strip():
        raise MalformedError("A decision needs a reason.")
    before = service.hold(work, buyer_id)
    http.check_if_match(if_match, before.revision)
    verification = rules.decided(before.verification, decision, admin.user_id, reason, work.now)
    after = _save(work, before, verification)
    store.add_decision(work, buyer_id, DecisionRecord(decision, reason, admin.user_id, work.now))
    if verification.until is not None and decision is Decision.VERIFY:
        set_alarm(work, EXPIRY_ALARM, buyer_id, verification.until)
        for days in WARNING_DAYS:
            set_alarm(work, WARNING_ALARM, f"{buyer_id} {days}", verification.until - timedelta(days=days))
    work.append(_told(after, decision))
    return after


def _told(buyer: Buyer, decision: Decision) -> BuyerEvent:
    if decision is Decision.FLAG:
        return BuyerFlagged(buyer.id)
    if decision is Decision.REJECT:
        return BuyerRejected(buyer.id)
    until = buyer.verification.until
    return VerificationRevoked(buyer.id, "decision") if until is None else BuyerVerified(buyer.id, until)


def expire(work: Work, key: str) -> None:
    """End the verification of the buyer ``key`` if its time is over; nothing otherwise."""
    before = store.locked(work, OrganizationId(key))
    work.tick()
    verification = None if before is None else rules.expired(before.verification, work.now)
    if before is not None and verification is not None:
        _save(work, before, verification)
        work.append(VerificationExpired(before.id))


def warn(work: Work, key: str) -> None:
    """Tell a buyer that its verification expires in so many days; not where it was renewed, or has ended, since.

    A warning that the worker was away for is left to the next one, or to the expiry itself.
    """
    buyer_id, _, days = key.rpartition(" ")
    buyer = store.locked(work, OrganizationId(buyer_id))
    work.tick()
    until = None if buyer is None else buyer.verification.until
    later = [other for other in WARNING_DAYS if other < int(days)]
    if until is not None and rules.expires_within(until, int(days), max(later, default=0), work.now):
        work.append(VerificationExpiryNeared(OrganizationId(buyer_id), int(days)))


def own_readings(reading: Reading, after: str | None, limit: int) -> tuple[list[IdentityReading], str | None]:
    """Return one page of who of the platform read the caller's identity, newest first."""
    return store.readings(reading, reading.principal.organization_id, after, limit)


def _save(work: Work, before: Buyer, verification: Verification) -> Buyer:
    after = replace(before, verification=verification, revision=before.revision + 1)
    store.save(work, after)
    return after


RINGS = {EXPIRY_ALARM: expire, WARNING_ALARM: warn}
