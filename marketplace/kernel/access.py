"""Who is calling and what a route allows: the policy that every route declares, over the words of ``principals``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from marketplace.kernel.errors import ForbiddenError, ProblemError, UnauthenticatedError
from marketplace.kernel.principals import NOBODY, SYSTEM, Kind, Principal, Scope, UserRole

__all__ = [
    "NOBODY",
    "PUBLIC",
    "SYSTEM",
    "Authenticate",
    "Kind",
    "PasswordChangeRequiredError",
    "Policy",
    "Principal",
    "Scope",
    "SecondFactorRequiredError",
    "UserRole",
    "allow",
    "authenticated",
]


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


Authenticate = Callable[[Request], Principal]


def authenticated(request: Request) -> Principal:
    """Return the caller of ``request``, found out by the function that the application wired in.

    What counts is what the database says now: an ended session or a revoked key ends at once, but for the lean routes
    (``kernel.lean``: bids, dry runs, limits), which believe what they have found for up to 30 seconds.
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
            raise UnauthenticatedError(
                "This needs an access token or an API key in the Authorization header.",
                headers={"WWW-Authenticate": "Bearer"},  # RFC 9110, section 11.6.1
            )
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
