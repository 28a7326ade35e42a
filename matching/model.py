"""What the predicate looks at: the anonymous facts of a request, and the explanation it gives."""

from array import array
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from buyers.requests.model import ProviderList
from marketplace.kernel.ids import OrganizationId, RequestId
from sellers.model import CriterionResult, Filter, InvitationReason


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line at one site. ``features`` are the codes it asks for as a must; ``bandwidth_mbps`` if it names one."""

    ref: str
    service_type: str
    bandwidth_mbps: Decimal | None
    features: frozenset[str]


class _Packed:
    """The place keys of a site once more, as the index takes them: 64-bit numbers in a row. No field: not compared."""

    __slots__ = ("packed",)
    packed: bytes


@dataclass(frozen=True, slots=True)
class SiteFacts(_Packed):
    """One site: its place keys (``marketplace.geography``), as exactly as the request discloses it, and its lines.

    A request without sites has one site without keys, which only a filter without a territory covers.
    """

    ref: str
    keys: frozenset[int]
    lines: tuple[LineFacts, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "packed", array("Q", self.keys).tobytes())

    def __reduce__(self) -> tuple[type["SiteFacts"], tuple[object, ...]]:
        return SiteFacts, (self.ref, self.keys, self.lines)  # a copy is made like the first one


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What filters are compared with.

    ``monthly_spend`` is a rough figure in ``currency``; None when the buyer gave no prior spend.
    """

    request_id: RequestId
    sites: tuple[SiteFacts, ...]
    currency: str
    consolidated_invoice: bool
    term_months: int
    start_date: date | None
    monthly_spend: Decimal | None
    industry: str = ""
    size: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A published request as filters see it, and whom the buyer's list admits."""

    facts: RequestFacts
    providers: ProviderList


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every criterion that the filter states, in a fixed order; accepted when all passed."""

    accepted: bool
    criteria: tuple[CriterionResult, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """One provider that a request is for, and why. ``filter`` is None when only the buyer's choice speaks for it."""

    provider_id: OrganizationId
    reason: InvitationReason
    filter: Filter | None = None
    explanation: tuple[CriterionResult, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderExplanation:
    """Why one provider did or did not receive a request, for the platform.

    ``admitted``: the buyer's provider list lets it in. ``filter``: the one that accepted, else the one that came
    closest (fewest failed criteria); None where the provider has no active filter.
    """

    provider_id: OrganizationId
    name: str
    status: str
    invited: bool
    admitted: bool
    accepted: bool
    filter: Filter | None
    criteria: tuple[CriterionResult, ...]
