"""What accounts tell the journal: who came, went or changed what opens its account."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.access import Kind, Scope, UserRole
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class OrganizationEvent(Event):
    """Base: something happened in the accounts of an organization."""

    organization_id: OrganizationId

    @property
    def stream(self) -> str:
        """The organization's own stream."""
        return f"organization:{self.organization_id}"


@dataclass(frozen=True, slots=True)
class OrganizationCreated(OrganizationEvent):
    """An organization has accounts from now on."""

    name: ClassVar[str] = "organization.created"
    kind: Kind


@dataclass(frozen=True, slots=True)
class UserEvent(OrganizationEvent):
    """Base: something happened to a user's account."""

    user_id: UserId


@dataclass(frozen=True, slots=True)
class UserCreated(UserEvent):
    """A user got an account and an initial password."""

    name: ClassVar[str] = "user.created"
    role: UserRole


@dataclass(frozen=True, slots=True)
class UserDeactivated(UserEvent):
    """A user can't sign in any more; its sessions ended and its API keys were revoked."""

    name: ClassVar[str] = "user.deactivated"


@dataclass(frozen=True, slots=True)
class UserSuspended(UserEvent):
    """The platform keeps a user out until it takes that back; its sessions ended, its API keys rest.

    ``buyer_id`` or ``provider_id`` is the organization, by its kind; both None for the platform's own. One
    ``intervention_id`` stands for all users that one act met.
    """

    name: ClassVar[str] = "user.suspended"
    buyer_id: OrganizationId | None = None
    provider_id: OrganizationId | None = None
    intervention_id: str = ""


@dataclass(frozen=True, slots=True)
class UserReinstated(UserEvent):
    """The platform lets a suspended user in again. Fields as in ``UserSuspended``."""

    name: ClassVar[str] = "user.reinstated"
    buyer_id: OrganizationId | None = None
    provider_id: OrganizationId | None = None
    intervention_id: str = ""


@dataclass(frozen=True, slots=True)
class SessionsEnded(OrganizationEvent):
    """The platform ended every session of an organization's users; they may sign in again."""

    name: ClassVar[str] = "organization.sessions_ended"
    sessions: int


@dataclass(frozen=True, slots=True)
class InitialPasswordRenewed(UserEvent):
    """A user got a fresh initial password from its organization's admin."""

    name: ClassVar[str] = "user.initial_password_renewed"


@dataclass(frozen=True, slots=True)
class UserSignedIn(UserEvent):
    """A user signed in."""

    name: ClassVar[str] = "user.signed_in"
    session_id: str
    recovery_code_used: bool


@dataclass(frozen=True, slots=True)
class UserSignedOut(UserEvent):
    """A user ended its session."""

    name: ClassVar[str] = "user.signed_out"
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionRevoked(UserEvent):
    """A refresh token was presented a second time: one of the two holders stole it, so the session ended."""

    name: ClassVar[str] = "user.session_revoked"
    session_id: str


@dataclass(frozen=True, slots=True)
class PasswordChanged(UserEvent):
    """A user set its own password; its other sessions ended."""

    name: ClassVar[str] = "user.password_changed"


@dataclass(frozen=True, slots=True)
class SecondFactorConfirmed(UserEvent):
    """A user's second factor is in use from now on."""

    name: ClassVar[str] = "user.second_factor_confirmed"


@dataclass(frozen=True, slots=True)
class ApiKeyCreated(UserEvent):
    """A user made an API key."""

    name: ClassVar[str] = "api_key.created"
    key_id: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class ApiKeyRevoked(UserEvent):
    """A user revoked one of its API keys."""

    name: ClassVar[str] = "api_key.revoked"
    key_id: str
