"""From the comparison to what the optimiser decides about: integer cents, the bids' conditions, the buyer's rules."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from buyers.requests.model import Content
from marketplace.awards import problem_limits as limits
from marketplace.awards.buyer_rules import BuyerRule, MayStayOpen
from marketplace.awards.model import ComparedLot, ComparedOffer, Comparison, Discount, Selection, SwitchingCosts
from marketplace.awards.optimiser.evaluate import Claim, evaluate
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.obedience import broken_rules
from marketplace.awards.optimiser.problem import Carrier, Lot, Offer, Problem, Tier
from marketplace.awards.optimiser.problem import Discount as Tiers
from marketplace.awards.optimiser.tally import tally_of
from marketplace.awards.problem_limits import Bid
from marketplace.awards.problem_rules import Ground, optimiser_rules
from marketplace.bidding.model import Status
from marketplace.bidding.offer_conditions import Capacity, PackageCondition, VolumeTier
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import OrganizationId

HORIZON = 1
"""A bid's total is already its present value, so the problem has one month: the first month's charge is its MRC, the
rest of the total its NRC. Thresholds a month then count what bids charge a month, and every percentage falls on the
whole total."""
ELSEWHERE = "elsewhere"
"""The incumbent of a lot whose present provider is not on the marketplace."""
WAITING = frozenset({Status.CLOSED, Status.OPEN, Status.PAUSED})
"""A lot that waits for a decision, or still runs."""
_MET, _EXCEEDED, _DEVIATES = 80, 100, 0
Held = Sequence[tuple[str, str]]
"""What was awarded before on the request and stands: lots, each with its bid's id."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A bid that no scenario takes, and why."""

    lot: str
    bid_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Built:
    """The problem; the bids that are not in it; the lots that no bid covers; conditions that are not counted."""

    problem: Problem
    left_out: tuple[LeftOut, ...]
    uncovered: tuple[str, ...]
    uncounted: tuple[str, ...]


def build(
    comparison: Comparison,
    content: Content,
    switching: SwitchingCosts,
    rules: Sequence[BuyerRule] = (),
    *,
    today: date,
    seed: str = "",
    held: Held = (),
) -> Built:
    """Return the problem of all lots that wait for a decision, or still run.

    What can't be awarded or has no limit to its cost is left out with the reason; an incomplete bid is left out where
    a complete one stands. What providers were awarded before (``held``) counts in their capacities.

    Raises:
        MalformedError: a rule names what the request doesn't have.
    """
    waiting = [lot for lot in comparison.lots if lot.status in WAITING]
    left_out: list[LeftOut] = []
    before = _bids(comparison, held)
    gone = {(offer.provider_id, group) for _, offer in before if (group := limits.alternative(offer))}
    taken: dict[str, tuple[ComparedOffer, ...]] = {}
    for lot in waiting:
        taken[lot.lot] = tuple(_taken(lot, left_out, gone))
    covered = [lot.lot for lot in waiting if taken[lot.lot]]
    offers = [(ref, offer) for ref in covered for offer in taken[ref]]
    lots = _lots(covered, content, switching, [rule for rule in rules if isinstance(rule, MayStayOpen)])
    discounts, uncounted = _discounts(offers, comparison)
    providers = sorted({offer.provider_id for _, offer in offers})
    paths = limits.paths(offers, rules)
    places = _lots([ref for ref, _ in before], content, SwitchingCosts(), ())
    occupied = [(offer.provider_id, lot) for (_, offer), lot in zip(before, places, strict=True)]
    ground = Ground(lots, tuple(providers), today, frozenset(lot.ref for lot in content.lots))
    problem = Problem(
        horizon_months=HORIZON,
        lots=lots,
        carriers=limits.carriers(providers, _capacities(comparison, before), occupied),
        offers=tuple(_offer(ref, offer, paths[offer.bid_id]) for ref, offer in offers),
        discounts=discounts,
        rules=optimiser_rules(rules, ground),
        currency=comparison.currency,
        seed=seed,
    )
    uncovered = tuple(lot.lot for lot in waiting if not taken[lot.lot])
    return Built(problem, tuple(left_out), uncovered, uncounted)


def earned(comparison: Comparison, content: Content, selection: Selection) -> tuple[Discount, ...]:
    """Return the discounts that a selection earns, counted by the optimiser's own evaluation, by provider."""
    offers = _bids(comparison, [(item.lot, item.bid_id) for item in selection.awarded])
    if not offers:
        return ()
    tiers, _ = _discounts(offers, comparison)
    problem = Problem(
        horizon_months=HORIZON,
        lots=_lots([ref for ref, _ in offers], content, SwitchingCosts(), ()),
        carriers=tuple(Carrier(provider) for provider in sorted({offer.provider_id for _, offer in offers})),
        offers=tuple(_offer(ref, offer) for ref, offer in offers),
        discounts=tiers,
        currency=comparison.currency,
    )
    instance = prepare(problem)
    figures = evaluate(instance, frozenset(range(len(instance.offers))))
    by_id = {discount.id: discount for discount in tiers}
    return tuple(_earned(by_id[claim.discount], claim, offers, comparison.currency) for claim in figures.claims)


def beyond(comparison: Comparison, content: Content, selection: Selection, held: Held = ()) -> tuple[FieldError, ...]:
    """Return where a selection, with what stands awarded already, takes more of a provider than it offers together."""
    before = _bids(comparison, held)
    bids = [*before, *_bids(comparison, [(item.lot, item.bid_id) for item in selection.awarded])]
    stated = _capacities(comparison, before)
    names = {offer.provider_id: offer.provider_name for _, offer in bids}
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ref, offer in bids:
        if group := limits.alternative(offer):
            groups[offer.provider_id, group].append(ref)
    found = [
        f"{names[OrganizationId(provider)]} offers {', '.join(refs)} as alternatives: award it at most one of them"
        for (provider, _), refs in groups.items()
        if len(refs) > 1
    ]
    if stated:
        problem = Problem(
            horizon_months=HORIZON,
            lots=_lots([ref for ref, _ in bids], content, SwitchingCosts(), ()),
            carriers=limits.carriers(sorted(names), stated, ()),
            offers=tuple(_offer(ref, offer) for ref, offer in bids),
        )
        instance = prepare(problem)
        tally = tally_of(instance, frozenset(range(len(instance.offers))))
        for broken in broken_rules(instance, tally, 0):
            kind, _, provider = broken.id.partition(":")
            if kind == "capacity":
                found.append(f"{names[OrganizationId(provider)]} takes on less: this makes {broken.text}")
    return tuple(FieldError("/awarded", message) for message in found)


def cents(amount: Decimal) -> int:
    """Return an amount in whole cents; every amount of a bid is one."""
    return int(amount * 100)


def money(amount: int) -> Decimal:
    """Return cents as an amount."""
    return Decimal(amount).scaleb(-2)


def service_level(offer: ComparedOffer) -> int:
    """Return from 0 to 100 how a bid answers the wanted features: 80 for each met, 100 exceeded, 0 not met.

    Without an answer to any the bid promises what was asked: 80.
    """
    met, answered = offer.features
    if not answered:
        return _MET
    return ((met - offer.exceeded) * _MET + offer.exceeded * _EXCEEDED + (answered - met) * _DEVIATES) // answered


def _bids(comparison: Comparison, chosen: Held) -> list[Bid]:
    known = {(lot.lot, str(offer.bid_id)): offer for lot in comparison.lots for offer in lot.offers}
    return [(ref, known[ref, bid_id]) for ref, bid_id in chosen if (ref, bid_id) in known]


def _capacities(comparison: Comparison, before: Sequence[Bid]) -> dict[str, Capacity]:
    """Return what the providers take on at most, as their bids that count now state it."""
    waiting = [(lot.lot, offer) for lot in comparison.lots if lot.status in WAITING for offer in lot.offers]
    return limits.capacities([*before, *((ref, offer) for ref, offer in waiting if offer.selectable)])


def _taken(lot: ComparedLot, left_out: list[LeftOut], gone: Collection[tuple[str, str]]) -> Iterator[ComparedOffer]:
    """Yield the bids on a lot that a scenario may take; note the others with the reason. ``gone``: alternatives."""
    lapsed = {offer.bid_id for offer in lot.offers if (offer.provider_id, limits.alternative(offer)) in gone}
    whole = [offer for offer in lot.offers if offer.selectable and not offer.open_ended and offer.bid_id not in lapsed]
    complete = any(not offer.incomplete for offer in whole)
    for offer in lot.offers:
        reason = ""
        if offer.stale:
            reason = "made for an earlier version of the request"
        elif offer.expired:
            reason = f"valid until {offer.valid_until}"
        elif offer.bid_id in lapsed:
            reason = "an alternative to a lot that this provider was awarded"
        elif offer.open_ended:
            reason = f"leaves its cost open: {'; '.join(offer.open_because)}"
        elif offer.incomplete and complete:
            reason = f"incomplete beside complete bids: {'; '.join(offer.incomplete)}"
        if reason:
            left_out.append(LeftOut(lot.lot, offer.bid_id, reason))
        else:
            yield offer


def _offer(ref: str, offer: ComparedOffer, path: tuple[str, ...] = ()) -> Offer:
    monthly = cents(offer.monthly)
    return Offer(
        id=offer.bid_id,
        carrier=offer.provider_id,
        lots=(ref,),
        mrc=monthly,
        nrc=cents(offer.total) - monthly,
        term_months=HORIZON,
        quality=service_level(offer),
        install_days=offer.slowest_install_days,
        features=offer.met,
        path=path,
        xor_group=limits.alternative(offer),
        malus=cents(offer.malus or Decimal(0)),
    )


def _lots(
    refs: Iterable[str], content: Content, switching: SwitchingCosts, open_at: Sequence[MayStayOpen]
) -> tuple[Lot, ...]:
    sites = {line.ref: line.site for line in content.lines}
    states = {site.ref: f"{site.place.country}-{site.place.state}".rstrip("-") for site in content.sites}
    members = {lot.ref: lot.lines for lot in content.lots}
    costs = {cost.lot: cost for cost in switching.costs}
    reserves = {rule.lot: cents(rule.amount) for rule in open_at}
    speeds = limits.bandwidths(content)
    found = []
    for ref in refs:
        at = sorted({sites[line] for line in members.get(ref, ()) if sites.get(line)})
        regions = {states[site] for site in at}
        cost = costs.get(ref)
        found.append(
            Lot(
                id=ref,
                site=at[0] if len(at) == 1 else ref,
                incumbent=None if cost is None else cost.incumbent or ELSEWHERE,
                switching_cost=0 if cost is None else cents(cost.amount),
                reserve=reserves.get(ref),
                region=regions.pop() if len(regions) == 1 else None,
                mbps=speeds.get(ref, 0),
            )
        )
    return tuple(found)


def _discounts(
    offers: Sequence[tuple[str, ComparedOffer]], comparison: Comparison
) -> tuple[tuple[Tiers, ...], tuple[str, ...]]:
    """Return the bids' conditions as the optimiser's tiers, and in words those that can't be counted."""
    mine: dict[str, list[tuple[str, ComparedOffer]]] = defaultdict(list)
    for ref, offer in offers:
        mine[offer.provider_id].append((ref, offer))
    found: list[Tiers] = []
    uncounted: list[str] = []
    every = tuple(lot.lot for lot in comparison.lots)
    for provider, bids in sorted(mine.items()):
        found += _packages(provider, bids)
        groups: dict[tuple[VolumeTier, ...], list[str]] = defaultdict(list)
        for ref, offer in bids:
            if offer.volume:
                groups[offer.volume].append(ref)
        for number, (volume, refs) in enumerate(groups.items(), start=1):
            scope = tuple(ref for ref in every if ref in refs)
            found += _volume(f"{provider} volume {number}", provider, volume, scope)
            if _mixed(volume):
                words = f"{', '.join(scope)}: of tiers by lots and by money only those by lots are counted"
                uncounted.append(words)
    return tuple(found), tuple(uncounted)


def _packages(provider: str, bids: Sequence[tuple[str, ComparedOffer]]) -> Iterator[Tiers]:
    """Yield each set of lots once: stated by several bids with different figures, the smaller discount counts."""
    totals = {ref: offer.total for ref, offer in bids}
    stated: dict[frozenset[str], PackageCondition] = {}
    for _, offer in bids:
        for package in offer.packages:
            lots = frozenset(package.lots)
            if lots <= totals.keys():
                before = stated.get(lots)
                if before is None or _worth(package, totals) < _worth(before, totals):
                    stated[lots] = package
    for lots, package in sorted(stated.items(), key=lambda item: sorted(item[0])):
        percent = _basis_points(package.percent)
        tier = Tier(len(lots), percent, percent, cents(package.amount or Decimal(0)))
        scope = tuple(sorted(lots, key=lambda ref: (len(ref), ref)))
        yield Tiers(f"{provider} package {'+'.join(scope)}", provider, "lots", (tier,), scope)


def _worth(package: PackageCondition, totals: dict[str, Decimal]) -> Decimal:
    if package.amount is not None:
        return package.amount
    return sum((totals[ref] for ref in package.lots), Decimal(0)) * (package.percent or 0) / 100


def _volume(name: str, provider: str, volume: Sequence[VolumeTier], scope: tuple[str, ...]) -> Iterator[Tiers]:
    """Yield tiers over the lots whose bids state them; tiers of both kinds would add up, so only one kind counts."""
    by_lots = [tier for tier in volume if tier.from_lots is not None]
    if by_lots:
        tiers = [(tier.from_lots or 0, _basis_points(tier.percent)) for tier in by_lots]
        yield Tiers(name, provider, "lots", tuple(Tier(least, bp, bp) for least, bp in sorted(tiers)), scope)
    elif volume:
        tiers = [(cents(tier.from_monthly or Decimal(0)), _basis_points(tier.percent)) for tier in volume]
        yield Tiers(name, provider, "mrc", tuple(Tier(least, bp, bp) for least, bp in sorted(tiers)), scope)


def _mixed(volume: Sequence[VolumeTier]) -> bool:
    return len({tier.from_lots is None for tier in volume}) > 1


def _basis_points(percent: Decimal | None) -> int:
    return int((percent or Decimal(0)) * 100)


def _earned(tiers: Tiers, claim: Claim, offers: Sequence[tuple[str, ComparedOffer]], currency: str) -> Discount:
    own = [(ref, offer) for ref, offer in offers if offer.provider_id == tiers.carrier]
    lots = tuple(ref for ref, _ in own if tiers.scope is None or ref in tiers.scope)
    tier = next(tier for tier in tiers.tiers if tier.min == claim.min)
    off = f"{money(tier.mrc_bp)} % off" if tier.mrc_bp else f"{money(tier.lump)} {currency} off"
    from_here = f"{money(claim.min)} {currency} a month" if tiers.metric == "mrc" else f"{claim.min} lots"
    provider_id = own[0][1].provider_id
    return Discount(provider_id, lots, money(claim.saving), f"{off} {', '.join(lots)}, from {from_here} on")
