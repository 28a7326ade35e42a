"""Wire types of presented terms and contracts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.awards.confirmation.model import ConfirmationStatus
from marketplace.contracts import differences, document
from marketplace.contracts.differences import KeyTermRow, Line
from marketplace.contracts.model import (
    Acceptance,
    AcceptedBefore,
    Contract,
    ContractStatus,
    Figures,
    Presentation,
    PresentedTerms,
)
from marketplace.contracts.negotiation.model import AgreedChanges
from marketplace.kernel.access import Kind
from marketplace.kernel.wire import Whole
from sellers import key_terms

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000, pattern=r"^[^\x00]*$")]

Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AcceptanceInput(_Input):
    """Your yes to the terms. `sha256` is theirs, as `GET /contracts/{contract_id}` showed it to you."""

    sha256: str = Field(
        min_length=64,
        max_length=64,
        pattern="^[0-9a-f]{64}$",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    changes_version: Whole | None = Field(None, description="of the agreed changes that you saw; null: there are none")
    shown_sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="of all that you saw; needed once discounts were reckoned anew (`revision` of the presentation)",
    )
    accepted_terms: Literal[True]


class RefusalInput(_Input):
    """Your no. The carrier reads the reason."""

    reason: Words = Field(examples=["The early-termination fee is not what we negotiated."])


class ContractSummary(BaseModel):
    """One row of a list. A buyer sees `request_id`, a carrier `invitation_id`; `sha256` is the made contract's."""

    id: str
    status: ContractStatus
    request_id: str | None
    invitation_id: str | None
    provider_id: str
    provider_name: str
    terms: PresentedTerms
    lots: list[str]
    figures: Figures
    presented_at: datetime
    decided_at: datetime | None
    sha256: str | None

    @classmethod
    def of(cls, contract: Contract, reader: Kind) -> "ContractSummary":
        """Return the row of ``contract`` as ``reader`` may see it."""
        shown = contract.presentation
        decision = contract.acceptance or contract.refusal
        return cls(
            id=contract.id,
            status=contract.status,
            request_id=contract.request_id if reader is Kind.BUYER else None,
            invitation_id=contract.invitation_id if reader is Kind.PROVIDER else None,
            provider_id=shown.provider_id,
            provider_name=shown.provider_name,
            terms=shown.terms,
            lots=list(shown.lot_refs),
            figures=shown.figures,
            presented_at=contract.presented_at,
            decided_at=decision.at if decision else None,
            sha256=contract.made.sha256 if contract.made else None,
        )


class ContractOutput(BaseModel):
    """Terms with the lots and prices that they bind, and what was decided.

    `key_terms` tell what matters in plain sentences, beside what you accepted from this carrier before;
    `warnings` what a careful reader would look at twice, among it discounts that a returned lot has ended; `since` who
    you accepted before, or that it is the first time.
    `award_confirmed` is the carrier's word on the award: the contract needs it before you can accept.
    `shown_sha256` is the SHA-256 over `presentation` and `terms_text`, and `changes` where there are any, as canonical
    JSON (sorted keys, no spaces, UTF-8): the acceptance records it. `signature` is a JWS over the contract's id and
    `sha256`, checkable with `GET /keys`; both are null until the terms are accepted.
    """

    id: str
    status: ContractStatus
    request_id: str | None
    invitation_id: str | None
    presentation: Presentation
    terms_text: str
    key_terms: list[KeyTermRow]
    warnings: list[str]
    since: str
    changes: AgreedChanges | None
    award_confirmed: ConfirmationStatus | None
    shown_sha256: str
    presented_at: datetime
    acceptance: Acceptance | None
    refused_at: datetime | None
    refusal_reason: str | None
    sha256: str | None
    signature: str | None

    @classmethod
    def of(cls, contract: Contract, reader: Kind, beside: "Beside") -> "ContractOutput":
        """Return ``contract`` as ``reader`` may see it."""
        shown = contract.presentation
        before = shown.accepted_before
        rows = differences.key_term_rows(
            shown.key_terms,
            before.key_terms if before else None,
            compared=before is not None,
            currency=shown.figures.currency,
        )
        return cls(
            id=contract.id,
            status=contract.status,
            request_id=contract.request_id if reader is Kind.BUYER else None,
            invitation_id=contract.invitation_id if reader is Kind.PROVIDER else None,
            presentation=shown,
            terms_text=beside.terms_text,
            key_terms=list(rows),
            warnings=[*key_terms.warnings(shown.key_terms, shown.figures.term_months), *beside.lapsed],
            since=_since(before, shown.terms, reader),
            changes=beside.changes,
            award_confirmed=beside.confirmed,
            shown_sha256=contract.acceptance.shown_sha256
            if contract.acceptance
            else document.shown(shown, beside.terms_text, beside.changes),
            presented_at=contract.presented_at,
            acceptance=contract.acceptance,
            refused_at=contract.refusal.at if contract.refusal else None,
            refusal_reason=contract.refusal.reason if contract.refusal else None,
            sha256=contract.made.sha256 if contract.made else None,
            signature=contract.made.signature if contract.made else None,
        )


@dataclass(frozen=True, slots=True)
class Beside:
    """What is shown beside a contract and stored elsewhere."""

    terms_text: str
    changes: AgreedChanges | None
    confirmed: ConfirmationStatus | None
    lapsed: tuple[str, ...] = ()


class DifferencesOutput(BaseModel):
    """What changed since the terms that you accepted from this carrier before; null and empty for the first time."""

    accepted_before: AcceptedBefore | None
    since: str
    key_terms: list[KeyTermRow]
    text: list[Line]

    @classmethod
    def of(cls, contract: Contract, reader: Kind, text: tuple[Line, ...]) -> "DifferencesOutput":
        """Return the wire form of the differences of ``contract``."""
        shown = contract.presentation
        before = shown.accepted_before
        rows = differences.key_term_rows(
            shown.key_terms,
            before.key_terms if before else None,
            compared=before is not None,
            currency=shown.figures.currency,
        )
        return cls(
            accepted_before=before,
            since=_since(before, shown.terms, reader),
            key_terms=[row for row in rows if row.changed],
            text=list(text),
        )


def _since(before: AcceptedBefore | None, terms: PresentedTerms, reader: Kind) -> str:
    if before is None:
        return "First time: there are no terms between the two of you yet."
    who = "You" if reader is Kind.BUYER else "The buyer"
    said = f"{who} accepted version {before.terms.version} of “{before.terms.title}” on {before.accepted_at:%d %B %Y}."
    return f"{said} These are the same." if before.terms.sha256 == terms.sha256 else said
