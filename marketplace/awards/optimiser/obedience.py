"""Which rules a choice of offers breaks: the buyer's, the carriers' limits, and that every lot is covered once."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.money import WHOLE_BP
from marketplace.awards.optimiser.problem import (
    Budget,
    Diverse,
    MaxAwards,
    MaxCarriers,
    MaxShare,
    MaxSwitched,
    MinAwards,
    MinCarriers,
    MinQuality,
    MinShare,
    Require,
    Rule,
    SameCarrier,
    ShareMetric,
    Xor,
)
from marketplace.awards.optimiser.tally import Tally, Won

NOTHING = Won(0, frozenset(), 0, 0)
PERCENT = 100


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule's id, or what of the problem itself is broken (``lot:…``, ``capacity:…``), and by what."""

    id: str
    text: str


def broken_rules(instance: Instance, tally: Tally, cost: int) -> tuple[Violation, ...]:
    """Return everything that a choice breaks, in a fixed order."""
    of_rules = (
        Violation(rule.id, text)
        for rule in instance.problem.rules
        if (text := next(breaches(instance, tally, cost, rule), ""))
    )
    return (*_uncovered(instance, tally), *_carriers(instance, tally), *_conditions(instance, tally), *of_rules)


def _uncovered(instance: Instance, tally: Tally) -> Iterator[Violation]:
    for lot in tally.open_lots:
        if instance.lots[lot].reserve is None:
            yield Violation(f"lot:{instance.lots[lot].id}", "is left open and has no reserve")
    for lot, winners in tally.winners.items():
        if len(winners) > 1:
            yield Violation(f"lot:{instance.lots[lot].id}", f"is covered {len(winners)} times")


def _carriers(instance: Instance, tally: Tally) -> Iterator[Violation]:
    for number, carrier in enumerate(instance.problem.carriers):
        won = tally.won.get(number)
        if won is None:
            continue
        reached = (
            (won.lots, carrier.capacity_lots, "lots"),
            (len(won.sites), carrier.capacity_sites, "sites"),
            (won.mbps, carrier.capacity_mbps, "Mbps"),
        )
        for count, most, what in reached:
            if most is not None and count > most:
                yield Violation(f"capacity:{carrier.id}", f"{count} {what} of at most {most}")
        if won.lots < carrier.min_award_lots:
            yield Violation(f"min-award:{carrier.id}", f"{won.lots} lots of at least {carrier.min_award_lots}")


def _conditions(instance: Instance, tally: Tally) -> Iterator[Violation]:
    for number in sorted(tally.chosen):
        offer = instance.offers[number]
        condition = offer.offer.requires
        if condition is None:
            continue
        scope = None if condition.scope is None else {instance.lot_at[lot] for lot in condition.scope}
        got = sum(
            1
            for other in tally.chosen
            if instance.offers[other].carrier == offer.carrier
            for lot in instance.offers[other].lots
            if scope is None or lot in scope
        )
        if got < condition.min_lots:
            yield Violation(f"requires:{offer.offer.id}", f"{got} lots of at least {condition.min_lots}")
    for group in instance.groups:
        taken = sum(1 for number in group.offers if number in tally.chosen)
        if taken > 1:
            yield Violation(group.id, f"{taken} offers of at most one")


def breaches(instance: Instance, tally: Tally, cost: int, rule: Rule) -> Iterator[str]:  # noqa: C901, PLR0912 - one case a kind of rule
    """Yield how a choice breaks one of the buyer's rules; nothing if it obeys. Filters are obeyed by filtering."""
    match rule:
        case MaxCarriers(n=n) if len(tally.won) > n:
            yield f"{len(tally.won)} carriers of at most {n}"
        case MinCarriers(n=n) if len(tally.won) < n:
            yield f"{len(tally.won)} carriers of at least {n}"
        case MaxSwitched(n=n) if tally.moves > n:
            yield f"{tally.moves} lots move, of at most {n}"
        case MinQuality(q100=q100) if PERCENT * tally.quality < q100 * tally.weight:
            yield f"quality {PERCENT * tally.quality / tally.weight:.2f} of at least {q100} (hundredths)"
        case Budget(metric=metric, max=most):
            spent = {"tco": cost, "mrc": tally.mrc, "nrc": tally.nrc}[metric]
            if spent > most:
                yield f"{metric} {spent} of at most {most} cents"
        case MaxShare() | MinShare() | MaxAwards() | MinAwards():
            yield from _shares(instance, tally, rule)
        case Require():
            yield from _required(instance, tally, rule)
        case Diverse():
            yield from _common(instance, tally, rule)
        case SameCarrier(groups=groups):
            for group in groups:
                there = {carrier for lot in group for carrier in _carriers_at(instance, tally, instance.lot_at[lot])}
                if len(there) > 1:
                    yield f"{len(there)} carriers share {', '.join(group[:5])}"
        case Xor(offers=offers):
            taken = [name for name in offers if instance.offer_at.get(name, -1) in tally.chosen]
            if len(taken) > 1:
                yield f"{', '.join(taken[:5])} exclude each other"
        case _:
            return


def amount(won: Won, metric: ShareMetric) -> int:
    """Return how much a carrier wins by a metric."""
    match metric:
        case "lots":
            return won.lots
        case "sites":
            return len(won.sites)
        case "value":
            return won.value


def _total(tally: Tally, metric: ShareMetric) -> int:
    match metric:
        case "lots":
            return tally.lots
        case "sites":
            return len(tally.sites)
        case "value":
            return tally.value


def _shares(instance: Instance, tally: Tally, rule: MaxShare | MinShare | MaxAwards | MinAwards) -> Iterator[str]:
    whole = _total(tally, rule.metric)
    if isinstance(rule, MinShare | MinAwards) and rule.carrier is not None and not rule.if_awarded:
        asked = {instance.carrier_at[rule.carrier]: tally.won.get(instance.carrier_at[rule.carrier], NOTHING)}
    else:
        asked = {
            number: won
            for number, won in tally.won.items()
            if rule.carrier is None or instance.carriers[number] == rule.carrier
        }
    for number, won in sorted(asked.items()):
        has, name = amount(won, rule.metric), instance.carriers[number]
        match rule:
            case MaxShare(share_bp=share) if has * WHOLE_BP > share * whole:
                yield f"{name} has {has} of {whole} {rule.metric}, more than {share / PERCENT:g} %"
            case MinShare(share_bp=share) if has * WHOLE_BP < share * whole:
                yield f"{name} has {has} of {whole} {rule.metric}, less than {share / PERCENT:g} %"
            case MaxAwards(n=n) if has > n:
                yield f"{name} has {has} {rule.metric} of at most {n}"
            case MinAwards(n=n) if has < n:
                yield f"{name} has {has} {rule.metric} of at least {n}"
            case _:
                pass


def _required(instance: Instance, tally: Tally, rule: Require) -> Iterator[str]:
    for name in rule.offers:
        if instance.offer_at.get(name, -1) not in tally.chosen:
            yield f"offer {name} is not taken"
    if rule.carrier is None:
        return
    carrier = instance.carrier_at[rule.carrier]
    for lot in rule.lots:
        if carrier not in _carriers_at(instance, tally, instance.lot_at[lot]):
            yield f"{rule.carrier} does not win {lot}"


def _carriers_at(instance: Instance, tally: Tally, lot: int) -> set[int]:
    return {instance.offers[number].carrier for number in tally.winners.get(lot, ())}


def _common(instance: Instance, tally: Tally, rule: Diverse) -> Iterator[str]:
    for first, second in rule.pairs:
        one = _tags_at(instance, tally, instance.lot_at[first], rule.by)
        both = one & _tags_at(instance, tally, instance.lot_at[second], rule.by)
        if both:
            yield f"{first} and {second} share {', '.join(f'{kind} {tag}' for kind, tag in sorted(both))}"


def _tags_at(instance: Instance, tally: Tally, lot: int, by: tuple[str, ...]) -> set[tuple[str, str]]:
    return {tag for number in tally.winners.get(lot, ()) for tag in tags_of(instance, number, by)}


def tags_of(instance: Instance, number: int, by: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return what an offer must not share with the offer of the other lot of a diverse pair."""
    offer = instance.offers[number].offer
    tags = {("carrier", offer.carrier)} if "carrier" in by else set()
    for tag in offer.path:
        if "path" in by or any(tag.startswith(f"{kind}:") for kind in by):
            tags.add(("path", tag))
    return tags
