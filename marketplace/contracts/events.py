"""What contracts tell: ids and hashes only."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class ContractEvent(Event):
    """Base of the events of one contract's stream."""

    contract_id: str
    request_id: RequestId
    provider_id: OrganizationId

    @property
    def stream(self) -> str:
        """The contract's own stream."""
        return f"contract:{self.contract_id}"


@dataclass(frozen=True, slots=True)
class TermsPresented(ContractEvent):
    """The buyer has terms to decide on; ``sha256`` is that of the terms."""

    name: ClassVar[str] = "terms.presented"
    award_id: str
    terms_id: str
    sha256: str
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TermsAccepted(ContractEvent):
    """The buyer accepted; ``sha256`` is that of the terms, ``shown_sha256`` that of all that it was shown."""

    name: ClassVar[str] = "terms.accepted"
    sha256: str
    shown_sha256: str


@dataclass(frozen=True, slots=True)
class TermsRefused(ContractEvent):
    """The buyer refused; the lots go back to it. Its reason stays with the contract."""

    name: ClassVar[str] = "terms.refused"
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TermsWithdrawn(ContractEvent):
    """The award fell through before the buyer decided: these terms are void."""

    name: ClassVar[str] = "terms.withdrawn"
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiscountsRecomputed(ContractEvent):
    """A lot of the award returned, so that the presented discounts are others; ``revision`` counts how often."""

    name: ClassVar[str] = "discounts.recomputed"
    revision: int
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContractMade(ContractEvent):
    """Award, terms and prices are frozen; ``sha256`` is that of the contract document."""

    name: ClassVar[str] = "contract.made"
    sha256: str


@dataclass(frozen=True, slots=True)
class NoticeWindowOpened(ContractEvent):
    """The time has come to decide on notice; ``closes``: the last day on which it must reach the carrier."""

    name: ClassVar[str] = "contract.notice_window_opened"
    closes: date
