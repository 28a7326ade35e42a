"""Who is calling and what a route allows: principals, scopes and the policy that every route declares."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request

from marketplace.kernel.errors import ForbiddenError, ProblemError, UnauthenticatedError
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


class PasswordChangeRequiredError(ProblemError):
    """The initial password is good for one thing only: setting an own one."""

    status = 403
    kind = "password-change-required"
    title = "Set your own password first (POST /me/password)"


class SecondFactorRequiredError(ProblemError):
    """This account must use a second factor and has not done so in this session."""

    status = 403
    kind = "second-factor-required"
    title = "Set up your second factor first (POST /me/second-factor)"


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

Authenticate = Callable[[Request], Principal]


def authenticated(request: Request) -> Principal:
    """Return the caller of ``request``, found out by the function that the application wired in.

    Raises UnauthenticatedError for a token or key that is not valid; no credentials at all are NOBODY.
    """
    authenticate: Authenticate = request.app.state.authenticate
    principal = authenticate(request)
    request.state.principal = principal
    return principal


@dataclass(frozen=True, slots=True)
class Policy:
    """What a route asks of its caller; used as a FastAPI dependency that returns the principal.

    ``kinds`` empty: anybody, signed in or not. ``roles`` empty: every role of the kinds. ``scope``: what an API key
    must carry. ``while_limited``: callable with an initial password or before the second factor is set up.
    """

    kinds: frozenset[Kind]
    roles: frozenset[UserRole] = frozenset()
    scope: Scope = Scope.READ
    while_limited: bool = False

    def __call__(self, principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
        """Return the principal or raise Unauthenticated, Forbidden or one of the 'first do this' errors."""
        if not self.kinds:
            return principal
        if principal.anonymous:
            raise UnauthenticatedError("This needs an access token or an API key in the Authorization header.")
        if principal.limited and not self.while_limited:
            raise (PasswordChangeRequiredError() if principal.limited == "password" else SecondFactorRequiredError())
        if principal.kind not in self.kinds:
            allowed = " or ".join(sorted(self.kinds))
            raise ForbiddenError(f"This is for {allowed} accounts; yours is a {principal.kind} account.")
        if self.roles and principal.role not in self.roles:
            allowed = " or ".join(sorted(self.roles))
            raise ForbiddenError(f"This needs the role {allowed} in your organization; yours is {principal.role}.")
        if principal.scopes is not None and self.scope not in principal.scopes:
            raise ForbiddenError(f"Your API key lacks the scope '{self.scope}'.")
        return principal


def allow(
    *kinds: Kind, roles: tuple[UserRole, ...] = (), scope: Scope = Scope.READ, while_limited: bool = False
) -> Policy:
    """Return the policy of a route that is for ``kinds`` only."""
    return Policy(frozenset(kinds), frozenset(roles), scope, while_limited)


PUBLIC = Policy(frozenset())
"""The policy of a route that anybody may call: said aloud, never by omission."""
