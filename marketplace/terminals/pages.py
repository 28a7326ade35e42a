"""What all pages share: how a page answers, how forms are read, and how a problem is shown where it can be mended."""

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRouter
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from marketplace.geography import codes
from marketplace.kernel import http, ids
from marketplace.kernel.access import NOBODY, PasswordChangeRequiredError, Principal, SecondFactorRequiredError
from marketplace.kernel.clock import machine_now
from marketplace.kernel.config import Profile
from marketplace.kernel.errors import (
    FieldError,
    MalformedError,
    ProblemError,
    UnauthenticatedError,
    UnavailableError,
)
from marketplace.kernel.logs import note_refusal
from marketplace.kernel.origin import check_same_origin
from marketplace.kernel.work import Reading, Workshop
from marketplace.terminals import browser
from marketplace.terminals.navigation import navigation
from marketplace.terminals.packing import packed
from marketplace.terminals.problems import in_own_language, plainly
from marketplace.terminals.rendering import gettext
from marketplace.terminals.rendering import render as rendered

_LOG = logging.getLogger(__name__)

SIGN_IN = "/sign-in"
_FIRST_STEPS = {
    PasswordChangeRequiredError: "/account/first-password",
    SecondFactorRequiredError: "/account/second-factor",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    # the own server alone is told which page a form was on: what a command's origin is checked by
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "HX-Request",
}
Wire = TypeVar("Wire", bound=BaseModel)


class ShownAgain(Exception):  # noqa: N818 - not an error: a way out of the transaction, which is rolled back
    """A form that could not be done, shown again with what was typed and what would be right."""

    def __init__(self, response: Response) -> None:
        super().__init__("shown again")
        self.response = response


class PageRoute(http.CommandRoute):
    """A route for people: problems become pages, and who is not signed in is asked to."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with its problems shown as pages; the transaction has been rolled back by then."""
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except ShownAgain as again:
                return again.response
            except ProblemError as problem:
                note_refusal(request.scope, problem.kind)
                return await run_in_threadpool(show_problem, request, problem)
            except RequestValidationError as error:
                errors = tuple(FieldError("/".join(map(str, item["loc"])), item["msg"]) for item in error.errors()[:20])
                return await run_in_threadpool(show_problem, request, MalformedError(errors=errors))
            except (DBAPIError, PoolTimeoutError) as error:
                return await run_in_threadpool(show_problem, request, http.database_problem(error))
            except Exception:  # noqa: BLE001 - logged, and told as what it is: our fault
                _LOG.exception("a page failed: %s %s", request.method, request.url.path)
                return await run_in_threadpool(show_problem, request, ProblemError())
            finally:
                await request.close()  # the files of a form

        async def handle(request: Request) -> Response:
            return await packed(request, await answered(request))

        return handle


def router(prefix: str = "") -> APIRouter:
    """Return a router for pages: they are not in the API's document."""
    return APIRouter(prefix=prefix, tags=["pages"], route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Form:
    """What a form said: texts by field, in their order, and files."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[UploadFile, ...]] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Return a field's (first) text without the space around it; ``default`` when the form has no such field."""
        values = self.fields.get(name)
        return values[0].strip() if values else default

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all texts of a field."""
        return self.fields.get(name, ())

    def ticked(self, name: str) -> bool:
        """Tell whether a box is ticked."""
        return self.text(name) not in {"", "0", "false", "off"}

    def file(self, name: str) -> UploadFile | None:
        """Return the file of a field; None when none was chosen."""
        chosen = [one for one in self.files.get(name, ()) if one.filename]
        return chosen[0] if chosen else None

    def __contains__(self, name: str) -> bool:
        return name in self.fields


async def read_form(request: Request) -> AsyncIterator[Form]:
    """Yield the form of a command that a page of ours sent, and close its files in the end.

    Raises ForeignOriginError for another site's form.
    """
    check_same_origin(request)
    data = await http.form_of(request)
    fields: dict[str, list[str]] = {}
    files: dict[str, list[UploadFile]] = {}
    for name, value in data.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
        else:
            files.setdefault(name, []).append(value)
    try:
        yield Form({name: tuple(all_) for name, all_ in fields.items()}, {name: tuple(f) for name, f in files.items()})
    finally:
        await data.close()


Sent = Annotated[Form, Depends(read_form)]
"""The form of a POST; every page that changes something takes it, because it checks where the form comes from."""


def checked(schema: type[Wire], values: Mapping[str, Any]) -> Wire:
    """Return ``values`` as the API's own wire type. Raises MalformedError for what the API would refuse."""
    try:
        return schema.model_validate(values, strict=False)  # a form sends texts: "36" is 36 here
    except ValidationError as error:
        errors = tuple(
            FieldError("/" + "/".join(map(str, item["loc"])), plainly(item))
            for item in error.errors()[: http.MOST_ERRORS]
        )
        raise MalformedError(errors=errors) from None


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page. Templates find ``reader``, ``nav``, ``flash``, ``path``, ``now`` and what is passed here."""
    note = browser.note_of(request)
    shown = in_own_language(frame(request, note) | context, words(request))
    html = rendered(template, browser.preferences_of(request), now_of(request), **shown)
    response = HTMLResponse(html, status, _HEADERS)
    if note is not None:
        response.delete_cookie("note")
    return response


def frame(request: Request, note: tuple[str, str] | None = None) -> dict[str, Any]:
    """Return what the frame of every page shows, and the defaults of what a page may say."""
    workshop: Workshop = request.app.state.workshop
    reader = browser.reader_of(request)
    return {
        "reader": reader,
        "nav": navigation(reader, request.url.path, words(request)),
        "flash": note,
        "path": request.url.path,
        "query": request.url.query,
        "partial": request.headers.get("hx-request") == "true",
        "development": workshop.vault.settings.profile is Profile.DEVELOPMENT,
        "new_key": partial(ids.new, "idem"),
        "problem": None,
        "errors": {},
        "form": Form(),
        "stream": "",
        "title": "",
        "help": "/help",
    }


def words(request: Request) -> Callable[[str], str]:
    """Return the function that translates a sentence for who reads the answer to this request."""
    return gettext(browser.preferences_of(request))


def said(request: Request, text: str) -> str:
    """Return one sentence in the language of who reads the answer to this request."""
    return words(request)(text)


def country_names(request: Request) -> list[tuple[str, str]]:
    """Return (code, name) of all countries in the reader's language, by name."""
    names = browser.preferences_of(request).babel.territories
    return sorted(((code, names.get(code, code)) for code in codes.countries()), key=lambda one: one[1])


def zone_of(request: Request) -> ZoneInfo:
    """Return the time zone in which the reader types and reads times."""
    return browser.preferences_of(request).zone_info


def instant_of(typed: str, zone: ZoneInfo) -> str:
    """Return what a field for date and time says, in the reader's zone, as the API takes it: with its offset.

    What is no date and time is returned as it was typed: the API's own check says what would be right.
    """
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone).isoformat()
    except ValueError:
        return typed


def now_of(request: Request) -> datetime:
    """Return the instant of the request's transaction, or the database's time for who is signed in without one.

    To strangers, whose pages tell no time that decides anything, this machine's is good enough.
    """
    reading: Reading | None = getattr(request.state, "reading", None)
    if reading is not None:
        return reading.now
    principal: Principal = getattr(request.state, "principal", NOBODY)
    if principal.anonymous:
        return machine_now()
    workshop: Workshop = request.app.state.workshop
    with workshop.reading() as fresh:
        return fresh.now


def see(path: str, note: str = "", tone: str = "good") -> RedirectResponse:
    """Return the answer to a form that was done: go there, where a sentence says what was done."""
    response = RedirectResponse(path, 303)
    if note:
        browser.leave_note(response, note, tone)
    return response


@contextmanager
def again(
    request: Request, template: str, form: Form, show: Callable[[], Mapping[str, Any]] | None = None
) -> Iterator[None]:
    """Show the page again with what was typed when the block raises a problem; nothing is changed then.

    ``show`` returns the page's context and is called only then. Templates find ``problem``, ``errors`` (messages by
    field, as ``errors['sites/0/city']``) and ``form``.
    """
    try:
        yield
    except ProblemError as problem:
        if type(problem) is UnauthenticatedError or isinstance(problem, UnavailableError):
            raise
        context = dict(show()) if show is not None else {}
        note_refusal(request.scope, problem.kind)
        shown = {"problem": problem, "errors": errors_of(problem), "form": form}
        raise ShownAgain(render(request, template, status=problem.status, **(context | shown))) from problem


def errors_of(problem: ProblemError) -> dict[str, str]:
    """Return a problem's messages by field: the pointer without its first slash."""
    found: dict[str, str] = {}
    for error in problem.errors:
        found.setdefault(error.pointer.lstrip("/"), error.message)
    return found


def show_problem(request: Request, problem: ProblemError) -> Response:
    """Return the page that tells a problem, or the way to what has to be done first."""
    scripted = request.headers.get("hx-request") == "true" or request.method not in {"GET", "HEAD"}
    for kind, path in _FIRST_STEPS.items():
        if isinstance(problem, kind):
            return RedirectResponse(path, 303)
    stale = bool(browser.secret_of(request))
    if isinstance(problem, UnauthenticatedError) and not scripted and (stale or request.url.path != SIGN_IN):
        where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        way = RedirectResponse(where if request.url.path == SIGN_IN else f"{SIGN_IN}?next={quote(where, safe='')}", 303)
        if stale:  # a secret that holds no more would be refused at the sign-in page, too
            browser.sign_out(request, way)
        return way
    _ = words(request)
    shown = {"problem": problem, "title": _(problem.title), "sent": request.method not in {"GET", "HEAD"}}
    response = render(request, "errors/problem.html", status=problem.status, **shown)
    response.headers.update({name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"})
    return response
