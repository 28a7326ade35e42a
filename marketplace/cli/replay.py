"""Published purchases: ``marketplace import erate`` and ``marketplace replay erate``."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from marketplace.catalogue import service as catalogues
from marketplace.cli import replay_auction
from marketplace.cli.installation import market_of
from marketplace.kernel.config import Settings
from marketplace.kernel.errors import MalformedError
from marketplace.players.api import Api, ApiError
from marketplace.replay import admin, load, play, result, script, server
from marketplace.replay.stage import Stage
from marketplace.standards.erate import ErateMapping, map_applications
from marketplace.standards.erate_filters import learned_filters, leave_one_out, recall
from marketplace.standards.erate_rows import read_rows
from marketplace.wiring import Marketplace

importing = typer.Typer(no_args_is_help=True, help="Import published purchases as drafts.")
replaying = typer.Typer(no_args_is_help=True, help="Play published purchases; replay a lot's events.")

replaying.command("auction")(replay_auction.replay_auction)

_PATIENCE_SECONDS = 120.0
_REQUEST_SECONDS = 120.0
_RUN_DIGITS = 16

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Form 471 lines as CSV")]


@importing.callback()
def _import_group() -> None:
    """Keep 'erate' a word of its own."""


@replaying.callback()
def _replay_group() -> None:
    """Keep 'erate' a word of its own."""


@importing.command("erate")
def import_erate(
    context: typer.Context,
    file: File,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would happen")] = False,
) -> None:
    """Import E-Rate Form 471 lines: buyers, one draft an application, and providers with the filters learned.

    All or nothing. Buyers wait for verification and providers for approval. What was imported before is skipped.
    """
    text = _text(file)
    market = market_of(context, Settings())
    mapping = _mapping(market, text)
    cast = script.cast_of(load.SOURCE, 0, mapping.applications, learned_filters(mapping.applications))
    if dry_run:
        with market.workshop.reading() as reading:
            plan = load.plan_of(reading, cast)
    else:
        with market.workshop.work() as work:
            plan = load.load(work, cast)
    console = Console()
    _tell_plan(console, plan, dry_run=dry_run)
    _tell_unmapped(console, mapping)


@replaying.command("erate")
def replay_erate(
    context: typer.Context,
    file: File,
    *,
    url: Annotated[str, typer.Option(help="a marketplace that serves the same database; default: serve it here")] = "",
    seed: Annotated[int, typer.Option(help="names the run: the same file and seed go on with it")] = 0,
    workers: Annotated[int, typer.Option(min=1, max=64, help="applications at once")] = 32,
    window: Annotated[float, typer.Option(min=2, max=3600, help="seconds for bids; more for many lots")] = (
        play.WINDOW_SECONDS
    ),
    limit: Annotated[int | None, typer.Option(min=1, help="only the first applications")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures there as JSON")] = None,
) -> None:
    """Play every application from registration to contract: the real price wins, rivals bid synthetic ones.

    Can be killed and started again, as can the marketplace: it goes on where it was. Exit code 1 if anything failed.
    """
    text = _text(file)
    settings = Settings()
    market = market_of(context, settings)
    mapping = _mapping(market, text)
    filters = learned_filters(mapping.applications)
    run = hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()[:_RUN_DIGITS]
    cast = script.cast_of(run, seed, mapping.applications, filters, limit)
    console = Console()
    with _address(url, market) as address, _client(address, workers) as http:
        own = admin.admin_of(market.workshop, Api(http, _PATIENCE_SECONDS), admin.state_file(settings.folder, run), run)
        stage = Stage(cast, http, own, _PATIENCE_SECONDS)
        try:
            with _progress(console, len(cast.applications)) as told:
                replayed = play.Replay(cast, stage, window, workers, told).run()
        except (ApiError, httpx.TransportError) as error:
            raise OSError(f"The replay could not begin: {error}") from error
    report = recall(mapping.applications, leave_one_out(mapping.applications))
    figures = result.totals(replayed, mapping, report)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _tell(console, figures)
    _tell_unmapped(console, mapping)
    if replayed.failures:
        raise typer.Exit(1)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError(f"{file} is not UTF-8 text: byte {error.start} can't be read.") from error


def _mapping(market: Marketplace, text: str) -> ErateMapping:
    rows = read_rows(text)
    with market.workshop.reading() as reading:
        return map_applications(rows, catalogues.current(reading))


@contextmanager
def _address(url: str, market: Marketplace) -> Iterator[str]:
    if url:
        yield url.rstrip("/")
        return
    with server.serving(market) as address:
        yield address


def _client(address: str, workers: int) -> httpx.Client:
    limits = httpx.Limits(max_connections=workers * 2, max_keepalive_connections=workers * 2)
    return httpx.Client(base_url=address, timeout=_REQUEST_SECONDS, limits=limits)


@contextmanager
def _progress(console: Console, applications: int) -> Iterator[play.Told]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Applications", total=applications, step="registering providers")

        def told(application: str, step: str) -> None:
            progress.update(task, advance=step in {"done", "failed"}, step=f"{application}: {step}")

        yield told


def _tell_plan(console: Console, plan: load.Plan, *, dry_run: bool) -> None:
    table = Table(title="Would be imported" if dry_run else "Imported")
    for heading in ("what", "new", "skipped, imported before"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("applications (drafts)", str(len(plan.applications)), str(len(plan.known_applications)))
    table.add_row("buyers, awaiting verification", str(len(plan.new_buyers)), "")
    table.add_row("providers, pending approval", str(len(plan.providers)), str(len(plan.known_providers)))
    table.add_row("sites", str(sum(len(one.sites) for one in plan.applications)), "")
    table.add_row("lines", str(sum(len(one.lines) for one in plan.applications)), "")
    console.print(table)
    for name, skipped in (("Applications", plan.known_applications), ("Providers", plan.known_providers)):
        if skipped:
            console.print(f"{name} imported before: {', '.join(skipped)}.", highlight=False)


_ROWS = (
    ("applications", "applications"),
    ("completed, contract included", "completed"),
    ("sites", "sites"),
    ("lines", "lines"),
    ("lots", "lots"),
    ("invitations", "invitations"),
    ("bids on lots, real price", "bids_real"),
    ("bids on lots, synthetic price", "bids_synthetic"),
    ("lots awarded", "awards"),
    ("contracts", "contracts"),
    ("applications asked again", "asked_again"),
    ("applications whose winners' filters invited them", "winner_invited"),
    ("seconds", "seconds"),
)


def _tell(console: Console, figures: dict[str, Any]) -> None:
    table = Table(title="Replay of published purchases")
    table.add_column("what")
    table.add_column("how many", justify="right")
    for title, name in _ROWS:
        table.add_row(title, f"{figures[name]:,}")
    table.add_row("words accepted although the leak check found them", str(len(figures["accepted_findings"])))
    table.add_row("failures", str(len(figures["failures"])))
    table.add_row("rows not mapped", str(len(figures["unmapped_rows"])))
    table.add_section()
    found = figures["leave_one_out"]
    table.add_row("with filters learned without the application itself:")
    table.add_row("… every winner invited", f"{found['found']} of {found['applications']} ({found['recall']})")
    table.add_row(
        "… where all winners won elsewhere, too",
        f"{found['found']} of {found['learnable']} ({found['recall_learnable']})",
    )
    table.add_row("… providers invited on average", f"{found['mean_invited']} ({found['mean_share']} of all)")
    console.print(table)
    for item in figures["accepted_findings"]:
        console.print(f"accepted in {item['application']}: {item['text']}", markup=False, highlight=False)
    for item in figures["failures"]:
        text = f"failed: {item['application']} while {item['step']}: {item['reason']}"
        console.print(text, markup=False, highlight=False)


def _tell_unmapped(console: Console, mapping: ErateMapping) -> None:
    for one in mapping.unmapped:
        console.print(f"row {one.row} (line {one.line}): {one.reason}", markup=False, highlight=False)
