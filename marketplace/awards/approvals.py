"""The second pair of eyes: what one user may award alone, and selections that wait for another user's yes."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from buyers.requests import service as requests
from buyers.requests.model import Request
from marketplace.awards import approval_store, events, rules, service, store
from marketplace.awards.model import (
    Approval,
    ApprovalLimit,
    ApprovalStatus,
    Award,
    AwardPreview,
    Basis,
    Comparison,
    Outcome,
    Selection,
)
from marketplace.awards.service import NO_BASIS, ApprovalPendingError
from marketplace.kernel import http, ids
from marketplace.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work


class ApprovalDecidedError(ConflictError):
    """The selection was approved, rejected or cancelled before."""

    kind = "approval-decided"
    title = "This selection does not wait any more"


class OwnSelectionError(ForbiddenError):
    """Nobody approves or rejects its own selection."""

    kind = "own-selection"
    title = "Another user has to look at your selection"


def limit(reading: Reading) -> tuple[ApprovalLimit | None, int]:
    """Return what one user of the caller's organization may award alone, and the setting's revision."""
    return approval_store.limit(reading, reading.principal.organization_id)


def set_limit(
    work: Work, amount: Decimal | None, currency: str, if_match: str | None
) -> tuple[ApprovalLimit | None, int]:
    """Say what one user may award alone; None: anything. Selections that wait keep the limit that they met.

    Raises StaleError, PreconditionRequiredError.
    """
    organization_id = work.principal.organization_id
    before, revision = approval_store.limit(work, organization_id)
    if revision or before is not None:
        http.check_if_match(if_match, revision)
    after = None if amount is None else ApprovalLimit(amount, currency, revision + 1)
    approval_store.save_limit(work, organization_id, after, revision + 1)
    work.append(events.ApprovalLimitSet(organization_id))
    return after, revision + 1


def preview(work: Work, request_id: RequestId, selection: Selection, basis: Basis = NO_BASIS) -> AwardPreview:
    """Return what confirming a selection does, a second user's approval included. Raises as ``service.preview``."""
    shown = service.preview(work, request_id, selection, basis)
    needed = _needed(work, request_id, shown.total, requests.get(work, request_id).content.billing.currency)
    words = "" if needed is None else rules.approval_words(*needed)
    return replace(shown, approval=words)


def award(work: Work, request_id: RequestId, selection: Selection, basis: Basis = NO_BASIS) -> Award | Approval:
    """Award lots, or ask a second user to, where the total is above what the caller may award alone.

    Raises as ``service.decide``.
    """
    comparison = service.checked(work, request_id, selection, basis)
    needed = _needed(work, request_id, _total(comparison, selection), comparison.currency)
    if needed is None:
        return service.decide(work, request_id, selection, basis)
    if approval_store.pending(work, request_id) is not None:
        raise ApprovalPendingError("Approve or reject it, or cancel it, before anything else is awarded.")
    total, allowed = needed
    asked = Approval(
        id=ids.new("apr"),
        request_id=request_id,
        status=ApprovalStatus.PENDING,
        selection=selection,
        basis=basis,
        total=total,
        limit=allowed.amount,
        currency=allowed.currency,
        asked_by=work.principal.user_id,
        asked_at=work.now,
    )
    approval_store.save_approval(work, asked)
    work.append(events.AwardProposed(request_id, asked.id))
    return asked


def approve(work: Work, request_id: RequestId, approval_id: str) -> Award:
    """Approve another user's selection: the award and what it reveals follow in this transaction.

    The bids are checked again: one that has expired meanwhile is refused, and the selection still waits.

    Raises as ``service.decide``, and NotFoundError, ApprovalDecidedError, OwnSelectionError.
    """
    asked = _pending(work, request_id, approval_id, by_another=True)
    made = service.decide(work, request_id, asked.selection, asked.basis, asked)
    work.append(events.AwardApproved(request_id, asked.id))
    _end(work, replace(asked, status=ApprovalStatus.APPROVED, award_id=made.id))
    return made


def reject(work: Work, request_id: RequestId, approval_id: str, reason: str) -> Approval:
    """Reject another user's selection: its lots wait for a decision again.

    Raises NotFoundError, ApprovalDecidedError, OwnSelectionError.
    """
    asked = _pending(work, request_id, approval_id, by_another=True)
    work.append(events.AwardRejected(request_id, asked.id))
    return _end(work, replace(asked, status=ApprovalStatus.REJECTED, reason=reason))


def cancel(work: Work, request_id: RequestId, approval_id: str) -> Approval:
    """Take back one's own selection. Raises NotFoundError, ApprovalDecidedError, ForbiddenError."""
    asked = _pending(work, request_id, approval_id, by_another=False)
    work.append(events.AwardCancelled(request_id, asked.id))
    return _end(work, replace(asked, status=ApprovalStatus.CANCELLED))


def of_request(reading: Reading, request_id: RequestId) -> list[Approval]:
    """Return the selections of a request that waited, or wait, for a second user, newest first."""
    return approval_store.approvals_of(reading, request_id)


def pending_on(reading: Reading, own: Sequence[Request]) -> dict[RequestId, Approval]:
    """Return the selections that wait for a second user, by the caller's request that they belong to."""
    return approval_store.pending_among(reading, [one.id for one in own])


def refuse_while_pending(work: Work, request_id: RequestId) -> None:
    """Raise ApprovalPendingError while a selection of the request waits for a second user."""
    if approval_store.pending(work, request_id) is not None:
        raise ApprovalPendingError("Bids stay as they are until the selection that rests on them is decided.")


def _needed(work: Work, request_id: RequestId, total: Decimal, currency: str) -> tuple[Decimal, ApprovalLimit] | None:
    """Return what counts against the limit, and the limit, if a second user has to approve.

    What was awarded on the request before and still stands counts as well: splitting an award doesn't avoid the limit.
    A limit in another currency can't be compared, so that every award needs a second user.
    """
    allowed, _ = approval_store.limit(work, work.principal.organization_id)
    if allowed is None:
        return None
    standing = [
        lot.total
        for made in store.of_request(work, request_id)
        for lot in made.lots
        if lot.outcome is Outcome.AWARDED and lot.total is not None
    ]
    together = sum(standing, total)
    if allowed.currency == currency and together <= allowed.amount:
        return None
    return together, allowed


def _total(comparison: Comparison, selection: Selection) -> Decimal:
    return rules.preview(comparison, selection).total


def _pending(work: Work, request_id: RequestId, approval_id: str, *, by_another: bool) -> Approval:
    """Return a selection that waits, held after its request as by every decision."""
    requests.hold(work, request_id)
    asked = approval_store.approval(work, approval_id)
    if asked is None or asked.request_id != request_id:
        raise NotFoundError
    if asked.status is not ApprovalStatus.PENDING:
        raise ApprovalDecidedError(f"It is {asked.status}.")
    own = asked.asked_by == work.principal.user_id
    if own and by_another:
        raise OwnSelectionError("Who selected can't be the second user; cancel it if it is wrong.")
    if not own and not by_another:
        raise ForbiddenError("Only who selected can cancel it; you may approve or reject it.")
    return asked


def _end(work: Work, decided: Approval) -> Approval:
    ended = replace(decided, decided_by=work.principal.user_id, decided_at=work.now)
    approval_store.save_approval(work, ended)
    return ended
