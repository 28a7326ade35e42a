"""Routes for which milliseconds count: described like any other, served without a transaction or a worker thread.

The signature of the function is the documentation, and all that a call consists of: path parameters, one caller under
a policy, at most one body, an Idempotency-Key and the request itself.
"""

import asyncio
import hashlib
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeAlias, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRouter
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from marketplace.kernel import http, idempotency
from marketplace.kernel.access import Policy, Principal
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.errors import MalformedError

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]

BELIEVED_SECONDS = 30.0
"""How long a token that was found valid is believed; see ``Recognised``."""
_MOST_CALLERS = 20_000


class Recognised:
    """Callers by the SHA-256 of what they showed, so that a bid costs no signature check and no look-up.

    What ``access`` promises holds within ``BELIEVED_SECONDS``: a session that ends, a key that is revoked and a role
    that changes are noticed by these routes at most that much later, and a token is never believed beyond its expiry.
    """

    def __init__(self, authenticate: Callable[[str], tuple[Principal, float]]) -> None:
        self._authenticate = authenticate
        self._known: dict[bytes, tuple[Principal, float]] = {}

    async def caller(self, authorization: str) -> Principal:
        """Return who sends this Authorization header. Raises UnauthenticatedError."""
        digest = hashlib.sha256(authorization.encode("latin-1", "replace")).digest()
        known = self._known.get(digest)
        if known is not None and stopwatch() < known[1]:
            return known[0]
        principal, seconds = await asyncio.to_thread(self._authenticate, authorization)
        if len(self._known) >= _MOST_CALLERS:
            self._known.clear()
        self._known[digest] = principal, stopwatch() + min(seconds, BELIEVED_SECONDS)
        return principal


class LeanRoute(http.CommandRoute):
    """A route whose async function gets its arguments directly and returns the response; it commits before that."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves the route."""
        function: Callable[..., Awaitable[Response]] = self.endpoint
        hints = get_type_hints(function)
        policy = next(own.call for own in self.dependant.dependencies if isinstance(own.call, Policy))
        names = inspect.signature(function).parameters
        body = next((name for name in names if _is_model(hints[name])), "")
        caller = next(name for name in names if hints[name] is Principal)
        keyed = "idempotency_key" in names

        async def handle(request: Request) -> Response:
            recognised: Recognised = request.app.state.recognised
            known = await recognised.caller(_header(request, b"authorization") or "")
            request.scope.setdefault("state", {})["principal"] = known
            principal = policy(known)
            arguments: dict[str, Any] = {**request.path_params, caller: principal, "request": request}
            if body:
                arguments[body] = _parsed(hints[body], request, await request.body())
            if keyed:
                arguments["idempotency_key"] = _header(request, b"idempotency-key")
            return await function(**arguments)

        return handle


class LeanDoor:
    """Serves lean routes itself, before the framework's stack of routers and exit stacks, which costs more than a bid.

    The answers are the same: the route's own function, and the application's own handlers for what it raises.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        lean = [route for route in routes if isinstance(route, LeanRoute)]
        self._doors = [(route, route.get_route_handler()) for route in lean]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the call if it is for a lean route; otherwise hand it on."""
        handle = self._found(scope) if scope["type"] == "http" else None
        if handle is None:
            await self._app(scope, receive, send)
        else:
            try:
                response = await _answered(_Request(scope, receive), handle)
            except ClientDisconnect:
                return  # it hung up before it had sent its command: nobody is left to be answered
            await response(scope, receive, send)

    def _found(self, scope: Scope) -> Handler | None:
        """Return what serves this call, its path's parameters being found; None if no lean route does."""
        for route, handle in self._doors:
            if (
                scope["method"] in (route.methods or ())
                and (found := route.path_regex.match(scope["path"])) is not None
            ):
                scope["path_params"], scope["route"] = found.groupdict(), route
                return handle
        return None


class _Request(Request):
    """A request whose body, usually one message, is read without a generator in between."""

    async def body(self) -> bytes:
        """Return the whole body. Raises ClientDisconnect."""
        if not hasattr(self, "_body"):
            parts, more = [], True
            while more:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                parts.append(message.get("body", b""))
                more = message.get("more_body", False)
            self._body = b"".join(parts)
        return self._body


class Json(Response):
    """JSON that is bytes already, with few headers more."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.body, self.status_code, self.background = body, status, None
        given = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        length = str(len(body)).encode()
        self.raw_headers = [*given, (b"content-length", length), (b"content-type", b"application/json")]


async def _answered(request: Request, handle: Handler) -> Response:
    """Return the route's answer, or the application's answer to the error that it raises."""
    try:
        return await handle(request)
    except Exception as error:
        handlers = request.app.exception_handlers
        known = [kind for kind in type(error).__mro__ if kind in handlers and kind is not Exception]
        if not known:
            raise
        handler = handlers[known[0]]
        response: Response = await handler(request, error)
        return response


def router(*, tags: list[str | Any]) -> APIRouter:
    """Return a router of lean routes, which document the problems that any route may answer."""
    return APIRouter(tags=tags, route_class=LeanRoute, responses=http.COMMON_PROBLEMS)


async def key_of(request: Request, principal: Principal, key: str | None) -> idempotency.Key | None:
    """Return the Idempotency-Key of a command with what it consists of. Raises MalformedError for an unusable one."""
    if key is None:
        return None
    scope = request.scope
    payload = b"\0".join((scope["query_string"], await request.body()))
    command = (scope["method"], scope["path"], payload)
    return idempotency.key_of(http.caller_name(principal), key, command, request.app.state.answer_sealer)


def _header(request: Request, name: bytes) -> str | None:
    """Return the first header of this name, which is in lower case as all of ASGI's are."""
    for given, value in request.scope["headers"]:
        if given == name:
            text: str = value.decode("latin-1")
            return text
    return None


def _is_model(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _parsed(model: type[BaseModel], request: Request, body: bytes) -> BaseModel:
    """Return the body as its model. Raises MalformedError, RequestValidationError."""
    media = (_header(request, b"content-type") or "").partition(";")[0].strip().lower()
    if not (media == "application/json" or (media.startswith("application/") and media.endswith("+json"))):
        raise MalformedError("Send JSON, as application/json.")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([item | {"loc": ("body", *item["loc"])} for item in found]) from error
