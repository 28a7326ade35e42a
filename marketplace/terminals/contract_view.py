"""What pages on a contract show to either side: content, dates, and the negotiation clause by clause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.catalogue import service as catalogues
from marketplace.contracts import answers, differences, markdown
from marketplace.contracts import service as contracts
from marketplace.contracts.differences import Line
from marketplace.contracts.model import Contract
from marketplace.contracts.negotiation import rules
from marketplace.contracts.negotiation import service as negotiations
from marketplace.contracts.negotiation.model import ClauseChange, Proposal, Reference, Side
from marketplace.contracts.negotiation.schemas import ProposalInput
from marketplace.kernel import http
from marketplace.kernel.access import Kind
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages
from sellers import key_terms
from sellers.model import MARKDOWN

PASSAGE = "passage"
"""What a form names instead of a key term: a passage of the text, quoted."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause that was talked about: how it stood when presented, and the last wording of each side.

    ``accepted``: both accepted the last wording; ``waits_for`` is the side that has to answer, empty for neither.
    ``redline`` leads from what was presented to the last wording.
    """

    reference: Reference
    name: str
    presented: str
    wording: str
    by: Side
    version: int
    comment: str
    accepted: bool
    waits_for: str
    redline: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One clause in the form for a proposal: a key term's name or ``PASSAGE``, the quotation, how it shall read."""

    about: str = PASSAGE
    clause: str = ""
    wording: str = ""
    comment: str = ""


def content_of(reading: Reading, found: Contract, reader: Kind) -> dict[str, Any]:
    """Return what ``shared/contract.html`` shows of a contract to one of its sides."""
    shown = answers.contract(reading, found, reader)
    return {
        "contract": shown,
        "differences": answers.differences(reading, found, reader),
        "dates": answers.dates(reading, found),
        "services": catalogues.current(reading).names(),
        "own": reader is Kind.PROVIDER,
        "blocks": markdown.blocks(shown.terms_text) if shown.presentation.terms.media_type == MARKDOWN else None,
    }


def negotiation_of(reading: Reading, found: Contract, mine: Side) -> dict[str, Any]:
    """Return the negotiation of a contract as one of its sides sees it."""
    talk = negotiations.get(reading, found.id)
    agreed = rules.agreed(talk)
    clauses = _clauses(talk.proposals, key_terms.sentences(found.presentation.key_terms, _currency(found)))
    basis = talk.open or talk.agreed
    return {
        "talk": talk,
        "mine": mine,
        "agreed": agreed,
        "clauses": clauses,
        "accepted": sum(clause.accepted for clause in clauses),
        "rows": [_row(change) for change in basis.changes] if basis is not None else [],
        "own_waits": talk.open is not None and talk.open.side is mine,
        "theirs_waits": talk.open is not None and talk.open.side is not mine,
        "abouts": [*key_terms.NAMES.items(), (PASSAGE, marked("A passage of the text"))],
        "most_rows": rules.MAX_CHANGES,
    }


def rows_of(form: pages.Form) -> list[Row]:
    """Return the clauses that a form for a proposal says, without those that were left empty."""
    found = []
    for index in range(rules.MAX_CHANGES + 1):
        at = f"changes.{index}."
        if f"{at}about" not in form:
            break
        row = Row(*(form.text(f"{at}{name}") for name in ("about", "clause", "wording", "comment")))
        if form.text("drop") != str(index) and (row.clause or row.wording):
            found.append(row)
    return found


def act(work: Work, found: Contract, form: pages.Form) -> None:
    """Propose, accept or withdraw, as a form of the negotiation says. Raises as the routes of the API."""
    seen = http.etag(int(form.text("revision") or 0))
    version = int(form.text("version") or 0)
    match form.text("act"):
        case "accept":
            negotiations.accept(work, found.id, version, seen)
        case "withdraw":
            negotiations.withdraw(work, found.id, version, seen)
        case _:
            body = pages.checked(ProposalInput, {"changes": [_change(row) for row in rows_of(form)]})
            changes = tuple(change.value() for change in body.changes)
            negotiations.propose(work, found.id, changes, contracts.terms_text(work, found), seen)


def _change(row: Row) -> dict[str, str]:
    said = {"wording": row.wording, "comment": row.comment}
    if row.about == PASSAGE:
        return said | {"reference": Reference.PASSAGE.value, "clause": row.clause}
    return said | {"reference": Reference.KEY_TERM.value, "clause": row.about}


def _row(change: ClauseChange) -> Row:
    if change.reference is Reference.KEY_TERM:
        return Row(change.clause, "", change.wording, change.comment)
    return Row(PASSAGE, change.clause, change.wording, change.comment)


def _clauses(proposals: Sequence[Proposal], sentences: Mapping[str, str]) -> list[Clause]:
    """Return every clause of the proposals with its last wording, in the order in which they came up."""
    latest: dict[tuple[Reference, str], tuple[Proposal, ClauseChange]] = {}
    for proposal in proposals:
        for change in proposal.changes:
            latest[change.reference, change.clause] = (proposal, change)
    agreed = next((one for one in reversed(proposals) if one.status == "accepted"), None)
    standing = {(change.reference, change.clause): change.wording for change in agreed.changes} if agreed else {}
    found = []
    for (reference, name), (proposal, change) in latest.items():
        is_key_term = reference is Reference.KEY_TERM
        presented = sentences.get(name, "") if is_key_term else name
        found.append(
            Clause(
                reference,
                key_terms.NAMES.get(name, name) if is_key_term else name,
                presented,
                change.wording,
                proposal.side,
                proposal.version,
                change.comment,
                accepted=standing.get((reference, name)) == change.wording,
                waits_for=proposal.side.other.value if proposal.status == "open" else "",
                redline=differences.text_differences(presented, change.wording),
            )
        )
    return found


def _currency(found: Contract) -> str:
    return found.presentation.figures.currency
