"""A patient client of the public API: repeats what may be repeated until the marketplace answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from marketplace.kernel.clock import stopwatch, wait
from marketplace.players.pace import Pace

_AGAIN = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
_LONGEST_PAUSE_SECONDS = 2.0


class ApiError(Exception):
    """The API refused a call: ``status``, and the problem document."""

    def __init__(self, call: str, status: int, problem: dict[str, Any]) -> None:
        errors = "; ".join(f"{item['pointer']}: {item['message']}" for item in problem.get("errors", [])[:3])
        said = " ".join(filter(None, (problem.get("title", ""), problem.get("detail", ""), errors)))
        super().__init__(f"{call}: {status} {said}")
        self.status = status
        self.problem = problem

    @property
    def kind(self) -> str:
        """The problem's kind: the last part of its type."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


@dataclass
class Api:
    """One caller of the API. ``patience`` is how many seconds it waits for a marketplace that doesn't answer.

    Every writing call carries an Idempotency-Key: repeated after a lost answer, it is done once.
    """

    http: httpx.Client
    patience: float = 60.0
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = ""
    """The version that the last answer was about, for If-Match; empty if it named none."""
    renew: Callable[[], None] | None = None
    """Signs in again when the session is over."""
    pace: Pace = field(default_factory=Pace)
    """For one-time codes and closes. Its own patience goes by this machine."""

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a GET."""
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None, *, key: str, **options: Any) -> Any:
        """Return the JSON answer of a POST that is done once under ``key``."""
        return self.call("POST", path, body, key=key, **options)

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", **options: Any) -> Any:
        """Return the JSON answer, None where there is none.

        Raises ApiError for a refusal, TransportError when the patience is at its end.
        """
        if body is not None:
            options["json"] = body
        answer = self._answer(method, path, key, options)
        if answer.status_code == HTTPStatus.UNAUTHORIZED and self.renew is not None and path != "/sessions":
            self.renew()
            answer = self._answer(method, path, key, options)
        self.etag = answer.headers.get("ETag", "")
        return _read(f"{method} {path}", answer)

    def download(self, path: str) -> bytes:
        """Return the bytes of a GET. Raises as ``call`` does."""
        answer = self._answer("GET", path, "", {})
        if answer.is_error:
            _read(f"GET {path}", answer)
        return answer.content

    def _answer(self, method: str, path: str, key: str, options: dict[str, Any]) -> httpx.Response:
        """Return the answer that is not a passing trouble, or the last one when the patience is at its end."""
        own = {"Idempotency-Key": key} if key else {}
        headers = self.headers | options.get("headers", {}) | own
        ends = stopwatch() + self.patience
        pause = 0.05
        while True:
            answer, trouble = self._try(method, path, options | {"headers": headers})
            if answer is not None and not _is_passing(answer):
                return answer
            if stopwatch() > ends:
                if answer is not None:
                    return answer
                raise trouble or httpx.TransportError("no answer")
            wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _try(
        self, method: str, path: str, options: dict[str, Any]
    ) -> tuple[httpx.Response | None, httpx.TransportError | None]:
        try:
            return self.http.request(method, path, **options), None
        except httpx.TransportError as error:
            return None, error


def _is_passing(answer: httpx.Response) -> bool:
    """Tell whether the same call may be taken later."""
    if answer.status_code in _AGAIN:
        return True
    return answer.status_code == HTTPStatus.CONFLICT and answer.json().get("type") == "/problems/command-running"


def _read(call: str, answer: httpx.Response) -> Any:
    if answer.is_error:
        try:
            problem = answer.json()
        except json.JSONDecodeError:
            problem = {"title": answer.text[:200]}
        raise ApiError(call, answer.status_code, problem)
    return answer.json() if answer.content else None
