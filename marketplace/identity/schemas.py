"""The wire types of accounts."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, Field

from marketplace.identity.rules import LONGEST_PASSWORD
from marketplace.kernel.access import Kind, Scope, UserRole

_STRICT = ConfigDict(extra="forbid")
_PRINTABLE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"

Email = Annotated[EmailStr, Field(max_length=254, examples=["anna.berg@example.com"])]
Password = Annotated[str, Field(min_length=1, max_length=LONGEST_PASSWORD)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_PRINTABLE)]


class SignInBody(BaseModel):
    """E-mail, password and, where a second factor is set up, its code or a recovery code."""

    model_config = _STRICT
    email: Annotated[str, Field(min_length=1, max_length=254, pattern=_PRINTABLE, examples=["anna.berg@example.com"])]
    password: Password
    code: Annotated[str, Field(max_length=40, examples=["123456"])] = ""


class RefreshBody(BaseModel):
    """A refresh token, good for one use."""

    model_config = _STRICT
    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


class TokensOut(BaseModel):
    """A session's tokens. ``limited`` names what must be done first: "password", "second factor" or "" (nothing)."""

    access_token: str
    token_type: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    limited: str


class MeOut(BaseModel):
    """Who is calling. ``scopes`` is null for a person and lists what an API key is good for."""

    id: str
    email: str
    full_name: str
    role: UserRole
    organization_id: str
    kind: Kind
    second_factor: bool
    limited: str
    scopes: list[Scope] | None


class PasswordBody(BaseModel):
    """The present password and the new one: 12 to 256 characters that are not easily guessed."""

    model_config = _STRICT
    current_password: Password
    new_password: Password


class EnrolBody(BaseModel):
    """The password once more."""

    model_config = _STRICT
    password: Password


class EnrolmentOut(BaseModel):
    """The secret for an authenticator app (RFC 6238: 6 digits, 30 seconds, SHA-1), and the same as a link."""

    secret: str
    uri: str


class CodeBody(BaseModel):
    """The code that the authenticator app shows now."""

    model_config = _STRICT
    code: Annotated[str, Field(min_length=6, max_length=10, examples=["123456"])]


class RecoveryCodesOut(BaseModel):
    """Codes that each replace the app once; they are shown this one time."""

    recovery_codes: list[str]


class OwnSessionOut(BaseModel):
    """A place where you are signed in. ``seen_at`` is some minutes behind."""

    id: str
    current: Annotated[bool, Field(description="the session that this call came with")]
    device: Annotated[str, Field(description="what it says it is; empty if that is unknown")]
    second_factor: bool
    created_at: datetime
    seen_at: datetime


class ApiKeyBody(BaseModel):
    """A name to tell keys apart by, and what the key is good for."""

    model_config = _STRICT
    name: Annotated[Name, Field(max_length=100, examples=["order system"])]
    # a scope that is said twice is said once
    scopes: Annotated[
        frozenset[Scope], Field(min_length=1, examples=[["read", "bids"]], json_schema_extra={"uniqueItems": False})
    ]


class ApiKeyOut(BaseModel):
    """An API key without its secret. ``last_used_at`` is at most a minute behind."""

    id: str
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None


class NewApiKeyOut(ApiKeyOut):
    """An API key with its secret, which is shown this one time: send it as 'Authorization: Bearer'."""

    secret: str


class UserBody(BaseModel):
    """A new user of your organization."""

    model_config = _STRICT
    email: Email
    full_name: Annotated[Name, Field(examples=["Anna Berg"])]
    role: UserRole


class UserOut(BaseModel):
    """A user of your organization."""

    id: str
    email: str
    full_name: str
    role: UserRole
    active: bool
    initial_password: Annotated[bool, Field(description="has not yet set a password of its own")]
    second_factor: bool
    created_at: datetime


class NewUserOut(BaseModel):
    """A user's initial password, shown this one time, to be changed at the first sign-in."""

    id: str
    email: str
    initial_password: str
    expires_at: datetime
