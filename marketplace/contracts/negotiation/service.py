"""Opening, leading and ending negotiations; who may sit at the table, the contract's own reading decides before."""

from collections.abc import Callable

from buyers.requests.events import stream_of
from marketplace.contracts.negotiation import events, rules, store
from marketplace.contracts.negotiation.events import NegotiationEvent
from marketplace.contracts.negotiation.model import AgreedChanges, ClauseChange, Negotiation, Side
from marketplace.kernel import http
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


def begin(work: Work, contract_id: str, request_id: RequestId, provider_id: OrganizationId) -> None:
    """Open the room for a fresh presentation of terms."""
    store.add(work, Negotiation(contract_id, request_id, provider_id))


def get(reading: Reading, contract_id: str) -> Negotiation:
    """Return the negotiation of a contract that the caller is a party of. Raises NotFoundError."""
    found = store.get(reading, contract_id)
    if found is None:
        raise NotFoundError
    return found


def propose(
    work: Work, contract_id: str, changes: tuple[ClauseChange, ...], terms_text: str, if_match: str | None
) -> Negotiation:
    """Propose changes to the presented terms, or counter those of the other side.

    Raises StaleError, PreconditionRequiredError, MalformedError and what ``rules.propose`` raises.
    """
    before = _held(work, contract_id, if_match)
    rules.check_changes(changes, terms_text)
    after = rules.propose(before, _side(work), work.principal.user_id, changes, work.now)
    return _stepped(work, before, after, len(after.proposals), events.ProposalMade)


def accept(work: Work, contract_id: str, version: int, if_match: str | None) -> Negotiation:
    """Accept the other side's proposal. Raises StaleError, PreconditionRequiredError and as ``rules.accept``."""
    before = _held(work, contract_id, if_match)
    after = rules.accept(before, version, _side(work), work.principal.user_id, work.now)
    return _stepped(work, before, after, version, events.ProposalAccepted)


def withdraw(work: Work, contract_id: str, version: int, if_match: str | None) -> Negotiation:
    """Take back the own proposal. Raises StaleError, PreconditionRequiredError and as ``rules.withdraw``."""
    before = _held(work, contract_id, if_match)
    after = rules.withdraw(before, version, _side(work), work.principal.user_id, work.now)
    return _stepped(work, before, after, version, events.ProposalWithdrawn)


def close(work: Work, contract_id: str) -> AgreedChanges | None:
    """End the negotiation, as the terms are decided or the award fell through; return what was agreed."""
    before = store.locked(work, contract_id)
    if before is None:
        return None
    store.save(work, before, rules.close(before, work.principal.user_id, work.now))
    return rules.agreed(before)


def _held(work: Work, contract_id: str, if_match: str | None) -> Negotiation:
    own = store.get(work, contract_id)
    if own is None:
        raise NotFoundError
    work.hold(stream_of(own.request_id))  # first, as who takes the lots back: none waits for the other in a circle
    found = store.locked(work, contract_id)
    if found is None:
        raise NotFoundError
    work.tick()
    http.check_if_match(if_match, found.revision)
    return found


def _stepped(
    work: Work, before: Negotiation, after: Negotiation, version: int, event: Callable[..., NegotiationEvent]
) -> Negotiation:
    store.save(work, before, after)
    work.append(event(after.contract_id, after.request_id, after.provider_id, version, _side(work)))
    return after


def _side(work: Work) -> Side:
    return Side.PROVIDER if work.principal.kind is Kind.PROVIDER else Side.BUYER
