"""Invented problems for tests and the solver in this process."""

import random
from dataclasses import replace

from marketplace.awards.optimiser.engine_highs import Highs
from marketplace.awards.optimiser.problem import (
    Budget,
    Carrier,
    Condition,
    Discount,
    Diverse,
    Exclude,
    Lot,
    MaxAwards,
    MaxCarriers,
    MaxShare,
    MaxSwitched,
    MinAwards,
    MinCarriers,
    MinQuality,
    MinShare,
    Offer,
    Problem,
    Require,
    Rule,
    SameCarrier,
    Tier,
    Xor,
)
from marketplace.awards.optimiser.result import Options

ENGINE = Highs()
OPTIONS = Options(seconds=300)


def small(seed: int) -> Problem:
    """Return a problem of 2 to 5 lots and 2 to 4 carriers with some of everything, small enough to enumerate."""
    rng = random.Random(seed)  # noqa: S311 - invented prices
    lots = tuple(_lot(rng, number) for number in range(rng.randint(2, 5)))
    carriers = tuple(_carrier(rng, name, len(lots)) for name in "ABCD"[: rng.randint(2, 4)])
    offers = _offers(rng, lots, carriers)
    bare = Problem(
        horizon_months=rng.choice((12, 36)),
        lots=lots,
        carriers=carriers,
        offers=offers,
        discounts=tuple(
            _discount(rng, f"d{number}", rng.choice(carriers).id, lots) for number in range(rng.randint(0, 3))
        ),
        discount_rate_bp=rng.choice((0, 0, 800)),
        renewal_uplift_bp=rng.choice((0, 500)),
        name=f"small {seed}",
        seed=f"seed {seed}",
    )
    return replace(bare, rules=_rules(rng, bare))


def _lot(rng: random.Random, number: int) -> Lot:
    return Lot(
        id=f"l{number}",
        site=f"s{number // 2 if rng.random() < 0.5 else number}",
        weight=rng.choice((1, 1, 3)),
        incumbent=rng.choice((None, "A", "B")),
        switching_cost=rng.choice((0, 5_000, 40_000)),
        reserve=rng.choice((None, None, None, 300_000, 900_000)),
        mbps=rng.choice((10, 100)),
    )


def _carrier(rng: random.Random, name: str, lots: int) -> Carrier:
    def maybe(value: int) -> int | None:
        return value if rng.random() < 0.15 else None

    return Carrier(
        id=name,
        capacity_lots=maybe(rng.randint(1, lots)),
        capacity_sites=maybe(rng.randint(1, 2)),
        capacity_mbps=maybe(rng.choice((110, 200))),
        min_award_lots=rng.choice((0, 0, 0, 0, 2)),
    )


def _offers(rng: random.Random, lots: tuple[Lot, ...], carriers: tuple[Carrier, ...]) -> tuple[Offer, ...]:
    found = []
    for carrier in carriers:
        found += [
            _offer(rng, f"{carrier.id}:{lot.id}", carrier.id, (lot.id,), 1) for lot in lots if rng.random() < 0.85
        ]
        if rng.random() < 0.6:
            bundle = tuple(sorted(lot.id for lot in rng.sample(lots, rng.randint(2, min(3, len(lots))))))
            found.append(_offer(rng, f"{carrier.id}:pack", carrier.id, bundle, len(bundle)))
    rng.shuffle(found)
    return tuple(found)


def _offer(rng: random.Random, name: str, carrier: str, lots: tuple[str, ...], size: int) -> Offer:
    return Offer(
        id=name,
        carrier=carrier,
        lots=lots,
        mrc=size * rng.choice((9_000, 9_500, 10_000, 10_000, 10_500, 9_000 + rng.randint(0, 2_000))),
        nrc=rng.choice((0, 0, 10_000, 12_345)),
        term_months=rng.choice((12, 36)),
        quality=rng.choice((50, 70, 90)),
        path=tuple(rng.sample(("owner:x", "owner:y", "entrance:n", "duct1", "duct2"), rng.randint(0, 2))),
        requires=Condition(rng.randint(1, 3)) if rng.random() < 0.1 else None,
        discountable=rng.random() < 0.9,
        xor_group="g" if rng.random() < 0.1 else None,
        extra=rng.choice((0, 0, 777)),
        malus=rng.choice((0, 0, 1_000, -500)),
    )


def _discount(rng: random.Random, name: str, carrier: str, lots: tuple[Lot, ...]) -> Discount:
    metric = rng.choice(("lots", "sites", "mrc"))
    first = rng.choice((9_000, 20_000, 28_500)) if metric == "mrc" else rng.randint(1, 3)
    tiers = [Tier(first, mrc_bp=rng.choice((300, 800)), nrc_bp=rng.choice((0, 5_000)))]
    if rng.random() < 0.6:
        tiers.append(Tier(first * 2, mrc_bp=1_200, lump=rng.choice((0, 20_001))))
    scope = None if rng.random() < 0.7 else tuple(lot.id for lot in rng.sample(lots, 2))
    return Discount(name, carrier, metric, tuple(tiers), scope)  # type: ignore[arg-type] # one of the three


def _rules(rng: random.Random, problem: Problem) -> tuple[Rule, ...]:
    lots = [lot.id for lot in problem.lots]
    names = [carrier.id for carrier in problem.carriers]
    metric = rng.choice(("lots", "sites", "value"))
    pair = (lots[0], lots[1])
    possible: tuple[Rule, ...] = (
        Exclude("exclude", rng.choice(names), (rng.choice(lots),)),
        Require("require", rng.choice(names), (rng.choice(lots),)),
        MaxCarriers("max", rng.randint(1, 2)),
        MinCarriers("min", 2),
        MaxShare("most", rng.choice((None, names[0])), metric, rng.choice((4_000, 5_000, 7_000))),  # type: ignore[arg-type]
        MinShare("least", names[0], metric, rng.choice((2_000, 5_000)), rng.random() < 0.5),  # type: ignore[arg-type]
        MinShare("each", None, metric, 3_000),  # type: ignore[arg-type]
        MaxAwards("at-most", rng.choice(names), metric, 400_000 if metric == "value" else 1),  # type: ignore[arg-type]
        MinAwards("at-least", rng.choice(names), metric, 200_000 if metric == "value" else 2, rng.random() < 0.5),  # type: ignore[arg-type]
        Diverse("diverse", (pair,), rng.choice((("carrier", "path"), ("owner",), ("carrier",), ("path",)))),
        Budget("budget", rng.choice(("tco", "mrc", "nrc")), rng.choice((25_000, 30_000, 900_000, 1_500_000))),
        MinQuality("quality", rng.choice((6_000, 7_000))),
        MaxSwitched("moves", rng.randint(0, 2)),
        SameCarrier("same", (pair,)),
        Xor("xor", tuple(offer.id for offer in rng.sample(problem.offers, min(2, len(problem.offers))))),
    )
    return tuple(rng.sample(possible, rng.choice((0, 1, 1, 2, 3))))


def large(lots: int, carriers: int, seed: int, *, rules: bool = False) -> Problem:
    """Return a request of many lots: prices around a lot's own, tiers on lots, packages of neighbours, incumbents."""
    rng = random.Random(seed)  # noqa: S311 - invented prices
    names = [f"C{number:02}" for number in range(carriers)]
    base = [rng.randint(20_000, 150_000) for _ in range(lots)]
    level = {name: rng.uniform(0.93, 1.07) for name in names}
    needs = tuple(
        Lot(
            id=f"L{number:04}",
            site=f"S{number * 9 // 10:04}",
            incumbent=rng.choice((None, *names)),
            switching_cost=rng.randint(0, base[number]),
        )
        for number in range(lots)
    )
    offers = []
    for name in names:
        for number, lot in enumerate(needs):
            if rng.random() < 0.9:
                price = round(base[number] * level[name] * rng.uniform(0.85, 1.15))
                offers.append(_plain(rng, f"{name}:{lot.id}", name, (number,), price))
        for package in range(lots // 5):
            first = rng.randrange(lots - 3)
            inside = tuple(range(first, first + rng.randint(2, 4)))
            price = round(sum(base[lot] for lot in inside) * level[name] * rng.uniform(0.82, 1.02))
            offers.append(_plain(rng, f"{name}:P{package:03}", name, inside, price))
    discounts = tuple(
        Discount(
            f"{name}:volume",
            name,
            "lots",
            tuple(Tier(max(2, lots * share // 100), mrc_bp=bp) for share, bp in ((10, 300), (25, 700), (45, 1_100))),
        )
        for name in names
    )
    some: tuple[Rule, ...] = (
        MaxCarriers("max-carriers", max(2, carriers // 2)),
        MaxShare("max-share", None, "value", 4_500),
        MaxSwitched("max-switched", lots * 7 // 10),
        MinQuality("min-quality", 7_000),
        Diverse("diverse", tuple((needs[n].id, needs[n + 1].id) for n in range(0, lots - 1, 10)), ("carrier", "path")),
    )
    return Problem(36, needs, tuple(Carrier(name) for name in names), tuple(offers), discounts, some if rules else ())


def _plain(rng: random.Random, name: str, carrier: str, lots: tuple[int, ...], mrc: int) -> Offer:
    return Offer(
        id=name,
        carrier=carrier,
        lots=tuple(f"L{lot:04}" for lot in lots),
        mrc=mrc,
        nrc=rng.choice((0, 10_000, 25_000)),
        term_months=36,
        quality=rng.randint(50, 95),
        path=(f"duct{rng.randint(1, 4)}",),
    )
