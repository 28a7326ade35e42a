"""Presenting terms after an award, accepting or refusing them, and reading what was agreed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

from buyers.desk import service as desk
from buyers.requests import service as requests
from marketplace.awards import disclosure
from marketplace.awards import service as awards
from marketplace.awards.confirmation import rules as confirmation_rules
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.confirmation.model import ConfirmationStatus
from marketplace.awards.model import Award
from marketplace.bidding import service as bidding
from marketplace.contracts import calendar_file, differences, discounts, document, events, rules, store
from marketplace.contracts import paper as papers
from marketplace.contracts.dates import ContractDates
from marketplace.contracts.differences import Line
from marketplace.contracts.model import (
    Acceptance,
    AcceptedBefore,
    Contract,
    ContractStatus,
    Made,
    PresentedTerms,
    ProviderConfirmation,
    Refusal,
)
from marketplace.contracts.negotiation import rules as negotiation_rules
from marketplace.contracts.negotiation import service as negotiations
from marketplace.contracts.negotiation.model import AgreedChanges
from marketplace.identity import service as identity
from marketplace.kernel import alarms, codec, ids
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers

_MOST_EARLIER = 500
"""Contracts of a provider that are looked through for the last one with the same buyer."""
WINDOW_ALARM = "notice-window"
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
            PresentedTerms(terms.id, terms.title, terms.version, terms.sha256, terms.media_type, terms.pages),
            [opened[lot.bid_id] for lot in lots if lot.bid_id is not None],
            key_terms=terms.key_terms,
            accepted_before=_accepted_before(work, award.request_id, provider_id, terms.title),
            discounts=discounts.contract_discounts(award, provider_id, [lot.lot for lot in lots]),
        )
        contract = Contract(ids.new("con"), award.request_id, invitations[provider_id], presentation, work.now)
        store.add(work, contract)
        negotiations.begin(work, contract.id, contract.request_id, provider_id)
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


def _accepted_before(
    work: Work, request_id: RequestId, provider_id: OrganizationId, title: str
) -> AcceptedBefore | None:
    """Return what this buyer accepted last from this provider: of the same title, or else of any."""
    buyer_id = desk.buyer_of(work, request_id)
    found: AcceptedBefore | None = None
    for contract_id, accepted_request in store.accepted_from(work, provider_id, _MOST_EARLIER):
        if desk.buyer_of(work, accepted_request) != buyer_id:
            continue
        earlier = store.get(work, contract_id)
        if earlier is None or earlier.acceptance is None:
            continue
        shown = earlier.presentation
        candidate = AcceptedBefore(contract_id, earlier.acceptance.at, shown.terms, shown.key_terms)
        if shown.terms.title == title:
            return candidate
        found = found or candidate
    return found


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


def terms_bytes(reading: Reading, terms_id: str) -> bytes:
    """Return the bytes that the hash of presented terms is of."""
    return sellers.terms_bytes(reading, terms_id)


def of_request(reading: Reading, request_id: str) -> list[Contract]:
    """Return the contracts of one of the caller's requests, newest first. Raises NotFoundError."""
    return store.of_request(reading, desk.owned(reading, request_id))


def of_buyer(reading: Reading, limit: int, after: str | None = None) -> list[Contract]:
    """Return at most ``limit`` of the calling buyer's contracts behind ``after``, newest first."""
    return store.of_requests(reading, desk.own_ids(reading), limit, after)


def own_contracts(reading: Reading, after: str | None, limit: int) -> list[Contract]:
    """Return the calling provider's contracts behind ``after``, newest first."""
    return store.of_provider(reading, reading.principal.organization_id, after, limit)


def dated(found: Iterable[Contract]) -> Iterator[tuple[Contract, ContractDates]]:
    """Yield those contracts that are made, with the dates that matter of each."""
    for contract in found:
        if contract.made is not None:
            yield contract, document.dates_in(codec.parse(contract.made.document))


def text_differences(reading: Reading, contract: Contract) -> tuple[Line, ...]:
    """Return what changed in the text since the version that the buyer accepted before; empty for the first time."""
    before = contract.presentation.accepted_before
    if before is None or before.terms.sha256 == contract.presentation.terms.sha256:
        return ()
    return differences.text_differences(sellers.terms(reading, before.terms.id).text, terms_text(reading, contract))


def agreed_changes(reading: Reading, contract: Contract) -> AgreedChanges | None:
    """Return the changes to the terms that both sides accepted last."""
    return negotiation_rules.agreed(negotiations.get(reading, contract.id))


def confirmation_status(reading: Reading, contract: Contract) -> ConfirmationStatus | None:
    """Return whether the provider has confirmed the award; None for contracts from before it was asked to."""
    shown = contract.presentation
    found = confirmations.confirmation_of(reading, shown.award_id, shown.provider_id)
    return found.status if found else None


def lapsed_discounts(reading: Reading, contract: Contract) -> tuple[str, ...]:
    """Return, in words, the discounts of a made contract whose condition has failed since."""
    shown = contract.presentation
    if contract.made is None or not any(discount.elsewhere for discount in shown.discounts):
        return ()
    return discounts.lapsed(shown, awards.returned_lots(reading, shown.award_id, shown.provider_id))


def accept(
    work: Work,
    contract_id: str,
    terms_sha256: str,
    changes_version: int | None = None,
    seen_sha256: str | None = None,
) -> Contract:
    """Accept the presented terms with the agreed changes and make the contract, with the evidence inside.

    ``seen_sha256``: the hash of what the buyer was shown; needed once the discounts were reckoned anew. Raises
    NotFoundError, TermsDecidedError, OtherTermsError, OtherChangesError, OtherFiguresError, AwardNotConfirmedError.
    """
    contract = _held(work, contract_id)
    changes = negotiations.close(work, contract_id)
    rules.check_acceptance(contract, terms_sha256, changes_version, changes)
    shown = contract.presentation
    shown_sha256 = document.shown(shown, terms_text(work, contract), changes)
    rules.check_figures(contract, shown_sha256, seen_sha256)
    confirmed = confirmations.confirmation_of(work, shown.award_id, shown.provider_id)
    confirmation_rules.check_confirmed(confirmed, work.now)
    user = identity.me(work)
    acceptance = Acceptance(
        user_id=user.id,
        full_name=user.full_name,
        role=user.role,
        at=work.now,
        terms_sha256=shown.terms.sha256,
        shown_sha256=shown_sha256,
        changes_version=changes_version,
    )
    made = _make(work, contract, acceptance, changes)
    accepted = replace(contract, status=ContractStatus.ACCEPTED, acceptance=acceptance, made=made)
    store.save_decision(work, accepted)
    stream = (contract.id, contract.request_id, shown.provider_id)
    work.append(events.TermsAccepted(*stream, acceptance.terms_sha256, acceptance.shown_sha256))
    work.append(events.ContractMade(*stream, made.sha256))
    _set_window(work, accepted, made)
    return accepted


def _set_window(work: Work, contract: Contract, made: Made) -> None:
    """Ring when the contract's notice window opens: at the beginning of that day in UTC."""
    opens = document.dates_in(codec.parse(made.document)).notice_opens
    if opens is not None:
        alarms.set_alarm(work, WINDOW_ALARM, contract.id, datetime.combine(opens, time.min, UTC))


def tell_window(work: Work, contract_id: str) -> None:
    """Tell the buyer that the notice window of a contract is open, unless it has closed meanwhile."""
    contract = store.locked(work, contract_id)
    if contract is None or contract.made is None:
        return
    closes = document.dates_in(codec.parse(contract.made.document)).notice_closes
    if closes is not None and work.now.date() <= closes:
        stream = (contract.id, contract.request_id, contract.presentation.provider_id)
        work.append(events.NoticeWindowOpened(*stream, closes))


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
    negotiations.close(work, contract_id)
    shown = contract.presentation
    work.append(events.TermsRefused(contract.id, contract.request_id, shown.provider_id, shown.lot_refs))
    award = awards.award_of(work, shown.award_id)
    awards.return_lots(work, award, shown.provider_id, shown.lot_refs, _RETURNED)
    return refused


def withdraw(work: Work, award_id: str, provider_id: str, lots: Sequence[str]) -> None:
    """End the presentations of an award that fell through, where the buyer has not decided on them.

    Those that stay have the discounts that the lots which remain still earn.
    """
    award = awards.award_of(work, award_id)
    for found in store.presented_with(work, award_id, provider_id):
        contract = store.locked(work, found.id)
        if contract is None or contract.status is not ContractStatus.PRESENTED:
            continue
        if not set(found.presentation.lot_refs) <= set(lots):
            _reckon_anew(work, contract, award)
            continue
        store.save_decision(work, replace(contract, status=ContractStatus.WITHDRAWN))
        negotiations.close(work, contract.id)
        shown = contract.presentation
        work.append(events.TermsWithdrawn(contract.id, contract.request_id, shown.provider_id, shown.lot_refs))


def _reckon_anew(work: Work, contract: Contract, award: Award) -> None:
    shown = discounts.reckoned_anew(contract.presentation, award)
    if shown != contract.presentation:
        store.save_presentation(work, replace(contract, presentation=shown))
        stream = (contract.id, contract.request_id, shown.provider_id)
        work.append(events.DiscountsRecomputed(*stream, shown.revision, shown.lot_refs))


def made_contract(work: Work, contract_id: str) -> Made:
    """Return the document of a made contract of the caller; that a provider reads it, and in it the buyer, is recorded.

    Raises NotFoundError where there is none (yet).
    """
    return _handed_out(work, read(work, contract_id))


def _handed_out(work: Work, contract: Contract) -> Made:
    if contract.made is None:
        raise NotFoundError
    if work.principal.kind is Kind.PROVIDER:
        shown = contract.presentation
        disclosure.note_reading(work, contract.request_id, shown.award_id, shown.provider_id)
    return contract.made


def _held(work: Work, contract_id: str) -> Contract:
    """Return one of the calling buyer's contracts, locked. Raises NotFoundError."""
    own = read(work, contract_id)  # nobody waits for, or holds, what is not its own
    requests.hold(work, own.request_id)  # before the contract, as whoever takes its lots back
    contract = store.locked(work, contract_id)
    if contract is None:
        raise NotFoundError
    work.tick()
    return contract


def paper(work: Work, contract_id: str) -> tuple[Made, bytes]:
    """Return a made contract of the caller and its PDF, recorded as ``made_contract`` is. Raises NotFoundError."""
    contract = read(work, contract_id)
    made = _handed_out(work, contract)
    keys = work.vault.keyring.public_keys
    terms = sellers.terms_bytes(work, contract.presentation.terms.id)
    return made, papers.paper(made.document, made.sha256, made.signature, terms, keys)


def calendar(reading: Reading, contract_id: str) -> tuple[Made, bytes]:
    """Return a made contract of the caller and its dates as iCalendar file. Raises NotFoundError."""
    contract = read(reading, contract_id)
    if contract.made is None or contract.acceptance is None:
        raise NotFoundError
    dates = document.dates_in(codec.parse(contract.made.document))
    file = calendar_file.calendar_file(contract.id, contract.made.sha256, dates, contract.acceptance.at)
    return contract.made, file


def _make(work: Work, contract: Contract, acceptance: Acceptance, changes: AgreedChanges | None) -> Made:
    shown = contract.presentation
    around = document.Surroundings(
        awarded_at=awards.award_of(work, shown.award_id).at,
        presented_at=contract.presented_at,
        identity=disclosure.disclosed_identity(work, contract.request_id, shown.award_id, shown.provider_id),
        view=requests.publication(work, contract.request_id, shown.request_version),
        confirmation=_confirmation(work, shown.award_id, shown.provider_id),
        changes=changes,
    )
    built = document.contract_document(contract.id, shown, acceptance, around)
    sha256 = codec.digest(built)
    signature = work.vault.keyring.sign(document.SIGNED_AS, document.signed_part(contract.id, sha256))
    return Made(codec.canonical(built), sha256, signature)


def _confirmation(work: Work, award_id: str, provider_id: OrganizationId) -> ProviderConfirmation | None:
    """Return who confirmed for the provider; None for an award from before providers were asked to."""
    found = confirmations.confirmation_of(work, award_id, provider_id)
    if found is None or found.decided_by is None or found.decided_at is None:
        return None
    names = {user.id: user.full_name for user in identity.users_of(work, provider_id)}
    return ProviderConfirmation(found.decided_by, names.get(found.decided_by, ""), found.decided_at)
