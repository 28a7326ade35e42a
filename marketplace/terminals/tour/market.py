"""The replay of a tour's auction: from the visitor's moves and the time to every lot's state, by the real engine."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from buyers.requests.auction import DutchChoice, JapaneseChoice, SoftCloseChoice
from buyers.requests.model import Content, Lot, Schedule
from buyers.requests.presets import PRESETS, Preset
from marketplace.bidding import announcing, engine, lot_clock
from marketplace.bidding.commands import Command, MarkAwarded, OpenBids, OpenedPrice, PlaceBid
from marketplace.bidding.events import Event
from marketplace.bidding.model import LotState, Refusal, Status
from marketplace.bidding.rules import Rules
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel.ids import BidId, LotId, OrganizationId
from marketplace.kernel.money import cents
from marketplace.terminals.tour import robots
from marketplace.terminals.tour.model import MARKET_TIME, PACE, VISITOR, Kind, Move, Need, Robot, Role, Tour

OFFERED = (
    "open_price_race",
    "rank_only",
    "traffic_light",
    "blind_improvement",
    "sealed_round",
    "second_price",
    "rising_clock",
    "falling_clock",
)
"""The presets that a visitor may choose from: those that end without a further decision, and in minutes."""
DECISION = timedelta(seconds=45)
"""So long after the close, by the market's clock, the robot buyer awards."""
_SOFT = SoftCloseChoice(window_seconds=180, extension_seconds=180, most_extensions=4, hard_stop_minutes=15)
_CEILING_PERCENT = 110
_LEAST, _LEAST_OF_RIVALS = 700, 770
"""Thousandths of today's cost below which no robot goes: less hard against a visitor, who may win."""
_EVER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Play:
    """What is played: the request as announced, who bids, and when the market opened (None: not yet)."""

    need: Need
    content: Content
    preset: Preset | None
    robots: tuple[Robot, ...]
    opened_at: datetime | None

    @property
    def lots(self) -> tuple[Lot, ...]:
        """The lots as announced."""
        return self.content.lots

    def worth(self, lot: str) -> Decimal:
        """Return what an announced lot costs the buyer today over the term."""
        if lot in self.need.monthly:
            return self.need.worth(lot)
        return self.need.today


class Point(NamedTuple):
    """After ``at`` seconds of the market's time since the opening the best price of a lot is ``price``."""

    at: int
    lot: str
    price: Decimal


@dataclass(slots=True)
class InPlay:
    """One lot with all its events; ``boxes`` are what its sealed bids hold."""

    lot: Lot
    state: LotState
    events: list[Event]
    boxes: dict[BidId, OpenedPrice]
    placed: int = 0


@dataclass(slots=True)
class Market:
    """All lots at one instant of the market's clock."""

    now: datetime
    opened_at: datetime
    lots: tuple[InPlay, ...]
    points: list[Point]

    @property
    def running(self) -> bool:
        """Whether bids are still taken on some lot."""
        return any(one.state.status in RUNNING for one in self.lots)

    @property
    def closes_at(self) -> datetime:
        """When the last lot closes, or closed, as far as is known."""
        return max(one.state.closes_at for one in self.lots)

    def lot(self, ref: str) -> InPlay:
        """Return the lot with this ref."""
        return next(one for one in self.lots if one.lot.ref == ref)


# ---- what is played


def announced(need: Need, code: str | None, opened_at: datetime | None) -> tuple[Content, Preset | None]:
    """Return the request under the preset ``code``, with its time for bids if the market has opened.

    A preset that needs a ceiling is for one price: the request becomes one lot.
    """
    preset = PRESETS.get(code or "")
    content = need.content
    if preset is None:
        return content, None
    choice = replace(preset.choice, preset=preset.code)
    if choice.soft_close is not None:
        choice = replace(choice, soft_close=replace(_SOFT, trigger_rank=choice.soft_close.trigger_rank))
    if "ceiling" in preset.needs:
        ceiling = cents(need.today * _CEILING_PERCENT / 100)
        choice = replace(choice, ceiling=ceiling)
        if choice.format == "dutch":
            choice = replace(choice, dutch=DutchChoice(cents(ceiling / 2), cents(ceiling / 80), seconds=30))
        if choice.format == "japanese":
            choice = replace(choice, japanese=JapaneseChoice(ceiling, seconds=60, step=cents(ceiling / 40)))
        every = tuple(line.ref for line in content.lines)
        content = replace(content, lots=(Lot("T1", "Everything in one lot", every),))
    if opened_at is not None:
        content = replace(content, schedule=Schedule(opened_at + MARKET_TIME, opened_at))
    return replace(content, auction=choice), preset


def play(tour: Tour, need: Need, preset: str | None, opening: Move | None) -> Play:
    """Return what ``tour`` plays: ``opening`` is the move that let the market begin, if it was made."""
    opened_at = tour.instant(opening) if opening is not None else None
    content, chosen = announced(need, preset, opened_at)
    rivals = robots.robots(tour.seed, need, _LEAST_OF_RIVALS if tour.role is Role.CARRIER else _LEAST)
    return Play(need, content, chosen, _serving(content, rivals, need), opened_at)


def _serving(content: Content, found: tuple[Robot, ...], need: Need) -> tuple[Robot, ...]:
    """Return the robots with their costs by announced lot: one lot of everything costs all its parts."""
    if all(lot.ref in need.monthly and len(content.lots) == len(need.monthly) for lot in content.lots):
        return found
    whole = [robot for robot in found if robot.cost.keys() == need.monthly.keys()]
    return tuple(replace(robot, cost={"T1": sum(robot.cost.values(), Decimal(0))}) for robot in whole)


# ---- the replay


def market_time(opened_at: datetime, now: datetime) -> datetime:
    """Return what the market's clock shows at ``now`` of the visitor's: it runs ``PACE`` times as fast."""
    return opened_at + max(timedelta(), now - opened_at) * PACE


def replay(tour: Tour, given: Play, now: datetime) -> Market | None:
    """Return the market at ``now`` of the visitor's clock; None before it has opened.

    The same tour gives the same market, byte for byte, and a later ``now`` only adds to it.
    """
    if given.opened_at is None:
        return None
    opened_at = given.opened_at
    until = market_time(opened_at, now)
    if any(move.kind is Kind.JUMP and tour.instant(move) >= opened_at for move in tour.moves):
        until = opened_at + _EVER
    by_lot = announcing.rules_by_lot(given.content, opened_at)
    bidders = [robot.id for robot in given.robots]
    if tour.role is Role.CARRIER:
        bidders.append(VISITOR)
    lots = tuple(_scheduled(tour.seed, lot, by_lot[lot.ref], bidders, opened_at) for lot in given.lots)
    market = Market(until, opened_at, lots, [])
    own = _own_bids(tour, opened_at)
    for look in heapq.merge(own, *_all_looks(tour.seed, given, by_lot)):
        at = look.at
        if at > until or (not own and not market.running):
            break
        one = market.lot(look.lot)
        if one.state.status not in RUNNING:
            continue
        _ring(one, at)
        amount = _asked(tour, given, one, look)
        if amount is not None:
            _bid(market, one, OrganizationId(look.actor), amount, at)
    for one in market.lots:
        _ring(one, until)
        _open(one)
        if tour.role is Role.CARRIER:
            _award_by_robot(one, until)
    market.now = min(until, max(market.closes_at + DECISION, opened_at))
    return market


def _scheduled(seed: int, lot: Lot, rules: Rules, bidders: list[OrganizationId], opened_at: datetime) -> InPlay:
    secret = f"{robots.chance(seed, 'secret', lot.ref).getrandbits(120):030x}"
    events = engine.schedule(LotId(f"tour {secret[:8]} {lot.ref}"), rules, bidders, opened_at, secret)
    return InPlay(lot, engine.replay(events), list(events), {})


class _Look(NamedTuple):
    """Somebody looks at a lot: in the order of time, then of lots and names."""

    at: datetime
    lot: str
    actor: str
    number: int


def _own_bids(tour: Tour, opened_at: datetime) -> list[_Look]:
    """Return the visitor's bids, in the market's time; ``number`` finds the move."""
    kinds = {Kind.BID, Kind.PRICE}
    made = ((number, move) for number, move in enumerate(tour.moves) if move.kind in kinds)
    return [_Look(market_time(opened_at, tour.instant(move)), "T1", VISITOR, number) for number, move in made]


def _all_looks(seed: int, given: Play, by_lot: dict[str, Rules]) -> Iterator[Iterator[_Look]]:
    for robot in given.robots:
        for ref in robot.cost:
            yield _looks(seed, robot, ref, by_lot[ref])


def _looks(seed: int, robot: Robot, ref: str, rules: Rules) -> Iterator[_Look]:
    for number, at in enumerate(robots.looks(seed, robot, ref, rules)):
        yield _Look(at, ref, robot.id, number)


def _asked(tour: Tour, given: Play, one: InPlay, look: _Look) -> Decimal | None:
    """Return the price that the visitor's move names, or that a robot wants of what it sees."""
    if look.actor == VISITOR:
        return total_of(tour.moves[look.number], given.content)
    robot = next(robot for robot in given.robots if robot.id == look.actor)
    seen = robots.Look(look.lot, engine.view(one.state, robot.id, look.at), one.state.rules, look.at)
    dice = robots.chance(tour.seed, "look", robot.id, look.lot, look.number)
    return robots.price(seen, robot, dice)


def command(one: InPlay, bidder: OrganizationId, amount: Decimal) -> PlaceBid:
    """Return the next bid on a lot as the engine takes it."""
    number = one.placed + 1
    ref = f"{one.lot.ref}-{number}"
    valid_until = (one.state.rules.closes_at + timedelta(days=90)).date()
    return PlaceBid(bidder, BidId(f"bid {ref}"), amount, f"offer {ref}", valid_until, f"key {ref}", confirmed=True)


def _bid(market: Market, one: InPlay, bidder: OrganizationId, amount: Decimal, at: datetime) -> None:
    bid = command(one, bidder, amount)
    if not _done(one, bid, at):
        return
    one.placed += 1
    one.boxes[bid.bid_id] = OpenedPrice(bid.bid_id, amount)
    if one.state.opened and one.state.ladder:
        best = one.state.ladder.first[0]
        market.points.append(Point(int((at - market.opened_at).total_seconds()), one.lot.ref, best))


def _ring(one: InPlay, until: datetime) -> None:
    caused = lot_clock.ring(one.state, until)
    one.events += caused.events
    one.state = caused.state


def _open(one: InPlay) -> None:
    """Open sealed bids in the instant of the close."""
    if one.state.status is not Status.CLOSED or one.state.opened:
        return
    prices = tuple(one.boxes[bid.bid_id] for bid in one.state.standing.values())
    _done(one, OpenBids(prices), one.state.at)


def _award_by_robot(one: InPlay, until: datetime) -> None:
    """The robot buyer takes the first candidate, a little after the close."""
    if one.state.status is not Status.CLOSED or until < one.state.closes_at + DECISION:
        return
    award(one, next(iter(engine.payments(one.state))), one.state.closes_at + DECISION)


def award(one: InPlay, bid_id: BidId, at: datetime) -> None:
    """Award a lot to a bid that stands."""
    _done(one, MarkAwarded(bid_id), at)


def _done(one: InPlay, asked: Command, at: datetime) -> bool:
    decided = engine.outcome(one.state, asked, at)
    if isinstance(decided, Refusal):
        return False
    one.events += decided.events
    one.state = decided.state
    return bool(decided.events)


# ---- the visitor's prices


def total_of(move: Move, content: Content) -> Decimal:
    """Return the total of what the visitor bid: of its sheet's lines over the term, or the lower price named since."""
    if move.kind is Kind.PRICE:
        return Decimal(move.text)
    return sum((monthly * content.term_months + once for monthly, once in sheet_of(move)), Decimal(0))


def sheet_of(move: Move) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return the prices of a sheet by line: each month, and once."""
    pairs = (part.split(",") for part in move.text.split(";"))
    return tuple((Decimal(monthly), Decimal(once)) for monthly, once in pairs)
