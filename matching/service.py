"""Who receives a request: distribution, the carrier's own view of what it received, counts and explanations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from buyers.requests import service as requests
from buyers.requests.attachments import service as attachments
from buyers.requests.attachments.service import File
from buyers.requests.model import Bands, ListMode, ProviderList, Request, Status
from buyers.requests.service import PublicState
from marketplace.kernel import ids
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.rate_limits import RateLimit
from marketplace.kernel.work import Reading, Work, Workshop
from matching import candidates, events, hindsight, live, reach, rules, store, whereabouts
from matching.facts import facts_of
from matching.hindsight import Hindsight
from matching.model import Match, ProviderExplanation, Published, RequestFacts
from matching.past import Past
from matching.reach import Reach
from sellers import service as sellers
from sellers.model import Invitation, InvitationReason, InvitationStatus, Provider
from sellers.rules import InvitationClosedError
from sellers.service import FilterDraft

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


def warm_up(workshop: Workshop) -> None:
    """Load the index of filters in the background, so that the first publication need not wait for it."""
    live.warm_up(workshop)


def distribute(work: Work, request_id: RequestId) -> int:
    """Give a request to everybody that it is for and who has not received it yet; return to how many.

    Does nothing while the request takes no bids (suspended, closed, withdrawn).
    """
    request = requests.get(work, request_id)
    if not _takes_bids(request):
        return 0
    published = Published(_facts(work, request), request.content.provider_list)
    store.save(work, published, request.published_at or work.now)
    count = _distribute(work, request, published)
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
    return _distribute(work, request, _kept(work, (request_id,))[0])


def reach_open_requests(work: Work, provider_id: OrganizationId) -> int:
    """Give a provider the open requests that are for it now and that it has not received; return how many.

    Only those that close later than ``LATE_INVITATION_LIMIT`` from now.
    """
    if not sellers.is_approved(work, provider_id):
        return 0
    received = sellers.invited_requests(work, provider_id)
    closing = requests.open_closes(work, work.now + LATE_INVITATION_LIMIT)
    fresh = _kept(work, [request_id for request_id in closing if request_id not in received])
    found = candidates.matches_of(work, provider_id, fresh)
    return _invite(work, [(facts.request_id, closing[facts.request_id], match) for facts, match in found])


def _takes_bids(request: Request) -> bool:
    return request.status is Status.OPEN and not request.suspended


def _kept(work: Work, request_ids: Sequence[RequestId]) -> list[Published]:
    """Return what requests are compared with; it is made again for those that an earlier release published."""
    kept = store.of(work, request_ids)
    for request_id in request_ids:
        if request_id not in kept:
            request = requests.get(work, request_id)
            kept[request_id] = Published(_facts(work, request), request.content.provider_list)
    return [kept[request_id] for request_id in request_ids]


def _distribute(work: Work, request: Request, published: Published) -> int:
    found = candidates.matches(work, published, sellers.invited_providers(work, request.id))
    closes_at = request.content.schedule.closes_at
    return _invite(work, [(request.id, closes_at, match) for match in found])


def _invite(work: Work, found: Sequence[tuple[RequestId, datetime | None, Match]]) -> int:
    """Invite many at once: one statement for the invitations, two for the events."""
    closing = {request_id: closes_at for request_id, closes_at, _ in found}
    invitations = sellers.invite_all(work, [_invitation(work, request_id, match) for request_id, _, match in found])
    by_provider = {(request_id, match.provider_id): match for request_id, _, match in found}
    told: list[events.ProviderInvited | events.ProviderGranted] = []
    for one in invitations:
        match = by_provider[one.request_id, one.provider_id]
        if match.reason is InvitationReason.GRANTED:
            told.append(events.ProviderGranted(one.request_id, one.provider_id, one.id))
        else:
            delivery = match.filter.delivery if match.filter else ""
            waits = rules.waits_for_digest(delivery, work.now, closing[one.request_id])
            told.append(events.ProviderInvited(one.request_id, one.provider_id, one.id, digest=waits))
    work.append_all(told)
    return len(invitations)


def _invitation(work: Work, request_id: RequestId, match: Match) -> Invitation:
    return Invitation(
        InvitationId(ids.new("inv")),
        match.provider_id,
        request_id,
        match.filter.id if match.filter else "",
        match.reason,
        InvitationStatus.RECEIVED,
        received_at=work.now,
        filter_name=match.filter.name if match.filter else "",
        explanation=match.explanation,
    )


def _facts(reading: Reading, request: Request) -> RequestFacts:
    return facts_of(request.id, request.content, requests.publication_bands(reading, request.id))


def reach_of(reading: Reading, request: Request, bands: Bands) -> Reach:
    """Return about how many providers a request of the caller would reach as it stands, and what narrows that most.

    ``bands`` are all that the buyer could disclose. A provider that the buyer pushes the request to counts whatever it
    wants.
    """
    index = live.of(reading).caught_up(reading)

    def count(facts: RequestFacts, providers: ProviderList) -> int:
        if providers.mode is ListMode.ONLY and providers.distribute:
            return sum(1 for one in sellers.approved(reading) if rules.admits(providers, one))
        return index.providers(facts, providers)

    return reach.reach(request.content, bands, facts_of(request.id, request.content, bands), count)


def would_have_matched(reading: Reading, workshop: Workshop, draft: FilterDraft) -> Hindsight:
    """Return what a filter of the caller would have received in the past 90 days, in rounded numbers.

    Raises ProviderInactiveError (anybody can register: who is not approved counts nobody's requests), MalformedError.
    """
    provider_id = sellers.own_active(reading).id
    sellers.check_drafts(reading, (draft,), "/criteria")
    known = whereabouts.read(reading, ((provider_id, draft.criteria),))
    published = reading.memory.of(Past).of(workshop, reading.now)
    return hindsight.hindsight(draft.criteria, known.of(provider_id, draft.criteria), provider_id, published)


def preview_limit() -> RateLimit:
    """Return how many such questions a provider may ask: enough to edit by, too few to search with."""
    return RateLimit("previews", per_second=1 / 20, burst=60)


def received(reading: Reading, status: InvitationStatus | None, after: str | None, limit: int) -> list[Received]:
    """Return what the caller received, newest first, behind cursor ``after``. Raises ProviderInactiveError."""
    invitations = sellers.invitations(reading, status, after, limit)
    states = requests.public(reading, [invitation.request_id for invitation in invitations])
    return [received_of(invitation, states[invitation.request_id]) for invitation in invitations]


def open_invitation(work: Work, invitation_id: str) -> Received:
    """Return one thing that the caller received; the first opening is recorded.

    Raises NotFoundError, ProviderInactiveError.
    """
    invitation = sellers.mark_seen(work, invitation_id)
    return received_of(invitation, requests.public_state(work, invitation.request_id))


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


def read(reading: Reading, invitation_id: str) -> Received:
    """Return one thing that the caller received, and record nothing. Raises NotFoundError, ProviderInactiveError."""
    invitation = sellers.invitation(reading, invitation_id)
    return received_of(invitation, requests.public_state(reading, invitation.request_id))


def attachment(reading: Reading, invitation_id: str, ref: str) -> File:
    """Return a file of a request that the caller received. Raises NotFoundError, ProviderInactiveError."""
    return attachments.file(reading, read(reading, invitation_id).invitation.request_id, ref)


def received_of(invitation: Invitation, state: PublicState) -> Received:
    """Return an invitation beside the state of its request."""
    return Received(invitation, state.status, state.suspended, state.closes_at, state.view)


def explain(reading: Reading, provider_id: OrganizationId, request_id: RequestId) -> ProviderExplanation:
    """Return why a provider does or does not match a request now, by the matcher's own predicate: for the platform.

    Raises NotFoundError for an unknown provider, an unknown request or one that was never published.
    """
    request = _published(reading, request_id)
    return _explained(reading, request, [sellers.get(reading, provider_id)])[0]


def explain_all(
    reading: Reading, request_id: RequestId, after: str | None, limit: int
) -> list[tuple[str, ProviderExplanation]]:
    """Return ``explain`` of all providers behind cursor ``after``, in the order in which they registered.

    Each comes with the instant of its registration, for the cursor of the next page. Raises NotFoundError.
    """
    request = _published(reading, request_id)
    providers = sellers.many(reading, None, after, limit)
    instants = ["" if one.registered_at is None else one.registered_at.isoformat() for one in providers]
    return list(zip(instants, _explained(reading, request, providers), strict=True))


def _published(reading: Reading, request_id: RequestId) -> Request:
    request = requests.get(reading, request_id)
    if not request.version:
        raise NotFoundError
    return request


def _explained(reading: Reading, request: Request, providers: Sequence[Provider]) -> list[ProviderExplanation]:
    """Explain many providers with one reading each of filters, places and invitations."""
    facts = _facts(reading, request)
    filters = sellers.active_filters(reading, [provider.id for provider in providers])
    own = {owner: list(some) for owner, some in groupby(filters, lambda saved: saved.provider_id)}
    known = whereabouts.read(reading, ((saved.provider_id, saved.criteria) for saved in filters))
    invited = sellers.invited_providers(reading, request.id)
    found = []
    for provider in providers:
        nearest = rules.closest(own.get(provider.id, []), facts, known.of_filter)
        saved, criteria = nearest or (None, ())
        found.append(
            ProviderExplanation(
                provider_id=provider.id,
                name=provider.name,
                status=provider.status,
                invited=provider.id in invited,
                admitted=rules.admits(request.content.provider_list, provider.id),
                accepted=saved is not None and all(result.passed for result in criteria),
                filter=saved,
                criteria=criteria,
            )
        )
    return found
