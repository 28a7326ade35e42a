"""What is left of a problem when most of it is fixed: some offers, some tier states a carrier, and all rules."""

from dataclasses import dataclass, replace

import numpy as np

from marketplace.awards.optimiser.decomposition import Decomposition, Prices
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form import Columns, Flags, Floats, Form
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import Instance, Part, Priced, PricedDiscount
from marketplace.awards.optimiser.sides import Positions


@dataclass(frozen=True, slots=True)
class Remainder:
    """A small instance with its form; ``offers`` are positions in the whole one. Costs lack the fixed ``lumps``.

    A discount whose tier is fixed is taken off the prices, and its threshold is a row over offers.
    """

    instance: Instance
    form: Form
    offers: Positions
    side_rows: Positions
    lumps: int

    def whole(self, point: Floats) -> frozenset[int]:
        """Return the choice of a point, as positions in the whole instance."""
        return frozenset(int(self.offers[number]) for number in self.form.chosen(point))

    def start(self, chosen: frozenset[int]) -> Floats | None:
        """Return the point of a choice of the whole instance, if all of it is here."""
        at = {int(number): place for place, number in enumerate(self.offers)}
        if not all(number in at for number in chosen):
            return None
        local = frozenset(at[number] for number in chosen)
        claims = {claim.discount: claim.tier for claim in evaluate(self.instance, local).claims}
        numbers = {discount.id: number for number, discount in enumerate(self.instance.discounts)}
        tiers = {numbers[name]: tier for name, tier in claims.items()}
        return self.form.point(self.instance, local, tiers)

    def prices(self, duals: Floats, apart: Decomposition) -> Prices:
        """Return the prices that the duals of the form's rows mean."""
        rows = -duals[self.side_rows] * apart.sides.scale
        sides = apart.sides
        rows = np.where(np.isfinite(sides.upper), rows, np.minimum(rows, 0))
        return Prices(
            duals[: len(self.instance.lots)].copy(), np.where(np.isfinite(sides.lower), rows, np.maximum(rows, 0))
        )


def remainder(apart: Decomposition, kept: Flags, states: tuple[tuple[int, ...], ...]) -> Remainder:
    """Return what is left with the ``kept`` offers and, for each block of the decomposition, some of its states."""
    instance = apart.instance
    offers = np.flatnonzero(kept)
    local = {int(number): place for place, number in enumerate(offers)}
    discounts, thresholds = [], []
    lumps, saved = 0, np.zeros(len(instance.offers), dtype=np.int64)
    for block, allowed in zip(apart.blocks, states, strict=True):
        for place, number in enumerate(block.discounts):
            discount = instance.discounts[number]
            tiers = sorted({block.states[state].tiers[place] for state in allowed})
            if len(tiers) == 1 and discount.metric != "sites":
                if tiers[0] >= 0:
                    thresholds.append(_fixed(discount, tiers[0], local, saved))
                    lumps += discount.lumps[tiers[0]]
            elif tiers != [-1]:
                discounts.append(_fewer(discount, tuple(tier for tier in tiers if tier >= 0), local))
    priced = tuple(
        replace(instance.offers[number], cost=instance.offers[number].cost - int(saved[number])) for number in offers
    )
    bare = _bare(instance, priced, tuple(discounts))
    core = form_of(bare)
    form, side_rows = _with_sides(core, apart, offers)
    for row, least in thresholds:
        form = form.with_row(row, least, np.inf)
    return Remainder(bare, form, offers, side_rows, lumps)


def _fixed(
    discount: PricedDiscount, tier: int, local: dict[int, int], saved: "np.typing.NDArray[np.int64]"
) -> tuple[dict[int, float], float]:
    """Take a tier's savings off the offers and return its threshold as a row."""
    row = {}
    for part in discount.parts:
        saved[part.offer] += part.savings[tier]
        weight = part.lots if discount.metric == "lots" else part.mrc
        if part.offer in local and weight:
            row[local[part.offer]] = float(weight)
    return row, float(discount.thresholds[tier])


def _fewer(discount: PricedDiscount, tiers: tuple[int, ...], local: dict[int, int]) -> PricedDiscount:
    parts = tuple(
        Part(local[part.offer], part.lots, part.sites, part.mrc, tuple(part.savings[tier] for tier in tiers))
        for part in discount.parts
        if part.offer in local
    )
    return replace(
        discount,
        thresholds=tuple(discount.thresholds[tier] for tier in tiers),
        lumps=tuple(discount.lumps[tier] for tier in tiers),
        parts=parts,
    )


def _bare(instance: Instance, offers: tuple[Priced, ...], discounts: tuple[PricedDiscount, ...]) -> Instance:
    """Return an instance of these offers and discounts that knows of no rules, limits and conditions."""
    of_lot: list[list[int]] = [[] for _ in instance.lots]
    of_carrier: list[list[int]] = [[] for _ in instance.carriers]
    for number, priced in enumerate(offers):
        of_carrier[priced.carrier].append(number)
        for lot in priced.lots:
            of_lot[lot].append(number)
    free = tuple(
        replace(one, capacity_lots=None, capacity_sites=None, capacity_mbps=None, min_award_lots=0)
        for one in instance.problem.carriers
    )
    unconditional = tuple(
        offer if offer.offer.requires is None else replace(offer, offer=replace(offer.offer, requires=None))
        for offer in offers
    )
    return replace(
        instance,
        problem=replace(instance.problem, carriers=free, rules=()),
        offers=unconditional,
        discounts=discounts,
        groups=(),
        of_lot=tuple(map(tuple, of_lot)),
        of_carrier=tuple(map(tuple, of_carrier)),
        offer_at={priced.offer.id: number for number, priced in enumerate(offers)},
    )


def _with_sides(core: Form, apart: Decomposition, offers: Positions) -> tuple[Form, Positions]:
    """Return the form with all rows of the bare form beyond the cover, and where the priced ones among them are."""
    bare, lots = apart.sides.form, len(apart.instance.lots)
    place = np.full(len(bare.cost), -1, dtype=np.int64)
    place[offers] = np.arange(len(offers))
    for lot, column in bare.columns.open_lot.items():
        place[column] = core.columns.open_lot[lot]
    known = {*bare.columns.open_lot.values()}
    new = np.array(
        [column for column in range(bare.columns.offers, len(bare.cost)) if column not in known], dtype=np.int64
    )
    place[new] = len(core.cost) + np.arange(len(new))
    first = int(bare.starts[lots])
    index, value = place[bare.index[first:]], bare.value[first:]
    row = np.repeat(np.arange(len(bare.row_lower) - lots), np.diff(bare.starts[lots:]))
    there = index >= 0
    lengths = np.bincount(row[there], minlength=len(bare.row_lower) - lots)
    columns = Columns(
        offers=len(offers),
        open_lot=core.columns.open_lot,
        tier=core.columns.tier,
        parts=core.columns.parts,
        tier_site=core.columns.tier_site,
        used={key: int(place[column]) for key, column in bare.columns.used.items()},
        at_site={key: int(place[column]) for key, column in bare.columns.at_site.items()},
        site_awarded={key: int(place[column]) for key, column in bare.columns.site_awarded.items()},
        of_group={key: int(place[column]) for key, column in bare.columns.of_group.items()},
        value={key: int(place[column]) for key, column in bare.columns.value.items()},
    )
    form = Form(
        columns=columns,
        cost=np.append(core.cost, bare.cost[new]),
        upper=np.append(core.upper, bare.upper[new]),
        lower=np.append(core.lower, bare.lower[new]),
        integer=np.append(core.integer, bare.integer[new]),
        row_lower=np.append(core.row_lower, bare.row_lower[lots:]),
        row_upper=np.append(core.row_upper, bare.row_upper[lots:]),
        starts=np.append(core.starts, len(core.index) + np.cumsum(lengths)).astype(np.int32),
        index=np.append(core.index, index[there]).astype(np.int32),
        value=np.append(core.value, value[there]),
    )
    return form, len(core.row_lower) + apart.sides.kept - lots
