"""Pure decisions about a winner's confirmation: who may answer when, and when the buyer need not wait any more."""

from dataclasses import replace
from datetime import datetime, timedelta

from marketplace.awards.confirmation.model import Confirmation, ConfirmationStatus
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.ids import UserId

PERIOD = timedelta(days=5)
"""How long a winner has to confirm before the buyer may take the lots back."""


class AwardNotConfirmedError(ConflictError):
    """The contract needs both: the provider's confirmation of the award, then the buyer's yes to the terms."""

    kind = "award-not-confirmed"
    title = "The carrier has not confirmed the award"


class AwardAnsweredError(ConflictError):
    """An award is confirmed or declined once."""

    kind = "award-answered"
    title = "This award was answered before, or has gone back to the buyer"


class ConfirmationNotOverdueError(ConflictError):
    """The carrier still has time to confirm."""

    kind = "confirmation-not-overdue"
    title = "The carrier still has time to confirm"


def overdue(confirmation: Confirmation, now: datetime) -> bool:
    """Tell whether the provider has let its time pass without an answer."""
    return confirmation.status is ConfirmationStatus.AWAITED and now >= confirmation.due_at


def confirm(confirmation: Confirmation, user_id: UserId, now: datetime) -> Confirmation:
    """Return the award confirmed, also late as long as the buyer has not taken it back. Raises AwardAnsweredError."""
    _check_awaited(confirmation)
    return replace(confirmation, status=ConfirmationStatus.CONFIRMED, decided_at=now, decided_by=user_id)


def decline(confirmation: Confirmation, user_id: UserId, now: datetime, reason: str) -> Confirmation:
    """Return the award declined, the provider in default on this request. Raises AwardAnsweredError."""
    _check_awaited(confirmation)
    return replace(
        confirmation,
        status=ConfirmationStatus.DECLINED,
        decided_at=now,
        decided_by=user_id,
        reason=reason,
        defaulted=True,
    )


def take_back(confirmation: Confirmation, user_id: UserId, now: datetime, reason: str) -> Confirmation:
    """Return the award taken back by the buyer. Raises AwardAnsweredError, ConfirmationNotOverdueError."""
    _check_awaited(confirmation)
    if not overdue(confirmation, now):
        raise ConfirmationNotOverdueError(f"It has until {confirmation.due_at.isoformat()}.")
    return replace(
        confirmation,
        status=ConfirmationStatus.RETURNED,
        decided_at=now,
        decided_by=user_id,
        reason=reason,
        defaulted=True,
    )


def lapse(confirmation: Confirmation, now: datetime) -> Confirmation:
    """Return the award without its lots: nothing is left to confirm. An answer that was given stays."""
    if confirmation.status is not ConfirmationStatus.AWAITED:
        return confirmation
    return replace(confirmation, status=ConfirmationStatus.RETURNED, decided_at=now)


def check_confirmed(confirmation: Confirmation | None, now: datetime) -> None:
    """Raise AwardNotConfirmedError unless the provider stands by its bids; it says what to wait for or to do."""
    if confirmation is None:
        raise AwardNotConfirmedError("It was not asked.")
    if confirmation.status is ConfirmationStatus.AWAITED:
        due = confirmation.due_at.isoformat()
        raise AwardNotConfirmedError(
            f"It has until {due}; you are told when it has."
            if now < confirmation.due_at
            else f"It had until {due}: wait for its word, or take the lots back and award them to others."
        )
    if confirmation.status is not ConfirmationStatus.CONFIRMED:
        raise AwardNotConfirmedError(f"The award is {confirmation.status}.")


def _check_awaited(confirmation: Confirmation) -> None:
    if confirmation.status is not ConfirmationStatus.AWAITED:
        raise AwardAnsweredError(f"It is {confirmation.status}.")
