"""The operator's commands: serve, worker, doctor, the API document, the journal's proof, and the first admin."""

import gc
import json
import signal
import sys
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich import print as show
from uvicorn.config import LOGGING_CONFIG

from marketplace import doctor as examination
from marketplace import wiring, worker
from marketplace.app import create_app
from marketplace.cli import beside
from marketplace.cli.installation import market_of
from marketplace.cli.server import run_server
from marketplace.identity import service as identity
from marketplace.kernel import journal, logs, metrics, tracing
from marketplace.kernel.config import Settings
from marketplace.metering import DatabaseMeter, ServerMeter
from matching import service as matching

_LOOK_SECONDS = 1.0
"""How often a worker looks whether its server is still there."""

OPENAPI = Path("openapi/marketplace.json")


def add_to(app: typer.Typer) -> None:
    """Add the operator's commands to ``app``."""
    for command in (serve, run_worker, doctor, openapi, verify_journal, create_admin):
        app.command(_NAMES.get(command.__name__, command.__name__))(command)


_NAMES = {"run_worker": "worker", "verify_journal": "audit", "create_admin": "admin"}


def serve(context: typer.Context) -> None:
    """Serve the marketplace: starts the embedded database if there is no other, migrates, listens."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # all that was opened here is closed, and spans are sent
    settings = Settings()
    tracing.switch_on(settings)
    market = market_of(context, settings)
    show(f"Tenderline starts on {settings.address} ({settings.profile}); end it with Ctrl-C.")
    app = create_app(replace(market, settings=settings.model_copy(update={"worker": False})))
    matching.warm_up(market.workshop)
    spare_the_collector()
    if settings.log_json:
        logs.write_json()
    meters = ServerMeter(app.state.desk, app.state.hub, app.state.feed), metrics.Pools(market.database)
    with (
        metrics.served(settings, *meters),
        beside.worker_beside(settings.metrics_port) if settings.worker else nullcontext(),
    ):
        run_server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_level="info" if settings.debug else "warning",
                log_config=None if settings.log_json else LOGGING_CONFIG,
                access_log=settings.debug,  # else each line would be made, and thrown away
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=5,
            ),
            (app.state.hub, app.state.feed),
        )


def spare_the_collector() -> None:
    """Let the garbage collector leave alone what lives as long as the server, and look for cycles less often.

    What a bid makes is freed by its reference counts; a pass over everything in between costs more than many bids.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run_worker(
    context: typer.Context,
    parent: Annotated[int | None, typer.Option(hidden=True, help="end when this process is gone")] = None,
) -> None:
    """Run the worker alone: for installations that serve with MARKETPLACE_WORKER=false."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    if parent is not None:
        beside.give_way()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends its worker
    settings = Settings()
    if settings.log_json:
        logs.write_json()
    tracing.switch_on(settings)
    market = market_of(context, settings, migrated=False)
    meters = DatabaseMeter(market.workshop), metrics.Pools(market.database)
    with metrics.served(settings, *meters), worker.working(market, alone=parent is None):
        show("The worker runs; end it with Ctrl-C.")
        try:
            while not ended.wait(_LOOK_SECONDS) and not beside.is_orphan(parent):
                pass
        except KeyboardInterrupt:
            show("Ending.")


def doctor() -> None:
    """Tell in plain words what is wrong with this installation; exit code 1 if anything is."""
    found = examination.examine()
    for finding in found:
        mark = {True: "[green]ok[/green]  ", False: "[red]wrong[/red]"}[finding.good]
        show(f"{mark} {finding.what}: {finding.says}")
    if not all(finding.good for finding in found):
        raise typer.Exit(1)


def openapi(
    check: Annotated[bool, typer.Option(help="compare with the committed document instead of writing it")] = False,  # noqa: FBT002 - an option
    file: Annotated[Path, typer.Option(help="where the document is")] = OPENAPI,
) -> None:
    """Write the API's document, or check that the written one is up to date."""
    text = json.dumps(create_app(wiring.unconnected()).openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if not check:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        show(f"Written to {file}.")
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        show(f"{file} is out of date: run 'marketplace openapi' and commit it.")
        raise typer.Exit(1)


def verify_journal(context: typer.Context) -> None:
    """Recompute every hash chain of the journal and say whether each event is as it was written."""
    market = market_of(context, Settings(), migrated=False)
    with market.workshop.reading() as reading:
        report = journal.verify(reading.session)
    if report.broken:
        show(f"[red]Broken:[/red] {report.broken}.")
        raise typer.Exit(1)
    show(f"All {report.events:,} events of {report.streams:,} streams are as they were written.")


def create_admin(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="the admin's e-mail address")],
    name: Annotated[str, typer.Argument(help="the admin's full name")],
) -> None:
    """Create a platform admin and print its initial password, once."""
    local, _, domain = email.strip().rpartition("@")
    if not local or "." not in domain or " " in email.strip():
        raise typer.BadParameter(f"'{email}' is no e-mail address; one is like ada@example.com", param_hint="email")
    market = market_of(context, Settings())
    with market.workshop.work() as work:
        user = identity.ensure_platform_admin(work, email, name)
    if user is None:
        show(f"{email} is an admin already.")
    else:
        show(f"{email} may sign in with {user.initial_password} until {user.expires_at:%Y-%m-%d %H:%M} UTC.")
