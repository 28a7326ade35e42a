"""What can be done with a request, for callers that have already been found to own it."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from buyers.requests import checks, events, rules, store, view
from buyers.requests.model import Bands, Content, Request, Status, Version
from buyers.requests.rules import Action
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.kernel import codec, ids
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work

_PSEUDONYM_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class PublicState:
    """What an invited carrier may know of a request: its state, and ``view``, the newest published version."""

    status: Status
    suspended: bool
    version: int
    closes_at: datetime
    view: dict[str, Any]


def draft(work: Work, content: Content) -> Request:
    """Begin a request with ``content``, whose gaps are filled later. Raises MalformedError."""
    catalogue = catalogues.current(work)
    content = _checked(content, catalogue, work.now)
    request = Request(
        id=RequestId(ids.new("req")),
        status=Status.DRAFT,
        suspended=False,
        revision=1,
        version=0,
        pseudonym=_new_pseudonym(),
        catalogue_version=catalogue.version,
        content=content,
        created_at=work.now,
        published_at=None,
    )
    store.add(work, request)
    work.append(events.RequestDrafted(request.id))
    return request


def get(reading: Reading, request_id: RequestId) -> Request:
    """Return a request with its status as of now. Raises NotFoundError."""
    request = store.get(reading, request_id)
    if request is None:
        raise NotFoundError
    return replace(request, status=rules.effective_status(request, reading.now))


def many(reading: Reading, request_ids: Sequence[RequestId]) -> list[Request]:
    """Return requests with their statuses as of now, newest first."""
    return [
        replace(request, status=rules.effective_status(request, reading.now))
        for request in store.many(reading, request_ids)
    ]


def page(
    reading: Reading, request_ids: Collection[RequestId], after: tuple[datetime, str] | None, limit: int
) -> list[Request]:
    """Return the newest ``limit`` requests behind ``after`` (creation time, id), with their statuses as of now."""
    return [
        replace(request, status=rules.effective_status(request, reading.now))
        for request in store.page(reading, request_ids, after, limit)
    ]


def hold(work: Work, request_id: RequestId) -> Request:
    """Return a request as stored and hold it and its stream until the transaction ends. Raises NotFoundError."""
    request = store.locked(work, request_id)
    if request is None:
        raise NotFoundError
    work.hold(events.stream_of(request_id))
    work.tick()
    return request


def edit(work: Work, request_id: RequestId, content: Content) -> Request:
    """Replace a draft's content. Raises NotEditableError, MalformedError."""
    request = hold(work, request_id)
    rules.transition(request, Action.EDIT, work.now)
    catalogue = catalogues.current(work)
    content = _checked(content, catalogue, work.now)
    edited = replace(request, content=content, revision=request.revision + 1, catalogue_version=catalogue.version)
    store.save(work, edited)
    return edited


def submit(work: Work, request_id: RequestId, *, acknowledged: int) -> Request:
    """Declare a draft complete; it waits for the verification gate. Raises NotSubmittableError, MalformedError."""
    request = hold(work, request_id)
    status = rules.transition(request, Action.SUBMIT, work.now)
    _refuse(checks.check_submission(request.content, catalogues.version(work, request.catalogue_version), work.now))
    submitted = replace(request, status=status, revision=request.revision + 1)
    store.save(work, submitted)
    work.append(events.RequestSubmitted(request_id, acknowledged))
    return submitted


def publish(work: Work, request_id: RequestId, bands: Bands) -> Request:
    """Freeze what carriers see as version 1 and open the request.

    A request whose closing time passed while it waited goes back to its buyer as a draft. Raises NotPublishableError.
    """
    request = hold(work, request_id)
    closes_at = request.content.schedule.closes_at
    if request.status is Status.AWAITING_VERIFICATION and (closes_at is None or closes_at <= work.now):
        lapsed = replace(
            request,
            status=rules.transition(request, Action.RETURN, work.now),
            revision=request.revision + 1,
            end_reason="The closing time passed before your organization was verified: set a new one and submit again.",
        )
        store.save(work, lapsed)
        work.append(events.RequestLapsed(request_id))
        return lapsed
    published = replace(
        request,
        status=rules.transition(request, Action.PUBLISH, work.now),
        version=1,
        revision=request.revision + 1,
        content=replace(request.content, lots=rules.default_lots(request.content)),
        published_at=work.now,
        end_reason="",
    )
    view_hash = _store_version(work, published, bands, ())
    work.append(events.RequestPublished(request_id, published.version, view_hash))
    return published


def amend(work: Work, request_id: RequestId, content: Content) -> Request:
    """Make ``content`` the next version of a published request. Raises NotAmendableError, MalformedError."""
    request = hold(work, request_id)
    rules.transition(request, Action.AMEND, work.now)
    catalogue = catalogues.version(work, request.catalogue_version)
    amendment = rules.amend(request.content, _checked(content, catalogue, work.now))
    _refuse(checks.check_submission(amendment.content, catalogue, work.now))
    # a later close moves the lots' ends, too, of which the auctions tell again
    amended = replace(request, content=amendment.content, revision=request.revision + 1, ends_at=None)
    if not amendment.changed:
        store.save(work, amended)
        return amended
    amended = replace(amended, version=request.version + 1)
    bands = store.publication_bands(work, request_id) or Bands()
    view_hash = _store_version(work, amended, bands, amendment.changed)
    work.append(events.RequestAmended(request_id, amended.version, view_hash, amendment.changed))
    return amended


def withdraw(work: Work, request_id: RequestId, reason: str) -> Request:
    """Take a request back for good. Raises NotWithdrawableError."""
    request = hold(work, request_id)
    ended = _end(work, request, Action.WITHDRAW, reason)
    work.append(events.RequestWithdrawn(request_id, was_published=request.version > 0))
    return ended


def suspend(work: Work, request_id: RequestId) -> None:
    """Take no more bids until ``resume``; nothing happens to a request that is not published or has ended."""
    request = hold(work, request_id)
    if rules.effective_status(request, work.now) in {Status.OPEN, Status.CLOSED} and not request.suspended:
        store.save(work, replace(request, suspended=True))
        work.append(events.RequestSuspended(request_id))


def resume(work: Work, request_id: RequestId) -> None:
    """Take bids again, if the request was suspended."""
    request = hold(work, request_id)
    if request.suspended:
        store.save(work, replace(request, suspended=False))
        work.append(events.RequestResumed(request_id))


def end_moved(work: Work, request_id: RequestId, ends_at: datetime) -> None:
    """Take note of when the last lot stops taking bids; a request that is not open has its end already."""
    request = hold(work, request_id)
    if request.status is Status.OPEN and request.ends_at != ends_at:
        store.save(work, replace(request, ends_at=ends_at))


def mark_awarded(work: Work, request_id: RequestId) -> Request:
    """Record that lots of a request whose lots have all closed were awarded. Raises NotClosedError, SuspendedError."""
    ended = _end(work, hold(work, request_id), Action.AWARD, "")
    work.append(events.RequestAwarded(request_id))
    return ended


def mark_not_awarded(work: Work, request_id: RequestId, reason: str) -> Request:
    """Record that a request whose lots have all closed ended without an award. Raises NotClosedError."""
    ended = _end(work, hold(work, request_id), Action.END_UNAWARDED, reason)
    work.append(events.RequestNotAwarded(request_id))
    return ended


def open_closes(reading: Reading, closing_after: datetime) -> dict[RequestId, datetime]:
    """Return the requests that take bids and close after ``closing_after``, each with its close."""
    return store.open_closes(reading, closing_after)


def running(reading: Reading) -> frozenset[RequestId]:
    """Return the requests that take bids, or would if they were not suspended; a carrier finds those that it has."""
    return reading.once(("running",), lambda: frozenset(store.running(reading)))


def publication(reading: Reading, request_id: RequestId, version: int | None = None) -> dict[str, Any]:
    """Return what carriers see: the newest version or the named one. Raises NotFoundError."""
    found = store.publication(reading, request_id, version)
    if found is None:
        raise NotFoundError
    return found[1]


def versions(reading: Reading, request_id: RequestId) -> list[Version]:
    """Return when each version was published and which parts it changed, the newest first."""
    return store.versions(reading, request_id)


def publication_bands(reading: Reading, request_id: RequestId) -> Bands:
    """Return the bands that the newest version discloses; not readable by the carriers' role."""
    return store.publication_bands(reading, request_id) or Bands()


def public_state(reading: Reading, request_id: RequestId) -> PublicState:
    """Return the state as a carrier may know it. Raises NotFoundError where it is not invited."""
    found = public(reading, (request_id,)).get(request_id)
    if found is None:
        raise NotFoundError
    return found


def public(reading: Reading, request_ids: Collection[RequestId]) -> dict[RequestId, PublicState]:
    """Return, by id, what a carrier may know of those requests that it is invited to."""
    found = {}
    for request_id, stored, suspended, version, closes, ends, view_document in store.public(reading, request_ids):
        if closes is not None:
            status = rules.status_at(Status(stored), ends or closes, reading.now)
            closes_at = (ends if ends and ends < rules.NOT_KNOWN_YET else closes).astimezone(UTC)
            found[RequestId(request_id)] = PublicState(status, suspended, version, closes_at, view_document)
    return found


def preview(request: Request, bands: Bands) -> dict[str, Any]:
    """Return byte for byte what carriers would get if the request were published now."""
    return _view(replace(request, version=max(request.version, 1)), bands)


def _store_version(work: Work, request: Request, bands: Bands, changed: tuple[str, ...]) -> str:
    """Store the request and its carrier view; return the view's hash."""
    document = _view(request, bands)
    disclosed = view.carrier_view(
        request.version, request.pseudonym, request.content, bands, (), catalogue_version=request.catalogue_version
    ).bands
    store.save(work, request)
    store.add_publication(work, request, document, Bands(disclosed.industry, disclosed.size, disclosed.region), changed)
    return codec.digest(document)


def _view(request: Request, bands: Bands) -> dict[str, Any]:
    """Return the carrier view as JSON values."""
    lots = rules.default_lots(request.content)
    document: dict[str, Any] = codec.dump(
        view.carrier_view(
            request.version,
            request.pseudonym,
            request.content,
            bands,
            lots,
            catalogue_version=request.catalogue_version,
        )
    )
    return document


def _end(work: Work, request: Request, action: Action, reason: str) -> Request:
    ended = replace(
        request,
        status=rules.transition(request, action, work.now),
        revision=request.revision + 1,
        end_reason=reason,
    )
    store.save(work, ended)
    return ended


def _checked(content: Content, catalogue: Catalogue, now: datetime) -> Content:
    """Return ``content`` with feature values of the catalogue's types. Raises MalformedError."""
    _refuse(checks.check_content(content, catalogue, now))
    return checks.typed(content, catalogue)


def _refuse(errors: tuple[FieldError, ...]) -> None:
    if errors:
        raise MalformedError("The request is not complete and correct yet.", errors=errors)


def _new_pseudonym() -> str:
    """Return a name for the buyer that is good for one request: 'Buyer K7-204' has 24 x 10 x 1,000 forms."""
    number = int.from_bytes(hashlib.sha256(ids.new("pseudonym").encode()).digest())
    number, last = divmod(number, 1000)
    number, digit = divmod(number, 10)
    letter = _PSEUDONYM_LETTERS[number % len(_PSEUDONYM_LETTERS)]
    return f"Buyer {letter}{digit}-{last:03}"
