"""Contracts with what is shown beside them, as readers get them: the terms' text, agreed changes, dates."""

from dataclasses import dataclass, field
from datetime import date

from buyers.requests import service as requests
from marketplace.contracts import document, service
from marketplace.contracts.dates import ContractDates, contract_dates
from marketplace.contracts.model import Contract
from marketplace.contracts.negotiation.model import Reference
from marketplace.contracts.schemas import Beside, ContractOutput, DifferencesOutput
from marketplace.kernel import codec
from marketplace.kernel.access import Kind
from marketplace.kernel.work import Reading


@dataclass(frozen=True, slots=True)
class ContractDatesShown:
    """Dates that matter. ``settled``: they are the contract's own; otherwise those of an acceptance today."""

    dates: ContractDates
    settled: bool = field(default=False)


def contract(reading: Reading, found: Contract, reader: Kind) -> ContractOutput:
    """Return ``found`` as ``reader`` may see it."""
    beside = Beside(
        service.terms_text(reading, found),
        service.agreed_changes(reading, found),
        service.confirmation_status(reading, found),
        service.lapsed_discounts(reading, found),
    )
    return ContractOutput.of(found, reader, beside)


def differences(reading: Reading, found: Contract, reader: Kind) -> DifferencesOutput:
    """Return what changed since the terms that the buyer accepted from this carrier before."""
    return DifferencesOutput.of(found, reader, service.text_differences(reading, found))


def dates(reading: Reading, found: Contract) -> ContractDatesShown:
    """Return the dates that matter: those of the contract, or, before there is one, of an acceptance today."""
    if found.made is not None:
        return ContractDatesShown(document.dates_in(codec.parse(found.made.document)), settled=True)
    shown = found.presentation
    wanted = requests.publication(reading, found.request_id, shown.request_version).get("start_date")
    agreed = service.agreed_changes(reading, found)
    changes = agreed.changes if agreed is not None else ()
    reckoned = contract_dates(
        reading.now.date(),
        shown.figures.term_months,
        wanted_start=date.fromisoformat(wanted) if wanted else None,
        slowest_install_days=shown.figures.slowest_install_days,
        terms=shown.key_terms,
        changed={change.clause for change in changes if change.reference is Reference.KEY_TERM},
    )
    return ContractDatesShown(reckoned)
