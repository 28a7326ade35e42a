"""One's own account: how one reads, sign-in and security, API keys, and for admins the users of the organization."""

from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import Depends, Request, Response

from marketplace.identity import keys, own_sessions, rules, service
from marketplace.identity.model import NewUser
from marketplace.identity.schemas import ApiKeyBody, UserBody
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import AccountReading, AccountWork
from marketplace.kernel.ids import UserId
from marketplace.kernel.work import Reading
from marketplace.terminals import browser, pages

router = pages.router()

_KINDS = (Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM)
Anybody = Annotated[Principal, Depends(allow(*_KINDS))]
Admin = Annotated[Principal, Depends(allow(*_KINDS, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_A_PAGE = 50
_LANGUAGES = (("en", "English"), ("de", "Deutsch"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A secret that is shown this one time: whose it is, and what."""

    name: str
    secret: str


@router.get("/account", summary="One's own account")
def show_account(request: Request, reading: AccountReading, _: Anybody) -> Response:
    """Show who one is here, how one reads, and how one's account is kept safe."""
    return pages.render(
        request,
        "account/account.html",
        me=service.me(reading),
        languages=_LANGUAGES,
        zones=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone],
        chosen=browser.preferences_of(request),
    )


@router.get("/account/keys", summary="One's API keys")
def show_api_keys(request: Request, reading: AccountReading, _: Anybody) -> Response:
    """List one's keys for machines."""
    return pages.render(request, "account/keys.html", **_keys(reading))


@router.post("/account/keys", summary="Create an API key by form")
def send_api_key(request: Request, work: AccountWork, form: pages.Sent, _: Anybody) -> Response:
    """Make a key and show its secret, this one time."""
    with pages.again(request, "account/keys.html", form, lambda: _keys(work)):
        body = pages.checked(ApiKeyBody, {"name": form.text("name"), "scopes": list(form.texts("scopes"))})
        new = keys.create_api_key(work, body.name.strip(), body.scopes)
    return pages.render(request, "account/keys.html", **_keys(work, Shown(new.key.name, new.secret)))


@router.post("/account/keys/revoke", summary="Revoke an API key by form")
def send_api_key_revocation(request: Request, work: AccountWork, form: pages.Sent, _: Anybody) -> Response:
    """Make one of one's keys stop working at once."""
    keys.revoke_api_key(work, form.text("key"))
    return pages.see("/account/keys", pages.said(request, "The key has stopped working."))


@router.get("/account/sessions", summary="Where one is signed in")
def show_sessions(request: Request, reading: AccountReading, principal: Anybody) -> Response:
    """List where one is signed in, to end what one doesn't know."""
    return pages.render(
        request,
        "account/sessions.html",
        sessions=own_sessions.own_sessions(reading),
        current=principal.session_id,
        idle_hours=reading.vault.settings.browser_idle_hours,
        last_days=reading.vault.settings.refresh_token_days,
    )


@router.post("/account/sessions", summary="Sign out somewhere else by form")
def send_session_end(request: Request, work: AccountWork, form: pages.Sent, _: Anybody) -> Response:
    """End one of one's other sessions, or all of them."""
    if session_id := form.text("session"):
        own_sessions.end_session(work, session_id)
        return pages.see("/account/sessions", pages.said(request, "It is signed out there."))
    own_sessions.end_other_sessions(work)
    return pages.see("/account/sessions", pages.said(request, "You are signed in here alone."))


@router.get("/account/users", summary="Users of the organization")
def show_users(request: Request, reading: AccountReading, _: Admin, after: pagination.After = None) -> Response:
    """List the users of one's organization, and add one."""
    return pages.render(request, "account/users.html", **_users(reading, after))


@router.post("/account/users", summary="Add a user by form")
def send_user(request: Request, work: AccountWork, form: pages.Sent, _: Admin) -> Response:
    """Make an account and show its initial password, this one time."""
    with pages.again(request, "account/users.html", form, lambda: _users(work, None)):
        body = pages.checked(UserBody, {name: form.text(name) for name in ("email", "full_name", "role")})
        new = service.invite_user(work, body.email, body.full_name.strip(), body.role)
    return pages.render(request, "account/users.html", **_users(work, None, new))


@router.post("/account/users/{user_id}", summary="Change a user by form")
def send_user_change(user_id: str, request: Request, work: AccountWork, form: pages.Sent, _: Admin) -> Response:
    """Give a user a fresh initial password, or shut it out."""
    with pages.again(request, "account/users.html", form, lambda: _users(work, None)):
        if form.text("act") == "renew":
            new = service.renew_initial_password(work, UserId(user_id))
            return pages.render(request, "account/users.html", **_users(work, None, new))
        service.deactivate_user(work, UserId(user_id))
    return pages.see("/account/users", pages.said(request, "Shut out: no sign-in, no session, no key works any more."))


def _keys(reading: Reading, shown: Shown | None = None) -> dict[str, Any]:
    return {"keys": keys.list_api_keys(reading), "scopes": [scope.value for scope in Scope], "shown": shown}


def _users(reading: Reading, after: str | None, new: NewUser | None = None) -> dict[str, Any]:
    users, following = service.own_users(reading, after, _A_PAGE)
    return {
        "users": users,
        "following": following,
        "after": after,
        "new": new,
        "own_id": reading.principal.user_id,
        "roles": sorted(role.value for role in rules.ROLES[reading.principal.kind]),
    }
