"""The words for who is calling: kinds of organizations, roles, scopes and the principal itself."""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.kernel.ids import OrganizationId, UserId


class Kind(StrEnum):
    """What kind of organization the caller belongs to."""

    BUYER = "buyer"
    PROVIDER = "provider"
    PLATFORM = "platform"
    NOBODY = "nobody"


class UserRole(StrEnum):
    """What a user may do inside its organization."""

    ADMIN = "admin"
    REQUESTER = "requester"
    NEGOTIATOR = "negotiator"
    DESK = "desk"
    AGENT = "agent"


class Scope(StrEnum):
    """What an API key is good for. A person who signs in has every scope of its roles."""

    READ = "read"
    REQUESTS = "requests"
    AWARDS = "awards"
    FILTERS = "filters"
    BIDS = "bids"
    ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. ``scopes`` is None for a signed-in person; ``limited`` names what must be done before all else."""

    kind: Kind
    user_id: UserId
    organization_id: OrganizationId
    role: UserRole | None = None
    scopes: frozenset[Scope] | None = None
    session_id: str = ""
    limited: str = ""

    @property
    def anonymous(self) -> bool:
        """Whether nobody is signed in."""
        return self.kind is Kind.NOBODY


NOBODY = Principal(Kind.NOBODY, UserId(""), OrganizationId(""))
SYSTEM = Principal(Kind.PLATFORM, UserId("system"), OrganizationId("platform"), UserRole.ADMIN)
"""The platform acting by itself: reactions, alarms, commands of the operator's shell."""
