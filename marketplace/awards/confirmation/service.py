"""Asking winners, taking their answers, and giving lots back from those that do not stand by their bids."""

from collections.abc import Callable, Collection

from buyers.requests import service as requests
from buyers.requests.events import stream_of
from marketplace.awards import service as awards
from marketplace.awards.confirmation import events, rules, store
from marketplace.awards.confirmation.events import ConfirmationEvent
from marketplace.awards.confirmation.model import Confirmation
from marketplace.kernel import alarms
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers
from sellers.model import Invitation

ALARM = "award.confirmation"
DECLINED = "The carrier declined the award."
NOT_ANSWERED = "The carrier did not confirm the award in time."


def ask(work: Work, award_id: str, request_id: RequestId, winner: Invitation, lots: tuple[str, ...]) -> None:
    """Ask a winner to confirm, and wait for it for ``rules.PERIOD``."""
    due_at = work.now + rules.PERIOD
    store.add(work, Confirmation(award_id, request_id, winner.provider_id, winner.id, lots, work.now, due_at))
    alarms.set_alarm(work, ALARM, f"{award_id} {winner.provider_id}", due_at)


def of_invitation(reading: Reading, invitation_id: str) -> list[Confirmation]:
    """Return what the calling provider was asked about its awards, newest first. Raises NotFoundError."""
    return store.of_invitation(reading, sellers.invitation(reading, invitation_id).id)


def confirm(work: Work, invitation_id: str, award_id: str) -> Confirmation:
    """Stand by the bids that an award took. Raises NotFoundError, AwardAnsweredError."""
    confirmed = rules.confirm(_own(work, invitation_id, award_id), work.principal.user_id, work.now)
    store.save(work, confirmed)
    work.append(_told(events.AwardConfirmed, confirmed))
    return confirmed


def decline(work: Work, invitation_id: str, award_id: str, reason: str) -> Confirmation:
    """Step back from an award; its lots go back within moments. Raises NotFoundError, AwardAnsweredError."""
    declined = rules.decline(_own(work, invitation_id, award_id), work.principal.user_id, work.now, reason)
    store.save(work, declined)
    work.append(_told(events.AwardDeclined, declined))
    return declined


def take_back(work: Work, request_id: RequestId, award_id: str, provider_id: str, reason: str) -> Confirmation:
    """Give the lots of a winner that did not answer in time back to the buyer.

    Raises NotFoundError, AwardAnsweredError, ConfirmationNotOverdueError.
    """
    requests.hold(work, request_id)  # first, as every decision of the buyer: none waits for another in a circle
    confirmation = store.locked(work, award_id, provider_id)
    if confirmation is None or confirmation.request_id != request_id:
        raise NotFoundError
    work.tick()
    taken = rules.take_back(confirmation, work.principal.user_id, work.now, reason)
    store.save(work, taken)
    return_lots(work, taken, NOT_ANSWERED)
    return taken


def return_lots(work: Work, confirmation: Confirmation, reason: str) -> None:
    """Give what is left of an award to a provider back to the buyer; harmless where nothing is left."""
    requests.hold(work, confirmation.request_id)
    award = awards.award_of(work, confirmation.award_id)
    left = store.held_lots(work, confirmation.award_id, confirmation.provider_id)
    if left:
        awards.return_lots(work, award, confirmation.provider_id, left, reason)


def lapse(work: Work, award_id: str, provider_id: str) -> None:
    """End the question to a provider that holds no lot of the award any more."""
    confirmation = store.locked(work, award_id, provider_id)
    if confirmation is None or store.held_lots(work, award_id, provider_id):
        return
    lapsed = rules.lapse(confirmation, work.now)
    if lapsed != confirmation:
        store.save(work, lapsed)


def tell_overdue(work: Work, award_id: str, provider_id: str) -> None:
    """Tell the buyer that it need not wait any more; harmless after an answer."""
    confirmation = store.locked(work, award_id, provider_id)
    if confirmation is not None and rules.overdue(confirmation, work.now):
        work.append(_told(events.ConfirmationMissed, confirmation))


def confirmation_of(reading: Reading, award_id: str, provider_id: str) -> Confirmation | None:
    """Return what a provider was asked about an award."""
    return store.get(reading, award_id, provider_id)


def awaited(reading: Reading, request_ids: Collection[RequestId]) -> list[Confirmation]:
    """Return what winners of these requests, which are the caller's, have not answered yet."""
    return store.awaited(reading, request_ids)


def own_awaited(reading: Reading) -> list[Confirmation]:
    """Return what the calling provider has not answered yet."""
    return store.own_awaited(reading, reading.principal.organization_id)


def of_request(reading: Reading, request_id: RequestId) -> list[Confirmation]:
    """Return what all winners of a request were asked and answered, newest first."""
    return store.of_request(reading, request_id)


def defaulted(reading: Reading, request_id: RequestId) -> frozenset[OrganizationId]:
    """Return the providers that did not stand by their bids on a request; for its buyer and the platform alone."""
    return frozenset(item.provider_id for item in store.of_request(reading, request_id) if item.defaulted)


def defaults_of(reading: Reading, provider_id: str) -> list[Confirmation]:
    """Return where a provider did not stand by its bids, newest first; for the platform alone."""
    return store.defaults_of(reading, sellers.get(reading, provider_id).id)


def _own(work: Work, invitation_id: str, award_id: str) -> Confirmation:
    """Return what the calling provider was asked, locked. Raises NotFoundError."""
    invitation = sellers.invitation(work, invitation_id)
    work.hold(stream_of(invitation.request_id))  # first, as the buyer: none waits for the other in a circle
    confirmation = store.locked(work, award_id, work.principal.organization_id)
    if confirmation is None or confirmation.invitation_id != invitation.id:
        raise NotFoundError
    work.tick()
    return confirmation


def _told(event: Callable[..., ConfirmationEvent], of: Confirmation) -> ConfirmationEvent:
    return event(of.request_id, of.award_id, of.provider_id, of.invitation_id, of.lots)
