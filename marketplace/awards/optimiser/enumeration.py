"""All choices of a small problem counted one by one: the proof that needs no solver."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.instance import Instance

MOST_CHOICES = 20_000


@dataclass(frozen=True, slots=True)
class Enumeration:
    """How many choices cover every lot once, how many of them break nothing, and the cheapest of those."""

    choices: int
    feasible: int
    cost: int | None
    cheapest: tuple[tuple[str, ...], ...]


def enumerated(instance: Instance, most: int = MOST_CHOICES) -> Enumeration | None:
    """Return the count of all choices, or None if there are more than ``most``."""
    count, feasible, cost = 0, 0, None
    cheapest: list[frozenset[int]] = []
    for chosen in covers(instance):
        count += 1
        if count > most:
            return None
        evaluation = evaluate(instance, chosen)
        if evaluation.violations:
            continue
        feasible += 1
        if cost is None or evaluation.cost < cost:
            cost, cheapest = evaluation.cost, [chosen]
        elif evaluation.cost == cost:
            cheapest.append(chosen)
    return Enumeration(count, feasible, cost, tuple(sorted(instance.ids(chosen) for chosen in cheapest)))


def covers(instance: Instance) -> Iterator[frozenset[int]]:
    """Yield every choice that covers each lot once; a lot with a reserve may stay open."""
    waiting: list[tuple[int, frozenset[int], frozenset[int]]] = [(0, frozenset(), frozenset())]
    while waiting:
        lot, chosen, covered = waiting.pop()
        if lot == len(instance.lots):
            yield chosen
            continue
        if lot in covered:
            waiting.append((lot + 1, chosen, covered))
            continue
        if instance.lots[lot].reserve is not None:
            # who comes later with this lot in a package would cover it after all: it is marked as dealt with
            waiting.append((lot + 1, chosen, covered | {lot}))
        for number in instance.of_lot[lot]:
            lots = instance.offers[number].lots
            if not covered.intersection(lots):
                waiting.append((lot + 1, chosen | {number}, covered.union(lots)))
