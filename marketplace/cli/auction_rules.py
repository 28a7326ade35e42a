"""Finding the right auction on the command line: presets in plain words, checking rules, a rehearsal."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from marketplace.cli import session, show
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.command import command_of, read_json

_PRESETS = (
    show.code("Preset", "code"),
    show.col("Name", "title"),
    show.col("What it is", "explanation"),
    show.col("When", "when"),
    show.col("Carriers see", "carriers_see"),
    show.col("Risk", "risks"),
    show.col("Needs", "needs"),
)
_ADVICE = (
    show.col("Where", "pointer"),
    show.col("Weight", "severity"),
    show.col("Why", "reason"),
    show.col("Nearest", "nearest"),
)
_PRICES = (
    show.col("Carrier", "carrier"),
    show.money("Price", "price"),
    show.money("Its cost", "cost"),
    show.money("Paid", "paid"),
)
_LOT = (
    show.col("Lot", "lot"),
    show.when("Opened", "opened_at"),
    show.when("Closed", "closed_at"),
    show.count("Bids", "bids"),
    show.count("Extensions", "extensions"),
)
_SEEN = (show.when("At", "at"), show.col("The first carrier saw", "words"))

Auction = Annotated[Path | None, typer.Option(help="an auction as JSON; without it the request's own")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of auctions."""
    command = command_of(app)
    for name, function in (("presets", presets), ("lint", lint), ("rehearse", rehearse)):
        command(name)(function)


def presets() -> None:
    """Ways to compete in plain words, each with what carriers see and what can go wrong."""
    found = session.api().get("/auction-presets")
    show.answer(found, show.table(found, *_PRESETS))


def lint(request_id: RequestId, auction: Auction = None) -> None:
    """What can't work in a request's auction, what would leak, and the nearest setting that is allowed."""
    body = {"auction": read_json(auction)} if auction else {}
    found = session.api().post(session.path("/requests/{}/auction/lint", request_id), body, key=session.key())
    show.answer(found, show.table(found, *_ADVICE, empty="Nothing stands against it."))
    if any(item["severity"] == "error" for item in found):
        raise typer.Exit(1)


def rehearse(
    request_id: RequestId,
    preset: Annotated[str, typer.Option(help="a preset's code: marketplace auction presets")] = "",
    auction: Auction = None,
    bidders: Annotated[int, typer.Option(min=1, help="how many made-up carriers bid")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="the same seed tells the same story")] = 1,
) -> None:
    """Play an auction on your own lots with made-up carriers: how it would go, and what a carrier would see."""
    body: dict[str, Any] = {"preset": preset, "bidders": bidders, "seed": seed}
    if auction:
        body["auction"] = read_json(auction)
    done = session.api().post(session.path("/requests/{}/auction/rehearsal", request_id), body, key=session.key())
    rules = "\n".join(f"- {show.clean(sentence)}" for sentence in done["rules"])
    parts = [part for lot in done["lots"] for part in _lot(lot)]
    left = (f"Lots that were not rehearsed: {done['lots_left_out']}.",) if done["lots_left_out"] else ()
    show.answer(done, f"The rules:\n{rules}", *parts, *left)


def _lot(lot: dict[str, Any]) -> list[RenderableType]:
    steps = "\n".join(show.clean(step) for step in lot["steps"])
    more = f"\n… and {lot['left_out']} more" if lot["left_out"] else ""
    return [
        show.facts(lot, *_LOT),
        f"{steps}{more}",
        show.table(lot["prices"], *_PRICES, empty="Nobody bid."),
        show.table(lot["seen"], *_SEEN),
    ]
