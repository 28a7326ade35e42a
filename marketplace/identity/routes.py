"""The account over HTTP: sessions, one's own password, second factor and keys, and the organization's users."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Path, Request, Response

from marketplace.identity import keys, own_sessions, passwords, rules, service, sessions
from marketplace.identity.errors import (
    EmailTakenError,
    InitialPasswordExpiredError,
    LastAdminError,
    NoPendingFactorError,
    RefreshTokenError,
    SecondFactorCodeError,
    TooManyKeysError,
    WrongCredentialsError,
)
from marketplace.identity.model import ApiKey, NewUser, Tokens, User
from marketplace.identity.schemas import (
    ApiKeyBody,
    ApiKeyOut,
    CodeBody,
    EnrolBody,
    EnrolmentOut,
    MeOut,
    NewApiKeyOut,
    NewUserOut,
    OwnSessionOut,
    PasswordBody,
    RecoveryCodesOut,
    RefreshBody,
    SignInBody,
    TokensOut,
    UserBody,
    UserOut,
)
from marketplace.kernel import http
from marketplace.kernel.access import PUBLIC, Kind, PasswordChangeRequiredError, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import ForbiddenError, NotFoundError, TooManyRequestsError, UnauthenticatedError
from marketplace.kernel.http import AccountReading, AccountWork
from marketplace.kernel.ids import UserId
from marketplace.kernel.pagination import After, Limit, Page
from marketplace.kernel.work import Workshop

router = http.router(tags=["account"])

_EVERY_KIND = (Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM)
_ANYBODY = allow(*_EVERY_KIND)
_FIRST_STEPS = allow(*_EVERY_KIND, while_limited=True)
_ADMIN = allow(*_EVERY_KIND, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION)

Anybody = Annotated[Principal, Depends(_ANYBODY)]
OnFirstSteps = Annotated[Principal, Depends(_FIRST_STEPS)]
Admin = Annotated[Principal, Depends(_ADMIN)]
Public = Annotated[Principal, Depends(PUBLIC)]
OwnUserId = Annotated[str, Path(max_length=60, pattern=r"^usr_[a-z2-7]+$")]
OwnSessionId = Annotated[str, Path(max_length=60, pattern=r"^ses_[a-z2-7]+$")]
OwnKeyId = Annotated[str, Path(max_length=60, pattern=r"^key_[a-z2-7]+$")]


def _workshop(request: Request) -> Workshop:
    """Return the workshop, for use cases that open their own transactions."""
    workshop: Workshop = request.app.state.workshop
    return workshop


def _client(request: Request) -> str:
    """Return what counts as the caller's address; behind a proxy, uvicorn's proxy headers must be set up."""
    return rules.client_network(request.client.host if request.client else "")


Workshops = Annotated[Workshop, Depends(_workshop)]
Client = Annotated[str, Depends(_client)]


@router.post(
    "/sessions",
    status_code=201,
    summary="Sign in",
    responses=http.problems(
        WrongCredentialsError, InitialPasswordExpiredError, SecondFactorCodeError, TooManyRequestsError
    ),
)
def sign_in(
    body: SignInBody, workshop: Workshops, client: Client, request: Request, response: Response, _: Public
) -> TokensOut:
    """Begin a session with e-mail, password and, where one is set up, the code of the second factor.

    The access token goes into `Authorization: Bearer`. A wrong e-mail and a wrong password get the same answer. After
    five failures the client waits (429, `Retry-After`).
    """
    device = rules.device_of(request.headers.get("user-agent", ""))
    command = sessions.SignIn(body.email, body.password, body.code, device)
    response.headers["Location"] = "/sessions/current"
    return _tokens_out(sessions.sign_in(workshop, command, client))


@router.post(
    "/sessions/refresh",
    summary="Get fresh tokens",
    response_model=TokensOut,
    responses=http.problems(RefreshTokenError),
)
def refresh(body: RefreshBody, work: AccountWork, _: Public) -> TokensOut | Response:
    """Exchange a refresh token for a fresh pair of tokens.

    Each refresh token works once. Using one twice ends the session, because one of its two users must have stolen it;
    send an Idempotency-Key to repeat the call safely after a lost answer.
    """
    tokens = sessions.refresh(work, body.refresh_token)
    # returned, not raised: the end of a stolen session is committed
    return http.problem_response(RefreshTokenError()) if tokens is None else _tokens_out(tokens)


@router.delete(
    "/sessions/current",
    status_code=204,
    summary="Sign out",
    responses=http.problems(UnauthenticatedError, ForbiddenError),
)
def sign_out(work: AccountWork, _: OnFirstSteps) -> None:
    """End the session; its access and refresh tokens stop working at once."""
    sessions.sign_out(work)


@router.get(
    "/me/sessions", summary="Where you are signed in", responses=http.problems(UnauthenticatedError, ForbiddenError)
)
def list_sessions(reading: AccountReading, principal: Anybody) -> list[OwnSessionOut]:
    """List your own sessions that stand: this one, then the newest first. End what you don't know."""
    return [
        OwnSessionOut(
            id=session.id,
            current=session.id == principal.session_id,
            device=session.device,
            second_factor=session.second_factor,
            created_at=session.created_at,
            seen_at=session.seen_at,
        )
        for session in own_sessions.own_sessions(reading)
    ]


@router.delete(
    "/me/sessions",
    status_code=204,
    summary="Sign out everywhere else",
    responses=http.problems(UnauthenticatedError, ForbiddenError),
)
def end_other_sessions(work: AccountWork, _: Anybody) -> None:
    """End all of your sessions but this one; their tokens and cookies stop working at once."""
    own_sessions.end_other_sessions(work)


@router.delete(
    "/me/sessions/{session_id}",
    status_code=204,
    summary="Sign out somewhere else",
    responses=http.problems(UnauthenticatedError, ForbiddenError, NotFoundError),
)
def end_session(session_id: OwnSessionId, work: AccountWork, _: Anybody) -> None:
    """End one of your sessions; its tokens and its cookie stop working at once."""
    own_sessions.end_session(work, session_id)


@router.get("/me", summary="Who am I", responses=http.problems(UnauthenticatedError))
def read_me(reading: AccountReading, principal: OnFirstSteps) -> MeOut:
    """Return the caller's account, and what it must do first, if anything."""
    user = service.me(reading)
    return MeOut(
        id=user.id,
        email=user.email,
        full_name=user.full_name,
        role=user.role,
        organization_id=user.organization_id,
        kind=principal.kind,
        second_factor=user.second_factor,
        limited=principal.limited,
        scopes=None if principal.scopes is None else sorted(principal.scopes),
    )


@router.post(
    "/me/password",
    status_code=204,
    summary="Change the password",
    responses=http.problems(UnauthenticatedError, InitialPasswordExpiredError, ForbiddenError, TooManyRequestsError),
)
def change_password(body: PasswordBody, workshop: Workshops, client: Client, principal: OnFirstSteps) -> None:
    """Set an own password; all other sessions end. With an initial password this is the first thing to do."""
    passwords.change_password(workshop, principal, body.current_password, body.new_password, client)


@router.post(
    "/me/second-factor",
    summary="Start a second factor",
    responses=http.problems(UnauthenticatedError, ForbiddenError, PasswordChangeRequiredError, TooManyRequestsError),
)
def start_second_factor(body: EnrolBody, workshop: Workshops, client: Client, principal: OnFirstSteps) -> EnrolmentOut:
    """Get a secret for an authenticator app. It counts from its confirmation on and replaces an earlier one then."""
    return EnrolmentOut(**asdict(keys.start_second_factor(workshop, principal, body.password, client)))


@router.post(
    "/me/second-factor/confirm",
    summary="Confirm the second factor",
    responses=http.problems(UnauthenticatedError, ForbiddenError, NoPendingFactorError),
)
def confirm_second_factor(body: CodeBody, work: AccountWork, _: OnFirstSteps) -> RecoveryCodesOut:
    """Prove that the app works. The answer holds ten recovery codes and is the only place to read them."""
    return RecoveryCodesOut(recovery_codes=list(keys.confirm_second_factor(work, body.code)))


@router.get("/me/api-keys", summary="List API keys", responses=http.problems(UnauthenticatedError, ForbiddenError))
def list_api_keys(reading: AccountReading, _: Anybody) -> list[ApiKeyOut]:
    """Return your API keys that are not revoked (at most 20), the newest first."""
    return [_key_out(key) for key in keys.list_api_keys(reading)]


@router.post(
    "/me/api-keys",
    status_code=201,
    summary="Create an API key",
    responses=http.problems(UnauthenticatedError, ForbiddenError, TooManyKeysError),
)
def create_api_key(body: ApiKeyBody, work: AccountWork, response: Response, _: Anybody) -> NewApiKeyOut:
    """Make a key for a machine. It acts for you, with your role, within the scopes given here."""
    new = keys.create_api_key(work, body.name.strip(), body.scopes)
    response.headers["Location"] = f"/me/api-keys/{new.key.id}"
    return NewApiKeyOut(**_key_out(new.key).model_dump(), secret=new.secret)


@router.delete(
    "/me/api-keys/{key_id}",
    status_code=204,
    summary="Revoke an API key",
    responses=http.problems(UnauthenticatedError, ForbiddenError, NotFoundError),
)
def revoke_api_key(key_id: OwnKeyId, work: AccountWork, _: Anybody) -> None:
    """Make one of your API keys stop working at once."""
    keys.revoke_api_key(work, key_id)


@router.get("/organization/users", summary="List users", responses=http.problems(UnauthenticatedError, ForbiddenError))
def list_users(reading: AccountReading, _: Admin, limit: Limit = 50, after: After = None) -> Page[UserOut]:
    """Return the users of your organization, inactive ones too."""
    users, following = service.own_users(reading, after, limit)
    return Page(items=[_user_out(user) for user in users], next=following)


@router.post(
    "/organization/users",
    status_code=201,
    summary="Add a user",
    responses=http.problems(UnauthenticatedError, ForbiddenError, EmailTakenError),
)
def invite_user(body: UserBody, work: AccountWork, response: Response, _: Admin) -> NewUserOut:
    """Create an account in your organization.

    The answer holds its initial password and is the only place to read it: valid for seven days, to be changed at the
    first sign-in.
    """
    new = service.invite_user(work, body.email, body.full_name.strip(), body.role)
    response.headers["Location"] = f"/organization/users/{new.user_id}"
    return _new_user_out(new)


@router.post(
    "/organization/users/{user_id}/initial-password",
    summary="Renew an initial password",
    responses=http.problems(UnauthenticatedError, ForbiddenError, NotFoundError),
)
def renew_initial_password(user_id: OwnUserId, work: AccountWork, _: Admin) -> NewUserOut:
    """Give a user of your organization who can't sign in any more a fresh initial password; its sessions end."""
    return _new_user_out(service.renew_initial_password(work, UserId(user_id)))


@router.delete(
    "/organization/users/{user_id}",
    status_code=204,
    summary="Deactivate a user",
    responses=http.problems(UnauthenticatedError, ForbiddenError, NotFoundError, LastAdminError),
)
def deactivate_user(user_id: OwnUserId, work: AccountWork, _: Admin) -> None:
    """Shut a user of your organization out: its sessions end, its API keys are revoked, it can't sign in again."""
    service.deactivate_user(work, UserId(user_id))


def _tokens_out(tokens: Tokens) -> TokensOut:
    return TokensOut(token_type="Bearer", **asdict(tokens))  # noqa: S106 - the kind of token (RFC 6750), not a secret


def _key_out(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut.model_validate(key, from_attributes=True)


def _user_out(user: User) -> UserOut:
    return UserOut.model_validate(user, from_attributes=True)


def _new_user_out(new: NewUser) -> NewUserOut:
    return NewUserOut(id=new.user_id, email=new.email, initial_password=new.initial_password, expires_at=new.expires_at)
