"""The tables of accounts, in a schema that the carriers' role can't look into."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant

IDENTITY: dict[str, Any] = {"schema": "identity"}


def _text(*, unique: bool = False, index: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=False, unique=unique, index=index))


def _key() -> Any:
    return Field(sa_column=Column(Text, primary_key=True))


def _of(table: str) -> Any:
    return Field(sa_column=Column(Text, ForeignKey(f"identity.{table}.id"), nullable=False, index=True))


class OrganizationRow(SQLModel, table=True):
    """A buyer, a provider, or the platform, of which there is one."""

    __tablename__ = "organizations"
    __table_args__: ClassVar[Any] = (
        Index("one_platform", "kind", unique=True, postgresql_where=text("kind = 'platform'")),
        IDENTITY,
    )
    id: str = _key()
    kind: str = _text()
    created_at: datetime = instant()


class UserRow(SQLModel, table=True):
    """A person who signs in. ``password_expires_at`` is set while the password is the initial one.

    ``factor`` is the sealed secret of the second factor in use, ``pending_factor`` one that waits for its first code.
    A suspended user is not active until ``suspended_at`` is taken back; one without that was deactivated for good.
    """

    __tablename__ = "users"
    __table_args__: ClassVar[Any] = IDENTITY
    id: str = _key()
    organization_id: str = _of("organizations")
    email: str = _text(unique=True)
    full_name: str = _text()
    role: str = _text()
    active: bool = Field(default=True, sa_column=Column(Boolean, nullable=False))
    password_hash: str = _text()
    password_expires_at: datetime | None = instant(nullable=True)
    factor: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    pending_factor: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    factor_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = instant()
    suspended_at: datetime | None = instant(nullable=True)


class RecoveryCodeRow(SQLModel, table=True):
    """A recovery code that has not been used; using it deletes it."""

    __tablename__ = "recovery_codes"
    __table_args__: ClassVar[Any] = IDENTITY
    fingerprint: str = _key()
    user_id: str = _of("users")


class SessionRow(SQLModel, table=True):
    """A signed-in client; its refresh tokens are one family. ``factor_used_at``: when it proved the second factor.

    ``device``: what it says it is (``rules.device_of``). ``used_at``: when it was last seen, as far as that is noted;
    None for one that has not been seen since it began.
    """

    __tablename__ = "sessions"
    __table_args__: ClassVar[Any] = IDENTITY
    id: str = _key()
    user_id: str = _of("users")
    created_at: datetime = instant()
    factor_used_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    used_at: datetime | None = instant(nullable=True)
    device: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class RefreshTokenRow(SQLModel, table=True):
    """A refresh token, good for one use."""

    __tablename__ = "refresh_tokens"
    __table_args__: ClassVar[Any] = IDENTITY
    fingerprint: str = _key()
    session_id: str = _of("sessions")
    expires_at: datetime = instant(index=True)
    used_at: datetime | None = instant(nullable=True)


class BrowserRow(SQLModel, table=True):
    """A browser that is signed in: its cookie's fingerprint, and the session that it stands for."""

    __tablename__ = "browsers"
    __table_args__: ClassVar[Any] = IDENTITY
    fingerprint: str = _key()
    session_id: str = _of("sessions")
    expires_at: datetime = instant(index=True)


class ApiKeyRow(SQLModel, table=True):
    """A machine's key. It acts for its user, with that user's role and these scopes."""

    __tablename__ = "api_keys"
    __table_args__: ClassVar[Any] = IDENTITY
    id: str = _key()
    user_id: str = _of("users")
    name: str = _text()
    fingerprint: str = _text(unique=True)
    prefix: str = _text()
    scopes: list[str] = document()
    created_at: datetime = instant()
    last_used_at: datetime | None = instant(nullable=True)
    revoked_at: datetime | None = instant(nullable=True)


class AttemptsRow(SQLModel, table=True):
    """Failed sign-ins of one account from one client. ``account`` is a hash: people type passwords into that field."""

    __tablename__ = "sign_in_attempts"
    __table_args__: ClassVar[Any] = IDENTITY
    account: str = _key()
    client: str = _key()
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    since: datetime | None = instant(nullable=True)
    last_at: datetime | None = instant(nullable=True, index=True)
    succeeded_at: datetime | None = instant(nullable=True)


class InterventionRow(SQLModel, table=True):
    """What the platform did to accounts of an organization, and why. ``user_ids`` are those that it met."""

    __tablename__ = "interventions"
    __table_args__: ClassVar[Any] = IDENTITY | {"info": {"append_only": True}}
    id: str = _key()
    organization_id: str = _of("organizations")
    action: str = _text()
    user_ids: list[str] = document()
    reason: str = _text()
    admin_id: str = _text()
    at: datetime = instant()
