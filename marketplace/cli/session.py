"""Who the command line is signed in as: accounts kept in one private file, access tokens that refresh themselves."""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from marketplace.cli import choices
from marketplace.cli.choices import MistakeError
from marketplace.players.api import Api, ApiError

DEFAULT_URL = "http://127.0.0.1:8000"
PATIENCE_SECONDS = 5.0
"""How long a command waits for a marketplace that doesn't answer; one person waits behind it."""
_CALL_SECONDS = 60.0
_LARGEST_PAGE = 200


def _new_client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=_CALL_SECONDS)


client_factory: Callable[[str], httpx.Client] = _new_client
"""Makes the HTTP client for an address. The seam for tests: put a client of an application in this process here."""


@dataclass(frozen=True, slots=True)
class Account:
    """A signed-in user of the marketplace at ``url``."""

    url: str
    email: str
    access_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts of this user of the machine by name; ``chosen`` is the one that commands use without --as."""

    chosen: str
    by_name: dict[str, Account]


def file() -> Path:
    """Return where accounts are kept: MARKETPLACE_SESSION, else ~/.config/tenderline/session.json."""
    named = os.environ.get("MARKETPLACE_SESSION")
    if named:
        return Path(named)
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "tenderline" / "session.json"


def load() -> Accounts:
    """Return the kept accounts, none without a file. Raises MistakeError for a file that is not ours."""
    try:
        document = json.loads(file().read_text(encoding="utf-8"))
        return Accounts(document["chosen"], {name: Account(**item) for name, item in document["accounts"].items()})
    except FileNotFoundError:
        return Accounts("", {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MistakeError(f"{file()} can't be read as our session file: remove it and sign in again.") from error


def keep(name: str, account: Account, *, choose: bool = False) -> None:
    """Write an account into the file; with ``choose`` commands use it from now on."""
    with _locked():
        known = load()
        chosen = name if choose or not known.chosen else known.chosen
        _write(Accounts(chosen, known.by_name | {name: account}))


def forget(name: str) -> None:
    """Take an account out of the file."""
    with _locked():
        known = load()
        left = {other: account for other, account in known.by_name.items() if other != name}
        _write(Accounts(next(iter(left), "") if known.chosen == name else known.chosen, left))


def choose(name: str) -> None:
    """Let commands use this account from now on. Raises MistakeError for one that is not there."""
    with _locked():
        known = load()
        _found(known, name)
        _write(replace(known, chosen=name))


def name_now() -> str:
    """Return the name of the account that this command uses: --as, MARKETPLACE_AS, or the chosen one; or empty."""
    return choices.current().account or os.environ.get("MARKETPLACE_AS", "") or load().chosen


def address(url: str = "") -> str:
    """Return where the marketplace is: ``url``, MARKETPLACE_URL, the chosen account's, or this machine."""
    known = load()
    account = known.by_name.get(name_now())
    return (url or os.environ.get("MARKETPLACE_URL", "") or (account.url if account else DEFAULT_URL)).rstrip("/")


def api() -> Api:
    """Return the API for the account of this command. Raises MistakeError when there is none."""
    name = name_now()
    if not name:
        raise MistakeError("You are not signed in: marketplace login EMAIL")
    return signed_in(name)


def signed_in(name: str) -> Api:
    """Return the API for the account of this name. Raises MistakeError when there is none."""
    return _connected(_found(load(), name).url, TokenAuth(name))


def signed_in_at() -> str:
    """Return the address of the marketplace that this command's account is at."""
    return _found(load(), name_now()).url


def anonymous(url: str = "") -> Api:
    """Return the API for somebody who is not signed in."""
    return _connected(address(url), None)


def path(template: str, *parts: str) -> str:
    """Return a path with what the user typed put in as one part each, whatever characters it has."""
    return template.format(*(quote(part, safe="") for part in parts))


def key() -> str:
    """Return a fresh Idempotency-Key: a call that is repeated for want of an answer is done once."""
    return secrets.token_hex(16)


def pages(api: Api, at: str, most: int, **params: Any) -> tuple[list[Any], bool]:
    """Return up to ``most`` items of a list, and whether there are more."""
    found: list[Any] = []
    after: str | None = None
    while True:
        asked = {"limit": min(most - len(found), _LARGEST_PAGE), "after": after} | params
        page = api.get(at, **{name: value for name, value in asked.items() if value is not None})
        found += page["items"]
        after = page["next"]
        if after is None or len(found) >= most:
            return found, after is not None


def raw(api: Api, at: str) -> httpx.Response:
    """Return a whole answer, for its bytes and headers. Raises ApiError."""
    answer = api.http.get(at, headers=api.headers)
    if answer.is_error:
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {"title": answer.text[:200]}
        raise ApiError(f"GET {at}", answer.status_code, problem)
    return answer


class TokenAuth(httpx.Auth):
    """Signs calls with an account's access token and refreshes it when it has expired."""

    requires_response_body = True

    def __init__(self, name: str) -> None:
        self._name = name
        self._account = _found(load(), name)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the call; if its token has expired, get fresh ones and send it again."""
        answer = yield _signed(request, self._account)
        if not _has_expired(answer):
            return
        kept = load().by_name.get(self._name)
        if kept is not None and kept.access_token != self._account.access_token:
            # another command has refreshed them meanwhile
            self._account = kept
            answer = yield _signed(request, kept)
            if not _has_expired(answer):
                return
        fresh = yield self._refresh()
        if fresh.is_success:
            tokens = fresh.json()
            self._account = replace(
                self._account, access_token=tokens["access_token"], refresh_token=tokens["refresh_token"]
            )
            keep(self._name, self._account)
            yield _signed(request, self._account)

    def _refresh(self) -> httpx.Request:
        token = self._account.refresh_token
        # the same key for the same token: two commands at once get the same fresh tokens, and neither is a thief
        once = hashlib.sha256(f"refresh:{token}".encode()).hexdigest()
        return httpx.Request(
            "POST",
            f"{self._account.url}/sessions/refresh",
            json={"refresh_token": token},
            headers={"Idempotency-Key": once},
        )


def _signed(request: httpx.Request, account: Account) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {account.access_token}"
    return request


def _has_expired(answer: httpx.Response) -> bool:
    """Tell a token that is no longer good from a password or code that was wrong."""
    return answer.status_code == HTTPStatus.UNAUTHORIZED and b"/problems/unauthenticated" in answer.content


def _connected(url: str, auth: TokenAuth | None) -> Api:
    try:
        client = client_factory(url)
    except httpx.InvalidURL as error:
        raise MistakeError(f"{url} is no address: {error}") from error
    if auth is not None:
        client.auth = auth
    choices.current().closing.callback(client.close)
    return Api(client, PATIENCE_SECONDS)


def _found(known: Accounts, name: str) -> Account:
    if name not in known.by_name:
        there = ", ".join(sorted(known.by_name)) or "none"
        raise MistakeError(f"There is no account '{name}' here (there: {there}): marketplace login EMAIL --as {name}")
    return known.by_name[name]


def _write(accounts: Accounts) -> None:
    """Replace the file in one step; nobody else on the machine may read it at any moment."""
    target = file()
    new = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    document = {"chosen": accounts.chosen, "accounts": {name: asdict(item) for name, item in accounts.by_name.items()}}
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=2)
    new.replace(target)


@contextmanager
def _locked() -> Iterator[None]:
    """Let one command at a time change the file."""
    folder = file().parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(file().with_name(file().name + ".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
