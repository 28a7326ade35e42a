"""What a buyer is told of its auction before anybody else sees it: the linter's findings, and a rehearsal."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from buyers.requests.auction_checks import check_auction, check_competition
from buyers.requests.auction_words import in_words
from buyers.requests.model import Content
from buyers.requests.rules import default_lots
from marketplace.bidding import announcing, linter, rehearsal
from marketplace.bidding.finding import Finding, Severity
from marketplace.bidding.rehearsal import LotRules, RehearsedLot
from marketplace.bidding.rules import Decrement
from marketplace.kernel import codec
from marketplace.kernel.errors import FieldError, MalformedError

MOST_BIDDERS = rehearsal.MOST_BIDDERS
_USUAL = timedelta(hours=2)
"""How long a draft's auction lasts that has no close yet."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A finding as the buyer reads it: the pointer goes into the request.

    ``nearest_value`` is what to write there, as JSON; it counts only where ``mendable`` says that there is one.
    """

    pointer: str
    severity: Severity
    reason: str
    nearest: str
    mendable: bool
    nearest_value: Any


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsed request: its rules in words, and how each of its first lots went."""

    rules: tuple[str, ...]
    lots: tuple[RehearsedLot, ...]
    lots_left_out: int


def advise(content: Content, now: datetime) -> tuple[Advice, ...]:
    """Return everything that can be said against the auction of a request, a draft or not, errors first."""
    wrong = _said(content)
    if wrong:
        return wrong
    asked = _prepared(content, now)
    found: dict[str, Advice] = {}
    for rules in dict.fromkeys(announcing.rules_by_lot(asked, now).values()):
        for finding in linter.lint(rules):
            advice = _advice(asked, finding)
            found.setdefault(advice.pointer, advice)
    for error in announcing.problems(asked, now):
        found.setdefault(error.pointer, _plain(error))
    return tuple(sorted(found.values(), key=lambda advice: advice.severity is Severity.WARNING))


def rehearse(content: Content, now: datetime, bidders: int, seed: int) -> Rehearsal:
    """Return how the auction of a request, a draft or not, would go among ``bidders`` made-up carriers.

    Raises MalformedError for a choice that could not be announced, and for a request without lines.
    """
    wrong = tuple(FieldError(one.pointer, one.reason) for one in _said(content))
    if not content.lines:
        wrong = (FieldError("/lines", "there is nothing to rehearse: give the request at least one line"),)
    asked = _prepared(content, now)
    wrong = wrong or announcing.problems(asked, now)
    if wrong:
        raise MalformedError("This auction can't be rehearsed.", errors=wrong)
    by_lot = announcing.rules_by_lot(asked, now)
    lots = [LotRules(announcing.to_price(asked, lot.ref), by_lot[lot.ref]) for lot in asked.lots]
    played = rehearsal.rehearse(lots, asked.auction.arrangement, bidders, seed)
    return Rehearsal(in_words(asked.auction, asked.billing.currency), played, len(lots) - len(played))


def _said(content: Content) -> tuple[Advice, ...]:
    """Return what is wrong with the choice by itself: nothing can be made of it before that is mended."""
    return tuple(_plain(error) for error in _checked(content))


def _checked(content: Content) -> Iterator[FieldError]:
    shape = tuple(check_auction(content.auction))
    yield from shape or check_competition(content.auction)


def _prepared(content: Content, now: datetime) -> Content:
    """Return ``content`` with its lots, and with a time for bids if it has none that lies ahead."""
    closes_at, opens_at = content.schedule.closes_at, content.schedule.opens_at
    schedule = content.schedule
    if closes_at is None or closes_at <= now or (opens_at is not None and opens_at >= closes_at):
        schedule = replace(schedule, opens_at=now, closes_at=now + _USUAL)
    return replace(content, lots=default_lots(content), schedule=schedule)


def _plain(error: FieldError) -> Advice:
    return Advice(error.pointer, Severity.ERROR, error.message, "", mendable=False, nearest_value=None)


def _advice(content: Content, finding: Finding) -> Advice:
    pointer = announcing.pointer_of(content, finding.pointer)
    setting = finding.nearest_value
    # what a request calls otherwise it also says otherwise: a hard stop in minutes, a decrement in two fields
    known = pointer == f"/auction{finding.pointer}" and setting is not None and not isinstance(setting.value, Decrement)
    value = codec.dump(setting.value) if known and setting is not None else None
    return Advice(pointer, finding.severity, finding.reason, finding.nearest, mendable=known, nearest_value=value)
