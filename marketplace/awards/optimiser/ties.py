"""All awards of the same cost, and the published order among them: fewer moves, fewer providers, then a drawn lot."""

import hashlib
from dataclasses import dataclass

from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form import Form
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.solving import Solving

_HALF = 0.5
_MOST_FALSE = 50


@dataclass(frozen=True, slots=True)
class Ties:
    """Choices of the same cost, the first of the published order first; ``complete``: there are no others."""

    choices: tuple[frozenset[int], ...]
    complete: bool


def all_ties(instance: Instance, form: Form, best: frozenset[int], solving: Solving) -> Ties:
    """Return the choices that cost as much as ``best``, which is known to be cheapest, as many as options allow.

    Each found choice is forbidden by a row; when nothing of the same cost is left, all are found.
    """
    cost = evaluate(instance, best).cost
    found, false = [best], 0
    form = form.without(instance, best)
    complete = False
    while len(found) < solving.options.ties and false < _MOST_FALSE and solving.left > 0:
        outcome = solving.minimise(form, cutoff=cost + _HALF)
        if outcome.end == "infeasible":
            complete = True
            break
        if outcome.end == "limit" or outcome.point is None:
            break
        chosen = form.chosen(outcome.point)
        recount = evaluate(instance, chosen)
        if not recount.violations and recount.cost == cost:
            found.append(chosen)
        elif not recount.violations and outcome.objective is not None and outcome.objective > cost + _HALF:
            complete = True
            break
        else:
            false += 1
        form = form.without(instance, chosen)
    order = sorted(found, key=lambda chosen: precedence(instance, chosen))
    return Ties(tuple(order), complete)


def precedence(instance: Instance, chosen: frozenset[int]) -> tuple[int, int, tuple[str, ...]]:
    """Return the place of a choice among others of its cost; the smallest wins.

    Fewer lots that move, then fewer carriers, then the SHA-256 of the seed followed by each offer's id, sorted.
    """
    evaluation = evaluate(instance, chosen)
    seed = instance.problem.seed
    drawn = sorted(hashlib.sha256((seed + instance.offers[number].offer.id).encode()).hexdigest() for number in chosen)
    return evaluation.moves, evaluation.carriers, tuple(drawn)
