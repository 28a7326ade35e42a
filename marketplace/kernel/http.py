"""HTTP around services: one transaction per request committed before the answer leaves, problem details, limits."""

import hashlib
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Annotated, Any

import anyio
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, APIRouter
from pydantic import BaseModel
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marketplace.kernel import idempotency, tracing
from marketplace.kernel.access import Policy, Principal, authenticated
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import (
    FieldError,
    MalformedError,
    NotFoundError,
    PreconditionRequiredError,
    ProblemError,
    StaleError,
    TooLargeError,
    UnavailableError,
)
from marketplace.kernel.logs import note_refusal
from marketplace.kernel.work import Reading, Work, Workshop

PROBLEM = "application/problem+json"
LARGEST_BODY = 1_000_000
LARGEST_FILE = 12_000_000
MOST_ERRORS = 100
"""Errors of one malformed body that are told: enough to mend it, and an answer of bounded size."""
MOST_FIELDS = 20_000
"""Of one form: cells of a bid sheet of 2,000 lines."""
MOST_FILES = 20
LARGEST_TEXT = 1_000_000
"""Bytes of one field of a form."""
_SAID = {
    "extra_forbidden": "There is no such field here: leave it out, or correct its name after the API document",
    "missing": "This field is required: give it a value",
}
"""What is said of an error of this type instead of the framework's words."""
_KEPT_HEADERS = ("etag", "location", "content-type")


class _AnsweredBefore(Exception):  # noqa: N818 - not an error: a way out of the dependencies
    """The command was done before under the same Idempotency-Key."""

    def __init__(self, answer: idempotency.Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


class CommandRoute(APIRoute):
    """A route whose transaction is committed when the response is ready and before a byte of it is sent.

    Its policy is asked before all else, so that a key never repeats an answer to somebody who may no longer have it.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        plain = inspect.signature(endpoint)
        named = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in plain.parameters.values()]
        named.sort(key=lambda parameter: not _is_policy(parameter))
        # the framework solves dependencies in the order of the parameters, and names all of them
        endpoint.__signature__ = plain.replace(parameters=named)  # type: ignore[attr-defined]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler with the end of the transaction around it."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await handler(request)
            except _AnsweredBefore as before:
                await _to_its_end(_leave, request, before)
                headers = dict(before.answer.headers) | {"Idempotency-Replayed": "true"}
                return Response(before.answer.body, before.answer.status, headers)
            except BaseException as error:
                await _to_its_end(_leave, request, error)
                raise
            await _to_its_end(_finish, request, response)
            return response

        return handle


def _is_policy(parameter: inspect.Parameter) -> bool:
    marks = getattr(parameter.annotation, "__metadata__", ())
    return any(isinstance(getattr(mark, "dependency", None), Policy) for mark in marks)


async def _to_its_end(end: Callable[..., None], *arguments: object) -> None:
    """Run ``end`` even when the caller has hung up: a transaction that nobody ends would keep its connection."""
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(end, *arguments)


def _leave(request: Request, error: BaseException | None) -> None:
    """End the request's transaction: commit without an error, roll back with one."""
    context: AbstractContextManager[object] | None = getattr(request.state, "transaction", None)
    if context is None:
        return
    request.state.transaction = None
    span: tracing.Span | None = getattr(request.state, "span", None)
    try:
        _end(context, error)
    finally:
        if span is not None:
            span.set_attribute("committed", error is None)
            span.end()


def _end(context: AbstractContextManager[object], error: BaseException | None) -> None:
    if error is None:
        context.__exit__(None, None, None)
        return
    try:
        context.__exit__(type(error), error, error.__traceback__)
    except BaseException as raised:
        if raised is not error:
            raise


def _finish(request: Request, response: Response) -> None:
    """Keep the answer under its key, then commit; a failure of either becomes the answer."""
    key: idempotency.Key | None = getattr(request.state, "idempotency_key", None)
    work: Work | None = getattr(request.state, "work", None)
    try:
        if key is not None and work is not None:
            headers = tuple((name, response.headers[name]) for name in _KEPT_HEADERS if name in response.headers)
            answer = idempotency.Answer(response.status_code, headers, bytes(response.body))
            idempotency.finish(work, key, answer, request.app.state.answer_sealer)
    except BaseException as error:
        _leave(request, error)
        raise
    _leave(request, None)


async def form_of(request: Request) -> FormData:
    """Return the request's form; who asks first reads it, so that all ask with the same limits.

    Raises MalformedError for what is none, or has more fields or files.
    """
    try:
        return await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_TEXT)
    except HTTPException as error:
        raise MalformedError(str(error.detail)) from None


async def _payload(request: Request) -> bytes:
    """Return what a command with an Idempotency-Key consists of; empty for one without, which nobody compares.

    A form's parts count, not its bytes: a client that sends it again draws another boundary.
    """
    query = request.url.query.encode()
    is_form = request.headers.get("content-type", "").lower().startswith(_FORMS)
    if "idempotency-key" not in request.headers:
        key = (await form_of(request)).get(FORM_KEY) if is_form else None
        if not isinstance(key, str) or not key:
            return b""
        request.state.form_key = key
    if not is_form:
        return b"\0".join((query, await request.body()))
    digest = hashlib.sha256()
    for name, value in (await form_of(request)).multi_items():
        content = value.encode() if isinstance(value, str) else await value.read()
        file_name = "" if isinstance(value, str) else value.filename or ""
        for part in (name.encode(), file_name.encode(), content):
            digest.update(len(part).to_bytes(8) + part)
        if not isinstance(value, str):
            await value.seek(0)
    return b"\0".join((query, digest.digest()))


FORM_KEY = "idempotency_key"
"""The field in which a form says its Idempotency-Key: a browser can't send the header."""

IdempotencyKey = Annotated[
    str | None,
    Header(description="Repeat a command safely: the same key gives the same answer and does it once (kept 48 hours)"),
]


def open_work(
    request: Request,
    principal: Annotated[Principal, Depends(authenticated)],
    payload: Annotated[bytes, Depends(_payload)],
    idempotency_key: IdempotencyKey = None,
) -> Work:
    """Open the request's transaction, or leave at once with the answer that its Idempotency-Key got before."""
    return _enter_work(request, principal, payload, idempotency_key, None)


def open_account_work(
    request: Request,
    principal: Annotated[Principal, Depends(authenticated)],
    payload: Annotated[bytes, Depends(_payload)],
    idempotency_key: IdempotencyKey = None,
) -> Work:
    """Open a transaction on accounts: also for a provider's users with the role that can read accounts.

    For identity's own routes alone, which touch nothing but the caller's own account and organization.
    """
    return _enter_work(request, principal, payload, idempotency_key, DatabaseRole.APP)


def open_desk_work(
    request: Request,
    principal: Annotated[Principal, Depends(authenticated)],
    payload: Annotated[bytes, Depends(_payload)],
    idempotency_key: IdempotencyKey = None,
) -> Work:
    """Open a transaction of the auction desk: on all rows of the auctions, and blind to who the buyers are.

    For the bidding room's own routes alone, which answer a carrier with its view and never with a row.
    """
    return _enter_work(request, principal, payload, idempotency_key, DatabaseRole.DESK)


def _enter_work(
    request: Request, principal: Principal, payload: bytes, idempotency_key: str | None, role: DatabaseRole | None
) -> Work:
    workshop: Workshop = request.app.state.workshop
    request.state.span = tracing.begin("command")
    context = workshop.work(principal, role)
    work = context.__enter__()
    request.state.transaction, request.state.work, request.state.reading = context, work, work
    idempotency_key = idempotency_key or getattr(request.state, "form_key", None)
    if idempotency_key is not None:
        sealer = request.app.state.answer_sealer
        command = (request.method, request.url.path, payload)
        key = idempotency.key_of(caller_name(principal), idempotency_key, command, sealer)
        answer = idempotency.begin(work, key, sealer)
        if answer is not None:
            raise _AnsweredBefore(answer)
        request.state.idempotency_key = key
    return work


def caller_name(principal: Principal) -> str:
    """Return whose keys these are: an API key of few scopes must not get the answer that one of more scopes got."""
    if principal.scopes is None:
        return principal.user_id
    return " ".join([principal.user_id, *sorted(principal.scopes)])


def open_reading(request: Request, principal: Annotated[Principal, Depends(authenticated)]) -> Reading:
    """Open the request's read-only transaction."""
    return _enter_reading(request, principal, None)


def open_account_reading(request: Request, principal: Annotated[Principal, Depends(authenticated)]) -> Reading:
    """Open a read-only transaction on accounts; see ``open_account_work``."""
    return _enter_reading(request, principal, DatabaseRole.APP)


def open_desk_reading(request: Request, principal: Annotated[Principal, Depends(authenticated)]) -> Reading:
    """Open a read-only transaction of the auction desk; see ``open_desk_work``."""
    return _enter_reading(request, principal, DatabaseRole.DESK)


def _enter_reading(request: Request, principal: Principal, role: DatabaseRole | None) -> Reading:
    workshop: Workshop = request.app.state.workshop
    context = workshop.reading(principal, role)
    reading = context.__enter__()
    request.state.transaction, request.state.reading = context, reading
    return reading


Working = Annotated[Work, Depends(open_work)]
ReadingOnly = Annotated[Reading, Depends(open_reading)]
AccountWork = Annotated[Work, Depends(open_account_work)]
AccountReading = Annotated[Reading, Depends(open_account_reading)]
DeskWork = Annotated[Work, Depends(open_desk_work)]
DeskReading = Annotated[Reading, Depends(open_desk_reading)]
IfMatch = Annotated[str | None, Header(description='The ETag of the version that you edit, such as "3"')]


def router(prefix: str = "", *, tags: Sequence[str] = ()) -> APIRouter:
    """Return a router whose routes commit before they answer and document the problems that any route may answer."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=CommandRoute, responses=COMMON_PROBLEMS)


def etag(revision: int) -> str:
    """Return the ETag of a revision."""
    return f'"{revision}"'


def check_if_match(if_match: str | None, revision: int) -> None:
    """Raise StaleError unless ``if_match`` names ``revision``; PreconditionRequiredError when it is missing."""
    if if_match is None:
        raise PreconditionRequiredError(f"The current version is {etag(revision)}.")
    if if_match.strip() not in {etag(revision), "*"}:
        raise StaleError(f"You edited {if_match}; the current version is {etag(revision)}. Read it again first.")


class FieldProblem(BaseModel):
    """One wrong field: where it is, and what would be right."""

    pointer: str
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None


def problems(*kinds: type[ProblemError]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses=`` of a route that may answer with ``kinds``."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        example = {"type": f"/problems/{kind.kind}", "title": kind.title, "status": kind.status}
        entry = by_status.setdefault(
            kind.status,
            {
                "description": "",
                "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        entry["description"] = "; ".join(filter(None, (entry["description"], kind.title)))
        entry["content"][PROBLEM]["examples"][kind.kind] = {"value": example}
    return by_status


COMMON_PROBLEMS = problems(MalformedError, TooLargeError, UnavailableError)


def problem_response(problem: ProblemError) -> JSONResponse:
    """Return the HTTP answer of a problem."""
    return JSONResponse(problem.document(), problem.status, problem.headers, media_type=PROBLEM)


def install(app: FastAPI, large: tuple[str, ...] = (), routes: Sequence[APIRoute] = ()) -> None:
    """Give ``app`` the problem handlers, the body limit and the headers that every answer carries.

    Paths that begin like one of ``large`` take bodies as large as a file whatever their media type. What ``routes``
    take at an address is told to who calls it with another method.
    """

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> JSONResponse:
        note_refusal(request.scope, error.kind)
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def _malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = tuple(FieldError(_pointer(item), _message(item)) for item in error.errors()[:MOST_ERRORS])
        return problem_response(MalformedError(errors=errors))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == NotFoundError.status:
            return problem_response(NotFoundError())
        if error.status_code == HTTPStatus.BAD_REQUEST:  # what the framework says of a body that it can't take apart
            return problem_response(MalformedError(f"{error.detail}: it is not as announced, or nested too deeply."))
        problem = ProblemError(str(error.detail), headers=dict(error.headers or {}))
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # the framework names those of the first route alone
            problem.headers |= _allowed(request.url.path, routes)
        document = problem.document() | {"type": "about:blank", "title": str(error.detail), "status": error.status_code}
        return JSONResponse(document, error.status_code, problem.headers, media_type=PROBLEM)

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeoutError)
    async def _database(_request: Request, error: Exception) -> JSONResponse:
        return problem_response(database_problem(error))

    @app.exception_handler(Exception)
    async def _broken(_request: Request, _error: Exception) -> JSONResponse:
        response = problem_response(ProblemError("It has been recorded. Nothing was changed."))
        response.headers.update(_HEADERS)  # this answer is given outside of the middleware below
        return response

    app.add_middleware(_LimitsAndHeaders, large=large)


def _allowed(path: str, routes: Sequence[APIRoute]) -> dict[str, str]:
    """Return the header that names the methods of an address: of ``/me``, if it has routes, not of ``/{name}``."""
    here = [route for route in routes if route.path_regex.match(path)]
    fewest = min((len(route.param_convertors) for route in here), default=0)
    allowed = {method for route in here if len(route.param_convertors) == fewest for method in route.methods or ()}
    return {"Allow": ", ".join(sorted(allowed))} if allowed else {}


class _LimitsAndHeaders:
    """Refuses bodies over the limit or of unknown length, and gives every answer the headers that all carry."""

    def __init__(self, app: ASGIApp, large: tuple[str, ...] = ()) -> None:
        self._app = app
        self._large = large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                said = {name.lower() for name, _ in given}
                own = [*_RAW_HEADERS, _ONLY_TLS] if scope["scheme"] == "https" else _RAW_HEADERS
                message["headers"] = [*given, *(pair for pair in own if pair[0] not in said)]
            await send(message)

        limit = _body_limit(scope, self._large)
        if limit is None:
            await self._app(scope, receive, send_with_headers)
            return
        refused = problem_response(TooLargeError(f"Send at most {limit:,} bytes, with Content-Length."))
        await refused(scope, receive, send_with_headers)


def _body_limit(scope: Scope, large: tuple[str, ...]) -> int | None:
    """Return the limit that the request's body breaks, also by not saying its length; None if it keeps to it."""
    media, declared, encoding = b"", b"0", b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            media = media or value.lower()
        elif name == b"content-length":
            declared = value
        elif name == b"transfer-encoding":
            encoding = value
    is_file = media.startswith(_RAW_FILES) or scope["path"].startswith(large)
    limit = LARGEST_FILE if is_file else LARGEST_BODY
    # the length of the digits first: int() of a very long number is slow, and refuses
    kept = not encoding and declared.isdigit() and len(declared) <= _LONGEST_LENGTH and int(declared) <= limit
    return None if kept else limit


_LONGEST_LENGTH = 12
_FILES = ("multipart/form-data", "text/csv", "application/geo+json")
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
"""What an answer carries that says nothing else: pages tell their own address to their own server, for one."""
_ONLY_TLS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""A browser that came over https comes so for a year (RFC 6797); over http it would not listen."""
_RAW_FILES = tuple(media.encode() for media in _FILES)
_UNSTORABLE = (None, "22P05")
"""A text with a NUL: the driver refuses it before the server sees it (no SQLSTATE), the server inside of JSON."""
_TRANSIENT = ("08", "40", "53", "55P03", "57")
"""SQLSTATE classes that are safe to try again: connection, rollback, resources, lock not available, operator."""


def database_problem(error: Exception) -> ProblemError:
    """Return what the caller is told of a database error. Raises it again when it is a fault of ours."""
    if isinstance(error, DataError) and getattr(error.orig, "sqlstate", None) in _UNSTORABLE:
        return MalformedError("A text holds a character that can't be stored (U+0000).")
    if isinstance(error, DBAPIError) and not _transient(error):
        raise error
    return UnavailableError("Safe to try again.", headers={"Retry-After": "1"})


def _transient(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated:
        return True
    if state is None:  # not from the server: it is away, or the driver refused what we gave it
        return isinstance(error, OperationalError)
    return bool(state.startswith(_TRANSIENT))


def _message(item: Mapping[str, Any]) -> str:
    """Return what is wrong and what would be right, where the framework's own words leave the second out."""
    message = str(item["msg"]).removeprefix("Value error, ")
    return _SAID.get(item["type"], message)


def _pointer(item: Mapping[str, Any]) -> str:
    """Return a JSON Pointer for a body field (the whole body: empty), ``query/name`` and the like for the rest."""
    where, *parts = [str(part) for part in item["loc"]]
    if where != "body":
        return "/".join([where, *parts])
    if item["type"] == "json_invalid":  # its place is an offset, not a field
        return ""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
