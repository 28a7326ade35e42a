"""Signing in and out on the command line, with the first steps: an own password and a second factor."""

import sys
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.choices import MistakeError, current
from marketplace.cli.command import Url, ask, command_of
from marketplace.cli.session import Account
from marketplace.players.api import Api, ApiError

_ME = (
    show.col("Name", "full_name"),
    show.col("E-mail", "email"),
    show.col("Kind", "kind"),
    show.col("Role", "role"),
    show.code("Organization", "organization_id"),
    show.col("Second factor", "second_factor"),
    show.col("Marketplace", "url"),
    show.col("First to do", "limited"),
)
_TRIES = 3


def add_to(app: typer.Typer) -> None:
    """Add the commands of the account to ``app``."""
    command = command_of(app)
    command("login")(login)
    command("logout")(logout)
    command("whoami")(whoami)
    command("accounts")(accounts)
    command("use")(use)


def login(
    email: Annotated[str, typer.Argument(help="your e-mail address")],
    url: Url = "",
    *,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="read the password from standard input; below it, a line each where asked for: new password, code",
        ),
    ] = False,
) -> None:
    """Sign in. The account is kept under its e-mail address, or under the name given with --as."""
    secrets = _Secrets(from_stdin=password_stdin)
    name = current().account or email
    where = session.address(url)
    password = secrets.next("Password")
    body = {"email": email, "password": password}
    door = session.anonymous(where)
    try:
        tokens = door.call("POST", "/sessions", body)
    except ApiError as error:
        if error.kind != "second-factor-code":
            raise
        code = secrets.next("Code of your second factor, or a recovery code", hidden=False)
        tokens = door.call("POST", "/sessions", body | {"code": code})
    session.keep(name, Account(where, email, tokens["access_token"], tokens["refresh_token"]), choose=True)
    api = session.signed_in(name)
    me = api.get("/me")
    if me["limited"] == "password":
        password = _choose_password(api, password, secrets)
        me = api.get("/me")
    if me["limited"] == "second factor":
        _enrol(api, password, secrets)
        me = api.get("/me")
    show.answer(me, f"Signed in as {me['full_name']} ({me['kind']}, {me['role']}) at {where}.")


def logout() -> None:
    """Sign out: the session ends at the marketplace, and its tokens leave this machine."""
    name = session.name_now()
    api = session.api()
    try:
        api.call("DELETE", "/sessions/current")
    except ApiError as error:
        if error.status != 401:  # noqa: PLR2004 - it is over already, which is what was wanted
            raise
    session.forget(name)
    show.answer({"account": name}, f"Signed out: {name}.")


def whoami() -> None:
    """Show who you are signed in as."""
    me = session.api().get("/me") | {"url": session.signed_in_at()}
    show.answer(me, show.facts(me, *_ME))


def accounts() -> None:
    """List the accounts on this machine; commands use the marked one unless --as names another."""
    known = session.load()
    found = [
        {"name": name, "email": account.email, "url": account.url, "chosen": name == known.chosen}
        for name, account in sorted(known.by_name.items())
    ]
    columns = (show.col("Name", "name"), show.col("E-mail", "email"), show.col("At", "url"), show.col("Used", "chosen"))
    show.answer(found, show.table(found, *columns, empty="There are none. Sign in: marketplace login EMAIL"))


def use(name: Annotated[str, typer.Argument(help="as in: marketplace accounts")]) -> None:
    """Let commands without --as use this account."""
    session.choose(name)
    show.answer({"account": name}, f"Commands use {name} from now on.")


class _Secrets:
    """Where what nobody may look over comes from: hidden prompts, or lines of standard input."""

    def __init__(self, *, from_stdin: bool) -> None:
        self.from_stdin = from_stdin

    def next(self, question: str, *, hidden: bool = True, twice: bool = False) -> str:
        """Return the answer to ``question``. Raises MistakeError when standard input has no line for it."""
        if not self.from_stdin:
            if not hidden:
                return ask(question)
            typed: str = typer.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
            return typed
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise MistakeError(f"{question}: standard input has no line for it.")
        return line


def _choose_password(api: Api, initial: str, secrets: _Secrets) -> str:
    """Replace the initial password by an own one; a refused one may be mended."""
    show.remark("This is an initial password. Choose your own: 12 characters or more, not easily guessed.")
    for left in reversed(range(_TRIES)):
        chosen = secrets.next("New password", twice=True)
        body = {"current_password": initial, "new_password": chosen}
        try:
            api.call("POST", "/me/password", body)
        except ApiError as error:
            if secrets.from_stdin or not left or not error.problem.get("errors"):
                raise
            _tell_faults(error.problem["errors"])
        else:
            break
    return chosen


def _enrol(api: Api, password: str, secrets: _Secrets) -> None:
    """Set up the second factor and show its recovery codes, this one time."""
    enrolment = api.call("POST", "/me/second-factor", {"password": password})
    show.remark("You need a second factor. Put this secret into an authenticator app:")
    show.remark(f"  {enrolment['secret']}")
    show.remark(f"  {enrolment['uri']}")
    for left in reversed(range(_TRIES)):
        code = secrets.next("Code that the app shows now", hidden=False)
        try:
            confirmed = api.call("POST", "/me/second-factor/confirm", {"code": code})
        except ApiError as error:
            if secrets.from_stdin or not left or not error.problem.get("errors"):
                raise
            _tell_faults(error.problem["errors"])
        else:
            show.remark("Recovery codes, each good once in place of the app. Keep them; they are not shown again:")
            show.remark("  " + "  ".join(confirmed["recovery_codes"]))
            return


def _tell_faults(errors: list[dict[str, Any]]) -> None:
    for fault in errors:
        show.remark(f"{fault['pointer'].lstrip('/')} {fault['message']}")
