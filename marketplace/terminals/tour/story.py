"""Where a tour stands by its moves, and which move may come next: nothing that the rules refuse is ever kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from marketplace.bidding import engine
from marketplace.bidding.model import Refusal
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.money import is_price
from marketplace.terminals.tour import market, ways
from marketplace.terminals.tour.market import Market, Play
from marketplace.terminals.tour.model import (
    LONGEST_TEXT,
    MOST_MOVES,
    VISITOR,
    Kind,
    Move,
    Need,
    NotInTourError,
    Role,
    Tour,
    TourFullError,
)
from marketplace.terminals.tour.needs import ASKED, NEEDS
from marketplace.terminals.tour.ways import Way

_RULES = ("rank_only", "open_price_race", "traffic_light")
"""The rules of the request that a visitor receives as a carrier: one of these, by the seed."""
_MOST_PRICE = Decimal(1_000_000)
_PRICES = {
    "monthly": "an amount above 0, up to 1,000,000, with at most two decimals",
    "once": "an amount from 0 to 1,000,000 with at most two decimals",
}
"""The prices of one line of the sheet, and what is right for each."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What the moves come to: the need, the rules and the market's opening, and the award that was chosen."""

    need: Need | None
    preset: str | None
    opening: Move | None
    jumped: bool
    awarding: Move | None


@dataclass(frozen=True, slots=True)
class Scene:
    """A tour at one instant. ``play`` is None before a need is chosen, ``market`` before it has opened.

    ``ways`` are the buyer's, once all lots have closed; ``chosen`` is the one it took.
    """

    tour: Tour
    now: datetime
    stand: Stand
    play: Play | None
    market: Market | None
    ways: tuple[Way, ...]
    chosen: Way | None

    @property
    def step(self) -> str:
        """The step of the story that the visitor has come to, by the name of its page."""
        if self.play is None:
            return "need"
        if self.market is None:
            return "anonymity" if self.tour.role is Role.BUYER else "inbox"
        if self.market.running or (self.tour.role is Role.CARRIER and not self._decided):
            return "auction"
        return "result" if self.chosen is not None or self.tour.role is Role.CARRIER else "award"

    @property
    def _decided(self) -> bool:
        return self.market is not None and all(one.state.awards for one in self.market.lots)


def stand(tour: Tour) -> Stand:
    """Return what the moves of ``tour`` come to."""
    by_kind = {move.kind: move for move in reversed(tour.moves)}
    jumped, awarding = Kind.JUMP in by_kind, by_kind.get(Kind.AWARD)
    if tour.role is Role.CARRIER:
        return Stand(ASKED, _RULES[tour.seed % len(_RULES)], by_kind.get(Kind.BID), jumped, None)
    need, opening = by_kind.get(Kind.NEED), by_kind.get(Kind.OPEN)
    return Stand(
        NEEDS[need.text] if need is not None else None,
        opening.text if opening is not None else None,
        opening,
        jumped,
        awarding,
    )


def scene(tour: Tour, now: datetime) -> Scene:
    """Return the tour as it is at ``now``: replayed from nothing but its seed and moves."""
    at = stand(tour)
    if at.need is None:
        return Scene(tour, now, at, None, None, (), None)
    play = market.play(tour, at.need, at.preset, at.opening)
    played = market.replay(tour, play, now)
    if played is None or played.running or tour.role is Role.CARRIER:
        return Scene(tour, now, at, play, played, (), None)
    found = ways.ways(play, played)
    chosen = next((way for way in found if at.awarding is not None and way.code == at.awarding.text), None)
    if chosen is not None:
        for ref, bid_id in chosen.bids.items():
            market.award(played.lot(ref), bid_id, played.now)
    return Scene(tour, now, at, play, played, found, chosen)


def made(tour: Tour, kind: Kind, text: str, now: datetime) -> Tour:
    """Return the tour with one more move, made at ``now``.

    A need begins the story anew, and new rules play the same need again. Raises NotInTourError for a move that does not
    fit or that the market's rules refuse, MalformedError for one that makes no sense, TourFullError.
    """
    if len(tour.moves) >= MOST_MOVES:
        raise TourFullError(f"A tour takes {MOST_MOVES} moves.")
    if len(text) > LONGEST_TEXT:
        raise MalformedError("This is too long.", errors=(FieldError("", f"at most {LONGEST_TEXT} characters"),))
    latest = max((move.at for move in tour.moves), default=0)
    move = Move(max(latest, int((now - tour.began_at) / timedelta(milliseconds=1))), kind, text)
    kept = _CHECKS[tour.role, kind](tour, move, now) if (tour.role, kind) in _CHECKS else None
    if kept is None:
        raise NotInTourError("Nobody of your role does this.")
    return replace(tour, moves=(*kept, move))


# ---- what each move needs: the moves that stay before it


def _need(_tour: Tour, move: Move, _now: datetime) -> tuple[Move, ...]:
    if move.text not in NEEDS:
        raise MalformedError("Choose one of the needs.", errors=(FieldError("/need", f"one of {', '.join(NEEDS)}"),))
    return ()


def _open(tour: Tour, move: Move, _now: datetime) -> tuple[Move, ...]:
    if move.text not in market.OFFERED:
        offered = ", ".join(market.OFFERED)
        raise MalformedError("Choose one of the auctions.", errors=(FieldError("/preset", f"one of {offered}"),))
    needs = tuple(one for one in tour.moves if one.kind is Kind.NEED)
    if not needs:
        raise NotInTourError("Choose a need first.")
    return needs


def _jump(tour: Tour, _move: Move, now: datetime) -> tuple[Move, ...]:
    _running(scene(tour, now))
    return tour.moves


def _award(tour: Tour, move: Move, now: datetime) -> tuple[Move, ...]:
    found = scene(tour, now)
    if found.market is None or found.market.running:
        raise NotInTourError("Award when the auction has closed.")
    if found.chosen is not None:
        raise NotInTourError("You have awarded already: an award is not taken back.")
    if move.text not in {way.code for way in found.ways}:
        raise MalformedError("Choose one of the ways to award.", errors=(FieldError("/way", "one of those shown"),))
    return tour.moves


def _bid(tour: Tour, move: Move, _now: datetime) -> tuple[Move, ...]:
    if stand(tour).opening is not None:
        raise NotInTourError("Your sheet is in: lower its total on the auction's page.")
    written = [part.split(",") for part in move.text.split(";")]
    if len(written) != len(ASKED.content.lines) or any(len(pair) != len(_PRICES) for pair in written):
        raise MalformedError("Price every line.")
    wrong = tuple(
        FieldError(f"/lines/{at}/{name}", _PRICES[name])
        for at, pair in enumerate(written)
        for name, text in zip(_PRICES, pair, strict=True)
        if not _is_amount(text, free=name == "once")
    )
    if wrong:
        raise MalformedError("Price every line.", errors=wrong)
    return tour.moves


def _price(tour: Tour, move: Move, now: datetime) -> tuple[Move, ...]:
    try:
        amount = Decimal(move.text)
    except InvalidOperation:
        amount = Decimal(0)
    if not is_price(amount):
        raise MalformedError("Name a price.", errors=(FieldError("/price", "above 0, with at most two decimals"),))
    one = _running(scene(tour, now)).lots[0]
    at = market.market_time(one.state.opens_at, tour.instant(move))
    asked = engine.outcome(one.state, market.command(one, VISITOR, amount), at)
    if isinstance(asked, Refusal):
        raise NotInTourError(f"The rules refuse this bid: {asked.detail}.", rule=asked.rule)
    return tour.moves


def _running(found: Scene) -> Market:
    if found.market is None:
        raise NotInTourError("The auction has not opened yet.")
    if not found.market.running:
        raise NotInTourError("The auction has closed: no bid is taken at or after the close.")
    return found.market


def _is_amount(text: str, *, free: bool) -> bool:
    try:
        price = Decimal(text)
    except InvalidOperation:
        return False
    return price.is_finite() and ((free and price == 0) or (is_price(price) and price <= _MOST_PRICE))


_Check = Callable[[Tour, Move, datetime], tuple[Move, ...]]
_CHECKS: Mapping[tuple[Role, Kind], _Check] = {
    (Role.BUYER, Kind.NEED): _need,
    (Role.BUYER, Kind.OPEN): _open,
    (Role.BUYER, Kind.JUMP): _jump,
    (Role.BUYER, Kind.AWARD): _award,
    (Role.CARRIER, Kind.BID): _bid,
    (Role.CARRIER, Kind.PRICE): _price,
    (Role.CARRIER, Kind.JUMP): _jump,
}
