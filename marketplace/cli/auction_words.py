"""A played scenario in the words of people: one paragraph a step, and the end of each lot."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplace.bidding.model import BidderView
from marketplace.bidding.scenarios.result import Ending, Played, Result, Told

_SHOWN = ("rank", "light", "lead_price", "next_price", "bidders", "proxy_limit", "next_admissible_price", "won")
_TITLES = {
    "rank": "rank",
    "light": "light",
    "lead_price": "lead",
    "next_price": "next above",
    "bidders": "bidders",
    "proxy_limit": "own limit",
    "next_admissible_price": "at most",
    "won": "won",
}


def story(result: Result, start: datetime) -> Iterator[str]:
    """Yield the lines of a whole play."""
    yield result.title
    for finding in result.warnings:
        yield f"warning: {finding.pointer}: {finding.message}"
    several = len(result.lots) > 1
    for played in result.steps:
        yield ""
        yield from _step(played, start, several=several)
    if result.after:
        yield ""
        yield "Then"
        yield from (f"    {_event(told, start, several=several)}" for told in result.after)
    for lot in result.lots:
        yield ""
        yield from _ending(lot, start)
    yield ""
    if not result.mismatches:
        yield "Everything was as expected."
    for one in result.mismatches:
        yield f"NOT AS EXPECTED {one.pointer}: expected {one.expected}, got {one.actual}"


def _step(played: Played, start: datetime, *, several: bool) -> Iterator[str]:
    lot = f" [{played.lot}]" if several else ""
    yield f"{played.number}. {_time(played.at, start)}{lot} {_asked(played.step)} -> {_answer(played)}"
    yield from (f"    {_event(told, start, several=several)}" for told in played.events)
    if played.preview is not None:
        yield f"    would see: {_view(played.preview, start)}"
    yield from (f"    {name} sees: {_view(view, start)}" for name, view in played.views.items())


def _asked(step: Any) -> str:
    given = {
        name: getattr(step, name)
        for name in type(step).model_fields
        if name in step.model_fields_set and name not in {"at", "lot", "note", "expect", "do", "by"}
    }
    words = ", ".join(f"{name} {_value(value)}" for name, value in given.items())
    by = getattr(step, "by", "")
    return " ".join(part for part in (by, step.do.replace("_", " "), words) if part)


def _answer(played: Played) -> str:
    refusal = played.refusal
    if refusal is None:
        return played.answer
    would = refusal.next_admissible_price
    return f"refused ({refusal.code}, {refusal.rule}): {refusal.detail}" + (f"; at most {would}" if would else "")


def _event(told: Told, start: datetime, *, several: bool) -> str:
    figures = {
        name: getattr(told.event, name)
        for name in ("bidder", "amount", "limit", "number", "price", "reason", "closes_at")
        if getattr(told.event, name, None) is not None
    }
    said = ", ".join(
        f"{name} {_time(value, start) if isinstance(value, datetime) else _value(value)}"
        for name, value in figures.items()
    )
    lot = f"[{told.lot}] " if several else ""
    return f"* {_time(told.event.at, start)} {lot}{told.event.type}{': ' if said else ''}{said}"


def _view(view: BidderView, start: datetime) -> str:
    parts = [f"{view.status}, closes {_time(view.closes_at, start)}"]
    if view.own is not None:
        parts.append(f"own {'sealed' if view.own.amount is None else _value(view.own.amount)}")
    parts += [f"{_TITLES[name]} {_value(getattr(view, name))}" for name in _SHOWN if getattr(view, name) is not None]
    if view.joint:
        parts.append("joint")
    if view.prices is not None:
        parts.append(f"prices {', '.join(_value(line.amount) for line in view.prices)}")
    if view.stage is not None:
        price = "" if view.stage.price is None else f" at {_value(view.stage.price)}"
        parts.append(f"stage {view.stage.number}{price}{', may bid' if view.stage.may_bid else ''}")
    return ", ".join(parts)


def _ending(lot: Ending, start: datetime) -> Iterator[str]:
    why = f" ({lot.reason})" if lot.reason else ""
    extended = f", extended {lot.extensions} times" if lot.extensions else ""
    yield f"Lot {lot.lot}: {lot.status}{why}; closes {_time(lot.closes_at, start)}{extended}; rules {lot.rules_hash}"
    for line in lot.standing:
        joint = " joint" if line.joint else ""
        points = f", points {_value(line.points)}" if line.points is not None else f", cost {_value(line.cost)}"
        malus = f", malus {_value(line.malus)}" if line.malus else ""
        yield f"    {line.rank}.{joint} {line.bidder}: {_value(line.price)} {lot.currency}{malus}{points} ({line.bid})"
    for candidate in lot.candidates:
        yield f"    candidate {candidate.bidder}: is paid {_value(candidate.payment)} {lot.currency}"
    if not lot.candidates:
        yield "    no candidate for the award"


def _time(at: datetime, start: datetime) -> str:
    seconds = (
        Decimal((at - start).days * 86_400 + (at - start).seconds) + Decimal((at - start).microseconds) / 1_000_000
    )
    return f"+{seconds.normalize():f}s" if seconds >= 0 else at.isoformat()


def _value(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return "/".join(_value(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
