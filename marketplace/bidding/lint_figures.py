"""The part of the rule linter that looks at figures alone: amounts, times, sizes, and what they are together."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from marketplace.bidding.finding import Finding, Setting, Severity
from marketplace.bidding.rules import Answer, Criterion, Decrement, DecrementKind, Rules, Scoring, ScoringKind
from marketplace.kernel.money import CENT, LIMIT, cents, is_price

SHORTEST_SECONDS = 30
"""Less time than this no person needs to notice a new price and answer it."""
LONGEST_SECONDS = 31 * 86_400
"""A stage, a turn, a pause or an extension of more than a month is a slip."""
MOST_ROUNDS = 100
MOST_STEPS = 20
MOST_CRITERIA = 20
MOST_ANSWERS = 20
MOST_EXTENSIONS = 20
_MALUS_LIMIT = LIMIT / 10
_PERCENT = 100


def instants(part: object, pointer: str = "") -> Iterator[Finding]:
    """Yield the instants in rules, or a part of them, that name no time zone: no clock can be compared with them."""
    for item in fields(part) if is_dataclass(part) else ():
        value = getattr(part, item.name)
        if isinstance(value, datetime) and value.utcoffset() is None:
            nearest = Setting(value.replace(tzinfo=UTC))
            yield Finding(f"{pointer}/{item.name}", "the time has no zone", "say which, such as UTC", nearest)
        else:
            yield from instants(value, f"{pointer}/{item.name}")


def durations(rules: Rules) -> Iterator[Finding]:
    """Yield the times and numbers of rounds that no auction has: the clock could not reckon with them."""
    parts = {"": rules, "/soft_close": rules.soft_close, "/dutch": rules.dutch, "/japanese": rules.japanese}
    for pointer, part in {**parts, "/turns": rules.turns}.items():
        for name in () if part is None else (item.name for item in fields(part)):
            most = MOST_ROUNDS if name == "rounds" else LONGEST_SECONDS if name.endswith("seconds") else None
            value = getattr(part, name)
            if most is not None and value is not None and value > most:
                yield Finding(f"{pointer}/{name}", f"{value} is beyond reason", f"use {most} or less", Setting(most))


def figures(rules: Rules) -> Iterator[Finding]:
    """Yield what is wrong with the figures of ``rules``, whatever their format."""
    if rules.opens_at >= rules.closes_at:
        later = rules.opens_at + timedelta(hours=1)
        yield Finding("/closes_at", "the lot closes before it opens", "move it behind opens_at", Setting(later))
    if rules.ceiling is not None and not is_price(rules.ceiling):
        mended = _price(rules.ceiling)
        yield Finding("/ceiling", "the ceiling is no price", "give an amount above 0, in whole cents", Setting(mended))
    if rules.min_bidders < 1:
        yield Finding("/min_bidders", "no auction counts with fewer than one bidder", "use 1", Setting(1))
    if rules.lead_buffer is not None and not is_price(rules.lead_buffer):
        nearest = "give an amount above 0, in whole cents"
        yield Finding("/lead_buffer", "the lead buffer is no amount", nearest, Setting(_price(rules.lead_buffer)))
    if rules.longest_outage_seconds is not None and rules.longest_outage_seconds < 1:
        yield Finding("/longest_outage_seconds", "every outage is longer than that", "use 60", Setting(60))
    for name in ("decrement", "largest_change"):
        step: Decrement | None = getattr(rules, name)
        if step is not None:
            yield from _steps(f"/{name}", step)
    yield from _slip_guard(rules)
    yield from _soft_close(rules)
    if rules.scoring is not None:
        yield from _scoring(rules.scoring)


def _steps(pointer: str, step: Decrement) -> Iterator[Finding]:
    parts = ((f"{pointer}/steps/{index}/value", part.value) for index, part in enumerate(step.steps))
    values = ((f"{pointer}/value", step.value), *parts)
    for where, value in values:
        if not _is_step(step.kind, value):
            nearest = "give whole cents above 0, or a percentage below 100"
            yield Finding(where, "this is no step", nearest, Setting(_step(step.kind, value)))
    floors = [part.down_to for part in step.steps]
    for index, floor in enumerate(floors):
        if not is_price(floor):
            nearest = "give an amount above 0, in whole cents"
            yield Finding(
                f"{pointer}/steps/{index}/down_to", "this is no price", nearest, Setting(_price(floor) or CENT)
            )
    if not all(is_price(floor) for floor in floors):
        return
    if not (_falls(floors) or _falls(floors[::-1])):
        once = {part.down_to: part for part in step.steps}
        ordered = Setting(tuple(once[floor] for floor in sorted(once, reverse=True)))
        yield Finding(f"{pointer}/steps", "the prices at which the step changes are mixed up", "order them", ordered)
    elif len(floors) > MOST_STEPS:
        first = Setting(step.steps[:MOST_STEPS])
        yield Finding(f"{pointer}/steps", "nobody keeps so many steps in mind", f"use at most {MOST_STEPS}", first)


def _slip_guard(rules: Rules) -> Iterator[Finding]:
    step, largest = rules.decrement, rules.largest_change
    if step is None or largest is None or step.kind is not largest.kind:
        return
    if not (_is_step(step.kind, step.value) and _is_step(step.kind, largest.value)) or largest.value >= step.value:
        return
    reason = "every bid would have to be confirmed, because its least step counts as unusually big already"
    yield Finding("/largest_change", reason, "make it several decrements", severity=Severity.WARNING)


def _soft_close(rules: Rules) -> Iterator[Finding]:
    soft = rules.soft_close
    if soft is None:
        return
    for name in ("window_seconds", "extension_seconds"):
        if getattr(soft, name) < SHORTEST_SECONDS:
            reason = f"nobody can answer a bid in less than {SHORTEST_SECONDS} seconds"
            nearest = f"use {SHORTEST_SECONDS} or more"
            yield Finding(f"/soft_close/{name}", reason, nearest, Setting(SHORTEST_SECONDS))
    if soft.trigger_rank is not None and soft.trigger_rank < 1:
        yield Finding("/soft_close/trigger_rank", "there is no place before the first", "use 1", Setting(1))
    if soft.most_extensions is not None and soft.most_extensions < 1:
        nearest = f"use {MOST_EXTENSIONS}, or leave the soft close out"
        reason = "a soft close that never extends is none"
        yield Finding("/soft_close/most_extensions", reason, nearest, Setting(MOST_EXTENSIONS))
    if soft.hard_stop is not None and soft.hard_stop <= rules.closes_at:
        reason = "the hard stop leaves no room for an extension, because it is not behind the close"
        seconds = min(max(soft.extension_seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
        later = rules.closes_at + timedelta(seconds=seconds)
        yield Finding("/soft_close/hard_stop", reason, "move it behind closes_at", Setting(later))
    if soft.hard_stop is None and soft.most_extensions is None:
        reason = "the auction may go on for hours, because neither a hard stop nor a number ends the extensions"
        nearest = f"use {MOST_EXTENSIONS} extensions at most, or a hard stop"
        yield Finding(
            "/soft_close/most_extensions", reason, nearest, Setting(MOST_EXTENSIONS), severity=Severity.WARNING
        )


# ---- qualities


def _scoring(scoring: Scoring) -> Iterator[Finding]:
    criteria, pointer = scoring.criteria, "/scoring/criteria"
    if not criteria:
        yield Finding("/scoring", "qualities without a criterion change nothing", "leave it out", Setting(None))
    if not (scoring.price_points.is_finite() and scoring.price_points > 0):
        yield Finding("/scoring/price_points", "the price has to be worth points", "use 60", Setting(Decimal(60)))
    if len(criteria) > MOST_CRITERIA:
        first = Setting(criteria[:MOST_CRITERIA])
        yield Finding(pointer, "nobody weighs so many qualities", f"use at most {MOST_CRITERIA}", first)
    distinct = {criterion.code: criterion for criterion in reversed(criteria)}
    if len(distinct) < len(criteria):
        kept = Setting(tuple(item for item in criteria if distinct[item.code] is item))
        yield Finding(pointer, "two criteria have the same code", "name each criterion once", kept)
    for index, criterion in enumerate(criteria):
        yield from _answers(scoring, criterion, index)


def _answers(scoring: Scoring, criterion: Criterion, index: int) -> Iterator[Finding]:
    pointer = f"/scoring/criteria/{index}/answers"
    distinct = {answer.code: answer for answer in reversed(criterion.answers)}
    if len(distinct) < 2:  # noqa: PLR2004 - a choice is between two
        left = tuple(item for number, item in enumerate(scoring.criteria) if number != index)
        reason = f"with fewer than two different answers '{criterion.code}' makes no difference between bids"
        without = Setting(replace(scoring, criteria=left) if left else None)
        yield Finding("/scoring", reason, "give it two answers or more, or leave it out", without)
    elif len(distinct) < len(criterion.answers):
        kept = Setting(tuple(item for item in criterion.answers if distinct[item.code] is item))
        yield Finding(pointer, "two answers have the same code", "name each answer once", kept)
    elif len(distinct) > MOST_ANSWERS:
        first = Setting(criterion.answers[:MOST_ANSWERS])
        yield Finding(pointer, "so many answers are no choice", f"use at most {MOST_ANSWERS}", first)
    for number, answer in enumerate(criterion.answers):
        mended = _malus(scoring.kind, answer)
        if mended != answer.malus:
            nearest = "give whole cents below 10^11" if scoring.kind is ScoringKind.MONEY else "give points"
            reason = "what an answer is worth is no amount"
            yield Finding(f"{pointer}/{number}/malus", reason, nearest, Setting(mended))


def _malus(kind: ScoringKind, answer: Answer) -> Decimal:
    """Return the nearest worth that can be reckoned with."""
    if not answer.malus.is_finite():
        return Decimal(0)
    near = max(-_MALUS_LIMIT, min(_MALUS_LIMIT, answer.malus))
    return cents(near) if kind is ScoringKind.MONEY else near


# ---- the nearest figures


def _price(amount: Decimal) -> Decimal | None:
    """Return the price nearest to ``amount``, or None where that is no help."""
    if not amount.is_finite() or amount <= 0 or amount >= LIMIT - CENT:
        return None
    return max(CENT, cents(amount))


def _is_step(kind: DecrementKind, value: Decimal) -> bool:
    if kind is DecrementKind.ABSOLUTE:
        return is_price(value)
    return value.is_finite() and 0 < value < _PERCENT


def _step(kind: DecrementKind, value: Decimal) -> Decimal:
    if kind is DecrementKind.ABSOLUTE:
        return _price(value) or Decimal(1)
    return Decimal(1) if not value.is_finite() or value <= 0 else Decimal(50)


def _falls(prices: list[Decimal]) -> bool:
    return all(before > after for before, after in pairwise(prices))
