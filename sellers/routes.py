"""HTTP: registration and approval of providers, and the provider's desk: filters and terms."""

from typing import Annotated

from fastapi import Body, Depends, File, Form, Response, UploadFile

from marketplace.kernel import http, pagination
from marketplace.kernel.access import PUBLIC, Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import (
    NotFoundError,
    PreconditionRequiredError,
    StaleError,
    TooLargeError,
    UnsupportedMediaError,
)
from marketplace.kernel.http import AccountWork, IfMatch, ReadingOnly, Working
from sellers import pdf, rules, service
from sellers.model import MARKDOWN, PDF, Contact, Provider, ProviderStatus, TermsDocument
from sellers.schemas import (
    DirectoryEntry,
    FilterInput,
    FilterOutput,
    Id,
    ProviderInput,
    ProviderOutput,
    ReasonInput,
    RegistrationOutput,
    ReplacedOutput,
)
from sellers.terms_schemas import TermsInput, TermsOutput, TermsSummary, Title, key_terms_of

providers = http.router("/providers", tags=["providers"])
desk = http.router(tags=["provider desk"])

_BYTES = {"schema": {"type": "string", "format": "binary"}}

PlatformAdmin = Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
_DESK_ROLES = (UserRole.ADMIN, UserRole.DESK)
FilterWriter = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=_DESK_ROLES, scope=Scope.FILTERS))]
TermsWriter = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=_DESK_ROLES, scope=Scope.BIDS))]
_CHANGING = http.problems(NotFoundError, StaleError, PreconditionRequiredError)


@providers.post("", status_code=201, summary="Register as a provider")
def register_provider(
    body: ProviderInput, work: AccountWork, _: Annotated[Principal, Depends(PUBLIC)], response: Response
) -> RegistrationOutput:
    """Your company and its first user. You can sign in at once; requests come when the platform has approved you."""
    contact = Contact(body.contact_name, body.contact_email, body.contact_phone)
    done = service.register_provider(work, service.RegisterProvider(body.name, contact, body.reference))
    response.headers["Location"] = "/provider"
    return RegistrationOutput(
        provider=ProviderOutput.of(done.provider), email=done.email, initial_password=done.initial_password
    )


@providers.get("", summary="Providers and their approval")
def list_providers(
    reading: ReadingOnly,
    _: PlatformAdmin,
    status: ProviderStatus | None = None,
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[ProviderOutput]:
    """Who registered first comes first; `status=pending` is the queue."""
    found = service.many(reading, status, after, limit + 1)
    items, following = pagination.page_of(found, limit, _registered_key)
    return pagination.Page(items=[ProviderOutput.of(item) for item in items], next=following)


@providers.get("/directory", summary="Approved providers")
def list_approved_providers(
    reading: ReadingOnly,
    _: Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PLATFORM))],
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[DirectoryEntry]:
    """Whom a buyer's provider list may name."""
    found = service.many(reading, ProviderStatus.APPROVED, after, limit + 1)
    items, following = pagination.page_of(found, limit, _registered_key)
    return pagination.Page(items=[DirectoryEntry(id=item.id, name=item.name) for item in items], next=following)


@providers.post(
    "/{provider_id}/approve",
    summary="Approve a provider",
    responses=http.problems(NotFoundError, rules.ProviderClosedError, rules.ProviderAlreadyApprovedError),
)
def approve_provider(provider_id: Id, body: ReasonInput, work: Working, _: PlatformAdmin) -> ProviderOutput:
    """For the first time or after a suspension. Open requests that its filters accept reach it within moments."""
    return ProviderOutput.of(service.approve(work, provider_id, body.reason))


@providers.post(
    "/{provider_id}/suspend",
    summary="Suspend a provider",
    responses=http.problems(NotFoundError, rules.ProviderClosedError, rules.ProviderNotApprovedError),
)
def suspend_provider(provider_id: Id, body: ReasonInput, work: Working, _: PlatformAdmin) -> ProviderOutput:
    """It receives, opens and bids on nothing until it is approved again. It reads your reason."""
    return ProviderOutput.of(service.suspend(work, provider_id, body.reason))


@providers.post(
    "/{provider_id}/close",
    summary="Close a provider",
    responses=http.problems(NotFoundError, rules.ProviderClosedError),
)
def close_provider(provider_id: Id, body: ReasonInput, work: Working, _: PlatformAdmin) -> ProviderOutput:
    """For good. It reads your reason."""
    return ProviderOutput.of(service.close(work, provider_id, body.reason))


@desk.get("/provider", summary="Your company", responses=http.problems(NotFoundError))
def read_own_provider(reading: ReadingOnly, _: Desk) -> ProviderOutput:
    """Your registration and the state of its approval."""
    return ProviderOutput.of(service.own(reading))


@desk.get("/filters", summary="Your filters")
def list_filters(
    reading: ReadingOnly, _: Desk, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[FilterOutput]:
    """In the order in which they are tried: the first that accepts a request is named in your invitation."""
    found = service.filters(reading, after, limit + 1)
    items, following = pagination.page_of(found, limit, lambda item: (item[0], item[1].id))
    return pagination.Page(items=[FilterOutput.of(saved) for _ordinal, saved in items], next=following)


@desk.post(
    "/filters",
    status_code=201,
    summary="Save a filter",
    responses=http.problems(rules.TooManyFiltersError, rules.TooManyPlacesError),
)
def save_filter(body: FilterInput, work: Working, _: FilterWriter, response: Response) -> FilterOutput:
    """Requests that it accepts reach you from now on, and those open now within moments."""
    saved = service.save_filter(work, body.draft())
    response.headers["Location"] = f"/filters/{saved.id}"
    response.headers["ETag"] = http.etag(saved.revision)
    return FilterOutput.of(saved)


@desk.put("/filters", summary="Replace all your filters", responses=http.problems(rules.TooManyPlacesError))
def replace_filters(
    body: Annotated[list[FilterInput], Body(max_length=rules.MAX_FILTERS)], work: Working, _: FilterWriter
) -> ReplacedOutput:
    """All or nothing: the list becomes your filters, in its order. Errors point into it, such as `/3/criteria/…`."""
    return ReplacedOutput(count=service.replace_filters(work, [item.draft() for item in body]))


@desk.get("/filters/{filter_id}", summary="One filter", responses=http.problems(NotFoundError))
def read_filter(filter_id: Id, reading: ReadingOnly, _: Desk, response: Response) -> FilterOutput:
    """Its version stands in the `ETag` header."""
    saved = service.filter_of(reading, filter_id)
    response.headers["ETag"] = http.etag(saved.revision)
    return FilterOutput.of(saved)


@desk.put(
    "/filters/{filter_id}",
    summary="Change a filter",
    responses=http.problems(NotFoundError, StaleError, PreconditionRequiredError, rules.TooManyPlacesError),
)
def change_filter(
    filter_id: Id, body: FilterInput, work: Working, _: FilterWriter, response: Response, if_match: IfMatch = None
) -> FilterOutput:
    """The whole filter anew. Invitations that it led to stay."""
    saved = service.change_filter(work, filter_id, body.draft(), if_match)
    response.headers["ETag"] = http.etag(saved.revision)
    return FilterOutput.of(saved)


@desk.delete("/filters/{filter_id}", status_code=204, summary="Remove a filter", responses=_CHANGING)
def remove_filter(filter_id: Id, work: Working, _: FilterWriter, if_match: IfMatch = None) -> None:
    """Invitations that it led to stay."""
    service.remove_filter(work, filter_id, if_match)


@desk.get("/terms", summary="Your terms documents")
def list_terms(
    reading: ReadingOnly, _: Desk, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[TermsSummary]:
    """All versions, newest first, without their texts."""
    found = service.terms_library(reading, after, limit + 1)
    items, following = pagination.page_of(found, limit, lambda item: (item.created_at.isoformat(), item.id))
    return pagination.Page(items=[TermsSummary.of(item) for item in items], next=following)


@desk.post(
    "/terms",
    status_code=201,
    summary="Publish terms",
    responses=http.problems(service.TermsVersionTakenError),
)
def publish_terms(body: TermsInput, work: Working, _: TermsWriter, response: Response) -> TermsOutput:
    """A version is never changed: a bid fixes the hash of the one that it stands on."""
    stated = body.key_terms.value() if body.key_terms else None
    terms = service.publish_terms(work, body.title, body.text, stated)
    response.headers["Location"] = f"/terms/{terms.id}"
    return TermsOutput.of(terms)


@desk.post(
    "/terms/files",
    status_code=201,
    summary="Publish terms as PDF",
    responses=http.problems(TooLargeError, UnsupportedMediaError, service.TermsVersionTakenError),
)
def publish_terms_file(
    title: Annotated[Title, Form()],
    file: Annotated[UploadFile, File(description="PDF of at most 5 MB and 200 pages, without password or actions")],
    work: Working,
    _: TermsWriter,
    response: Response,
    key_terms: Annotated[str, Form(max_length=20_000, description="key terms as JSON, as in `POST /terms`")] = "",
) -> TermsOutput:
    """The bytes that you send are what is hashed. Its text is read to compare versions, nothing is changed."""
    stated = key_terms_of(key_terms)
    terms = service.publish_pdf(work, title, file.file.read(pdf.LARGEST_BYTES + 1), stated)
    response.headers["Location"] = f"/terms/{terms.id}"
    return TermsOutput.of(terms)


@desk.get(
    "/terms/{terms_id}/file",
    summary="The bytes of one version",
    response_class=Response,
    responses={200: {"content": {PDF: _BYTES, MARKDOWN: _BYTES}}, **http.problems(NotFoundError)},
)
def download_terms(terms_id: Id, reading: ReadingOnly, _: Desk) -> Response:
    """Exactly what was hashed: the PDF, or the text in UTF-8."""
    terms = service.terms(reading, terms_id)
    return Response(service.terms_bytes(reading, terms_id), headers=_as_file(terms), media_type=terms.media_type)


@desk.get("/terms/{terms_id}", summary="One version of your terms", responses=http.problems(NotFoundError))
def read_terms(terms_id: Id, reading: ReadingOnly, _: Desk) -> TermsOutput:
    """Text and hash."""
    return TermsOutput.of(service.terms(reading, terms_id))


def _registered_key(provider: Provider) -> tuple[str, str]:
    return "" if provider.registered_at is None else provider.registered_at.isoformat(), provider.id


def _as_file(terms: TermsDocument) -> dict[str, str]:
    ending = "pdf" if terms.media_type == PDF else "md"
    return {
        "ETag": f'"{terms.sha256}"',
        "Content-Disposition": f'attachment; filename="terms-{terms.sha256[:12]}.{ending}"',
    }
