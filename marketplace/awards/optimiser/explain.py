"""Why an offer wins or doesn't, for the buyer: rejected, forbidden by rules, or dearer, and by how much."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from marketplace.awards.optimiser.conflict import conflict
from marketplace.awards.optimiser.engine import Engine
from marketplace.awards.optimiser.prices import distances
from marketplace.awards.optimiser.problem import Problem, Require
from marketplace.awards.optimiser.result import Award, Options

Fate: TypeAlias = Literal["wins", "tied", "dearer", "forbidden", "rejected", "not known in time"]

FORCED = "must-win"
"""The id of the rule by which an offer is forced."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of an offer. ``increase``: cents that total cost rises by if it must win.

    ``against``: the rules that forbid it. ``beaten_by``: the offers that win its lots.
    """

    offer: str
    fate: Fate
    increase: int | None
    against: tuple[str, ...]
    beaten_by: tuple[str, ...]
    text: str


def explain(problem: Problem, award: Award, offer: str, options: Options, engine: Engine) -> Explanation:
    """Return why an offer wins or not. Raises KeyError if there is no such offer."""
    asked = next((one for one in problem.offers if one.id == offer), None)
    if asked is None:
        raise KeyError(offer)
    rejected = next((one for one in award.rejected if one.offer == offer), None)
    if rejected is not None:
        return Explanation(offer, "rejected", None, rejected.rules, (), f"Not considered: {rejected.reason}.")
    winners = {one.lot: one.offer for one in award.lots}
    beaten_by = tuple(sorted({name for lot in asked.lots if (name := winners.get(lot)) is not None} - {offer}))
    if offer in award.offers:
        return Explanation(offer, "wins", 0, (), (), "It is part of the award.")
    distance = next(iter(distances(problem, award, options, engine, (offer,))), None)
    if distance is None or (distance.increase is None and not distance.proven):
        return Explanation(offer, "not known in time", None, (), beaten_by, "Time ran out before this was clear.")
    if distance.increase is None:
        return _forbidden(problem, offer, beaten_by, options, engine)
    if distance.increase <= 0:
        text = "An award with it costs the same; the published order of ties decided."
        return Explanation(offer, "tied", 0, (), beaten_by, text)
    text = f"If it must win, total cost rises by {distance.increase} cents."
    return Explanation(offer, "dearer", distance.increase, (), beaten_by, text)


def _forbidden(
    problem: Problem, offer: str, beaten_by: tuple[str, ...], options: Options, engine: Engine
) -> Explanation:
    forced = replace(problem, rules=(*problem.rules, Require(FORCED, None, (), (offer,))))
    found = conflict(forced, options, engine)
    against = tuple(rule for rule in found.rules if rule != FORCED) if found is not None else ()
    by = f"under {', '.join(against)}" if against else "beside offers for the other lots"
    return Explanation(offer, "forbidden", None, against, beaten_by, f"No award {by} contains it.")
