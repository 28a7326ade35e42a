"""The cheapest offer for every lot by itself, and the same mended until no rule is broken: where a solver begins."""

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.awards.optimiser.evaluate import Evaluation, evaluate
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.problem import Diverse, MaxCarriers, SameCarrier

_MOST_TRIES = 200
_FURTHER_TRIES = 20
_MOST_WORK = 60_000
"""Evaluations spent on mending, and offers looked at in them: a solver finds what this does not."""


@dataclass(frozen=True, slots=True)
class Greedy:
    """What a marketplace without an optimiser does: the cheapest per lot, its cost, and what it breaks."""

    chosen: frozenset[int]
    evaluation: Evaluation


def cheapest_per_lot(instance: Instance, carriers: frozenset[int] | None = None) -> frozenset[int]:
    """Return the cheapest single offer of every lot, or none where the reserve is cheaper; ties by id."""
    chosen = set()
    for lot, numbers in enumerate(instance.of_lot):
        best = min(
            (
                (instance.offers[number].cost, number)
                for number in numbers
                if len(instance.offers[number].lots) == 1
                and (carriers is None or instance.offers[number].carrier in carriers)
            ),
            default=None,
        )
        reserve = instance.lots[lot].reserve
        if best is not None and (reserve is None or best[0] <= reserve):
            chosen.add(best[1])
    return frozenset(chosen)


def greedy(instance: Instance) -> Greedy:
    """Return the cheapest per lot with its cost and the rules that it breaks."""
    chosen = cheapest_per_lot(instance)
    return Greedy(chosen, evaluate(instance, chosen))


def repaired(instance: Instance) -> frozenset[int] | None:
    """Return the cheapest of a few quick choices that break nothing; None if all of them break something."""
    found: list[tuple[int, list[int]]] = []
    for number, begin in enumerate(_beginnings(instance)):
        chosen = begin if found else _mended(instance, begin, _FURTHER_TRIES if number else _MOST_TRIES)
        evaluation = evaluate(instance, chosen)
        if not evaluation.violations:
            found.append((evaluation.cost, sorted(chosen)))
    return frozenset(min(found)[1]) if found else None


def _beginnings(instance: Instance) -> Iterable[frozenset[int]]:
    yield _with_packages(instance, cheapest_per_lot(instance))
    for carrier, own in enumerate(instance.of_carrier):
        if own:
            yield _with_packages(instance, cheapest_per_lot(instance, frozenset({carrier})))
    fewest = min((rule.n for rule in instance.problem.rules if isinstance(rule, MaxCarriers)), default=None)
    if fewest is not None and fewest > 1:
        yield cheapest_per_lot(instance, _few(instance, fewest))


def _few(instance: Instance, most: int) -> frozenset[int]:
    """Return carriers added one by one, each the one with which the lots get cheapest."""
    inside: frozenset[int] = frozenset()
    dear = 1 + 2 * max((offer.cost for offer in instance.offers), default=0)
    cheapest = [
        {instance.offers[number].carrier: instance.offers[number].cost for number in reversed(numbers)}
        for numbers in instance.of_lot
    ]

    def cost(with_them: frozenset[int]) -> int:
        return sum(min((one.get(carrier, dear) for carrier in with_them), default=dear) for one in cheapest)

    for _ in range(min(most, len(instance.carriers))):
        outside = [carrier for carrier, own in enumerate(instance.of_carrier) if own and carrier not in inside]
        if outside:
            inside |= {min(outside, key=lambda carrier: (cost(inside | {carrier}), carrier))}
    return inside


def _with_packages(instance: Instance, chosen: frozenset[int]) -> frozenset[int]:
    """Return the choice with packages put in for the lots that it leaves open, and where they are cheaper."""
    packages = [number for number, offer in enumerate(instance.offers) if len(offer.lots) > 1]
    at = {lot: number for number in chosen for lot in instance.offers[number].lots}
    for number in sorted(packages, key=lambda package: (instance.offers[package].cost, package)):
        package = instance.offers[number]
        if any(lot in at and len(instance.offers[at[lot]].lots) > 1 for lot in package.lots):
            continue
        replaced = sum(instance.offers[at[lot]].cost if lot in at else package.cost for lot in package.lots)
        if package.cost < replaced or any(lot not in at and instance.lots[lot].reserve is None for lot in package.lots):
            at.update(dict.fromkeys(package.lots, number))
    return frozenset(at.values())


def _mended(instance: Instance, chosen: frozenset[int], most: int) -> frozenset[int]:
    """Return the choice after swaps of one lot's offer, each of which leaves fewer rules broken."""
    tries = min(most, _MOST_WORK // (1 + len(instance.offers)))
    evaluation = evaluate(instance, chosen)
    while evaluation.violations and tries > 0:
        better = None
        for lot in _lots_in_question(instance, evaluation):
            for number in instance.of_lot[lot]:
                swapped = _swapped(instance, chosen, number)
                tries -= 1
                tried = evaluate(instance, swapped)
                key = (len(tried.violations), tried.cost)
                if key < (better[0] if better else (len(evaluation.violations), 0)):
                    better = (key, swapped, tried)
                if tries <= 0:
                    break
            if tries <= 0:
                break
        if better is None:
            break
        _, chosen, evaluation = better
    return chosen


def _lots_in_question(instance: Instance, evaluation: Evaluation) -> list[int]:
    """Return the lots of broken rules that name lots, or all."""
    broken = {violation.id for violation in evaluation.violations}
    named = {instance.lot_at[name[4:]] for name in broken if name.startswith("lot:")}
    for rule in instance.problem.rules:
        if rule.id in broken and isinstance(rule, Diverse | SameCarrier):
            groups = rule.pairs if isinstance(rule, Diverse) else rule.groups
            named |= {instance.lot_at[lot] for group in groups for lot in group}
    return sorted(named) or list(range(len(instance.lots)))


def _swapped(instance: Instance, chosen: frozenset[int], number: int) -> frozenset[int]:
    """Return the choice with an offer put in for whatever covers its lots; lots freed by that get their cheapest."""
    lots = set(instance.offers[number].lots)
    out = {other for other in chosen if lots & set(instance.offers[other].lots)}
    freed = {lot for other in out for lot in instance.offers[other].lots} - lots
    refill = set()
    for lot in freed:
        single = [other for other in instance.of_lot[lot] if len(instance.offers[other].lots) == 1]
        if single:
            refill.add(min(single, key=lambda other: (instance.offers[other].cost, other)))
    return frozenset(chosen - out | {number} | refill)
