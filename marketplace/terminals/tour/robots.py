"""The invented carriers of a tour: who they are by the seed, when they look, and what they bid of what they may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from marketplace.bidding.model import BidderView, Light, Status
from marketplace.bidding.rules import Rules
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.money import CENT
from marketplace.terminals.tour.model import Need, Robot, Style

_NAMES = (
    "Merrow Fiber",
    "Cascara Lightpath",
    "Prairie Lantern Telephone",
    "Tidewrack Broadband",
    "Voxbrook Voice",
    "Ringwell Communications",
    "Pollux Mobile",
    "Switchyard Wireless",
    "Orbcanto Global",
)
"""Invented companies: those of the demonstration market."""
NUMBER = 5
"""So many robots bid in a tour."""
_ALWAYS = 3
"""So many of them serve every lot, so that no lot is left without a choice."""
_FIRST_LOOK = (20, 150)
_GAPS = (25, 65)
_CLOCK_GAPS = (12, 22)
_LATE = timedelta(minutes=5)
"""A late robot begins to lower its price when so much is left."""
_LAST_LOOK = timedelta(minutes=40)
"""Nobody looks after this time of the market: every auction is over by then."""


def chance(seed: int, *what: object) -> Random:
    """Return the dice of one decision: the same for the same seed, whatever else happened."""
    return Random(f"{seed}/{'/'.join(map(str, what))}")  # noqa: S311 - a story, no secret


def robots(seed: int, need: Need, lowest: int = 700) -> tuple[Robot, ...]:
    """Return who bids on ``need``: names, styles, costs between ``lowest`` and 930 thousandths of today's."""
    dice = chance(seed, "robots", need.code)
    names = dice.sample(_NAMES, NUMBER)
    styles = [*Style, *(dice.choice(tuple(Style)) for _ in range(NUMBER - len(Style)))]
    dice.shuffle(styles)
    bundler = dice.randrange(_ALWAYS)
    found = []
    for at, (name, style) in enumerate(zip(names, styles, strict=True)):
        lots = [lot for lot in need.monthly if at < _ALWAYS or dice.random() < 0.75]  # noqa: PLR2004 - three of four
        cost = {lot: share(need.worth(lot), dice.randint(lowest, 930)) for lot in lots}
        percent = Decimal(dice.randint(3, 6)) if at == bundler and len(need.monthly) > 1 else Decimal(0)
        found.append(Robot(OrganizationId(f"carrier {at + 1}"), name, style, cost, dice.randint(25, 70), percent))
    return tuple(found)


def looks(seed: int, robot: Robot, lot: str, rules: Rules) -> Iterator[datetime]:
    """Yield the instants, by the market's clock, at which ``robot`` looks at a lot: nothing else moves them."""
    dice = chance(seed, "looks", robot.id, lot)
    gaps = _GAPS if rules.dutch is None and rules.japanese is None else _CLOCK_GAPS
    first = _FIRST_LOOK if gaps is _GAPS else _CLOCK_GAPS
    at = rules.opens_at + timedelta(seconds=dice.randint(*first))
    while at < rules.opens_at + _LAST_LOOK:
        yield at
        at += timedelta(seconds=dice.randint(*gaps), milliseconds=dice.randrange(1000))


@dataclass(frozen=True, slots=True)
class Look:
    """All that a robot has before it when it looks at a lot: its view of it, the announced rules and the time."""

    lot: str
    view: BidderView
    rules: Rules
    now: datetime


def price(look: Look, robot: Robot, dice: Random) -> Decimal | None:
    """Return what ``robot`` bids next, None if it waits: a function of its own view, the rules and its own cost."""
    view, rules = look.view, look.rules
    if view.status is not Status.OPEN or (view.stage is not None and not view.stage.may_bid):
        return None
    cost, allowed = robot.cost[look.lot], view.next_admissible_price
    if view.stage is not None and view.stage.price is not None:
        return allowed if allowed is not None and allowed >= cost else None
    if view.own is None:
        return _at_most(_opening(rules, cost, dice), allowed, cost)
    if rules.format.startswith("sealed") or _waits(view, robot, dice, look.now) or view.own.amount is None:
        return None
    low, high = (970, 985) if robot.style is Style.BOLD else (985, 995)
    if view.light is Light.RED:
        low, high = low - 15, high - 10
    return _at_most(max(share(view.own.amount, dice.randint(low, high)), cost), allowed, cost)


def _opening(rules: Rules, cost: Decimal, dice: Random) -> Decimal:
    """Return the first price: the cost where a second price is paid, little above it when sealed, else more."""
    if rules.format == "sealed_second_price":
        return cost
    if rules.format.startswith("sealed"):
        return share(cost, dice.randint(1020, 1090))
    return share(cost, dice.randint(1120, 1300))


def _waits(view: BidderView, robot: Robot, dice: Random, now: datetime) -> bool:
    if view.rank == 1 or view.light is Light.GREEN:
        return True
    if robot.style is Style.LATE and view.closes_at - now > _LATE:
        return True
    blind = view.rank is None and view.light is None
    return dice.random() < (0.65 if blind else 0.2)


def _at_most(wanted: Decimal, allowed: Decimal | None, cost: Decimal) -> Decimal | None:
    price = wanted if allowed is None else min(wanted, allowed)
    return price if price >= cost else None


def share(amount: Decimal, permille: int) -> Decimal:
    """Return so many thousandths of ``amount``, in whole cents."""
    return max(CENT, (amount * permille / 1000).quantize(CENT, rounding=ROUND_HALF_EVEN))
