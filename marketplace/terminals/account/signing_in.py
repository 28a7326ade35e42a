"""Signing in and out, and the first steps of a new account: an own password, a second factor."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.identity import keys, passwords, rules, service, sessions
from marketplace.identity.errors import SecondFactorCodeError
from marketplace.identity.schemas import CodeBody, EnrolBody, PasswordBody, SignInBody
from marketplace.kernel.access import PUBLIC, Kind, Principal, allow
from marketplace.kernel.clock import machine_now
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import AccountReading, AccountWork
from marketplace.kernel.work import Workshop
from marketplace.terminals import browser, pages
from notifications.languages import Language
from notifications.preferences import service as notice_preferences

router = pages.router()

HOMES = {Kind.BUYER: "/b", Kind.PROVIDER: "/c", Kind.PLATFORM: "/o"}
_FIRST_STEPS = allow(*HOMES, while_limited=True)

Public = Annotated[Principal, Depends(PUBLIC)]
OnFirstSteps = Annotated[Principal, Depends(_FIRST_STEPS)]


def workshop_of(request: Request) -> Workshop:
    """Return the workshop, for use cases that open their own transactions."""
    workshop: Workshop = request.app.state.workshop
    return workshop


def client_of(request: Request) -> str:
    """Return what counts as the caller's address, by which failed sign-ins are counted."""
    return rules.client_network(request.client.host if request.client else "")


def device_of(request: Request) -> str:
    """Return what the browser says it is, by which its owner tells it from others."""
    return rules.device_of(request.headers.get("user-agent", ""))


def own_path(path: str, otherwise: str) -> str:
    """Return ``path`` if it is one of this site, else ``otherwise``: a link must not lead to a stranger's page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()
    return path if ours else otherwise


@router.get("/sign-in", summary="Page to sign in")
def show_sign_in(request: Request, principal: Public) -> Response:
    """Ask for e-mail and password; who is signed in already goes home."""
    if not principal.anonymous:
        return pages.see(own_path(request.query_params.get("next", ""), HOMES[principal.kind]))
    return pages.render(request, "account/sign_in.html", next=request.query_params.get("next", ""), factor=False)


@router.post("/sign-in", summary="Sign in by form")
def send_sign_in(request: Request, form: pages.Sent, _: Public) -> Response:
    """Begin a session of this browser and go where the person wanted to go."""
    following, code = form.text("next"), form.text("code")
    factor = bool(code)
    with pages.again(request, "account/sign_in.html", form, lambda: {"next": following, "factor": factor}):
        body = pages.checked(
            SignInBody,
            {name: form.text(name) for name in ("email", "code")} | {"password": secret_in(form, "password")},
        )
        try:
            command = sessions.SignIn(body.email, body.password, body.code, device_of(request))
            session = sessions.sign_in_browser(workshop_of(request), command, client_of(request))
        except SecondFactorCodeError:
            factor = True
            if code:
                raise
            raise MalformedError(
                pages.said(request, "This account has a second factor."),
                errors=(FieldError("/code", pages.said(request, "Enter the code that your app shows now.")),),
            ) from None
    response = pages.see(own_path(following, HOMES[session.principal.kind]))
    browser.sign_in(request, response, session, machine_now())
    return response


@router.post("/sign-out", summary="Sign out by form")
def send_sign_out(work: AccountWork, request: Request, form: pages.Sent, _: OnFirstSteps) -> Response:  # noqa: ARG001 - the form checks the origin
    """End the session of this browser."""
    sessions.sign_out(work)
    response = pages.see("/sign-in", pages.said(request, "You are signed out."))
    browser.sign_out(request, response)
    browser.forget_pages(response)
    return response


@router.get("/account/first-password", summary="Page to set the first own password")
def show_first_password(request: Request, principal: OnFirstSteps) -> Response:
    """Ask for an own password in place of the initial one."""
    return pages.render(request, "account/password.html", first=principal.limited == "password")


@router.post("/account/first-password", summary="Set an own password by form")
def send_first_password(request: Request, form: pages.Sent, principal: OnFirstSteps) -> Response:
    """Set the password; all other sessions end."""
    with pages.again(request, "account/password.html", form, lambda: {"first": principal.limited == "password"}):
        body = pages.checked(
            PasswordBody, {name: secret_in(form, name) for name in ("current_password", "new_password")}
        )
        if secret_in(form, "again") != body.new_password:
            raise MalformedError(
                errors=(FieldError("/again", pages.said(request, "is not the same as the new password")),)
            )
        passwords.change_password(
            workshop_of(request), principal, body.current_password, body.new_password, client_of(request)
        )
    return pages.see(HOMES[principal.kind], pages.said(request, "Your password is set."))


@router.get("/account/second-factor", summary="Page to set up a second factor")
def show_second_factor(request: Request, reading: AccountReading, principal: OnFirstSteps) -> Response:
    """Ask for the password; then the secret for an authenticator app is shown."""
    return pages.render(request, "account/second_factor.html", **_factor(service.me(reading).second_factor, principal))


@router.post("/account/second-factor", summary="Start a second factor by form")
def send_second_factor(request: Request, form: pages.Sent, principal: OnFirstSteps) -> Response:
    """Show the secret of a new second factor: it counts once its first code has been entered."""
    with pages.again(request, "account/second_factor.html", form, lambda: _factor(None, principal)):
        body = pages.checked(EnrolBody, {"password": secret_in(form, "password")})
        enrolment = keys.start_second_factor(workshop_of(request), principal, body.password, client_of(request))
    return pages.render(request, "account/second_factor.html", **_factor(None, principal) | {"enrolment": enrolment})


@router.post("/account/second-factor/confirm", summary="Confirm a second factor by form")
def send_second_factor_code(request: Request, work: AccountWork, form: pages.Sent, principal: OnFirstSteps) -> Response:
    """Put the second factor to use and show its recovery codes, once."""
    pending = {"secret": form.text("secret"), "uri": form.text("uri")}
    with pages.again(
        request, "account/second_factor.html", form, lambda: _factor(None, principal) | {"enrolment": pending}
    ):
        body = pages.checked(CodeBody, {"code": form.text("code")})
        codes = keys.confirm_second_factor(work, body.code)
    return pages.render(request, "account/recovery_codes.html", codes=codes, home=HOMES[principal.kind])


@router.post("/preferences", summary="Keep how one reads")
def send_preferences(request: Request, form: pages.Sent, principal: Public) -> Response:
    """Keep language, time zone or theme in this browser; who is signed in is mailed in that language, too."""
    if form.text("locale") in browser.LOCALES and principal.kind in HOMES:
        with workshop_of(request).work(principal, DatabaseRole.APP) as work:
            notice_preferences.speak(work, Language(form.text("locale")))
    response = pages.see(own_path(form.text("back"), "/"))
    for name in ("locale", "zone", "theme"):
        if name in form:
            browser.keep(response, name, form.text(name))
    return response


def secret_in(form: pages.Form, name: str) -> str:
    """Return a password as it was typed: the space around it counts."""
    return next(iter(form.texts(name)), "")


def _factor(in_use: bool | None, principal: Principal) -> dict[str, Any]:  # noqa: FBT001 - a state, not an option
    return {"in_use": in_use, "must": principal.limited == "second factor", "enrolment": None}
