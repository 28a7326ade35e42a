"""A first choice that breaks nothing, for problems whose rules no quick mending obeys: any will do."""

import math
from dataclasses import dataclass

import numpy as np

from marketplace.awards.optimiser.decomposition import Decomposition
from marketplace.awards.optimiser.engine import Limits, RelaxingEngine
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form import Flags
from marketplace.awards.optimiser.remainder import remainder

_EACH = (8, 24)
"""Offers for each lot that are looked at, the cheapest ones, before all are."""
_NEAR = 0.01
"""Part of the cost within which the second look ends, where any choice broke a budget."""


@dataclass(frozen=True, slots=True)
class First:
    """A choice, or the proof that there is none."""

    chosen: frozenset[int] | None
    impossible: bool = False


def first_choice(apart: Decomposition, engine: RelaxingEngine, required: Flags, seconds: float) -> First:
    """Return a choice that breaks nothing, discounts aside: among a lot's cheapest offers, then among all.

    A budget for the total cost is not looked at, as discounts count there: a choice that breaks it is left aside, and
    whether one exists is then not known.
    """
    began = engine.stopwatch()
    states = tuple((0,) for _ in apart.blocks)  # no tier of any discount
    for each in (*_EACH, None):
        kept = required | _cheapest(apart, each)
        rest = remainder(apart, kept, states)
        for limits in (Limits(0.0, math.inf), Limits(0.0, relative=_NEAR)):
            left = seconds - (engine.stopwatch() - began)
            if left <= 0:
                return First(None)
            share = left if each is None else left / 2
            outcome = engine.minimise(rest.form, Limits(share, limits.gap, relative=limits.relative))
            if outcome.end == "infeasible":
                if kept.all():
                    return First(None, impossible=True)
                break
            if outcome.point is None:
                break
            chosen = rest.whole(outcome.point)
            if not evaluate(apart.instance, chosen).violations:
                return First(chosen)
    return First(None)


def _cheapest(apart: Decomposition, each: int | None) -> Flags:
    """Return the offers that are among the cheapest so many of one of their lots; a package by its part there."""
    kept = np.ones(len(apart.instance.offers), dtype=np.bool_)
    if each is None:
        return kept
    kept[:] = False
    usual = np.bincount(apart.entry_offer, apart.usual[apart.entry_lot], minlength=len(kept))
    relative = (apart.cost / usual)[apart.entry_offer]
    order = np.lexsort((apart.entry_offer, relative, apart.entry_lot))
    lot = apart.entry_lot[order]
    first = np.searchsorted(lot, np.arange(len(apart.instance.lots)))
    kept[apart.entry_offer[order[np.arange(len(order)) - first[lot] < each]]] = True
    return kept
