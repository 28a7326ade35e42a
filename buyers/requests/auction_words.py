"""The rules of an auction in plain sentences: every setting that holds is said, none that doesn't."""

from collections.abc import Iterator
from decimal import Decimal

from buyers.requests.auction import AuctionChoice, DutchChoice, JapaneseChoice, ScoringChoice, SoftCloseChoice

_FORMATS = {
    "sealed": "Sealed bids: a price may be replaced until the close, and nobody reads it before the opening.",
    "sealed_second_price": (
        "Sealed bids, second price: the lowest wins and is paid what the second-lowest asked; "
        "a single bid is paid the ceiling, or its own price where there is none."
    ),
    "best_and_final": (
        "Sealed bids in two rounds: after the first one the buyer may call a short list to a last offer."
    ),
    "english": "Open descending auction: each price may be lowered again and again until the close.",
    "three_rounds": "Rounds in turns: after first bids that nobody sees, every bidder has one turn in each round.",
    "dutch": "Rising clock: the price rises until it is taken, and who takes it wins at that price.",
    "japanese": "Falling clock: the price falls round by round, and who doesn't stay in a round is out for good.",
}
_SHOWN = {
    "sealed": "Until the opening you see nothing of the others; then your own place.",
    "open": "You see your own place and the best price; never whose it is.",
    "rank_only": "You see your own place and no price of another.",
    "traffic_light": "You see a colour: green leads, yellow is near, red is behind.",
    "blind": "You see nothing of the other bidders.",
    "clock": "You see the clock's price and nothing of the other bidders.",
}
_BASES = {"own": "your own last price", "next": "the price of the bidder ranked before you", "lead": "the best price"}
_TIES = {
    "allowed": "Equal prices are allowed: the earlier one stands better.",
    "banned": "Equal prices are not taken: the later one is refused.",
    "banned_at_lead": "A price equal to the best one is not taken.",
}
_OPTIONS = {
    "all_prices": "All prices are shown, each under an alias.",
    "number_of_bidders": "The number of bidders is shown.",
    "lead_price": "The best price is shown.",
    "prices_after_opening": "All prices are shown after the opening, each under an alias.",
}


def in_words(auction: AuctionChoice, currency: str) -> tuple[str, ...]:
    """Return the rules of ``auction`` as sentences to a bidder, amounts in ``currency``."""
    return tuple(_sentences(auction, currency))


def _sentences(auction: AuctionChoice, currency: str) -> Iterator[str]:
    yield _FORMATS.get(auction.format, auction.format)
    yield _SHOWN.get(auction.shown, auction.shown)
    yield from (_OPTIONS.get(option, option) for option in auction.disclosed)
    if auction.starting_gate:
        yield "Nothing of the market is shown to you before your own first bid."
    if auction.ceiling is not None:
        yield f"The highest total cost taken for a lot is {_money(auction.ceiling, currency)}."
    yield from _steps(auction, currency)
    if auction.format in {"english", "three_rounds"}:
        yield _TIES.get(auction.ties, auction.ties)
    if auction.proxy:
        yield "You may give a limit that only you can read, and the marketplace bids for you down to it."
    if auction.soft_close is not None:
        yield from _soft_close(auction.soft_close)
    if auction.dutch is not None:
        yield _dutch(auction.dutch, currency)
    if auction.japanese is not None:
        yield from _japanese(auction.japanese, currency)
    yield from _turns(auction)
    if auction.scoring is not None:
        yield from _scoring(auction.scoring, currency)
    yield from _end(auction)


def _steps(auction: AuctionChoice, currency: str) -> Iterator[str]:
    step = _step(auction.decrement, auction.decrement_percent, currency)
    if step:
        yield f"A bid has to be at least {step} below {_BASES.get(auction.base, auction.base)}."
    for part in sorted(auction.decrement_steps, key=lambda part: -part.down_to):
        value = f"{_plain(part.value)} %" if auction.decrement_percent is not None else _money(part.value, currency)
        yield f"From {_money(part.down_to, currency)} upwards the least step is {value}."
    if auction.lead_buffer is not None:
        yield f"Who beats the lead has to beat it by at least {_money(auction.lead_buffer, currency)}."
    largest = _step(auction.largest_change, auction.largest_change_percent, currency)
    if largest:
        yield f"A step of more than {largest} has to be confirmed, in case it is a slip."


def _soft_close(soft: SoftCloseChoice) -> Iterator[str]:
    what = "any accepted bid" if soft.trigger_rank is None else f"overtaking another to place {soft.trigger_rank}"
    what += " or better" if soft.trigger_rank not in {None, 1} else ""
    base = "the close" if soft.base == "close" else "the instant of that bid"
    yield (
        f"In the last {_time(soft.window_seconds)}, {what} moves the close to "
        f"{_time(soft.extension_seconds)} after {base}."
    )
    if soft.most_extensions is not None:
        yield f"That happens at most {soft.most_extensions} times."
    if soft.hard_stop_minutes is not None:
        yield f"No extension goes beyond {_time(soft.hard_stop_minutes * 60)} after the announced close."


def _dutch(clock: DutchChoice, currency: str) -> str:
    winners = "the first to take it wins" if clock.winners == 1 else f"the first {clock.winners} to take it win"
    return (
        f"The price starts at {_money(clock.start, currency)} and rises by {_money(clock.step, currency)} "
        f"every {_time(clock.seconds)}; {winners}, each at the price that it took."
    )


def _japanese(clock: JapaneseChoice, currency: str) -> Iterator[str]:
    fall = f"falls by {_money(clock.step, currency)}" if clock.step is not None else "falls along a list"
    yield f"The price starts at {_money(clock.start, currency)} and {fall} in rounds of {_time(clock.seconds)}."
    if clock.prices:
        yield f"The prices of the rounds: {', '.join(_money(price, currency) for price in clock.prices)}."
    yield f"It ends when at most {clock.stop_at} bidders are left."
    if clock.target is not None:
        yield f"It also ends after the round at or below {_money(clock.target, currency)}."


def _turns(auction: AuctionChoice) -> Iterator[str]:
    turns = auction.turns
    if turns is not None:
        yield "First bids are taken until the announced close, at which the rounds begin."
        yield (
            f"Then there are {turns.rounds} rounds, worst place first, with {_time(turns.turn_seconds)} a turn, "
            f"after a pause of {_time(turns.first_pause_seconds)}, later of {_time(turns.pause_seconds)}."
        )


def _scoring(scoring: ScoringChoice, currency: str) -> Iterator[str]:
    if scoring.kind == "money":
        yield "The lowest price counts after adding what your answers cost:"
        unit = f" {currency}"
    else:
        yield f"Points decide: {_plain(scoring.price_points)} x lowest price / your price, less those of your answers:"
        unit = " points"
    for criterion in scoring.criteria:
        worth = ", ".join(f"{answer.code} {_plain(answer.malus)}{unit}" for answer in criterion.answers)
        yield f"{criterion.code}: {worth}."


def _end(auction: AuctionChoice) -> Iterator[str]:
    if auction.final_offers is not None:
        kept = ", which may not be worse than before" if auction.final_offers.may_not_worsen else ""
        yield f"After the close the buyer may call a short list to one last offer{kept}."
    if auction.min_bidders > 1:
        yield f"With fewer than {auction.min_bidders} bidders the buyer decides whether it counts."
    if auction.longest_outage_seconds is not None:
        yield f"Nobody able to bid for more than {_time(auction.longest_outage_seconds)} pauses the auction."
    minutes = _time(auction.arrangement.minutes * 60)
    if auction.arrangement.kind == "serial":
        yield f"Lots run one after the other, each opening {minutes} after the close of the one before, not earlier."
    if auction.arrangement.kind == "staggered":
        yield f"Lots open together and close {minutes} after each other."
    if auction.results_together:
        yield "Results are told when the last lot has closed."
    else:
        yield "The result of each lot is told when it has closed."


def _step(amount: Decimal | None, percent: Decimal | None, currency: str) -> str:
    return _money(amount, currency) if amount is not None else f"{_plain(percent)} %" if percent is not None else ""


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"


def _plain(number: Decimal) -> str:
    """Return a number without the zeros that say nothing."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    parts = [(minutes, "minute"), (rest, "second")] if minutes or rest else [(0, "minute")]
    return " ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in parts if number or not seconds)
