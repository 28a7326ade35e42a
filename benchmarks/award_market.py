"""A seeded market for awards: lots whose prices go together, packages, volume tiers, capacities, and a buyer's rules.

- Each lot has a base price (200 to 1,500 a month) and lies in one of five regions, by its number. One lot in ten
  shares its site with the one before.
- Three carriers in ten are national and bid on nine lots in ten anywhere; the others bid on nine lots in ten of two
  neighbouring regions. Each carrier has a level (±8 %; of its own regions, a regional one is 3 % cheaper), each offer
  a deviation (±12 %): offers for one lot go together.
- A carrier bids packages, one for every five of its lots: 2 to 4 neighbours, 2 to 12 % under its level.
- Each carrier has a volume discount of three tiers: 3, 6 and 9 % from 10, 25 and 45 % of the lots it covers on; of
  every third carrier the tiers ask for that share of the money a month instead. Every fourth has a capacity of 60 %
  of the lots it covers.
- A lot in two has an incumbent; leaving it costs up to one month.
- With rules: at most half of the carriers, none above 45 % of the value, at most 70 % of the lots move, one pair of
  neighbours in ten takes physically different ways of different carriers, and a budget for the money a month.
"""

import random

from marketplace.awards.optimiser.problem import (
    Budget,
    Carrier,
    Discount,
    Diverse,
    Lot,
    MaxCarriers,
    MaxShare,
    MaxSwitched,
    Offer,
    Problem,
    Rule,
    Tier,
)

_TIERS = ((10, 300), (25, 600), (45, 900))
"""Per cent of the lots that a carrier covers, and basis points off."""
_REGIONS = 5


def market(lots: int, carriers: int, seed: int, *, rules: bool = False) -> Problem:
    """Return the problem of a size; the same seed makes the same problem."""
    chance = random.Random(f"{lots} x {carriers}, {seed}")  # noqa: S311 - made again from its seed on purpose
    names = [f"C{number:02}" for number in range(carriers)]
    base = [chance.randint(20_000, 150_000) for _ in range(lots)]
    needs = tuple(
        Lot(
            id=f"L{number:04}",
            site=f"S{number - (number % 10 == 1):04}",
            incumbent=chance.choice((None, chance.choice(names))),
            switching_cost=chance.randint(0, base[number]),
        )
        for number in range(lots)
    )
    offers: list[Offer] = []
    discounts: list[Discount] = []
    bidding: list[Carrier] = []
    for number, name in enumerate(names):
        covered = _covered(lots, number, national=number % 10 < 3)
        level = chance.uniform(0.92, 1.08) * (1.0 if len(covered) == lots else 0.97)
        offers += _offers(chance, name, level, base, covered)
        by_money = number % 3 == 2
        whole = sum(base[lot] for lot in covered) if by_money else len(covered)
        tiers = tuple(Tier(max(2, whole * share // 100), mrc_bp=saved) for share, saved in _TIERS)
        discounts.append(Discount(f"{name}:volume", name, "mrc" if by_money else "lots", tiers))
        limited = number % 4 == 3
        bidding.append(Carrier(name, capacity_lots=len(covered) * 6 // 10 if limited else None))
    return Problem(
        horizon_months=36,
        lots=needs,
        carriers=tuple(bidding),
        offers=tuple(offers),
        discounts=tuple(discounts),
        rules=_rules(needs, carriers, sum(base)) if rules else (),
        name=f"{lots} x {carriers}, seed {seed}",
        seed=str(seed),
    )


def _covered(lots: int, carrier: int, *, national: bool) -> tuple[int, ...]:
    """Return the lots where a carrier bids at all: everywhere, or in two neighbouring regions."""
    if national:
        return tuple(range(lots))
    first = carrier % _REGIONS
    there = {first, (first + 1) % _REGIONS}
    return tuple(lot for lot in range(lots) if lot * _REGIONS // lots in there)


def _offers(chance: random.Random, name: str, level: float, base: list[int], covered: tuple[int, ...]) -> list[Offer]:
    found = []
    for lot in covered:
        if chance.random() < 0.9:
            price = base[lot] * level * chance.uniform(0.88, 1.12)
            found.append(_offer(chance, f"{name}:{lot:04}", name, (lot,), price))
    for package in range(len(covered) // 5):
        place = chance.randrange(len(covered) - 3)
        inside = covered[place : place + chance.randint(2, 4)]
        price = sum(base[lot] for lot in inside) * level * chance.uniform(0.88, 0.98)
        found.append(_offer(chance, f"{name}:P{package:03}", name, inside, price))
    return found


def _offer(chance: random.Random, name: str, carrier: str, lots: tuple[int, ...], price: float) -> Offer:
    return Offer(
        id=name,
        carrier=carrier,
        lots=tuple(f"L{lot:04}" for lot in lots),
        mrc=round(price),
        nrc=chance.choice((0, 10_000, 25_000)),
        term_months=36,
        path=(f"duct:{chance.randint(1, 4)}",),
    )


def _rules(needs: tuple[Lot, ...], carriers: int, money: int) -> tuple[Rule, ...]:
    neighbours = tuple((needs[lot].id, needs[lot + 1].id) for lot in range(0, len(needs) - 1, 10))
    return (
        MaxCarriers("max-carriers", max(2, carriers // 2)),
        MaxShare("max-share", None, "value", 4_500),
        MaxSwitched("max-switched", len(needs) * 7 // 10),
        Diverse("diverse", neighbours, ("carrier", "path")),
        Budget("budget", "mrc", money),
    )
