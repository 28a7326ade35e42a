"""What the registry tells: that a buyer came, changed, was verified or not, and that its identity was read."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from buyers.registry.model import NumberKind
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class BuyerEvent(Event):
    """Base of the events of one buyer's stream."""

    buyer_id: OrganizationId

    @property
    def stream(self) -> str:
        """The buyer's own stream."""
        return f"buyer:{self.buyer_id}"


@dataclass(frozen=True, slots=True)
class BuyerRegistered(BuyerEvent):
    """A buyer registered itself."""

    name: ClassVar[str] = "buyer.registered"


@dataclass(frozen=True, slots=True)
class BuyerChanged(BuyerEvent):
    """The buyer changed these parts of its record."""

    name: ClassVar[str] = "buyer.changed"
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceAdded(BuyerEvent):
    """The buyer gave numbers or a document as proof of who it is."""

    name: ClassVar[str] = "buyer.evidence_added"
    numbers: tuple[NumberKind, ...] = ()
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class VerificationRequested(BuyerEvent):
    """The buyer asked to be verified."""

    name: ClassVar[str] = "buyer.verification_requested"


@dataclass(frozen=True, slots=True)
class BuyerFlagged(BuyerEvent):
    """An admin wants another admin to decide this case."""

    name: ClassVar[str] = "buyer.flagged"


@dataclass(frozen=True, slots=True)
class BuyerVerified(BuyerEvent):
    """The buyer is who it says it is, until ``until``."""

    name: ClassVar[str] = "buyer.verified"
    until: datetime


@dataclass(frozen=True, slots=True)
class BuyerRejected(BuyerEvent):
    """The evidence did not prove who the buyer is."""

    name: ClassVar[str] = "buyer.rejected"


@dataclass(frozen=True, slots=True)
class VerificationRevoked(BuyerEvent):
    """A verified buyer is not verified any more; ``cause`` is 'decision' or 'identity changed'."""

    name: ClassVar[str] = "buyer.verification_revoked"
    cause: str


@dataclass(frozen=True, slots=True)
class VerificationExpiryNeared(BuyerEvent):
    """The time of a verification is over in ``days`` days."""

    name: ClassVar[str] = "buyer.verification_expiry_neared"
    days: int


@dataclass(frozen=True, slots=True)
class VerificationExpired(BuyerEvent):
    """The time of a verification is over."""

    name: ClassVar[str] = "buyer.verification_expired"


@dataclass(frozen=True, slots=True)
class IdentityRead(BuyerEvent):
    """Somebody of the platform read the buyer's identity, or one of its documents if ``document_id`` is set."""

    name: ClassVar[str] = "identity.read"
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class SitesSaved(BuyerEvent):
    """The buyer added or changed sites of its address book."""

    name: ClassVar[str] = "sites.saved"
    site_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SiteRemoved(BuyerEvent):
    """The buyer removed a site from its address book."""

    name: ClassVar[str] = "site.removed"
    site_id: str
