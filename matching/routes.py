"""HTTP: what a provider received, and the platform's view of who matched."""

from typing import Annotated

from fastapi import Depends, Request, Response

from buyers.requests.attachments.view import ANSWERS, Ref, as_file
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, TooManyRequestsError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import OrganizationId, RequestId
from matching import service
from matching.schemas import (
    DeclineInput,
    HindsightOutput,
    Id,
    InvitationOutput,
    InvitationState,
    InvitationSummary,
    MatchingOutput,
)
from matching.service import Received
from sellers import rules
from sellers.model import InvitationStatus
from sellers.schemas import FilterInput

invitations = http.router("/invitations", tags=["invitations"])
platform = http.router("/platform/requests", tags=["back office"])
desk = http.router(tags=["provider desk"])

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Bidder = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]


@invitations.get("", summary="Requests that you received", responses=http.problems(rules.ProviderInactiveError))
def list_invitations(
    reading: ReadingOnly,
    _: Desk,
    status: InvitationStatus | None = None,
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[InvitationSummary]:
    """Newest first. You know a request by your own invitation's id; every provider has another."""
    found = service.received(reading, status, after, limit + 1)
    items, following = pagination.page_of(found, limit, _received_key)
    return pagination.Page(items=[InvitationSummary.of(item) for item in items], next=following)


@invitations.get(
    "/{invitation_id}",
    summary="One request that you received",
    responses=http.problems(NotFoundError, rules.ProviderInactiveError),
)
def read_invitation(invitation_id: Id, work: Working, _: Desk) -> InvitationOutput:
    """What the buyer asks for and why it came to you. That you opened it, and when, is recorded the first time."""
    return InvitationOutput.of(service.open_invitation(work, invitation_id))


@invitations.get(
    "/{invitation_id}/attachments/{attachment}",
    summary="A file of a request that you received",
    response_class=Response,
    responses=http.problems(NotFoundError, rules.ProviderInactiveError) | ANSWERS,
)
def download_attachment(invitation_id: Id, attachment: Ref, reading: ReadingOnly, _: Desk) -> Response:
    """The same bytes for every provider; `attachments` of the request lists them."""
    return as_file(service.attachment(reading, invitation_id, attachment))


@invitations.post(
    "/{invitation_id}/decline",
    summary="Decline a request",
    responses=http.problems(
        NotFoundError, rules.ProviderInactiveError, rules.InvitationHasBidError, rules.InvitationDeclinedError
    ),
)
def decline_invitation(invitation_id: Id, body: DeclineInput, work: Working, _: Bidder) -> InvitationState:
    """Tell that you won't bid, and why. You may take it back while the request is open."""
    return InvitationState.of(service.decline(work, invitation_id, body.reason, body.text))


@invitations.post(
    "/{invitation_id}/reopen",
    summary="Take a decline back",
    responses=http.problems(
        NotFoundError, rules.ProviderInactiveError, rules.InvitationNotDeclinedError, rules.InvitationClosedError
    ),
)
def reopen_invitation(invitation_id: Id, work: Working, _: Bidder) -> InvitationState:
    """You may bid again."""
    return InvitationState.of(service.reopen(work, invitation_id))


@desk.post(
    "/filters/preview",
    summary="What a filter would have brought",
    responses=http.problems(TooManyRequestsError, rules.ProviderInactiveError),
)
def preview_filter(
    body: FilterInput, request: Request, reading: ReadingOnly, principal: Desk, response: Response
) -> HindsightOutput:
    """About how many requests of the past 90 days this filter would have accepted, and what it loses most by.

    Nothing is saved. Days that are over count, and only requests that you could have received.
    """
    limit = reading.memory.of(service.preview_limit)
    response.headers.update(limit.take(principal.organization_id, reading.now))
    return HindsightOutput.of(service.would_have_matched(reading, request.app.state.workshop, body.draft()))


@platform.get("/{request_id}/matching", summary="Who matches and why", responses=http.problems(NotFoundError))
def explain_matching(
    request_id: Id,
    reading: ReadingOnly,
    _: Annotated[Principal, Depends(allow(Kind.PLATFORM))],
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[MatchingOutput]:
    """Every provider beside the request: whether it received it, and each criterion of the filter that decided."""
    found = service.explain_all(reading, RequestId(request_id), after, limit + 1)
    items, following = pagination.page_of(found, limit, lambda item: (item[0], item[1].provider_id))
    return pagination.Page(items=[MatchingOutput.of(item) for _registered, item in items], next=following)


@platform.get(
    "/{request_id}/matching/{provider_id}",
    summary="Why one provider matches or does not",
    responses=http.problems(NotFoundError),
)
def explain_provider(
    request_id: Id, provider_id: Id, reading: ReadingOnly, _: Annotated[Principal, Depends(allow(Kind.PLATFORM))]
) -> MatchingOutput:
    """One provider beside the request, as in the list of all."""
    return MatchingOutput.of(service.explain(reading, OrganizationId(provider_id), RequestId(request_id)))


def _received_key(received: Received) -> tuple[str, str]:
    return received.invitation.received_at.isoformat(), received.invitation.id
