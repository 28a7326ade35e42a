"""A dry run for the buyer: its lots are auctioned among made-up carriers by the same engine, and nobody sees it.

Costs are drawn by a seeded generator. A lot is worth its ceiling, or without one 100 a month for each service of its
lines over the term. A carrier's cost is evenly spread between 65 % and 95 % of that; in sealed rounds it adds a markup
of 2 % to 10 %, in open ones it begins up to a quarter above its cost and goes down by steps of 0.5 % to 3 %, or the
least decrement, but never below its cost. A clock's price is taken at the carrier's cost or above. Carriers that see
themselves in the lead wait. Final offers are not part of it: they begin with a decision of the buyer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from buyers.requests.auction import ArrangementChoice
from marketplace.bidding import arrangement, engine, lot_clock
from marketplace.bidding.arrangement import Span, Standing
from marketplace.bidding.commands import OpenBids, OpenedPrice, PlaceBid, Reschedule
from marketplace.bidding.events import BidPlaced, Event, LotExtended
from marketplace.bidding.formats.table import FORMATS, format_of
from marketplace.bidding.model import BidderView, Light, LotState, Refusal, Status
from marketplace.bidding.offer import LotToPrice
from marketplace.bidding.rehearsal_words import Seen, seen_in_words, steps_in_words
from marketplace.bidding.rules import Rules
from marketplace.bidding.scoring import malus_of
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel.ids import BidId, LotId, OrganizationId
from marketplace.kernel.money import CENT, LIMIT

MOST_LOTS = 10
MOST_BIDDERS = 12
MOST_STEPS = 200
"""So many steps are told of a lot; the rest is left out."""
_MOST_MOVES = 3_000
_MONTHLY = Decimal(100)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FinalPrice:
    """Where a made-up carrier ended: its price, and its cost, below which it would not have gone."""

    carrier: str
    price: Decimal
    cost: Decimal
    paid: Decimal | None


@dataclass(frozen=True, slots=True)
class RehearsedLot:
    """How one lot went: what happened in words, and what the first carrier saw meanwhile."""

    lot: str
    opened_at: datetime
    closed_at: datetime
    extensions: int
    bids: int
    prices: tuple[FinalPrice, ...]
    steps: tuple[str, ...]
    left_out: int
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class LotRules:
    """A lot to rehearse: what there is to price, and the rules that it would be announced with."""

    to_price: LotToPrice
    rules: Rules


@dataclass(slots=True)
class _Table:
    """One lot in play and those around it, with all that has happened."""

    state: LotState
    costs: dict[OrganizationId, Decimal]
    answers: dict[OrganizationId, tuple[tuple[str, str], ...]]
    random: Random
    events: list[Event]
    boxes: dict[BidId, OpenedPrice]
    placed: int = 0

    def ring(self, now: datetime) -> None:
        """Let the clock do what is due."""
        done = lot_clock.ring(self.state, now)
        self.events += done.events
        self.state = done.state


def rehearse(lots: Sequence[LotRules], order: ArrangementChoice, bidders: int, seed: int) -> tuple[RehearsedLot, ...]:
    """Return how the first ``MOST_LOTS`` of ``lots`` would go; the same for the same ``seed``.

    Raises MalformedError for rules that the linter refuses.
    """
    random = Random(seed)  # noqa: S311 - a story, no secret
    names = [OrganizationId(f"Carrier {number}") for number in range(1, bidders + 1)]
    series = [Standing(_announced(lot.rules), _announced(lot.rules), Status.SCHEDULED) for lot in lots]
    told = []
    for index, lot in enumerate(lots[:MOST_LOTS]):
        span = arrangement.shifted(order, series, series[index].now.opens_at)[index]
        table = _table(lot, names, span, random)
        seen = _play(table)
        state = table.state
        series[index] = Standing(series[index].announced, Span(state.opens_at, state.closes_at), Status.CLOSED)
        told.append(_told(lot, table, seen))
    return tuple(told)


def _announced(rules: Rules) -> Span:
    return Span(rules.opens_at, rules.closes_at)


def _table(lot: LotRules, names: list[OrganizationId], span: Span, random: Random) -> _Table:
    rules = lot.rules
    events = engine.schedule(LotId(f"rehearsal of {lot.to_price.ref}"), rules, names, rules.opens_at - _HOUR)
    state = engine.replay(events)
    worth = rules.ceiling or _worth(lot.to_price)
    costs = {name: _share(worth, random.randint(650, 950)) for name in names}
    criteria = rules.scoring.criteria if rules.scoring is not None else ()
    answers = {name: tuple((item.code, random.choice(item.answers).code) for item in criteria) for name in names}
    table = _Table(state, costs, answers, random, list(events), {})
    if span != _announced(rules):
        moved = engine.outcome(state, Reschedule(span.opens_at, span.closes_at), state.at)
        if not isinstance(moved, Refusal):
            table.state = moved.state
            table.events += moved.events
    return table


def _worth(lot: LotToPrice) -> Decimal:
    services = sum(line.quantity for line in lot.lines)
    return min(max(Decimal(1), services * _MONTHLY * lot.term_months), LIMIT / 100)


def _share(amount: Decimal, permille: int) -> Decimal:
    return max(CENT, (amount * permille / 1000).quantize(CENT, rounding=ROUND_HALF_EVEN))


# ---- one lot


def _play(table: _Table) -> tuple[Seen, ...]:
    """Let the carriers bid until the lot has closed and is opened; return what the first one saw on the way."""
    now = table.state.opens_at
    first = next(iter(table.costs))
    seen: list[Seen] = []
    for _ in range(_MOST_MOVES):
        table.ring(now)
        if table.state.status not in RUNNING:
            break
        for bidder in _on_move(table, now):
            _move(table, bidder, now)
        moment = seen_in_words(engine.view(table.state, first, now), table.state.rules, now)
        if not seen or moment.words != seen[-1].words:
            seen.append(moment)
        now = _next(table, now)
    table.ring(max(now, table.state.closes_at))
    _open(table)
    end = engine.view(table.state, first, table.state.at)
    seen.append(seen_in_words(end, table.state.rules, table.state.at))
    return _thinned(seen)


def _thinned(seen: list[Seen]) -> tuple[Seen, ...]:
    """Return the beginning, the middle, the last moment and the end."""
    picked = sorted({0, len(seen) // 2, max(0, len(seen) - 2), len(seen) - 1})
    return tuple(seen[index] for index in picked)


def _on_move(table: _Table, now: datetime) -> Iterable[OrganizationId]:
    """Return who looks at the screen at ``now``: all at a stage of the format's clock, otherwise one."""
    names = list(table.costs)
    if format_of(table.state).stage(table.state, names[0], now) is not None:
        table.random.shuffle(names)
        return names
    return [table.random.choice(names)]


def _next(table: _Table, now: datetime) -> datetime:
    """Return the next instant at which somebody looks: the end of a stage, or ever closer before the close."""
    stage = format_of(table.state).stage(table.state, None, now)
    if stage is not None:
        ends_at = stage.ends_at or table.state.closes_at
        return ends_at if ends_at > now else now + timedelta(seconds=10)
    left = table.state.closes_at - now
    if left > _HOUR:
        return now + left / 20
    return now + max(timedelta(seconds=10), min(left / 8, timedelta(seconds=60)))


def _move(table: _Table, bidder: OrganizationId, now: datetime) -> None:
    view = engine.view(table.state, bidder, now)
    amount = _price(table, bidder, view)
    if amount is None or (view.stage is not None and not view.stage.may_bid):
        return
    table.placed += 1
    rules, bid_id = table.state.rules, BidId(f"bid_{table.placed}")
    bid = PlaceBid(
        bidder,
        bid_id,
        amount,
        f"offer {table.placed}",
        _validity(rules),
        f"key {table.placed}",
        table.answers[bidder],
        confirmed=True,
    )
    done = engine.outcome(table.state, bid, now)
    if isinstance(done, Refusal):
        return
    table.events += done.events
    table.state = done.state
    table.boxes[bid_id] = OpenedPrice(bid_id, amount, malus_of(rules.scoring, bid.answers) or Decimal(0))


def _validity(rules: Rules) -> date:
    return max(rules.valid_until_at_least or date.min, (rules.closes_at + timedelta(days=90)).date())


def _price(table: _Table, bidder: OrganizationId, view: BidderView) -> Decimal | None:
    """Return the price that ``bidder`` names next, or None if it waits."""
    cost, allowed = table.costs[bidder], view.next_admissible_price
    if view.stage is not None and view.stage.price is not None:  # a clock names the price
        return allowed if allowed is not None and allowed >= cost else None
    if FORMATS[table.state.rules.format].sealed:
        wanted = _share(cost, table.random.randint(1020, 1100))
        return None if view.own is not None else _at_most(wanted, allowed, cost)
    if view.own is None:
        return _at_most(_share(cost, table.random.randint(1050, 1250)), allowed, cost)
    leads = view.rank == 1 or view.light is Light.GREEN
    blind = view.rank is None and view.light is None
    if leads or view.own.amount is None or (blind and table.random.random() < 0.7):  # noqa: PLR2004 - three of ten go on
        return None
    wanted = _share(view.own.amount, table.random.randint(970, 995))
    return _at_most(max(wanted, cost), allowed, cost)


def _at_most(wanted: Decimal, allowed: Decimal | None, cost: Decimal) -> Decimal | None:
    price = wanted if allowed is None else min(wanted, allowed)
    return price if price >= cost else None


def _open(table: _Table) -> None:
    """Open the sealed bids that stand, if there are any."""
    if table.state.status is not Status.CLOSED or table.state.opened:
        return
    prices = tuple(table.boxes[bid.bid_id] for bid in table.state.standing.values())
    done = engine.outcome(table.state, OpenBids(prices), table.state.at)
    if not isinstance(done, Refusal):
        table.events += done.events
        table.state = done.state


# ---- the report


def _told(lot: LotRules, table: _Table, seen: tuple[Seen, ...]) -> RehearsedLot:
    state = table.state
    payments = engine.payments(state)
    prices = tuple(
        FinalPrice(line.bidder, line.amount, table.costs[line.bidder], payments.get(line.bid_id))
        for line in engine.standing(state)
    )
    steps = steps_in_words(table.events, state.rules.currency)
    return RehearsedLot(
        lot=lot.to_price.ref,
        opened_at=state.opens_at,
        closed_at=state.closes_at,
        extensions=sum(isinstance(event, LotExtended) for event in table.events),
        bids=sum(isinstance(event, BidPlaced) for event in table.events),
        prices=prices,
        steps=steps[:MOST_STEPS],
        left_out=max(0, len(steps) - MOST_STEPS),
        seen=seen,
    )
