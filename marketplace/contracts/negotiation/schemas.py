"""Wire types of negotiations."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.contracts.negotiation import rules
from marketplace.contracts.negotiation.model import ClauseChange, Negotiation, ProposalStatus, Reference, Side

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]
_Maybe = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000, pattern=r"^[^\x00]*$")]


class ClauseChangeInput(BaseModel):
    """One clause as it shall read."""

    model_config = ConfigDict(extra="forbid")

    reference: Reference
    clause: _Line = Field(
        description="a key term's name, or a heading or passage quoted from the terms", examples=["notice_days"]
    )
    wording: _Text = Field(examples=["Notice is 30 days before the end of the term."])
    comment: _Maybe = Field("", description="for the other side; no part of the contract")

    def value(self) -> ClauseChange:
        """Return the change."""
        return ClauseChange(self.reference, self.clause, self.wording, self.comment)


class ProposalInput(BaseModel):
    """All changes that you want, together: they replace those of every earlier version."""

    model_config = ConfigDict(extra="forbid")

    changes: list[ClauseChangeInput] = Field(max_length=rules.MAX_CHANGES)


class ProposalOutput(BaseModel):
    """One version, who proposed it, and what the other side answered."""

    version: int
    side: Side
    at: datetime
    changes: list[ClauseChange]
    status: ProposalStatus
    answered_at: datetime | None


class NegotiationOutput(BaseModel):
    """All versions, the first first. `agreed_version` is what an acceptance of the terms binds; null: as presented.

    `open_version` waits for an answer. `revision` is the `ETag` that your next step names in `If-Match`.
    """

    contract_id: str
    revision: int
    closed: bool
    agreed_version: int | None
    open_version: int | None
    proposals: list[ProposalOutput]

    @classmethod
    def of(cls, found: Negotiation) -> "NegotiationOutput":
        """Return the wire form of ``found``."""
        agreed, waiting = rules.agreed(found), found.open
        return cls(
            contract_id=found.contract_id,
            revision=found.revision,
            closed=found.closed,
            agreed_version=agreed.version if agreed else None,
            open_version=waiting.version if waiting else None,
            proposals=[
                ProposalOutput(
                    version=one.version,
                    side=one.side,
                    at=one.at,
                    changes=list(one.changes),
                    status=one.status,
                    answered_at=one.answered_at,
                )
                for one in found.proposals
            ],
        )
