"""From what a buyer asks for to what is announced of its auction: rules, and what there is to price."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from buyers.requests.auction import AuctionChoice, StepChoice
from buyers.requests.model import Content, Line, Priority
from buyers.requests.rules import default_lots
from marketplace.bidding import linter, rules
from marketplace.bidding import offer as offers
from marketplace.bidding.arrangement import SHORTEST, Span, shortest, spans
from marketplace.bidding.offer import LineToPrice, LotToPrice, Usage
from marketplace.kernel.errors import FieldError

_FORMATS = {"sealed": "sealed_first_price"}
"""A buyer's word for a format where it is not the engine's code."""
_POINTERS = {
    "/opens_at": "/schedule/opens_at",
    "/closes_at": "/schedule/closes_at",
    "/currency": "/billing/currency",
    "/valid_until_at_least": "/schedule/award_planned_on",
    "/soft_close/hard_stop": "/auction/soft_close/hard_stop_minutes",
    "/decrement/steps": "/auction/decrement_steps",
    "/decrement/value": "/auction/decrement",
    "/largest_change/value": "/auction/largest_change",
}
"""Where a buyer finds what the engine's rules call otherwise; everything else has the same name in its choice."""


def whole(content: Content, now: datetime) -> Span:
    """Return when bids on the request are taken, if it is published at ``now``."""
    closes_at = content.schedule.closes_at
    if closes_at is None:
        raise RuntimeError("a published request has a close")
    return Span(max(content.schedule.opens_at or now, now), closes_at)


def rules_of(content: Content, now: datetime) -> rules.Rules:
    """Return the buyer's choice as the engine's rules, for a lot that is open all the time.

    What passes the checks of a submission never fails here.
    """
    span = whole(content, now)
    return composed(content, span, span)


def rules_by_lot(content: Content, now: datetime) -> dict[str, rules.Rules]:
    """Return the rules of each lot, by its ref, with the time that the arrangement of the lots gives it."""
    span = whole(content, now)
    lots = default_lots(content)
    times = spans(content.auction.arrangement, len(lots), span)
    return {lot.ref: composed(content, time, span) for lot, time in zip(lots, times, strict=True)}


def problems(content: Content, now: datetime) -> tuple[FieldError, ...]:
    """Return what stands against announcing the auction of a complete request, with pointers into the request."""
    found = {
        error.pointer: error
        for lot in dict.fromkeys(rules_by_lot(content, now).values())
        for error in (FieldError(pointer_of(content, item.pointer), item.message) for item in linter.errors(lot))
    }
    return (*found.values(), *_short_of_time(content, now))


def pointer_of(content: Content, pointer: str) -> str:
    """Return where in a request a buyer finds what ``pointer`` calls in the rules."""
    for ours, theirs in _POINTERS.items():
        if pointer == ours or pointer.startswith(f"{ours}/"):
            percent = theirs in {"/auction/decrement", "/auction/largest_change"}
            suffix = "_percent" if percent and getattr(content.auction, f"{theirs[9:]}_percent") is not None else ""
            return theirs + suffix + pointer.removeprefix(ours)
    return f"/auction{pointer}"


def _short_of_time(content: Content, now: datetime) -> Iterator[FieldError]:
    choice, lots, span = content.auction.arrangement, len(default_lots(content)), whole(content, now)
    if lots < 1 or span.length <= timedelta():
        return
    if choice.kind != "parallel" and shortest(choice, lots, span) < SHORTEST:
        message = f"{lots} lots don't fit into the time for bids: close later, or leave less time between them"
        yield FieldError("/auction/arrangement/minutes", message)
    if choice.kind == "serial" and content.auction.soft_close is not None and choice.minutes < 1:
        message = "a lot that extends its close needs time before the next one opens: leave 1 minute or more"
        yield FieldError("/auction/arrangement/minutes", message)
    if choice.kind == "serial" and content.auction.turns is not None and lots > 1:
        message = "turns start at one announced instant for all lots: use parallel"
        yield FieldError("/auction/arrangement/kind", message)


def composed(content: Content, span: Span, whole_span: Span) -> rules.Rules:
    """Return the rules of a lot that is open in ``span``, a part of the request's ``whole_span``."""
    choice = content.auction
    return rules.Rules(
        format=_FORMATS.get(choice.format, choice.format),
        visibility=choice.shown,
        currency=content.billing.currency,
        opens_at=span.opens_at,
        closes_at=span.closes_at,
        ceiling=choice.ceiling,
        decrement=_step(choice.decrement, choice.decrement_percent, choice.decrement_steps),
        base=rules.Base(choice.base),
        min_bidders=choice.min_bidders,
        valid_until_at_least=content.schedule.award_planned_on,
        lead_buffer=choice.lead_buffer,
        largest_change=_step(choice.largest_change, choice.largest_change_percent),
        ties=rules.Ties(choice.ties),
        proxy=choice.proxy,
        soft_close=_soft_close(choice, span, whole_span),
        scoring=_scoring(choice),
        disclosed=tuple(rules.Option(option) for option in choice.disclosed),
        starting_gate=choice.starting_gate,
        longest_outage_seconds=choice.longest_outage_seconds,
        dutch=_dutch(choice),
        japanese=_japanese(choice),
        turns=_turns(choice, span),
        final_offers=rules.FinalOffers(choice.final_offers.may_not_worsen) if choice.final_offers else None,
    )


def _step(
    amount: Decimal | None, percent: Decimal | None, steps: tuple[StepChoice, ...] = ()
) -> rules.Decrement | None:
    parts = tuple(rules.DecrementStep(step.down_to, step.value) for step in steps)
    if amount is not None:
        return rules.Decrement(rules.DecrementKind.ABSOLUTE, amount, parts)
    return None if percent is None else rules.Decrement(rules.DecrementKind.PERCENT, percent, parts)


def _soft_close(choice: AuctionChoice, span: Span, whole_span: Span) -> rules.SoftClose | None:
    """Return the soft close. In a series the hard stop is that of its last lot, as the lots before it push it on."""
    soft = choice.soft_close
    if soft is None:
        return None
    close = whole_span.closes_at if choice.arrangement.kind == "serial" else span.closes_at
    stop = None if soft.hard_stop_minutes is None else close + timedelta(minutes=soft.hard_stop_minutes)
    return rules.SoftClose(
        soft.window_seconds,
        soft.extension_seconds,
        soft.trigger_rank,
        rules.ExtensionBase(soft.base),
        soft.most_extensions,
        stop,
    )


def _scoring(choice: AuctionChoice) -> rules.Scoring | None:
    if choice.scoring is None:
        return None
    criteria = tuple(
        rules.Criterion(item.code, tuple(rules.Answer(answer.code, answer.malus) for answer in item.answers))
        for item in choice.scoring.criteria
    )
    return rules.Scoring(criteria, rules.ScoringKind(choice.scoring.kind), choice.scoring.price_points)


def _dutch(choice: AuctionChoice) -> rules.DutchClock | None:
    clock = choice.dutch
    return rules.DutchClock(clock.start, clock.step, clock.seconds, clock.winners) if clock else None


def _japanese(choice: AuctionChoice) -> rules.JapaneseClock | None:
    clock = choice.japanese
    if clock is None:
        return None
    return rules.JapaneseClock(clock.start, clock.seconds, clock.step, clock.prices, clock.stop_at, clock.target)


def _turns(choice: AuctionChoice, span: Span) -> rules.Turns | None:
    turns = choice.turns
    if turns is None:
        return None
    return rules.Turns(span.closes_at, turns.rounds, turns.first_pause_seconds, turns.pause_seconds, turns.turn_seconds)


def to_price(content: Content, ref: str) -> LotToPrice:
    """Return what an offer for a lot has to price, and what its total depends on."""
    members = next((lot.lines for lot in content.lots if lot.ref == ref), ())
    lines = tuple(
        LineToPrice(
            line.ref, line.service_type, line.quantity, line.priority is Priority.MUST, _usage_of(content, line)
        )
        for line in content.lines
        if line.ref in members
    )
    return LotToPrice(ref, lines, content.term_months, content.discount_rate)


def _usage_of(content: Content, line: Line) -> tuple[Usage, ...]:
    """Return a line's share of the prior usage of its service type."""
    together = sum(other.quantity for other in content.lines if other.service_type == line.service_type)
    return tuple(
        Usage(item.unit, offers.share(item.monthly_quantity, line.quantity, together))
        for item in content.prior_usage
        if item.service_type == line.service_type
    )
