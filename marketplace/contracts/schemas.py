"""Wire types of presented terms and contracts."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.contracts import document
from marketplace.contracts.model import Acceptance, Contract, ContractStatus, Figures, Presentation, PresentedTerms
from marketplace.kernel.access import Kind

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

    `shown_sha256` is the SHA-256 over `presentation` and `terms_text` as canonical JSON (sorted keys, no spaces,
    UTF-8): the acceptance records it. `signature` is a JWS over the contract's id and `sha256`, checkable with
    `GET /keys`; both are null until the terms are accepted.
    """

    id: str
    status: ContractStatus
    request_id: str | None
    invitation_id: str | None
    presentation: Presentation
    terms_text: str
    shown_sha256: str
    presented_at: datetime
    acceptance: Acceptance | None
    refused_at: datetime | None
    refusal_reason: str | None
    sha256: str | None
    signature: str | None

    @classmethod
    def of(cls, contract: Contract, terms_text: str, reader: Kind) -> "ContractOutput":
        """Return ``contract`` as ``reader`` may see it."""
        return cls(
            id=contract.id,
            status=contract.status,
            request_id=contract.request_id if reader is Kind.BUYER else None,
            invitation_id=contract.invitation_id if reader is Kind.PROVIDER else None,
            presentation=contract.presentation,
            terms_text=terms_text,
            shown_sha256=document.shown(contract.presentation, terms_text),
            presented_at=contract.presented_at,
            acceptance=contract.acceptance,
            refused_at=contract.refusal.at if contract.refusal else None,
            refusal_reason=contract.refusal.reason if contract.refusal else None,
            sha256=contract.made.sha256 if contract.made else None,
            signature=contract.made.signature if contract.made else None,
        )
