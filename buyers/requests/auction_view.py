"""The positive list of the announced rules: what carriers read of an auction, in figures and in words."""

from dataclasses import dataclass
from decimal import Decimal

from buyers.requests.auction import AuctionChoice
from buyers.requests.auction_words import in_words

# As in the rest of the view, these types never reuse those of the choice: a new field must not appear by itself.


@dataclass(frozen=True, slots=True)
class StepView:
    """From base prices of ``down_to`` upwards the least step is ``value``."""

    down_to: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class SoftCloseView:
    """When a late improvement moves the close, by how much and how far."""

    window_seconds: int
    extension_seconds: int
    trigger_rank: int | None
    base: str
    most_extensions: int | None
    hard_stop_minutes: int | None


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One possible answer and what it is worth."""

    code: str
    malus: Decimal


@dataclass(frozen=True, slots=True)
class CriterionView:
    """A quality that counts beside the price."""

    code: str
    answers: tuple[AnswerView, ...]


@dataclass(frozen=True, slots=True)
class ScoringView:
    """All qualities that count, and how."""

    criteria: tuple[CriterionView, ...]
    kind: str
    price_points: Decimal


@dataclass(frozen=True, slots=True)
class DutchView:
    """The rising clock."""

    start: Decimal
    step: Decimal
    seconds: int
    winners: int


@dataclass(frozen=True, slots=True)
class JapaneseView:
    """The falling clock."""

    start: Decimal
    seconds: int
    step: Decimal | None
    prices: tuple[Decimal, ...]
    stop_at: int
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class TurnsView:
    """Rounds of turns."""

    rounds: int
    first_pause_seconds: int
    pause_seconds: int
    turn_seconds: int


@dataclass(frozen=True, slots=True)
class FinalOffersView:
    """The last round for a short list."""

    may_not_worsen: bool


@dataclass(frozen=True, slots=True)
class ArrangementView:
    """How the lots share the time for bids."""

    kind: str
    minutes: int


@dataclass(frozen=True, slots=True)
class AuctionView:
    """The rules of the competition; amounts are in the request's currency. ``rules`` says all of them in words."""

    format: str
    ceiling: Decimal | None
    decrement: Decimal | None
    decrement_percent: Decimal | None
    base: str
    min_bidders: int
    visibility: str
    decrement_steps: tuple[StepView, ...]
    lead_buffer: Decimal | None
    largest_change: Decimal | None
    largest_change_percent: Decimal | None
    ties: str
    proxy: bool
    soft_close: SoftCloseView | None
    scoring: ScoringView | None
    disclosed: tuple[str, ...]
    starting_gate: bool
    longest_outage_seconds: int | None
    dutch: DutchView | None
    japanese: JapaneseView | None
    turns: TurnsView | None
    final_offers: FinalOffersView | None
    arrangement: ArrangementView
    results_together: bool
    rules: tuple[str, ...]


def auction_view(auction: AuctionChoice, currency: str) -> AuctionView:
    """Return the rules as carriers read them; no other function builds it."""
    return AuctionView(
        format=auction.format,
        ceiling=auction.ceiling,
        decrement=auction.decrement,
        decrement_percent=auction.decrement_percent,
        base=auction.base,
        min_bidders=auction.min_bidders,
        visibility=auction.shown,
        decrement_steps=tuple(StepView(step.down_to, step.value) for step in auction.decrement_steps),
        lead_buffer=auction.lead_buffer,
        largest_change=auction.largest_change,
        largest_change_percent=auction.largest_change_percent,
        ties=auction.ties,
        proxy=auction.proxy,
        soft_close=_soft_close(auction),
        scoring=_scoring(auction),
        disclosed=auction.disclosed,
        starting_gate=auction.starting_gate,
        longest_outage_seconds=auction.longest_outage_seconds,
        dutch=_dutch(auction),
        japanese=_japanese(auction),
        turns=_turns(auction),
        final_offers=FinalOffersView(auction.final_offers.may_not_worsen) if auction.final_offers else None,
        arrangement=ArrangementView(auction.arrangement.kind, auction.arrangement.minutes),
        results_together=auction.results_together,
        rules=in_words(auction, currency),
    )


def _soft_close(auction: AuctionChoice) -> SoftCloseView | None:
    soft = auction.soft_close
    if soft is None:
        return None
    return SoftCloseView(
        window_seconds=soft.window_seconds,
        extension_seconds=soft.extension_seconds,
        trigger_rank=soft.trigger_rank,
        base=soft.base,
        most_extensions=soft.most_extensions,
        hard_stop_minutes=soft.hard_stop_minutes,
    )


def _scoring(auction: AuctionChoice) -> ScoringView | None:
    scoring = auction.scoring
    if scoring is None:
        return None
    criteria = tuple(
        CriterionView(item.code, tuple(AnswerView(answer.code, answer.malus) for answer in item.answers))
        for item in scoring.criteria
    )
    return ScoringView(criteria, scoring.kind, scoring.price_points)


def _dutch(auction: AuctionChoice) -> DutchView | None:
    dutch = auction.dutch
    return DutchView(dutch.start, dutch.step, dutch.seconds, dutch.winners) if dutch else None


def _japanese(auction: AuctionChoice) -> JapaneseView | None:
    clock = auction.japanese
    if clock is None:
        return None
    return JapaneseView(clock.start, clock.seconds, clock.step, clock.prices, clock.stop_at, clock.target)


def _turns(auction: AuctionChoice) -> TurnsView | None:
    turns = auction.turns
    if turns is None:
        return None
    return TurnsView(turns.rounds, turns.first_pause_seconds, turns.pause_seconds, turns.turn_seconds)
