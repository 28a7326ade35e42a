"""Log lines as JSON: one object a line, of requests and of all else; never a body, an address, a name or a secret."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marketplace.kernel import ids
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.principals import NOBODY

_REQUESTS = logging.getLogger("marketplace.requests")
_SECURITY = logging.getLogger("marketplace.security")
_GIVEN = re.compile(rb"[A-Za-z0-9_.-]{8,64}")
_SERVER_ERROR = 500
_REFUSALS = frozenset({401, 403, 429})
"""Who is not known, may not, or asks too often: an operator's alarms look for these."""
_request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, with the id of the request in which it was made."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback is part of it."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := _request_id.get():
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class RequestLog:
    """Tells of every request when its answer has left: its id, the route's template, the status, and milliseconds.

    Also whose request it was, by opaque ids, and which problem it was answered with, as far as that was found out.
    The template, such as ``/invitations/{invitation_id}/bids``, and never the address itself: that may hold a secret.
    A caller, or a proxy, gives the id as ``X-Request-Id``; otherwise it is drawn.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request and tell of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = stopwatch(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = _request_id.set(_id_of(scope))
        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "")
            fields = {"method": scope["method"], "route": route, "status": status} | _found_out(scope)
            fields["ms"] = round(1000 * (stopwatch() - began), 1)
            level = logging.ERROR if status >= _SERVER_ERROR or not status else logging.INFO
            level = logging.WARNING if status in _REFUSALS else level
            _REQUESTS.log(level, "%s %s %d", scope["method"], route, status, extra={"fields": fields})
            _request_id.reset(token)


def _found_out(scope: Scope) -> dict[str, Any]:
    """Return who called and what stood against it, as far as the request came."""
    state = scope.get("state", {})
    principal, problem = state.get("principal", NOBODY), state.get("problem", "")
    found = {} if principal.anonymous else {"user": principal.user_id, "organization": principal.organization_id}
    return found | ({"problem": problem} if problem else {})


def note_refusal(scope: Scope, kind: str) -> None:
    """Keep the kind of the problem that a request is answered with for the line that is written of it."""
    scope.setdefault("state", {})["problem"] = kind


def watch(message: str, **fields: str) -> None:
    """Tell those who watch the installation of something that attackers do; the fields as in all lines."""
    _SECURITY.warning(message, extra={"fields": fields})


def _id_of(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN.fullmatch(value):
            given: str = value.decode("ascii")
            return given
    return ids.new("rq")


def write_json() -> None:
    """Let everything that is logged in this process be a line of JSON on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _REQUESTS.setLevel(logging.INFO)
