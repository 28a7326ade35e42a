"""A problem made ready for counting: filtered, sorted, numbered, and every figure of every offer in cents."""

from dataclasses import dataclass

from marketplace.awards.optimiser.filtering import Rejected, filtered
from marketplace.awards.optimiser.money import present_value, rounded
from marketplace.awards.optimiser.problem import Discount, Lot, Metric, Offer, Problem, in_order


@dataclass(frozen=True, slots=True)
class Priced:
    """One offer in numbers: its lots and carrier by position, its figures in cents.

    ``value`` is PV(MRC) + NRC by list; ``paid`` adds what is never discounted; ``cost`` adds switching and malus.
    """

    offer: Offer
    lots: tuple[int, ...]
    sites: tuple[int, ...]
    carrier: int
    value: int
    paid: int
    switching: int
    moves: int
    cost: int
    mbps: int
    quality: int
    weight: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one offer means to one discount: the lots, sites and cents it counts, and what each tier saves on it."""

    offer: int
    lots: int
    sites: tuple[int, ...]
    mrc: int
    savings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PricedDiscount:
    """A discount in numbers: thresholds and lumps by tier, and the offers that count."""

    id: str
    carrier: int
    metric: Metric
    thresholds: tuple[int, ...]
    lumps: tuple[int, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Offers of which at most one is taken. ``id`` names the rule, or the carrier's group."""

    id: str
    offers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """The numbered problem: all else refers to positions in ``offers``, ``lots``, ``carriers`` and ``sites``."""

    problem: Problem
    lots: tuple[Lot, ...]
    sites: tuple[str, ...]
    carriers: tuple[str, ...]
    offers: tuple[Priced, ...]
    discounts: tuple[PricedDiscount, ...]
    groups: tuple[Group, ...]
    rejected: tuple[Rejected, ...]
    of_lot: tuple[tuple[int, ...], ...]
    of_carrier: tuple[tuple[int, ...], ...]
    lot_at: dict[str, int]
    carrier_at: dict[str, int]
    offer_at: dict[str, int]
    site_of: tuple[int, ...]

    def ids(self, chosen: frozenset[int]) -> tuple[str, ...]:
        """Return the sorted ids of offers."""
        return tuple(sorted(self.offers[offer].offer.id for offer in chosen))


def prepare(problem: Problem) -> Instance:
    """Return the instance of a problem. The order of its lots, offers and rules leaves no trace."""
    problem = in_order(problem)
    kept = filtered(problem)
    carriers = tuple(carrier.id for carrier in problem.carriers)
    lot_at = {lot.id: number for number, lot in enumerate(problem.lots)}
    carrier_at = {name: number for number, name in enumerate(carriers)}
    sites = tuple(sorted({lot.site for lot in problem.lots}))
    site_at = {site: number for number, site in enumerate(sites)}
    site_of = tuple(site_at[lot.site] for lot in problem.lots)
    offers = tuple(_priced(problem, offer, lot_at, site_of, carrier_at[offer.carrier]) for offer in kept.offers)
    of_lot: list[list[int]] = [[] for _ in problem.lots]
    of_carrier: list[list[int]] = [[] for _ in carriers]
    for number, offer in enumerate(offers):
        of_carrier[offer.carrier].append(number)
        for lot in offer.lots:
            of_lot[lot].append(number)
    frozen = tuple(tuple(numbers) for numbers in of_carrier)
    return Instance(
        problem=problem,
        lots=problem.lots,
        sites=sites,
        carriers=carriers,
        offers=offers,
        discounts=tuple(
            _discount(discount, offers, frozen[carrier_at[discount.carrier]], lot_at, site_of)
            for discount in problem.discounts
        ),
        groups=_groups(offers),
        rejected=kept.rejected,
        of_lot=tuple(tuple(numbers) for numbers in of_lot),
        of_carrier=frozen,
        lot_at=lot_at,
        carrier_at=carrier_at,
        offer_at={offer.offer.id: number for number, offer in enumerate(offers)},
        site_of=site_of,
    )


def _priced(problem: Problem, offer: Offer, lot_at: dict[str, int], site_of: tuple[int, ...], carrier: int) -> Priced:
    lots = tuple(sorted(lot_at[lot] for lot in offer.lots))
    there = [problem.lots[lot] for lot in lots]
    left = [lot for lot in there if lot.incumbent is not None and lot.incumbent != offer.carrier]
    pv = present_value(
        offer.mrc, problem.discount_rate_bp, problem.renewal_uplift_bp, offer.term_months, problem.horizon_months
    )
    value = pv + offer.nrc
    switching = sum(lot.switching_cost for lot in left)
    return Priced(
        offer=offer,
        lots=lots,
        sites=tuple(sorted({site_of[lot] for lot in lots})),
        carrier=carrier,
        value=value,
        paid=value + offer.extra,
        switching=switching,
        moves=len(left),
        cost=value + offer.extra + switching + offer.malus,
        mbps=sum(lot.mbps for lot in there),
        quality=sum(lot.weight for lot in there) * offer.quality,
        weight=sum(lot.weight for lot in there),
    )


def _discount(
    discount: Discount,
    offers: tuple[Priced, ...],
    own: tuple[int, ...],
    lot_at: dict[str, int],
    site_of: tuple[int, ...],
) -> PricedDiscount:
    """Number a discount. Lots and sites count where they are in scope; MRC and savings only of offers wholly in it."""
    scope = None if discount.scope is None else {lot_at[lot] for lot in discount.scope}
    tiers = sorted(discount.tiers, key=lambda tier: (tier.min, tier.mrc_bp, tier.nrc_bp, tier.lump))
    parts = []
    for number in own:
        priced = offers[number]
        inside = priced.lots if scope is None else tuple(lot for lot in priced.lots if lot in scope)
        if not inside:
            continue
        whole = len(inside) == len(priced.lots)
        saves = whole and priced.offer.discountable
        pv = priced.value - priced.offer.nrc
        parts.append(
            Part(
                offer=number,
                lots=len(inside),
                sites=tuple(sorted({site_of[lot] for lot in inside})),
                mrc=priced.offer.mrc if whole else 0,
                savings=tuple(
                    rounded(pv * tier.mrc_bp + priced.offer.nrc * tier.nrc_bp) if saves else 0 for tier in tiers
                ),
            )
        )
    return PricedDiscount(
        id=discount.id,
        carrier=offers[own[0]].carrier if own else -1,
        metric=discount.metric,
        thresholds=tuple(tier.min for tier in tiers),
        lumps=tuple(tier.lump for tier in tiers),
        parts=tuple(parts),
    )


def _groups(offers: tuple[Priced, ...]) -> tuple[Group, ...]:
    found: dict[tuple[str, str], list[int]] = {}
    for number, priced in enumerate(offers):
        if priced.offer.xor_group is not None:
            found.setdefault((priced.offer.carrier, priced.offer.xor_group), []).append(number)
    return tuple(Group(f"xor:{carrier}:{name}", tuple(members)) for (carrier, name), members in sorted(found.items()))
