"""Auctions with plain names for buyers who hold few of them: what each is, what carriers see, and what can go wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from buyers.requests.auction import (
    AuctionChoice,
    DutchChoice,
    FinalOffersChoice,
    JapaneseChoice,
    SoftCloseChoice,
    TurnsChoice,
)
from marketplace.kernel.money import CENT
from marketplace.kernel.texts import marked

Derive = Callable[[AuctionChoice], AuctionChoice]


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to compete, for readers who know no auction theory.

    ``settings`` names the fields of the choice that a buyer usually sets, ``needs`` those that it has to. ``derive``
    completes a choice by what follows from them, such as the steps of a clock from the ceiling.
    """

    code: str
    title: str
    explanation: str
    when: str
    carriers_see: str
    risks: str
    choice: AuctionChoice
    settings: tuple[str, ...]
    needs: tuple[str, ...] = ()
    derive: Derive = lambda choice: choice


def chosen(given: Mapping[str, Any]) -> AuctionChoice:
    """Return the choice of fields as they are ``given``, on top of the preset that they may name.

    An unknown preset is left for the checks to say.
    """
    preset = PRESETS.get(given.get("preset", ""))
    if preset is None:
        return AuctionChoice(**given)
    base = preset.choice
    if given.get("decrement") is not None and "decrement_percent" not in given:
        base = replace(base, decrement_percent=None)  # one step replaces the other
    return preset.derive(replace(base, **given))


_SOFT = SoftCloseChoice(window_seconds=180, extension_seconds=180, most_extensions=20, hard_stop_minutes=120)
_ENGLISH = AuctionChoice("english", decrement_percent=Decimal("0.5"), soft_close=_SOFT)
_STEPS = ("ceiling", "decrement", "decrement_percent", "soft_close", "min_bidders")


def _rising(choice: AuctionChoice) -> AuctionChoice:
    """Start at half of the ceiling and rise in fifty steps of half a minute."""
    if choice.dutch is not None or choice.ceiling is None:
        return choice
    step = _share(choice.ceiling, 1)
    return replace(choice, dutch=DutchChoice(_share(choice.ceiling, 50), step, seconds=30))


def _falling(choice: AuctionChoice) -> AuctionChoice:
    """Start at the ceiling and fall by one percent of it in rounds of two minutes."""
    if choice.japanese is not None or choice.ceiling is None:
        return choice
    return replace(
        choice, japanese=JapaneseChoice(choice.ceiling, seconds=120, step=_share(choice.ceiling, 1), stop_at=1)
    )


def _share(amount: Decimal, percent: int) -> Decimal:
    return max(CENT, (amount * percent / 100).quantize(CENT, rounding=ROUND_HALF_EVEN))


_ALL = (
    Preset(
        "sealed_round",
        marked("quiet sealed round"),
        marked("Every carrier hands in one price that nobody can read before the close; the lowest is first."),
        marked("Few or unequal carriers, complex services, or a first purchase of this kind."),
        marked("Nothing until the opening; then their own place."),
        marked("Carriers can't react to each other, so the first price has to be their best."),
        AuctionChoice("sealed"),
        ("ceiling", "min_bidders"),
    ),
    Preset(
        "sealed_final_offers",
        marked("sealed round with final offers"),
        marked("After a sealed round you may call a short list to one last, better offer with a common deadline."),
        marked("Offers that need clarification before the last price."),
        marked("Nothing until the opening; those who are called learn that they are on the short list."),
        marked("Carriers that expect the second round may hold back in the first."),
        AuctionChoice("best_and_final", final_offers=FinalOffersChoice()),
        ("ceiling", "min_bidders", "final_offers"),
    ),
    Preset(
        "second_price",
        marked("second price"),
        marked("Sealed prices; the lowest wins and is paid what the second-lowest asked."),
        marked("Many carriers that know their own costs well: naming the true cost is their best answer."),
        marked("Nothing until the opening; then their own place."),
        marked("You pay more than the winner asked; with one bid only you pay the ceiling, so set one."),
        AuctionChoice("sealed_second_price"),
        ("ceiling", "min_bidders"),
        needs=("ceiling",),
    ),
    Preset(
        "open_price_race",
        marked("open price race"),
        marked("Carriers see the best price and beat it step by step until nobody goes lower."),
        marked("At least three able carriers and a service that is easy to compare."),
        marked("Their own place and the best price, never who holds it."),
        marked("With two carriers the price may stop as soon as one gives up."),
        replace(_ENGLISH, base="lead", proxy=True),
        (*_STEPS, "base", "proxy", "lead_buffer", "disclosed"),
    ),
    Preset(
        "rank_only",
        marked("rank only"),
        marked("Carriers lower their own price and see nothing but their own place."),
        marked("Three carriers or more that shall not learn the market price from you."),
        marked("Their own place, no price of another and no number of bidders."),
        marked("The leader has no reason to go on, so its last price may not be its lowest."),
        replace(_ENGLISH, visibility="rank_only"),
        _STEPS,
    ),
    Preset(
        "traffic_light",
        marked("traffic light"),
        marked("Carriers see a colour: green leads, yellow is near, red is far behind."),
        marked("Rank only, where places would tell too much about a small field."),
        marked("One colour each; exactly one is green."),
        marked("As rank only; carriers in red may give up early."),
        replace(_ENGLISH, visibility="traffic_light"),
        _STEPS,
    ),
    Preset(
        "blind_improvement",
        marked("blind improvement"),
        marked("Carriers may lower their own price as often as they like and see nothing of the others."),
        marked("Two carriers, or a market where signals between carriers are feared."),
        marked("Nothing but their own price and the clock."),
        marked("Little pressure: only the wish to be lowest brings prices down."),
        replace(_ENGLISH, visibility="blind", soft_close=replace(_SOFT, trigger_rank=None)),
        _STEPS,
    ),
    Preset(
        "three_rounds",
        marked("three rounds in turns"),
        marked("After sealed first bids each carrier has one turn in each of three rounds, the leader last."),
        marked("Public purchases, and carriers that want time to think."),
        marked("All prices by alias when a turn has ended, and whose turn it is."),
        marked("It takes eleven minutes and six more for each carrier, and the last turn has an advantage."),
        AuctionChoice("three_rounds", decrement_percent=Decimal(1), turns=TurnsChoice()),
        ("ceiling", "decrement", "decrement_percent", "turns", "min_bidders"),
    ),
    Preset(
        "rising_clock",
        marked("rising clock"),
        marked("The price starts low and rises; the first carrier that takes it wins at that price."),
        marked("Quick purchases of a standard service from many carriers."),
        marked("The clock's price and nothing of each other."),
        marked("One answer decides: nobody shows how low it would have gone next to others."),
        AuctionChoice("dutch"),
        ("ceiling", "dutch", "min_bidders"),
        needs=("ceiling",),
        derive=_rising,
    ),
    Preset(
        "falling_clock",
        marked("falling clock"),
        marked("The price falls round by round; who stays silent is out, and the last one left wins."),
        marked("Many similar carriers, where you want to learn how low the market goes."),
        marked("The clock's price and nothing of each other."),
        marked("A carrier that misses a round is out for good."),
        AuctionChoice("japanese"),
        ("ceiling", "japanese", "min_bidders"),
        needs=("ceiling",),
        derive=_falling,
    ),
)

PRESETS: Mapping[str, Preset] = {preset.code: preset for preset in _ALL}
"""All presets by code, in the order in which they are offered."""
