"""Presenting terms after an award, accepting or refusing them, and reading what was agreed."""

from dataclasses import replace

from buyers.desk import service as desk
from buyers.requests import service as requests
from marketplace.awards import disclosure
from marketplace.awards import service as awards
from marketplace.bidding import service as bidding
from marketplace.contracts import document, events, rules, store
from marketplace.contracts.model import Acceptance, Contract, ContractStatus, Made, PresentedTerms, Refusal
from marketplace.identity import service as identity
from marketplace.kernel import codec, ids
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers

_SIGNED_AS = "contract"
_RETURNED = "The buyer refused the terms."
"""What a lot's stream says of a refusal: the buyer's own words stay with the contract."""


def present(work: Work, award_id: str) -> None:
    """Put before the buyer, for each winner, each terms document that its awarded bids were fixed to."""
    award = awards.award_of(work, award_id)
    won = [lot.bid_id for lot in award.lots if lot.bid_id is not None]
    opened = bidding.opened_offers(work, award.request_id, won)
    invitations = {item.provider_id: item.id for item in sellers.invitations_of_request(work, award.request_id)}
    for (provider_id, terms_id, version), lots in rules.bound_lots(award, opened).items():
        terms = sellers.terms(work, terms_id)
        presentation = rules.presentation(
            award.id,
            requests.publication(work, award.request_id, version),
            (provider_id, sellers.get(work, provider_id).name),
            PresentedTerms(terms.id, terms.title, terms.version, terms.sha256),
            [opened[lot.bid_id] for lot in lots if lot.bid_id is not None],
        )
        contract = Contract(ids.new("con"), award.request_id, invitations[provider_id], presentation, work.now)
        store.add(work, contract)
        work.append(
            events.TermsPresented(
                contract.id,
                contract.request_id,
                provider_id,
                award.id,
                terms.id,
                terms.sha256,
                presentation.lot_refs,
            )
        )


def read(reading: Reading, contract_id: str) -> Contract:
    """Return a contract of the caller: a buyer's own request's, or a provider's own. Raises NotFoundError."""
    contract = store.get(reading, contract_id)
    if contract is None:
        raise NotFoundError
    if reading.principal.kind is not Kind.PROVIDER:
        desk.owned(reading, contract.request_id)
    elif contract.presentation.provider_id != reading.principal.organization_id:
        raise NotFoundError
    return contract


def terms_text(reading: Reading, contract: Contract) -> str:
    """Return the text of the terms that a contract was presented with."""
    return sellers.terms(reading, contract.presentation.terms.id).text


def of_request(reading: Reading, request_id: str) -> list[Contract]:
    """Return the contracts of one of the caller's requests, newest first. Raises NotFoundError."""
    return store.of_request(reading, desk.owned(reading, request_id))


def own_contracts(reading: Reading, after: str | None, limit: int) -> list[Contract]:
    """Return the calling provider's contracts behind ``after``, newest first."""
    return store.of_provider(reading, reading.principal.organization_id, after, limit)


def accept(work: Work, contract_id: str, terms_sha256: str) -> Contract:
    """Accept the presented terms and make the contract, with the evidence inside.

    Raises NotFoundError, TermsDecidedError, OtherTermsError.
    """
    contract = _held(work, contract_id)
    rules.check_acceptance(contract, terms_sha256)
    user = identity.me(work)
    acceptance = Acceptance(
        user_id=user.id,
        full_name=user.full_name,
        role=user.role,
        at=work.now,
        terms_sha256=contract.presentation.terms.sha256,
        shown_sha256=document.shown(contract.presentation, terms_text(work, contract)),
    )
    made = _make(work, contract, acceptance)
    accepted = replace(contract, status=ContractStatus.ACCEPTED, acceptance=acceptance, made=made)
    store.save_decision(work, accepted)
    stream = (contract.id, contract.request_id, contract.presentation.provider_id)
    work.append(events.TermsAccepted(*stream, acceptance.terms_sha256, acceptance.shown_sha256))
    work.append(events.ContractMade(*stream, made.sha256))
    return accepted


def refuse(work: Work, contract_id: str, reason: str) -> Contract:
    """Refuse the presented terms: their lots are the buyer's again, with the next valid bids.

    Raises NotFoundError, TermsDecidedError.
    """
    contract = _held(work, contract_id)
    rules.check_undecided(contract)
    refused = replace(
        contract, status=ContractStatus.REFUSED, refusal=Refusal(work.principal.user_id, work.now, reason)
    )
    store.save_decision(work, refused)
    shown = contract.presentation
    work.append(events.TermsRefused(contract.id, contract.request_id, shown.provider_id, shown.lot_refs))
    award = awards.award_of(work, shown.award_id)
    awards.return_lots(work, award, shown.provider_id, shown.lot_refs, _RETURNED)
    return refused


def made_contract(reading: Reading, contract_id: str) -> Made:
    """Return the document of a made contract of the caller. Raises NotFoundError where there is none (yet)."""
    made = read(reading, contract_id).made
    if made is None:
        raise NotFoundError
    return made


def _held(work: Work, contract_id: str) -> Contract:
    """Return one of the calling buyer's contracts, locked. Raises NotFoundError."""
    read(work, contract_id)  # nobody waits for, or holds, what is not its own
    contract = store.locked(work, contract_id)
    if contract is None:
        raise NotFoundError
    work.tick()
    return contract


def _make(work: Work, contract: Contract, acceptance: Acceptance) -> Made:
    shown = contract.presentation
    built = document.contract_document(
        contract.id,
        shown,
        acceptance,
        awarded_at=awards.award_of(work, shown.award_id).at,
        presented_at=contract.presented_at,
        identity=disclosure.disclosed_identity(work, contract.request_id, shown.award_id, shown.provider_id),
        view=requests.publication(work, contract.request_id, shown.request_version),
    )
    sha256 = codec.digest(built)
    signature = work.vault.keyring.sign(_SIGNED_AS, document.signed_part(contract.id, sha256))
    return Made(codec.canonical(built), sha256, signature)
