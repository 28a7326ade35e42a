"""Checks of the shape of a buyer's auction choice; what its parts mean together is the auction's rule linter's."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from buyers.requests.auction import (
    ARRANGEMENTS,
    BASES,
    EXTENSION_BASES,
    FORMATS,
    OPTIONS,
    SCORINGS,
    TIES,
    VISIBILITIES,
    AuctionChoice,
    ScoringChoice,
)
from buyers.requests.presets import PRESETS
from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import LIMIT, cents

MIN_BIDDERS_LIMIT = 20
STEP_LIMIT = 20
CRITERION_LIMIT = 20
PRICE_LIST_LIMIT = 200
ROUND_LIMIT = 10
DAY_SECONDS = 86_400
DAY_MINUTES = 1_440
EXTENSION_LIMIT = 1_000

_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")


def check_auction(auction: AuctionChoice) -> Iterator[FieldError]:
    """Yield what is wrong with each part by itself."""
    yield from _words(auction)
    yield from _figures(auction)
    yield from _clocks(auction)
    if auction.scoring is not None:
        yield from _scoring(auction.scoring)


def check_competition(auction: AuctionChoice) -> Iterator[FieldError]:
    """Yield what a complete choice still needs, or has too much."""
    given = [name for name in ("decrement", "decrement_percent") if getattr(auction, name) is not None]
    if auction.format == "english" and len(given) != 1:
        message = "an english auction needs a least step: give either decrement or decrement_percent"
        yield FieldError("/auction/decrement", message)
    elif len(given) > 1:
        yield FieldError("/auction/decrement", "give either decrement or decrement_percent, not both")
    if auction.format == "sealed":
        for name in given:
            yield FieldError(f"/auction/{name}", "sealed bids know no steps; leave it out")
        if auction.base != "own":
            yield FieldError("/auction/base", "sealed bids are not compared before the opening; give 'own'")
    if auction.decrement_steps and not given:
        yield FieldError("/auction/decrement_steps", "steps change a decrement: give one of those too")
    if auction.largest_change is not None and auction.largest_change_percent is not None:
        yield FieldError("/auction/largest_change", "give either largest_change or largest_change_percent, not both")


def _words(auction: AuctionChoice) -> Iterator[FieldError]:
    words: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("format", auction.format, FORMATS),
        ("base", auction.base, BASES),
        ("ties", auction.ties, TIES),
        ("arrangement/kind", auction.arrangement.kind, ARRANGEMENTS),
    )
    if auction.visibility:
        words += (("visibility", auction.visibility, VISIBILITIES),)
    if auction.soft_close is not None:
        words += (("soft_close/base", auction.soft_close.base, EXTENSION_BASES),)
    for name, value, known in words:
        if value not in known:
            yield FieldError(f"/auction/{name}", f"give one of {', '.join(known)}")
    for index, option in enumerate(auction.disclosed):
        if option not in OPTIONS or option in auction.disclosed[:index]:
            yield FieldError(f"/auction/disclosed/{index}", f"give each at most once of {', '.join(OPTIONS)}")
    if auction.preset:
        yield from _preset(auction)


def _preset(auction: AuctionChoice) -> Iterator[FieldError]:
    preset = PRESETS.get(auction.preset)
    if preset is None:
        yield FieldError("/auction/preset", f"give one of {', '.join(PRESETS)}")
        return
    for name, now, then in (
        ("format", auction.format, preset.choice.format),
        ("visibility", auction.shown, preset.choice.shown),
    ):
        if now != then:
            message = f"'{preset.title}' has the {name} '{then}': leave it out, or leave the preset out"
            yield FieldError(f"/auction/{name}", message)


def _figures(auction: AuctionChoice) -> Iterator[FieldError]:
    for name in ("ceiling", "decrement", "lead_buffer", "largest_change"):
        yield from _amount(getattr(auction, name), name)
    percent = auction.decrement_percent
    if percent is not None and not (_between(percent, 0, 50) and percent > 0):
        yield FieldError("/auction/decrement_percent", "a decrement is more than 0 and at most 50 percent")
    percent = auction.largest_change_percent
    if percent is not None and not (_between(percent, 0, 99) and percent > 0):
        yield FieldError("/auction/largest_change_percent", "the largest change is more than 0 and at most 99 percent")
    yield from _count(auction.min_bidders, "min_bidders", 1, MIN_BIDDERS_LIMIT, "the least number of bidders")
    yield from _count(auction.longest_outage_seconds, "longest_outage_seconds", 1, DAY_SECONDS, "the longest outage")
    yield from _count(auction.arrangement.minutes, "arrangement/minutes", 0, DAY_MINUTES, "the time between lots")
    yield from _size(auction.decrement_steps, "decrement_steps", STEP_LIMIT)
    for index, step in enumerate(auction.decrement_steps[:STEP_LIMIT]):
        yield from _amount(step.down_to, f"decrement_steps/{index}/down_to")
        if not (_between(step.value, 0, LIMIT) and step.value > 0):
            yield FieldError(f"/auction/decrement_steps/{index}/value", "a step is more than 0")


def _clocks(auction: AuctionChoice) -> Iterator[FieldError]:
    soft, dutch, japanese, turns = auction.soft_close, auction.dutch, auction.japanese, auction.turns
    if soft is not None:
        for name in ("window_seconds", "extension_seconds"):
            yield from _count(getattr(soft, name), f"soft_close/{name}", 1, DAY_SECONDS, "a time in seconds")
        yield from _count(soft.trigger_rank, "soft_close/trigger_rank", 1, EXTENSION_LIMIT, "a rank")
        yield from _count(soft.most_extensions, "soft_close/most_extensions", 1, EXTENSION_LIMIT, "the most extensions")
        yield from _count(soft.hard_stop_minutes, "soft_close/hard_stop_minutes", 1, DAY_MINUTES, "the hard stop")
    if dutch is not None:
        yield from _amount(dutch.start, "dutch/start")
        yield from _amount(dutch.step, "dutch/step")
        yield from _count(dutch.seconds, "dutch/seconds", 1, DAY_SECONDS, "a time in seconds")
        yield from _count(dutch.winners, "dutch/winners", 1, MIN_BIDDERS_LIMIT, "the number of winners")
    if japanese is not None:
        yield from _amount(japanese.start, "japanese/start")
        yield from _amount(japanese.step, "japanese/step")
        yield from _amount(japanese.target, "japanese/target")
        yield from _size(japanese.prices, "japanese/prices", PRICE_LIST_LIMIT)
        for index, price in enumerate(japanese.prices[:PRICE_LIST_LIMIT]):
            yield from _amount(price, f"japanese/prices/{index}")
        yield from _count(japanese.seconds, "japanese/seconds", 1, DAY_SECONDS, "a time in seconds")
        yield from _count(japanese.stop_at, "japanese/stop_at", 0, MIN_BIDDERS_LIMIT, "the number of the last bidders")
    if turns is not None:
        yield from _count(turns.rounds, "turns/rounds", 1, ROUND_LIMIT, "the number of rounds")
        for name in ("first_pause_seconds", "pause_seconds", "turn_seconds"):
            yield from _count(getattr(turns, name), f"turns/{name}", 0, DAY_SECONDS, "a time in seconds")


def _scoring(scoring: ScoringChoice) -> Iterator[FieldError]:
    if scoring.kind not in SCORINGS:
        yield FieldError("/auction/scoring/kind", f"give one of {', '.join(SCORINGS)}")
    if not (_between(scoring.price_points, 0, 1000) and scoring.price_points > 0):
        yield FieldError("/auction/scoring/price_points", "the points for the price are more than 0, at most 1,000")
    yield from _size(scoring.criteria, "scoring/criteria", CRITERION_LIMIT)
    for index, criterion in enumerate(scoring.criteria[:CRITERION_LIMIT]):
        pointer = f"scoring/criteria/{index}"
        yield from _code(criterion.code, f"{pointer}/code")
        yield from _size(criterion.answers, f"{pointer}/answers", CRITERION_LIMIT)
        for number, answer in enumerate(criterion.answers[:CRITERION_LIMIT]):
            yield from _code(answer.code, f"{pointer}/answers/{number}/code")
            if not _between(answer.malus, -LIMIT + 1, LIMIT - 1):
                yield FieldError(f"/auction/{pointer}/answers/{number}/malus", "a malus is between -10^12 and 10^12")


def _amount(amount: Decimal | None, name: str) -> Iterator[FieldError]:
    if amount is not None and not (_between(amount, 0, LIMIT) and 0 < amount == cents(amount) < LIMIT):
        word = "ceiling" if name == "ceiling" else "decrement" if name == "decrement" else "price or step"
        yield FieldError(f"/auction/{name}", f"a {word} is more than 0, below 10^12, in whole cents")


def _count(number: int | None, name: str, low: int, high: int, what: str) -> Iterator[FieldError]:
    if number is not None and not low <= number <= high:
        yield FieldError(f"/auction/{name}", f"{what} is {low} to {high:,}")


def _size(items: Sequence[object], name: str, most: int) -> Iterator[FieldError]:
    if len(items) > most:
        yield FieldError(f"/auction/{name}", f"give at most {most}; these are {len(items):,}")


def _code(code: str, name: str) -> Iterator[FieldError]:
    if not _CODE.fullmatch(code):
        yield FieldError(f"/auction/{name}", "a code is up to 30 small letters, digits and underscores: 'install_time'")


def _between(number: Decimal, low: int | Decimal, high: int | Decimal) -> bool:
    """Return whether ``number`` is a number at all (not NaN, not infinite) and within both ends."""
    return number.is_finite() and low <= number <= high
