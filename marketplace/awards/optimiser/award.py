"""The award itself: the cheapest choice under the rules with its proof, ties and status, and its recount."""

from dataclasses import replace

from marketplace.awards.optimiser.binding import binding_rules
from marketplace.awards.optimiser.engine import Engine, Progress
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.exact import Found, SearchEnd
from marketplace.awards.optimiser.form import VERSION, Form
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.obedience import PERCENT, Violation
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.result import Assignment, Award, Broken, Options, Proof, Status, Verification
from marketplace.awards.optimiser.solving import Solving, choice_of, watched
from marketplace.awards.optimiser.tally import tally_of
from marketplace.awards.optimiser.ties import Ties, all_ties
from marketplace.kernel import codec

_STATUS: dict[str, Status] = {
    "optimal": "optimal",
    "feasible": "feasible",
    "infeasible": "infeasible",
    "nothing in time": "no award in time",
}


def award(problem: Problem, options: Options, engine: Engine) -> Award:
    """Return the cheapest award under the rules; the time that finding it leaves goes into finding its ties."""
    return award_of(prepare(problem), watched(engine, options))


def award_of(instance: Instance, solving: Solving, start: frozenset[int] | None = None) -> Award:
    """Return the cheapest award of an instance, as part of a larger question."""
    form = form_of(instance)
    return settled(instance, form, solving.best(instance, form, start), solving)


def settled(instance: Instance, form: Form, found: Found, solving: Solving) -> Award:
    """Return the award of what a search found: the first of all its ties, recounted without a solver.

    Raises AssertionError if the recount contradicts it: no such award leaves this room.
    """
    tied = Ties((), complete=False)
    if found.chosen is not None:
        tied = Ties((found.chosen,), complete=False)
        if found.end == "optimal" and solving.options.ties > 1:
            tied = all_ties(instance, form, found.chosen, solving)
    given = _described(instance, found, tied, _proof(instance, solving.engine.name, solving.options, solving.used))
    wrong = recounted(instance, given).wrong
    if wrong:
        raise AssertionError(f"the award of {instance.problem.name!r} does not pass its recount: {wrong[0]}")
    return given


def interrupted(problem: Problem, options: Options, told: Progress, why: Broken) -> Award:
    """Return the award that a search had told before it was broken off, recounted here.

    The bound is what it said: nobody can count that anew. Without an award that breaks nothing there is none in time.
    """
    instance = prepare(problem)
    proof = _proof(instance, "", options, told.seconds)
    chosen = choice_of(instance, told.offers)
    if chosen is None or (evaluation := evaluate(instance, chosen)).violations:
        return Award("no award in time", proof, bound=told.bound, rejected=instance.rejected, broken_off=why)
    bound = None if told.bound is None else min(told.bound, evaluation.cost)
    end: SearchEnd = "optimal" if bound == evaluation.cost else "feasible"
    found = Found(end, chosen, evaluation.cost, bound, told.seconds)
    return replace(_described(instance, found, Ties((chosen,), complete=False), proof), broken_off=why)


def _proof(instance: Instance, engine: str, options: Options, seconds: float) -> Proof:
    asked = f"{options.gap}" if not options.relative else f"{options.gap} or {options.relative} of the cost"
    return Proof(codec.digest(codec.dump(instance.problem)), VERSION, engine, asked, f"{seconds:.2f}")


def verify(problem: Problem, award: Award) -> Verification:
    """Return what a recount without any solver says: cost, rules, tiers, lots, and whether the status is earned."""
    return recounted(prepare(problem), award)


def recounted(instance: Instance, award: Award) -> Verification:
    """Return the verification of an award of an instance."""
    wrong = []
    if award.proof.problem_sha256 != codec.digest(codec.dump(instance.problem)):
        wrong.append(Violation("proof", "is of another problem"))
    if award.cost is None:
        if award.offers:
            wrong.append(Violation("cost", "is missing although offers are chosen"))
        return Verification(None, tuple(wrong))
    chosen = choice_of(instance, award.offers)
    if chosen is None:
        return Verification(None, (*wrong, Violation("offers", "names one that there is not, or that was rejected")))
    evaluation = evaluate(instance, chosen)
    wrong += evaluation.violations
    if evaluation.cost != award.cost:
        wrong.append(Violation("cost", f"is {evaluation.cost}, not {award.cost}"))
    if evaluation.claims != award.claims:
        wrong.append(Violation("claims", "are not the best tiers that are met"))
    if _lots(instance, chosen) != award.lots:
        wrong.append(Violation("lots", "are not those of the chosen offers"))
    if award.status == "optimal" and award.gap != 0:
        wrong.append(Violation("status", "is 'optimal' without a bound that proves it"))
    if award.bound is not None and award.bound > award.cost:
        wrong.append(Violation("bound", "is above the cost"))
    return Verification(evaluation.cost, tuple(wrong))


def _lots(instance: Instance, chosen: frozenset[int]) -> tuple[Assignment, ...]:
    winners = tally_of(instance, chosen).winners
    return tuple(
        Assignment(lot.id, instance.offers[winners[number][0]].offer.id if number in winners else None)
        for number, lot in enumerate(instance.lots)
    )


def _described(instance: Instance, found: Found, tied: Ties, proof: Proof) -> Award:
    if not tied.choices:
        return Award(_STATUS[found.end], bound=found.bound, rejected=instance.rejected, proof=proof)
    chosen = tied.choices[0]
    evaluation, tally = evaluate(instance, chosen), tally_of(instance, chosen)
    return Award(
        status=_STATUS[found.end],
        cost=evaluation.cost,
        bound=found.bound,
        offers=instance.ids(chosen),
        lots=_lots(instance, chosen),
        claims=evaluation.claims,
        rejected=instance.rejected,
        binding=binding_rules(instance, tally, evaluation.cost),
        ties=tuple(sorted(instance.ids(choice) for choice in tied.choices)),
        ties_complete=tied.complete,
        moves=evaluation.moves,
        carriers=evaluation.carriers,
        quality100=PERCENT * tally.quality // tally.weight if tally.weight else None,
        proof=proof,
    )
