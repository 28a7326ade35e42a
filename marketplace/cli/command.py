"""What all commands of the API share: the options --as and --json, errors in plain words, files and questions."""

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from http import HTTPStatus
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx
import typer
from typer.core import TyperGroup

from marketplace.cli import choices, session, show
from marketplace.cli.choices import MistakeError
from marketplace.players.api import ApiError

Command = TypeVar("Command", bound=Callable[..., Any])

_ADVICE_BY_KIND = {
    "bids-not-opened": "Its state does not allow this now; it will once the bids are open.",
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
_ADVICE_BY_REFUSAL = {
    "confirm_change": "Nothing was changed. If this step is meant: the same again with --confirmed.",
    "withdrawal_not_offered": "Nothing was changed. To ask: the same again with --reason 'WHY'.",
    "price_moved": "Nothing was changed. To name the clock's price: the same again with --total LOT=PRICE.",
}
"""What to do about a refusal by an auction's rules, by its code."""

Limit = Annotated[int, typer.Option(min=1, help="how many at most")]
Url = Annotated[str, typer.Option(help="address of the marketplace", envvar="MARKETPLACE_URL")]
Json = Annotated[Path, typer.Argument(allow_dash=True, help="a JSON file, or - for standard input")]
Csv = Annotated[Path, typer.Argument(allow_dash=True, help="a CSV file in UTF-8 with a header row, or -")]
Reason = Annotated[str, typer.Option(prompt=True, help="why")]
Yes = Annotated[bool, typer.Option("--yes", help="don't ask")]
Confirmed = Annotated[
    bool, typer.Option("--confirmed", help="a step beyond the announced largest change is meant, not a slip")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only tell what it would lead to")]
LotOption = Annotated[str, typer.Option("--lot", help="a lot's name, such as T1; may be left out if there is one only")]
Lots = Annotated[list[str] | None, typer.Option("--lot", help="a lot, such as T1; several times; default: all")]
Until = Annotated[str, typer.Option(help="such as 2030-01-31T17:00, in this machine's time unless it names another")]

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
            show.problem(error.problem, _advice(error))
        case httpx.HTTPError():
            show.remark(f"The marketplace at {_address_of(error)} does not answer: {error}")
        case OSError(filename=str() as name, strerror=str() as why):
            show.remark(f"{name}: {why}")
        case _:
            show.remark(str(error))


def _advice(error: ApiError) -> str:
    """Return what to do about a refusal: for one by an auction's rules what would be taken, if the reader may know."""
    refusal = error.problem.get("refusal")
    if isinstance(refusal, dict):
        most = refusal.get("next_admissible_price")
        own = refusal.get("own_amount")
        would = f"At most {show.amount(most)} would be taken." if most is not None else ""
        stands = f"Your own price is {show.amount(own)}." if own is not None else ""
        return " ".join(part for part in (would, stands, _ADVICE_BY_REFUSAL.get(str(refusal.get("code")), "")) if part)
    return _ADVICE_BY_KIND.get(error.kind) or _ADVICE_BY_STATUS.get(error.status, "")


def _address_of(error: httpx.HTTPError) -> str:
    try:
        url = error.request.url
    except RuntimeError:  # it failed before there was a request
        return session.address()
    return f"{url.scheme}://{url.netloc.decode()}"


_FIRST_GUESSES = {
    "invitations": ("inbox",),
    "requests": ("inbox", "list"),
    "list": ("inbox",),
    "comparison": ("compare",),
    "publish": ("submit",),
}
"""What people type first, and the commands that it may mean: the first that the group has is run."""


class Group(TyperGroup):
    """A group in which a first guess at a command's name runs the command that is meant."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of this name, or the one that the name is another word for."""
        found = super().get_command(ctx, cmd_name)
        for meant in _FIRST_GUESSES.get(cmd_name, ()) if found is None else ():
            found = found or super().get_command(ctx, meant)
        return found


def group(about: str) -> typer.Typer:
    """Return a group of commands."""
    return typer.Typer(help=about, no_args_is_help=True, cls=Group)


def read_json(path: Path) -> Any:
    """Return a file's JSON. Raises MistakeError saying where it is wrong."""
    try:
        return json.loads(read_bytes(path), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise MistakeError(f"{path} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except UnicodeDecodeError as error:
        raise MistakeError(f"{path} is no text in UTF-8.") from error
    except RecursionError as error:
        raise MistakeError(f"{path} is nested too deeply.") from error


def _no_number(name: str) -> None:
    raise MistakeError(f"The file holds {name}, which is no number of JSON.")


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, or those of standard input for '-'."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


def read_text(path: Path) -> str:
    """Return a file's text. Raises MistakeError."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MistakeError(f"{path} is no text in UTF-8: byte {error.start} can't be read.") from error


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet: prices that somebody filled in are never overwritten. Raises MistakeError."""
    try:
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError as error:
        raise MistakeError(f"{path} is there already and was left as it is: give another name.") from error


def instant(text: str) -> str:
    """Return an instant as the API reads it; one that names no zone is this machine's time. Raises MistakeError."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone().isoformat()
    except (ValueError, OverflowError) as error:
        raise MistakeError(f"'{text}' is no instant: write it as 2030-01-31T17:00, or with a zone …T17:00Z.") from error


def figure(text: str) -> Decimal:
    """Return an amount as it is typed, with or without commas between thousands. Raises MistakeError."""
    try:
        found = Decimal(text.strip().replace(",", ""))
    except InvalidOperation as error:
        raise MistakeError(f"'{text}' is no amount: write it as 11900.00.") from error
    if not found.is_finite():
        raise MistakeError(f"'{text}' is no amount: write it as 11900.00.")
    return found


def figures_by_lot(given: Iterable[str], option: str) -> dict[str, Decimal]:
    """Return the amounts of T1=11900.00 by lot. Raises MistakeError for what is not written so."""
    found: dict[str, Decimal] = {}
    for text in given:
        ref, sign, typed = text.partition("=")
        name = ref.strip().upper()
        if not (name and sign and typed.strip()):
            raise MistakeError(f"'{text}' names no lot and amount: write {option} T1=11900.00")
        if name in found:
            raise MistakeError(f"{option} names lot {name} twice: give one amount for it.")
        found[name] = figure(typed)
    return found


@contextmanager
def where_missing(sentence: str) -> Iterator[None]:
    """Say ``sentence`` where the API finds nothing. Raises MistakeError."""
    try:
        yield
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise MistakeError(sentence) from error


def ask(question: str, default: str | None = None) -> str:
    """Return what a person answers; the question stays out of standard output."""
    answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
    return answer.strip()


def want_word(word: str, otherwise: str) -> None:
    """Let a person type ``word`` to go on. Raises MistakeError, with ``otherwise``, for anything else."""
    if ask(f"Type {word} to confirm", "") != word:
        raise MistakeError(otherwise)
