"""Pure rules of a negotiation: who may propose, answer or withdraw when, and what then is agreed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from marketplace.contracts.negotiation.model import (
    AgreedChanges,
    ClauseChange,
    Negotiation,
    Proposal,
    ProposalStatus,
    Reference,
    Side,
)
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError
from marketplace.kernel.ids import UserId
from sellers.key_terms import NAMES

MAX_CHANGES = 50
"""Changes of one proposal."""
MAX_VERSIONS = 200
"""Proposals of one negotiation."""
MIN_PASSAGE = 3
"""Characters of a quoted passage: fewer name no clause."""
_MARKS: dict[int, None] = dict.fromkeys(map(ord, "*_`#>"))
"""Signs that Markdown shows as headings, emphasis, code and quotations: who quotes what it reads has none of them."""


class NegotiationClosedError(ConflictError):
    """The terms were decided, or the award fell through: there is nothing left to negotiate."""

    kind = "negotiation-closed"
    title = "The negotiation is over"


class ProposalNotOpenError(ConflictError):
    """Only the proposal that waits for an answer can be answered or withdrawn."""

    kind = "proposal-not-open"
    title = "This proposal does not wait for an answer"


class NotYourTurnError(ConflictError):
    """A side answers the other's proposal and withdraws its own."""

    kind = "not-your-turn"
    title = "This is for the other side to do"


class TooManyProposalsError(ConflictError):
    """A negotiation has a limit, so that it comes to an end."""

    kind = "too-many-proposals"
    title = "There were too many proposals"


def propose(
    negotiation: Negotiation, side: Side, user_id: UserId, changes: tuple[ClauseChange, ...], now: datetime
) -> Negotiation:
    """Return the negotiation with a further version; the other side's open proposal is countered by it.

    Raises NegotiationClosedError, NotYourTurnError while an own proposal waits, TooManyProposalsError, and
    MalformedError for no changes where none are agreed yet.
    """
    _check_not_closed(negotiation)
    waiting = negotiation.open
    if waiting is not None and waiting.side is side:
        raise NotYourTurnError(f"Your version {waiting.version} waits for an answer: withdraw it to propose another.")
    if len(negotiation.proposals) >= MAX_VERSIONS:
        raise TooManyProposalsError(f"{MAX_VERSIONS} is the limit: accept or refuse the terms as they stand.")
    if not changes and negotiation.agreed is None:
        raise MalformedError(errors=(FieldError("/changes", "propose at least one change"),))
    kept = _with(negotiation, waiting, ProposalStatus.COUNTERED, user_id, now) if waiting else negotiation
    fresh = Proposal(len(kept.proposals) + 1, side, user_id, now, changes)
    return replace(kept, revision=negotiation.revision + 1, proposals=(*kept.proposals, fresh))


def accept(negotiation: Negotiation, version: int, side: Side, user_id: UserId, now: datetime) -> Negotiation:
    """Return the negotiation with a version that both accepted.

    Raises NegotiationClosedError, ProposalNotOpenError for a version that is stale, NotYourTurnError for an own one.
    """
    waiting = _waiting(negotiation, version)
    if waiting.side is side:
        raise NotYourTurnError("You proposed it; the other side accepts or counters it.")
    answered = _with(negotiation, waiting, ProposalStatus.ACCEPTED, user_id, now)
    return replace(answered, revision=negotiation.revision + 1)


def withdraw(negotiation: Negotiation, version: int, side: Side, user_id: UserId, now: datetime) -> Negotiation:
    """Return the negotiation without the side's own open proposal.

    Raises NegotiationClosedError, ProposalNotOpenError, NotYourTurnError for the other side's.
    """
    waiting = _waiting(negotiation, version)
    if waiting.side is not side:
        raise NotYourTurnError("The other side proposed it; you accept or counter it.")
    answered = _with(negotiation, waiting, ProposalStatus.WITHDRAWN, user_id, now)
    return replace(answered, revision=negotiation.revision + 1)


def close(negotiation: Negotiation, user_id: UserId, now: datetime) -> Negotiation:
    """Return the negotiation at its end; a proposal that still waits lapses. Closing twice changes nothing."""
    if negotiation.closed:
        return negotiation
    waiting = negotiation.open
    kept = _with(negotiation, waiting, ProposalStatus.LAPSED, user_id, now) if waiting else negotiation
    return replace(kept, closed=True, revision=negotiation.revision + 1)


def agreed(negotiation: Negotiation) -> AgreedChanges | None:
    """Return the changes that an acceptance of the terms binds; None for the terms as presented."""
    last = negotiation.agreed
    if last is None or last.answered_at is None or not last.changes:
        return None
    return AgreedChanges(last.version, last.side, last.at, last.answered_at, last.changes)


def check_changes(changes: tuple[ClauseChange, ...], terms_text: str) -> None:
    """Raise MalformedError for changes that don't say which clause of these terms they change."""
    errors = tuple(_change_errors(changes, _plain(terms_text)))
    if errors:
        raise MalformedError("These changes can't be proposed like this.", errors=errors)


def _change_errors(changes: tuple[ClauseChange, ...], text: str) -> Iterator[FieldError]:
    if len(changes) > MAX_CHANGES:
        yield FieldError("/changes", f"{len(changes)} are too many: at most {MAX_CHANGES}")
    seen: set[tuple[Reference, str]] = set()
    for index, change in enumerate(changes):
        at = f"/changes/{index}/clause"
        clause = (change.reference, _plain(change.clause))
        if clause in seen:
            yield FieldError(at, "this clause is changed twice: put both into one")
        seen.add(clause)
        if change.reference is Reference.KEY_TERM and change.clause not in NAMES:
            yield FieldError(at, f"no key term has this name: choose one of {', '.join(NAMES)}")
        elif change.reference is Reference.PASSAGE and (len(clause[1]) < MIN_PASSAGE or clause[1] not in text):
            yield FieldError(at, "these words are not in the terms: quote a heading or passage as it stands there")


def _plain(text: str) -> str:
    """Return text without what a quotation may lose: line breaks, spaces, and the marks of Markdown."""
    return " ".join(text.translate(_MARKS).split())


def _check_not_closed(negotiation: Negotiation) -> None:
    if negotiation.closed:
        raise NegotiationClosedError("The terms were decided, or the award fell through.")


def _waiting(negotiation: Negotiation, version: int) -> Proposal:
    _check_not_closed(negotiation)
    waiting = negotiation.open
    if waiting is None:
        raise ProposalNotOpenError("No proposal waits for an answer.")
    if waiting.version != version:
        raise ProposalNotOpenError(f"Version {waiting.version} waits for an answer, not version {version}.")
    return waiting


def _with(
    negotiation: Negotiation, proposal: Proposal, status: ProposalStatus, user_id: UserId, now: datetime
) -> Negotiation:
    changed = replace(proposal, status=status, answered_by=user_id, answered_at=now)
    return replace(
        negotiation,
        proposals=tuple(changed if one.version == proposal.version else one for one in negotiation.proposals),
    )
