"""What accounts are made of: users, sign-in attempts, tokens and API keys as values."""

from dataclasses import dataclass, field
from datetime import datetime

from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.principals import Kind, Principal, Scope, UserRole


@dataclass(frozen=True, slots=True)
class User:
    """A person of an organization. ``initial_password``: it has not yet set a password of its own."""

    id: UserId
    organization_id: OrganizationId
    email: str
    full_name: str
    role: UserRole
    active: bool
    initial_password: bool
    second_factor: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user's initial password: this value is the only place where it can be read."""

    user_id: UserId
    email: str
    initial_password: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """What signing in from a browser gives: the cookie's secret, until when (UTC) it is good, and who has it."""

    secret: str = field(repr=False)
    expires_at: datetime
    principal: Principal


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a session's client holds. ``limited``: what must be done first, empty if nothing."""

    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    limited: str


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed sign-ins in the present window, and when one last succeeded.

    Of one account from one client address, or (``NEW_CLIENTS``) of one account from all addresses that are new to it.
    """

    failures: int = 0
    since: datetime | None = None
    last_at: datetime | None = None
    succeeded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor that waits for its first code: the secret, and the same as a link for authenticator apps."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A machine's key as its owner sees it. ``prefix``: its first characters, to tell keys apart."""

    id: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A fresh API key with its secret: this value is the only place where that can be read."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization without a word of who it is, and its accounts counted."""

    id: OrganizationId
    kind: Kind
    created_at: datetime
    users: int
    active_users: int
    suspended_users: int
    sessions: int


@dataclass(frozen=True, slots=True)
class StandingSession:
    """A signed-in client. ``second_factor``: whether it proved one.

    ``device``: what it says it is, empty if that is unknown. ``seen_at``: minutes behind (UTC).
    """

    id: str
    user_id: UserId
    created_at: datetime
    second_factor: bool
    device: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Intervention:
    """What an admin of the platform did to accounts ('suspend', 'reinstate', 'end sessions'), and why."""

    action: str
    user_ids: tuple[UserId, ...]
    reason: str
    admin_id: UserId
    at: datetime


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of one organization; ``suspended_at`` by user for those that the platform keeps out."""

    organization: Organization
    users: tuple[User, ...]
    suspended_at: dict[UserId, datetime]
    sessions: tuple[StandingSession, ...]
    interventions: tuple[Intervention, ...]
