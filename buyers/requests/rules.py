"""Pure decisions about a request: its states, default lots, prior spend and what an amendment may change."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from buyers.requests.model import BillingPreferences, Content, Line, Lot, Request, Schedule, Status
from marketplace.kernel.errors import ConflictError, FieldError


class NotEditableError(ConflictError):
    """Only a draft is edited freely."""

    kind = "request-not-editable"
    title = "This request is not a draft any more"


class NotSubmittableError(ConflictError):
    """The request was submitted before, or has ended."""

    kind = "request-not-submittable"
    title = "This request can't be submitted"


class NotPublishableError(ConflictError):
    """The request is published already, or has ended."""

    kind = "request-not-publishable"
    title = "This request can't be published"


class NotAmendableError(ConflictError):
    """Only an open request is amended, and only some parts of it."""

    kind = "request-not-amendable"
    title = "This request can't be amended like this"


class NotWithdrawableError(ConflictError):
    """The request has ended: it is awarded, not awarded or withdrawn."""

    kind = "request-not-withdrawable"
    title = "This request can't be withdrawn any more"


class NotClosedError(ConflictError):
    """The time for bids is not over, or the request was decided before."""

    kind = "request-not-closed"
    title = "This request is not closed"


class SuspendedError(ConflictError):
    """The buyer's verification is revoked: its requests stand still."""

    kind = "request-suspended"
    title = "This request is suspended"


NOT_KNOWN_YET = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a request of which a lot is paused."""


class Action(StrEnum):
    """What may be done to a request as a whole."""

    EDIT = "edit"
    SUBMIT = "submit"
    RETURN = "return to draft"
    PUBLISH = "publish"
    AMEND = "amend"
    CLOSE = "close"
    AWARD = "award"
    END_UNAWARDED = "end without an award"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class _Step:
    sources: tuple[Status, ...]
    target: Status
    refusal: type[ConflictError]
    while_suspended: bool = True


# A request of a verified buyer is published straight from the draft; one of an unverified buyer waits in between, and
# returns to the draft when something (its closing time, say) no longer holds at the moment of publishing. Some
# auctions end before their announced close: who awards an open request, or ends it, has seen that all its lots closed.
_STEPS = {
    Action.EDIT: _Step((Status.DRAFT,), Status.DRAFT, NotEditableError),
    Action.SUBMIT: _Step((Status.DRAFT,), Status.AWAITING_VERIFICATION, NotSubmittableError),
    Action.RETURN: _Step((Status.AWAITING_VERIFICATION,), Status.DRAFT, NotEditableError),
    Action.PUBLISH: _Step(
        (Status.DRAFT, Status.AWAITING_VERIFICATION), Status.OPEN, NotPublishableError, while_suspended=False
    ),
    Action.AMEND: _Step((Status.OPEN,), Status.OPEN, NotAmendableError, while_suspended=False),
    Action.CLOSE: _Step((Status.CLOSED,), Status.CLOSED, NotClosedError),
    Action.AWARD: _Step((Status.OPEN, Status.CLOSED), Status.AWARDED, NotClosedError, while_suspended=False),
    Action.END_UNAWARDED: _Step((Status.OPEN, Status.CLOSED), Status.NOT_AWARDED, NotClosedError),
    Action.WITHDRAW: _Step(
        (Status.DRAFT, Status.AWAITING_VERIFICATION, Status.OPEN, Status.CLOSED),
        Status.WITHDRAWN,
        NotWithdrawableError,
    ),
}


def effective_status(request: Request, now: datetime) -> Status:
    """Return the status at ``now``: an open request is closed from its end on, whether a job has run or not."""
    return status_at(request.status, request.ends_at or request.content.schedule.closes_at, now)


def status_at(stored: Status, ends_at: datetime | None, now: datetime) -> Status:
    """Return the status at ``now`` of a request that is ``stored`` as it is and takes bids until ``ends_at``."""
    if stored is Status.OPEN and ends_at is not None and ends_at <= now:
        return Status.CLOSED
    return stored


def transition(request: Request, action: Action, now: datetime) -> Status:
    """Return the status that ``action`` leads to at ``now``.

    Raises:
        ConflictError: the subclass named after what is not possible; SuspendedError where only that stands against it.
    """
    step = _STEPS[action]
    status = effective_status(request, now)
    if status not in step.sources:
        needed = " or ".join(f"'{source}'" for source in step.sources)
        raise step.refusal(f"to {action} it, it must be {needed}; it is '{status}'")
    if request.suspended and not step.while_suspended:
        raise SuspendedError(f"to {action} it, the buyer must be verified again first")
    return step.target


def default_lots(content: Content) -> tuple[Lot, ...]:
    """Return the buyer's lots, then one lot per site and one for the whole company from the lines left over.

    A default lot's name is made of the site's ref, never of what the buyer calls the site.
    """
    taken = {ref for lot in content.lots for ref in lot.lines}
    used = {lot.ref for lot in content.lots}
    by_site: dict[str, list[str]] = {site: [] for site in (*(site.ref for site in content.sites), "")}
    for line in content.lines:
        if line.ref not in taken:
            by_site[line.site].append(line.ref)
    lots = list(content.lots)
    number = 0
    for site, lines in by_site.items():
        if not lines:
            continue
        number += 1
        while f"T{number}" in used:
            number += 1
        lots.append(Lot(f"T{number}", f"Site {site}" if site else "Whole company", tuple(lines)))
    return tuple(lots)


def monthly_spend(content: Content) -> Decimal | None:
    """Return today's monthly spend in the request's currency, or None when the buyer gave no figure at all."""
    known = [usage.monthly_spend for usage in content.prior_usage if usage.monthly_spend is not None]
    return sum(known, Decimal(0)) if known else None


@dataclass(frozen=True, slots=True)
class Amendment:
    """An amended content and what is new in it for carriers, as field names and refs without values.

    Nothing that carriers see has changed when ``changed`` is empty: then the request keeps its version.
    """

    content: Content
    changed: tuple[str, ...]


_FROZEN = (
    "term_months",
    "start_date",
    "discount_rate",
    "sites",
    "prior_usage",
    "provider_list",
    "disclosed_bands",
    "disclosure",
    "auction",
    "attachments",
)
_BILLING_SHOWN = ("period", "consolidated", "payment_days", "invoice_format", "tax_exempt")


def amend(current: Content, proposed: Content) -> Amendment:
    """Return ``proposed`` as an amendment of the published ``current``, whose lots hold every line.

    May change: title, description, features, quantity, priority and note of a line, lines added at the request's sites
    or removed, ``closes_at`` and the planned award to a later time, billing but for its currency. An added line joins
    the lot that the proposal names, otherwise the one lot that has lines of its site. Completeness is checked
    afterwards by ``checks.check_submission``.

    Raises:
        NotAmendableError: anything else differs; ``errors`` names each such field.
    """
    lots, lot_errors = _amended_lots(current, proposed)
    errors = (
        *(_frozen(name) for name in _FROZEN if getattr(current, name) != getattr(proposed, name)),
        *_schedule_errors(current.schedule, proposed.schedule),
        *_line_errors(current, proposed),
        *lot_errors,
    )
    if current.billing.currency != proposed.billing.currency:
        errors = (*errors, _frozen("billing/currency"))
    if errors:
        raise NotAmendableError("withdraw this request and publish a new one to change these fields", errors=errors)
    changed = (
        *(name for name in ("title", "description") if getattr(current, name) != getattr(proposed, name)),
        *_changed_lines(current.lines, proposed.lines),
        *_changed_schedule(current.schedule, proposed.schedule),
        *_changed_billing(current.billing, proposed.billing),
    )
    lines = tuple(line for _, line in _kept_first(current.lines, proposed.lines))
    return Amendment(replace(proposed, lines=lines, lots=lots), changed)


def _frozen(name: str) -> FieldError:
    return FieldError(
        f"/{name}", f"{name.replace('_', ' ')} was fixed when the request was published; leave it as it is"
    )


def _schedule_errors(current: Schedule, proposed: Schedule) -> tuple[FieldError, ...]:
    errors = []
    if current.opens_at != proposed.opens_at:
        errors.append(_frozen("schedule/opens_at"))
    if current.closes_at is not None and (proposed.closes_at is None or proposed.closes_at < current.closes_at):
        errors.append(FieldError("/schedule/closes_at", f"bids may close later than {current.closes_at}, not earlier"))
    planned = current.award_planned_on
    if planned is not None and (proposed.award_planned_on is None or proposed.award_planned_on < planned):
        errors.append(
            FieldError("/schedule/award_planned_on", f"the award may be planned later than {planned}, not earlier")
        )
    return tuple(errors)


def _line_errors(current: Content, proposed: Content) -> tuple[FieldError, ...]:
    before = {line.ref: line for line in current.lines}
    return tuple(
        FieldError(f"/lines/{index}/{name}", f"{line.ref} keeps its {name}; remove the line and add a new one instead")
        for index, line in enumerate(proposed.lines)
        for name in ("service_type", "site")
        if line.ref in before and getattr(before[line.ref], name) != getattr(line, name)
    )


def _amended_lots(current: Content, proposed: Content) -> tuple[tuple[Lot, ...], tuple[FieldError, ...]]:
    """Return the frozen lots with removed lines taken out and added lines put in, and what stands against it."""
    home = {ref: lot.ref for lot in current.lots for ref in lot.lines}
    stated = {ref: lot.ref for lot in proposed.lots for ref in lot.lines}
    names = {(lot.ref, lot.name) for lot in current.lots}
    renamed = any((lot.ref, lot.name) not in names for lot in proposed.lots)
    if renamed or any(home.get(ref, lot_ref) != lot_ref for ref, lot_ref in stated.items()):
        return (), (_frozen("lots"),)
    by_site: dict[str, set[str]] = {}
    for line in current.lines:
        by_site.setdefault(line.site, set()).add(home.get(line.ref, ""))
    members: dict[str, list[str]] = {lot.ref: [] for lot in current.lots}
    errors = []
    for index, line in _kept_first(current.lines, proposed.lines):
        there = by_site.get(line.site, set())
        chosen = home.get(line.ref) or stated.get(line.ref) or (next(iter(there)) if len(there) == 1 else "")
        if chosen:
            members[chosen].append(line.ref)
        else:
            errors.append(FieldError(f"/lines/{index}", f"name in lots the lot that {line.ref} is added to"))
    for index, lot in enumerate(current.lots):
        if not members[lot.ref]:
            message = f"{lot.ref} would have no line left; keep at least one of its lines"
            errors.append(FieldError(f"/lots/{index}", message))
    lots = (replace(lot, lines=_in_order(lot.lines, members[lot.ref])) for lot in current.lots)
    return tuple(lots), tuple(errors)


def _kept_first(current: tuple[Line, ...], proposed: tuple[Line, ...]) -> list[tuple[int, Line]]:
    """Return the proposed lines with their indices: those kept in their published order, then those added.

    A mere change of order would otherwise be a change of the carriers' view that no field name tells.
    """
    rank = {line.ref: position for position, line in enumerate(current)}
    return sorted(enumerate(proposed), key=lambda entry: rank.get(entry[1].ref, len(rank)))


def _in_order(published: tuple[str, ...], members: list[str]) -> tuple[str, ...]:
    rank = {ref: position for position, ref in enumerate(published)}
    return tuple(sorted(members, key=lambda ref: rank.get(ref, len(rank))))


def _changed_lines(current: tuple[Line, ...], proposed: tuple[Line, ...]) -> tuple[str, ...]:
    before = {line.ref: line for line in current}
    after = {line.ref for line in proposed}
    changed = []
    for line in proposed:
        old = before.get(line.ref)
        if old is None:
            changed.append(f"line {line.ref} added")
        elif old != line:
            names = (
                name
                for name in ("features", "quantity", "priority", "note")
                if getattr(old, name) != getattr(line, name)
            )
            changed.append(f"line {line.ref}: {', '.join(names)}")
    changed += [f"line {line.ref} removed" for line in current if line.ref not in after]
    return tuple(changed)


def _changed_schedule(current: Schedule, proposed: Schedule) -> tuple[str, ...]:
    names = ("closes_at", "award_planned_on")
    return tuple(f"schedule: {name}" for name in names if getattr(current, name) != getattr(proposed, name))


def _changed_billing(current: BillingPreferences, proposed: BillingPreferences) -> tuple[str, ...]:
    # The purchase-order number is not in the carriers' view, so its change is none of their business.
    return tuple(f"billing: {name}" for name in _BILLING_SHOWN if getattr(current, name) != getattr(proposed, name))
