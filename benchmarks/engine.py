"""The engine alone on one core: decisions a second, and whether a long auction makes a bid slower."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from itertools import islice
from statistics import median

from marketplace.bidding import engine
from marketplace.bidding.commands import PlaceBid
from marketplace.bidding.events import Event
from marketplace.bidding.model import LotState, Refusal
from marketplace.bidding.rules import Base, Decrement, DecrementKind, Rules
from marketplace.cli.operator import spare_the_collector
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.ids import BidId, LotId, OrganizationId

OPENS = datetime(2026, 1, 5, 12, tzinfo=UTC)
FEW, MANY = 10, 10_000
"""The two numbers of bids that a lot has taken, between which the time per bid is compared."""
BIDDERS = 50
_TICK = timedelta(milliseconds=1)
_REPEATS = 5
_TIMED = 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """Decisions a second over an auction of ``MANY`` bids, and time per bid after ``MANY`` bids relative to ``FEW``."""

    decisions: float
    slower_same_bidders: float
    slower_new_bidders: float


def rules() -> Rules:
    """Return those of an English auction in which each bidder has to go below its own price."""
    return Rules(
        format="english",
        visibility="open",
        currency="USD",
        opens_at=OPENS,
        closes_at=OPENS + timedelta(days=1),
        ceiling=Decimal("9000000.00"),
        decrement=Decrement(DecrementKind.ABSOLUTE, Decimal("0.01")),
        base=Base.OWN,
    )


def opened(bidders: int, lot: int = 0) -> tuple[tuple[Event, ...], LotState]:
    """Return the first events of a lot, up to its opening, and the state after them."""
    names = tuple(OrganizationId(f"org_{number:06}") for number in range(bidders))
    scheduled = engine.schedule(LotId(f"lot_{lot:06}"), rules(), names, OPENS)
    state = engine.replay(scheduled)
    rung = engine.ring(state, OPENS)
    return (*scheduled, *rung), reduce(engine.evolve, rung, state)


def bids(bidders: int, seed: int = 0) -> Iterator[tuple[PlaceBid, datetime]]:
    """Yield acceptable bids with their instants: bidders take turns, by random steps, so that ranks change anywhere."""
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    cents = [chance.randint(800_000_000, 900_000_000) for _ in range(bidders)]
    number = 0
    while True:
        bidder = number % bidders
        cents[bidder] -= chance.randint(1, 100)
        number += 1
        yield (
            PlaceBid(
                OrganizationId(f"org_{bidder:06}"),
                BidId(f"bid_{number:08}"),
                Decimal(cents[bidder]).scaleb(-2),
                f"{number:064x}",
                None,
                f"key-{number:08}",
            ),
            OPENS + number * _TICK,
        )


def take(state: LotState, command: PlaceBid, at: datetime) -> tuple[tuple[Event, ...], LotState]:
    """Decide on a bid that must be accepted; return its events and the state after them. Raises RuntimeError."""
    decided = engine.outcome(state, command, at)
    if isinstance(decided, Refusal):
        raise RuntimeError(  # noqa: TRY004 - a value of the wrong kind is not a wrong type here
            f"the engine refused a bid of the benchmark: {decided}"
        )
    return decided.events, decided.state


def measure() -> Measured:
    """Measure the engine; about 5 seconds. The garbage collector is set as in the serving process."""
    spare_the_collector()
    return Measured(
        median(_decisions_a_second() for _ in range(_REPEATS)),
        _slower(FEW, FEW),  # so that the next bid replaces one in both
        _slower(FEW + 1, MANY + 1),
    )


def _decisions_a_second() -> float:
    commands = list(islice(bids(BIDDERS), MANY))
    _, state = opened(BIDDERS)
    begins = stopwatch()
    for command, at in commands:
        _, state = take(state, command, at)
    return MANY / (stopwatch() - begins)


def _slower(bidders_few: int, bidders_many: int) -> float:
    """Return how many times longer a bid takes after ``MANY`` bids than after ``FEW``, with that many bidders each."""
    few, many = _taken(bidders_few, FEW), _taken(bidders_many, MANY)
    ratios = []
    for _ in range(_REPEATS):
        short, long = _seconds(few), _seconds(many)
        ratios.append(long / short)
    return median(ratios)


def _taken(bidders: int, number: int) -> tuple[LotState, PlaceBid, datetime]:
    """Return a lot that has taken that many bids, and the bid that comes next."""
    coming = bids(bidders)
    _, state = opened(bidders)
    for command, at in islice(coming, number):
        _, state = take(state, command, at)
    return state, *next(coming)


def _seconds(case: tuple[LotState, PlaceBid, datetime]) -> float:
    """Return how long ``_TIMED`` decisions on the same bid take: the state is a value, so each finds the same."""
    begins = stopwatch()
    for _ in range(_TIMED):
        take(*case)
    return stopwatch() - begins
