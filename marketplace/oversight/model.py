"""What the platform's own pages show, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.bidding.model import LotOverview
from marketplace.identity.model import Accounts, Organization
from marketplace.kernel.ids import OrganizationId, RequestId, UserId


class JobKind(StrEnum):
    """What waits for somebody of the platform, by what has to be decided."""

    VERIFICATION = "verification"
    PROVIDER = "provider"
    WITHDRAWAL = "withdrawal"
    PAUSE = "pause"
    REVIEW = "review"


class JobFlag(StrEnum):
    """What is particular about a job."""

    SECOND_ADMIN = "second-admin"
    """Another admin flagged the case: it needs one who did not."""
    NOT_FOR_YOU = "not-for-you"
    """You flagged it yourself."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing that waits: ``subject`` is the id of what it is about, ``since`` when it began to wait.

    Subjects: the buyer (verification), the provider, the bid (withdrawal), the request (pause, review). ``count``: how
    many things inside it wait. ``taken_by`` has it until ``taken_until``, both None while nobody has.
    """

    kind: JobKind
    subject: str
    since: datetime
    flags: tuple[JobFlag, ...] = ()
    request_id: RequestId | None = None
    lots: tuple[str, ...] = ()
    provider_id: OrganizationId | None = None
    count: int = 1
    taken_by: UserId | None = None
    taken_until: datetime | None = None

    @property
    def key(self) -> str:
        """Its name among all jobs."""
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Taking:
    """Who has a job, until when."""

    job: str
    taken_by: UserId
    until: datetime


@dataclass(frozen=True, slots=True)
class OrganizationState:
    """The verification of a buyer or the approval of a provider, and since when; empty for the platform.

    ``name`` is None for a buyer in a list: it is opened one by one, and told to the buyer.
    """

    state: str
    since: datetime | None
    name: str | None


@dataclass(frozen=True, slots=True)
class OrganizationLine:
    """An organization in a list."""

    organization: Organization
    standing: OrganizationState


@dataclass(frozen=True, slots=True)
class OpenedOrganization:
    """An organization with its name, users and sessions, as an admin opened it."""

    standing: OrganizationState
    accounts: Accounts


class OddBid(StrEnum):
    """Why a person should look at a lot."""

    LEAD_FAR_BELOW = "lead-far-below"
    STEEP_STEP = "steep-step"
    CALLED_ERROR = "called-error"


@dataclass(frozen=True, slots=True)
class AuctionLine:
    """A lot that runs, or will, with the title and pseudonym that carriers see, and what is odd about its bids."""

    lot: LotOverview
    title: str
    pseudonym: str
    odd: tuple[OddBid, ...]


class Right(StrEnum):
    """By what right somebody learned who a buyer is."""

    AWARD = "award"
    """The buyer awarded a lot: from then on the carrier may read."""
    AWARDED_READING = "awarded reading"
    """An awarded carrier read it."""
    PLATFORM_READING = "platform reading"
    """Somebody of the platform opened the buyer's record, or one of its documents."""


@dataclass(frozen=True, slots=True)
class Reveal:
    """One moment in which somebody learned, or was allowed to learn, who a buyer is.

    ``position`` is its event's in the journal. ``organization_id`` and ``user_id`` acted: at an award the buyer's own,
    while ``provider_id`` is who may read from then on.
    """

    position: int
    at: datetime
    right: Right
    buyer_id: OrganizationId | None
    organization_id: OrganizationId
    user_id: UserId
    provider_id: OrganizationId | None
    request_id: RequestId | None
    award_id: str
    document_id: str


@dataclass(frozen=True, slots=True)
class RevealQuestion:
    """Which reveals to show: of a buyer, to a provider, by a right, from and until (UTC, the end excluded)."""

    buyer_id: str = ""
    provider_id: str = ""
    right: Right | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """What a new catalogue no longer has: ``features`` of kept service types, (type, feature), ``gone`` in no type."""

    nodes: tuple[str, ...]
    service_types: tuple[str, ...]
    features: tuple[tuple[str, str], ...]
    gone: tuple[str, ...]
