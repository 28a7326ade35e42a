"""The command ``marketplace demo``: an invented market, one deal before your eyes, then a server to look around."""

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import pyotp
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.rule import Rule
from rich.table import Table

from marketplace.cli.installation import market_of
from marketplace.demo import cast, deal
from marketplace.demo import market as demo_market
from marketplace.demo.deal import Deal, Outcome, PlayError
from marketplace.kernel.config import Settings
from marketplace.players.api import ApiError
from marketplace.replay.server import serving
from marketplace.wiring import Marketplace

_HOST = "127.0.0.1"
"""The demo's passwords are public: it is served to this machine alone."""
_FICTION = "This market is fictional: every company, person, address and price in it is invented."
_CALL_SECONDS = 30.0


def add_to(app: typer.Typer) -> None:
    """Add the demo to ``app``."""
    app.command("demo")(demo)


def demo(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="where to listen; 0: any free port")] = None,
    seed: Annotated[str, typer.Option(help="another seed, another market")] = cast.DEFAULT_SEED,
    window: Annotated[float, typer.Option(min=3, max=600, help="how many seconds the deal's carriers may bid")] = 8.0,
    *,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="go on serving after the deal")] = True,
    reset: Annotated[bool, typer.Option("--reset", help="empty the embedded database first")] = False,
    code: Annotated[bool, typer.Option("--code", help="only print the platform admin's present one-time code")] = False,
) -> None:
    """Load a fictional market, play one whole deal from registration to contract, and go on serving."""
    console = Console()
    if code:
        console.print(pyotp.TOTP(cast.FACTOR).now())
        return
    settings = Settings()
    demo_market.check_profile(settings)
    console.print(Rule("Tenderline"))
    console.print(f"[bold yellow]{_FICTION}[/bold yellow]")
    with console.status("Starting the database"):
        market = market_of(context, settings)
    if reset:
        demo_market.empty(market)
        console.print("The database was emptied.")
    _load(console, market, seed)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside as by Ctrl-C
    with serving(market, _usable(console, settings.port if port is None else port)) as address:
        console.print(f"The marketplace listens on [bold]{address}[/bold]\n")
        outcome = _play(console, address, window)
        _show_accounts(console, address, outcome)
        if serve:
            console.print("\nIt goes on serving. End it with Ctrl-C.")
            _until_interrupted()
            console.print("Ending.")


def _load(console: Console, market: Marketplace, seed: str) -> None:
    with market.workshop.reading() as reading:
        there, now = demo_market.is_there(reading), reading.now
    if there:
        console.print("The demo market is there from an earlier run and is kept ('--reset' begins anew).")
        return
    with console.status("Loading the demo market: thirty days of trade"):
        demo_market.load(market, now, seed)
    requests, buyers, carriers = len(cast.requests()), len(cast.buyers()), len(cast.carriers())
    console.print(f"Loaded {buyers} buyers, {carriers} carriers and {requests} requests in every state.")


def _usable(console: Console, port: int) -> int:
    """Return ``port``, or 0 for any free one when something else listens there."""
    try:
        socket.create_server((_HOST, port)).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        console.print(f"[yellow]Port {port} is taken; the demo listens on a free one.[/yellow]")
        return 0
    return port


def _play(console: Console, address: str, window: float) -> Outcome:
    console.print(Rule("One deal, over the public API"))
    with httpx.Client(base_url=address, timeout=_CALL_SECONDS) as client:
        try:
            outcome = Deal(client, _RichStage(console), window).play()
        except (PlayError, ApiError) as error:
            console.print(f"[red]The deal broke off:[/red] {error}", highlight=False)
            raise typer.Exit(1) from error
    console.print(
        f"[bold green]Done:[/bold green] {outcome.bidders} of {outcome.invited} carriers bid,"
        f" {len(outcome.winners)} won, {len(outcome.contracts)} contracts stand for {outcome.total:,.2f} USD.\n"
    )
    return outcome


def _show_accounts(console: Console, address: str, outcome: Outcome) -> None:
    console.print(Rule("Look around"))
    buyers = {role.key: role.registration for role in cast.buyers()}
    carriers = {role.key: role.registration for role in cast.carriers()}
    buyer, client = buyers["silverline"], buyers["kestrel"]
    invited, winner = carriers["orbcanto"], carriers["merrow"]
    accounts = (
        (f"a buyer whose auction runs, {buyer['name']}", buyer["contact"]["email"], cast.PASSWORD),
        (f"a buyer with contracts, {client['name']}", client["contact"]["email"], cast.PASSWORD),
        ("the buyer of this deal", outcome.buyer_email, outcome.buyer_password),
        (f"a carrier's desk with a new request, {invited['name']}", invited["contact_email"], cast.PASSWORD),
        (f"a carrier's desk that bids and has won, {winner['name']}", winner["contact_email"], cast.PASSWORD),
        ("a platform admin", cast.ADMIN_EMAIL, cast.PASSWORD),
    )
    for who, email, password in accounts:
        console.print(
            f"{who}\n  [bold]{email}[/bold]  password [bold]{password}[/bold]", highlight=False, soft_wrap=True
        )
    console.print(
        f"  one-time-password secret [bold]{cast.FACTOR}[/bold], the code now"
        f" [bold]{pyotp.TOTP(cast.FACTOR).now()}[/bold] (a later one: .venv/bin/marketplace demo --code)\n",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"In the browser: {address}/sign-in   without an account: {address}/tour", soft_wrap=True)
    console.print(
        f"On the command line: .venv/bin/marketplace login {buyer['contact']['email']} --url {address}", soft_wrap=True
    )
    console.print(f"For developers: {address}/help   {address}/openapi.json", soft_wrap=True)
    console.print("The database goes on when this ends; 'make db-stop' ends it.")
    console.print(f"[yellow]{_FICTION}[/yellow]")


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


class _RichStage(deal.Stage):
    """The deal in a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def act(self, who: str, what: str) -> None:
        self._console.print(f"[bold cyan]{who}[/bold cyan] {what}", highlight=False, soft_wrap=True)

    def say(self, detail: str) -> None:
        self._console.print(f"  [dim]{detail}[/dim]", highlight=False, soft_wrap=True)

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    @contextmanager
    def clock(self, seconds: float) -> Iterator[Callable[[float], None]]:
        columns = (TextColumn("Bids are taken"), BarColumn(), TextColumn("{task.fields[left]:.0f} s left"))
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task("", total=seconds, left=seconds)
            yield lambda passed: progress.update(task, completed=passed, left=max(0.0, seconds - passed))
