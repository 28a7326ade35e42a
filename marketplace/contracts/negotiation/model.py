"""Proposals to change single clauses of presented terms, and the negotiation that they make up, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.kernel.ids import OrganizationId, RequestId, UserId


class Side(StrEnum):
    """Who speaks."""

    BUYER = "buyer"
    PROVIDER = "provider"

    @property
    def other(self) -> "Side":
        """The other side of the table."""
        return Side.PROVIDER if self is Side.BUYER else Side.BUYER


class ProposalStatus(StrEnum):
    """``OPEN`` waits for the other side. ``LAPSED``: the terms were decided before it was answered."""

    OPEN = "open"
    ACCEPTED = "accepted"
    COUNTERED = "countered"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Reference(StrEnum):
    """What a change refers to: a key term by its name, or a passage of the text by its words."""

    KEY_TERM = "key term"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """One clause as it shall read. ``clause`` is a key term's name, or a heading or passage quoted from the text.

    ``comment`` explains it to the other side and is no part of the contract.
    """

    reference: Reference
    clause: str
    wording: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """All changes to the presented terms that one side proposes together: a later version replaces it as a whole."""

    version: int
    side: Side
    user_id: UserId
    at: datetime
    changes: tuple[ClauseChange, ...]
    status: ProposalStatus = ProposalStatus.OPEN
    answered_by: UserId | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Negotiation:
    """What was proposed on one presentation of terms. ``revision`` counts every step of either side."""

    contract_id: str
    request_id: RequestId
    provider_id: OrganizationId
    revision: int = 0
    closed: bool = False
    proposals: tuple[Proposal, ...] = ()

    @property
    def open(self) -> Proposal | None:
        """The proposal that waits for an answer; there is one at most."""
        return next((one for one in self.proposals if one.status is ProposalStatus.OPEN), None)

    @property
    def agreed(self) -> Proposal | None:
        """The last version that both accepted: what an acceptance of the terms binds."""
        return next((one for one in reversed(self.proposals) if one.status is ProposalStatus.ACCEPTED), None)


@dataclass(frozen=True, slots=True)
class AgreedChanges:
    """The changes that both sides accepted, as they stand in the contract."""

    version: int
    proposed_by: Side
    proposed_at: datetime
    agreed_at: datetime
    changes: tuple[ClauseChange, ...]
