"""What all commands of the API share: the options --as and --json, errors in plain words, files and questions."""

import inspect
import json
import sys
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx
import typer

from marketplace.cli import choices, session, show
from marketplace.cli.choices import MistakeError
from marketplace.players.api import ApiError

Command = TypeVar("Command", bound=Callable[..., Any])

_ADVICE_BY_KIND = {
    "identity-found": "See each place: marketplace buyer findings ID. To keep words: --accept-finding 'EXACT WORDS'.",
    "password-change-required": "Sign in again to choose your own password: marketplace login EMAIL",
    "second-factor-required": "Sign in again to set up your second factor: marketplace login EMAIL",
}
_ADVICE_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Sign in: marketplace login EMAIL",
    HTTPStatus.FORBIDDEN: "Which account is this? marketplace whoami. Another one: --as NAME",
    HTTPStatus.NOT_FOUND: "Nothing with this id is open to this account. Which account is this? marketplace whoami",
    HTTPStatus.PRECONDITION_FAILED: "Somebody changed it meanwhile: read it again, then repeat.",
    HTTPStatus.CONFLICT: "Its state does not allow this now; nothing was changed.",
}

Limit = Annotated[int, typer.Option(min=1, help="how many at most")]
Url = Annotated[str, typer.Option(help="address of the marketplace", envvar="MARKETPLACE_URL")]
Json = Annotated[Path, typer.Argument(allow_dash=True, help="a JSON file, or - for standard input")]
Csv = Annotated[Path, typer.Argument(allow_dash=True, help="a CSV file in UTF-8 with a header row, or -")]
Reason = Annotated[str, typer.Option(prompt=True, help="why")]
Yes = Annotated[bool, typer.Option("--yes", help="don't ask")]


_COMMON = (
    Parameter(
        "api_account",
        Parameter.KEYWORD_ONLY,
        default="",
        annotation=Annotated[str, typer.Option("--as", metavar="NAME", help="use this account (or MARKETPLACE_AS)")],
    ),
    Parameter(
        "api_json",
        Parameter.KEYWORD_ONLY,
        default=False,
        annotation=Annotated[bool, typer.Option("--json", help="plain JSON for machines")],
    ),
)
"""What every command takes beside its own options."""


def command_of(app: typer.Typer) -> Callable[[str], Callable[[Command], Command]]:
    """Return the decorator that adds functions to ``app`` as commands of the API.

    Each gets --as and --json, and tells refusals on standard error with exit code 1.
    """

    def named(name: str) -> Callable[[Command], Command]:
        def add(function: Command) -> Command:
            app.command(name)(_with_common_options(function))
            return function

        return add

    return named


def _with_common_options(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def run(*, api_account: str, api_json: bool, **given: Any) -> None:
        with choices.running(api_account, json=api_json):
            try:
                function(**given)
            except (ApiError, MistakeError, httpx.HTTPError, OSError) as error:
                _tell(error)
                raise typer.Exit(1) from error

    signature = inspect.signature(function)
    extended = signature.replace(parameters=[*signature.parameters.values(), *_COMMON])
    run.__signature__ = extended  # type: ignore[attr-defined]
    return run


def _tell(error: Exception) -> None:
    match error:
        case ApiError():
            show.problem(error.problem, _ADVICE_BY_KIND.get(error.kind) or _ADVICE_BY_STATUS.get(error.status, ""))
        case httpx.HTTPError():
            show.remark(f"The marketplace at {_address_of(error)} does not answer: {error}")
        case OSError(filename=str() as name, strerror=str() as why):
            show.remark(f"{name}: {why}")
        case _:
            show.remark(str(error))


def _address_of(error: httpx.HTTPError) -> str:
    try:
        url = error.request.url
    except RuntimeError:  # it failed before there was a request
        return session.address()
    return f"{url.scheme}://{url.netloc.decode()}"


def group(about: str) -> typer.Typer:
    """Return a group of commands."""
    return typer.Typer(help=about, no_args_is_help=True)


def read_json(path: Path) -> Any:
    """Return a file's JSON. Raises MistakeError saying where it is wrong."""
    try:
        return json.loads(read_bytes(path))
    except json.JSONDecodeError as error:
        raise MistakeError(f"{path} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except UnicodeDecodeError as error:
        raise MistakeError(f"{path} is no text in UTF-8.") from error


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, or those of standard input for '-'."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


def read_text(path: Path) -> str:
    """Return a file's text. Raises MistakeError."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MistakeError(f"{path} is no text in UTF-8: byte {error.start} can't be read.") from error


def ask(question: str, default: str | None = None) -> str:
    """Return what a person answers; the question stays out of standard output."""
    answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
    return answer.strip()


def want_word(word: str, otherwise: str) -> None:
    """Let a person type ``word`` to go on. Raises MistakeError, with ``otherwise``, for anything else."""
    if ask(f"Type {word} to confirm", "") != word:
        raise MistakeError(otherwise)
