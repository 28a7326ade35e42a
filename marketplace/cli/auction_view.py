"""An auction as a bidder may see it, in a table and in words: only columns of what the rules show."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import RenderableType

from marketplace.cli import show


def reason(value: str | None) -> str:
    """Return why a lot stands as it does: somebody's sentence, or a code in words ('no bids')."""
    return show.plain(value.replace("_", " ") if value and _CODE.fullmatch(value) else value)


_CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")
_LOT = (
    show.col("Lot", "lot"),
    show.col("Status", "status"),
    show.when("Bids until", "closes_at"),
    show.Column("Your total", "own", show.plain, right=True, whole=True),
)
_SHOWN = (
    show.col("By your limit", "own_automatic"),
    show.col("Rank", "place"),
    show.col("Light", "light"),
    show.money("Best", "lead_price"),
    show.count("Bidders", "bidders"),
    show.col("Now", "now"),
    show.money("At most next", "next_admissible_price"),
    show.money("Least step", "least_step"),
    show.money("Your limit", "proxy_limit"),
    show.col("Won", "won"),
    show.Column("Because", "why", reason),
)
_PRICES = (show.count("Rank", "rank"), show.col("Bidder", "alias"), show.money("Total cost", "amount"))
_RUNNING = frozenset({"scheduled", "open", "paused"})


def lots_table(lots: Sequence[Mapping[str, Any]], auction: Mapping[str, Any], *, empty: str) -> list[RenderableType]:
    """Return what a bidder sees of each lot, and below it all prices where the rules show them."""
    rows = [row(lot, str(auction.get("format", ""))) for lot in lots]
    columns = [column for column in _SHOWN if any(one.get(column.path) not in {None, ""} for one in rows)]
    return [show.table(rows, *_LOT, *columns, empty=empty), *(_prices(lot) for lot in lots if lot["prices"])]


def rules_in_words(auction: Mapping[str, Any]) -> str:
    """Return the announced rules, a sentence a line."""
    return "How carriers compete:\n" + "\n".join(f"- {show.clean(sentence)}" for sentence in auction["rules"])


def seen_in_words(auction: Mapping[str, Any]) -> str:
    """Return the sentences that say what the format is and what a bidder sees of the others."""
    return " ".join(show.clean(sentence) for sentence in auction["rules"][:2])


def row(lot: Mapping[str, Any], format_: str) -> dict[str, Any]:
    """Return what a bidder sees of a lot as cells of the table; ``format_`` decides how its stage is told."""
    rank, stage, own = lot["rank"], lot["stage"], lot["own_amount"]
    return dict(lot) | {
        "place": None if rank is None else f"{rank}, tied" if lot["joint"] else str(rank),
        "own": "sealed" if own is None and lot["own_version"] is not None else show.amount(own),
        "own_automatic": lot["own_automatic"] or None,
        "now": "" if stage is None or lot["status"] not in _RUNNING else _stage(stage, format_),
        "least_step": _least_step(lot),
        "why": lot["excluded"] or lot["reason"],
    }


def _least_step(lot: Mapping[str, Any]) -> str | None:
    """Return how far the next bid has to go below the bidder's own; a clock's price leaves no choice."""
    own, most = lot["own_amount"], lot["next_admissible_price"]
    if own is None or most is None or (lot["stage"] and lot["stage"]["price"] is not None):
        return None
    step = Decimal(own) - Decimal(most)
    return str(step) if step > 0 else None


def _stage(stage: Mapping[str, Any], format_: str) -> str:
    until = f" until {show.local_time(stage['ends_at'])}" if stage["ends_at"] else ""
    match format_:
        case "dutch":
            return f"{show.amount(stage['price'])}{until}: {_said(stage, 'you took it', 'take it or wait')}"
        case "japanese":
            said = _said(stage, "you stay in", "bid this price to stay in")
            return f"round {stage['number']} at {show.amount(stage['price'])}{until}: {said}"
        case "best_and_final":
            return f"last offers{until}: {_said(stage, 'you gave yours', 'you are called', 'you are not called')}"
    if stage["number"] == 0:
        return f"first bids{until}"
    if stage["may_bid"] or stage["answered"]:
        return f"round {stage['number']}: {_said(stage, 'your bid is entered, your turn goes on', 'your turn')}{until}"
    following = f", the next step at {show.local_time(stage['ends_at'])}" if stage["ends_at"] else ""
    return f"round {stage['number']}: not your turn{following}"


def _said(stage: Mapping[str, Any], answered: str, may_bid: str, otherwise: str = "") -> str:
    if stage["out"]:
        return "you are out"
    if stage["answered"]:
        return answered
    return may_bid if stage["may_bid"] else otherwise or "no bids now"


def _prices(lot: Mapping[str, Any]) -> RenderableType:
    rows = [line | {"rank": number} for number, line in enumerate(lot["prices"], start=1)]
    return show.table(rows, *_PRICES, title=f"Prices of lot {lot['lot']}")
