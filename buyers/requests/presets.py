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
        "quiet sealed round",
        "Every carrier hands in one price that nobody can read before the close; the lowest is first.",
        "Few or unequal carriers, complex services, or a first purchase of this kind.",
        "Nothing until the opening; then their own place.",
        "Carriers can't react to each other, so the first price has to be their best.",
        AuctionChoice("sealed"),
        ("ceiling", "min_bidders"),
    ),
    Preset(
        "sealed_final_offers",
        "sealed round with final offers",
        "After a sealed round you may call a short list to one last, better offer with a common deadline.",
        "Offers that need clarification before the last price.",
        "Nothing until the opening; those who are called learn that they are on the short list.",
        "Carriers that expect the second round may hold back in the first.",
        AuctionChoice("best_and_final", final_offers=FinalOffersChoice()),
        ("ceiling", "min_bidders", "final_offers"),
    ),
    Preset(
        "second_price",
        "second price",
        "Sealed prices; the lowest wins and is paid what the second-lowest asked.",
        "Many carriers that know their own costs well: naming the true cost is their best answer.",
        "Nothing until the opening; then their own place.",
        "You pay more than the winner asked; with one bid only you pay the ceiling, so set one.",
        AuctionChoice("sealed_second_price"),
        ("ceiling", "min_bidders"),
        needs=("ceiling",),
    ),
    Preset(
        "open_price_race",
        "open price race",
        "Carriers see the best price and beat it step by step until nobody goes lower.",
        "At least three able carriers and a service that is easy to compare.",
        "Their own place and the best price, never who holds it.",
        "With two carriers the price may stop as soon as one gives up.",
        replace(_ENGLISH, base="lead", proxy=True),
        (*_STEPS, "base", "proxy", "lead_buffer", "disclosed"),
    ),
    Preset(
        "rank_only",
        "rank only",
        "Carriers lower their own price and see nothing but their own place.",
        "Three carriers or more that shall not learn the market price from you.",
        "Their own place, no price of another and no number of bidders.",
        "The leader has no reason to go on, so its last price may not be its lowest.",
        replace(_ENGLISH, visibility="rank_only"),
        _STEPS,
    ),
    Preset(
        "traffic_light",
        "traffic light",
        "Carriers see a colour: green leads, yellow is near, red is far behind.",
        "Rank only, where places would tell too much about a small field.",
        "One colour each; exactly one is green.",
        "As rank only; carriers in red may give up early.",
        replace(_ENGLISH, visibility="traffic_light"),
        _STEPS,
    ),
    Preset(
        "blind_improvement",
        "blind improvement",
        "Carriers may lower their own price as often as they like and see nothing of the others.",
        "Two carriers, or a market where signals between carriers are feared.",
        "Nothing but their own price and the clock.",
        "Little pressure: only the wish to be lowest brings prices down.",
        replace(_ENGLISH, visibility="blind", soft_close=replace(_SOFT, trigger_rank=None)),
        _STEPS,
    ),
    Preset(
        "three_rounds",
        "three rounds in turns",
        "After sealed first bids each carrier has one turn in each of three rounds, the leader last.",
        "Public purchases, and carriers that want time to think.",
        "All prices by alias when a turn has ended, and whose turn it is.",
        "It takes eleven minutes and six more for each carrier, and the last turn has an advantage.",
        AuctionChoice("three_rounds", decrement_percent=Decimal(1), turns=TurnsChoice()),
        ("ceiling", "decrement", "decrement_percent", "turns", "min_bidders"),
    ),
    Preset(
        "rising_clock",
        "rising clock",
        "The price starts low and rises; the first carrier that takes it wins at that price.",
        "Quick purchases of a standard service from many carriers.",
        "The clock's price and nothing of each other.",
        "One answer decides: nobody shows how low it would have gone next to others.",
        AuctionChoice("dutch"),
        ("ceiling", "dutch", "min_bidders"),
        needs=("ceiling",),
        derive=_rising,
    ),
    Preset(
        "falling_clock",
        "falling clock",
        "The price falls round by round; who stays silent is out, and the last one left wins.",
        "Many similar carriers, where you want to learn how low the market goes.",
        "The clock's price and nothing of each other.",
        "A carrier that misses a round is out for good.",
        AuctionChoice("japanese"),
        ("ceiling", "japanese", "min_bidders"),
        needs=("ceiling",),
        derive=_falling,
    ),
)

PRESETS: Mapping[str, Preset] = {preset.code: preset for preset in _ALL}
"""All presets by code, in the order in which they are offered."""
