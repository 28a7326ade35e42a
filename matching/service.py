"""Who receives a request: distribution, the carrier's own view of what it received, counts and explanations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from buyers.requests import service as requests
from buyers.requests.model import Request, Status
from buyers.requests.service import PublicState
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from matching import events, rules
from matching.facts import facts_of
from matching.model import Match, ProviderExplanation, RequestFacts
from sellers import service as sellers
from sellers.model import Invitation, InvitationReason, InvitationStatus
from sellers.rules import InvitationClosedError

LATE_INVITATION_LIMIT = timedelta(minutes=15)
"""A filter saved, or a provider approved, this shortly before a request closes does not bring it any more."""


@dataclass(frozen=True, slots=True)
class Received:
    """One invitation beside what its provider may read: the request's state and its published document."""

    invitation: Invitation
    request_status: Status
    suspended: bool
    closes_at: datetime
    document: dict[str, Any]


def distribute(work: Work, request_id: RequestId) -> int:
    """Give a request to everybody that it is for and who has not received it yet; return to how many.

    Does nothing while the request takes no bids (suspended, closed, withdrawn).
    """
    request = requests.get(work, request_id)
    if not _takes_bids(request):
        return 0
    count = _distribute(work, request, sellers.approved(work))
    work.append(events.RequestDistributed(request_id, count))
    return count


def reach_late(work: Work, request_id: RequestId) -> int:
    """Give a request to those that became fit for it while it was being published, amended or suspended.

    A filter that is saved in a transaction beside the publication's is seen by neither: this comes after both.
    """
    request = requests.get(work, request_id)
    closes_at = request.content.schedule.closes_at
    if not _takes_bids(request) or closes_at is None or closes_at <= work.now + LATE_INVITATION_LIMIT:
        return 0
    return _distribute(work, request, sellers.approved(work))


def reach_open_requests(work: Work, provider_id: OrganizationId) -> int:
    """Give a provider the open requests that are for it now and that it has not received; return how many.

    Only those that close later than ``LATE_INVITATION_LIMIT`` from now.
    """
    if provider_id not in sellers.approved(work):
        return 0
    received = sellers.invited_requests(work, provider_id)
    open_ids = requests.open_ids(work, work.now + LATE_INVITATION_LIMIT)
    return sum(
        _distribute(work, requests.get(work, request_id), (provider_id,))
        for request_id in open_ids
        if request_id not in received
    )


def _takes_bids(request: Request) -> bool:
    return request.status is Status.OPEN and not request.suspended


def _distribute(work: Work, request: Request, approved: Sequence[OrganizationId]) -> int:
    invited = sellers.invited_providers(work, request.id)
    provider_list = request.content.provider_list
    fresh = [one for one in approved if one not in invited and rules.admits(provider_list, one)]
    found = rules.matches(provider_list, fresh, sellers.active_filters(work, fresh), _facts(work, request))
    return sum(_invite(work, request.id, match) for match in found)


def _invite(work: Work, request_id: RequestId, match: Match) -> bool:
    invitation_id = sellers.invite(
        work,
        match.provider_id,
        request_id,
        match.filter.id if match.filter else "",
        match.reason,
        filter_name=match.filter.name if match.filter else "",
        explanation=match.explanation,
    )
    if invitation_id is None:
        return False
    granted = match.reason is InvitationReason.GRANTED
    event = events.ProviderGranted if granted else events.ProviderInvited
    work.append(event(request_id, match.provider_id, invitation_id))
    return True


def _facts(reading: Reading, request: Request) -> RequestFacts:
    return facts_of(request.id, request.content, requests.publication_bands(reading, request.id))


def received(reading: Reading, status: InvitationStatus | None, after: str | None, limit: int) -> list[Received]:
    """Return what the caller received, newest first, behind cursor ``after``. Raises ProviderInactiveError."""
    invitations = sellers.invitations(reading, status, after, limit)
    states = requests.public(reading, [invitation.request_id for invitation in invitations])
    return [_received(invitation, states[invitation.request_id]) for invitation in invitations]


def open_invitation(work: Work, invitation_id: str) -> Received:
    """Return one thing that the caller received; the first opening is recorded.

    Raises NotFoundError, ProviderInactiveError.
    """
    invitation = sellers.mark_seen(work, invitation_id)
    return _received(invitation, requests.public_state(work, invitation.request_id))


def decline(work: Work, invitation_id: str, reason: str, text: str) -> Invitation:
    """Record that the caller won't bid.

    Raises NotFoundError, ProviderInactiveError, MalformedError, InvitationHasBidError, InvitationDeclinedError.
    """
    return sellers.decline(work, invitation_id, reason, text)


def reopen(work: Work, invitation_id: str) -> Invitation:
    """Take a decline back while the request is open.

    Raises NotFoundError, ProviderInactiveError, InvitationNotDeclinedError, InvitationClosedError.
    """
    state = requests.public_state(work, sellers.invitation(work, invitation_id).request_id)
    reopened = sellers.reopen(work, invitation_id, state.closes_at)
    if state.status is not Status.OPEN:  # it may end before its time; told only to who could reopen it otherwise
        raise InvitationClosedError(f"The request is {state.status}.")
    return reopened


def _received(invitation: Invitation, state: PublicState) -> Received:
    return Received(invitation, state.status, state.suspended, state.closes_at, state.view)


def explain(reading: Reading, provider_id: OrganizationId, request_id: RequestId) -> ProviderExplanation:
    """Return why a provider does or does not match a request now, by the matcher's own predicate: for the platform.

    Raises NotFoundError for an unknown provider, an unknown request or one that was never published.
    """
    request = _published(reading, request_id)
    return _explained(reading, request, _facts(reading, request), provider_id)


def explain_all(
    reading: Reading, request_id: RequestId, after: str | None, limit: int
) -> list[tuple[str, ProviderExplanation]]:
    """Return ``explain`` of all providers behind cursor ``after``, in the order in which they registered.

    Each comes with the instant of its registration, for the cursor of the next page. Raises NotFoundError.
    """
    request = _published(reading, request_id)
    facts = _facts(reading, request)
    return [
        (
            "" if provider.registered_at is None else provider.registered_at.isoformat(),
            _explained(reading, request, facts, provider.id),
        )
        for provider in sellers.many(reading, None, after, limit)
    ]


def _published(reading: Reading, request_id: RequestId) -> Request:
    request = requests.get(reading, request_id)
    if not request.version:
        raise NotFoundError
    return request


def _explained(
    reading: Reading, request: Request, facts: RequestFacts, provider_id: OrganizationId
) -> ProviderExplanation:
    provider = sellers.get(reading, provider_id)
    nearest = rules.closest(sellers.active_filters(reading, (provider_id,)), facts)
    saved, criteria = nearest or (None, ())
    return ProviderExplanation(
        provider_id=provider.id,
        name=provider.name,
        status=provider.status,
        invited=provider_id in sellers.invited_providers(reading, request.id),
        admitted=rules.admits(request.content.provider_list, provider_id),
        accepted=saved is not None and all(result.passed for result in criteria),
        filter=saved,
        criteria=criteria,
    )
