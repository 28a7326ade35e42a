"""One contender on one problem in a process of its own: ``python -m benchmarks.award_peers JOB``, JSON in and out.

The job names the contender, the market, and the seconds; the answer says what it found. Whatever a solver claims is
recounted in cents: ``cost`` is what its choice costs by the recount, None if that breaks a rule. All solvers begin with
the repaired greedy choice, on one thread. ``ortools`` and ``highspy`` are never in one process.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from benchmarks.award_market import market
from marketplace.awards.optimiser import exact
from marketplace.awards.optimiser.award import award
from marketplace.awards.optimiser.engine import Engine, Limits, Outcome
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form import Floats, Form
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.greedy import greedy, repaired
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.prices import rule_prices
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.result import Options
from marketplace.awards.optimiser.scenarios import front, scenarios, standard
from marketplace.awards.optimiser.solving import Solving

GREEDY, PRODUCT, BIG_M, HIGHS, CP_SAT, SCIP = (
    "cheapest per lot",
    "Tenderline",
    "big-M form in HiGHS",
    "HiGHS",
    "CP-SAT",
    "SCIP",
)
RULES, FRONT, BOARD = "prices of all rules", "front of nine points", "scenario board"
PEERS = {CP_SAT: "ortools", SCIP: "pyscipopt"}
"""What has to be installed for a contender."""
_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Job:
    """Who solves which market, and how long it may take."""

    contender: str
    lots: int
    carriers: int
    seed: int
    rules: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contender found: cents; CPU and wall seconds without starting and making the market; MiB at most."""

    cost: int | None
    bound: int | None
    cpu: float
    seconds: float
    memory: float

    @property
    def gap(self) -> float:
        """The part by which the cost may be too high; 1 if nothing is known."""
        if self.cost is None or self.bound is None:
            return 1.0
        return (self.cost - self.bound) / self.cost


def run(job: Job) -> Answer:
    """Solve in this process."""
    problem = market(job.lots, job.carriers, job.seed, rules=job.rules)
    began, started = _cpu(), time.perf_counter()
    cost, bound = _WAYS[job.contender](problem, job.seconds)
    used, took = _cpu() - began, time.perf_counter() - started
    return Answer(cost, bound, used, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _greedy(problem: Problem, _: float) -> tuple[int | None, int | None]:
    return greedy(prepare(problem)).evaluation.cost, None


def _product(problem: Problem, seconds: float) -> tuple[int | None, int | None]:
    found = Solving(_highs(), Options(seconds=seconds, ties=1)).best(prepare(problem))
    return found.cost, found.bound


def _asked(question: Callable[[Problem, Options, Engine], object]) -> Callable[[Problem, float], tuple[None, None]]:
    def ask(problem: Problem, seconds: float) -> tuple[None, None]:
        question(problem, Options(seconds=seconds, ties=1), _highs())
        return None, None

    return ask


def _rule_prices(problem: Problem, options: Options, engine: Engine) -> None:
    rule_prices(problem, award(problem, options, engine), options, engine)


def _solver(engine: Callable[[], Engine]) -> Callable[[Problem, float], tuple[int | None, int | None]]:
    def solve(problem: Problem, seconds: float) -> tuple[int | None, int | None]:
        instance = prepare(problem)
        found = exact.search(instance, form_of(instance), engine(), Limits(seconds), repaired(instance))
        return found.cost, found.bound

    return solve


def _big_m(problem: Problem, seconds: float) -> tuple[int | None, int | None]:
    """Solve the textbook form: a saving per tier, at most M if the tier is claimed, at most what its offers save."""
    instance = prepare(problem)
    begin = repaired(instance)
    form = _with_big_m(form_of(replace(instance, discounts=())), instance)
    start = None if begin is None else _padded(form_of(replace(instance, discounts=())), instance, begin, form)
    outcome = _highs_alone().minimise(form, Limits(seconds), start)
    known = None if begin is None else evaluate(instance, begin)
    bound = None if outcome.bound is None else int(outcome.bound)
    costs = [] if known is None or known.violations else [known.cost]
    if outcome.point is not None:
        recount = evaluate(instance, form.chosen(outcome.point))
        costs += [] if recount.violations else [recount.cost]
    return (min(costs) if costs else None), bound


def _with_big_m(form: Form, instance: Instance) -> Form:
    cost, upper, whole = list(form.cost), list(form.upper), list(form.integer)
    rows: list[tuple[dict[int, float], float, float]] = []
    for discount in instance.discounts:
        tiers = []
        for tier, threshold in enumerate(discount.thresholds):
            most = float(sum(max(0, part.savings[tier]) for part in discount.parts))
            claimed, saving = len(cost), len(cost) + 1
            cost += [-float(discount.lumps[tier]), -1.0]
            upper += [1.0, most]
            whole += [True, False]
            tiers.append(claimed)
            counts = {
                part.offer: float(part.lots if discount.metric == "lots" else part.mrc) for part in discount.parts
            }
            rows.append(({**counts, claimed: -float(threshold)}, 0.0, np.inf))
            rows.append(({saving: 1.0, claimed: -most}, -np.inf, 0.0))
            saved = {part.offer: -float(part.savings[tier]) for part in discount.parts}
            rows.append(({**saved, saving: 1.0}, -np.inf, 0.0))
        rows.append((dict.fromkeys(tiers, 1.0), -np.inf, 1.0))
    form = replace(
        form,
        cost=np.array(cost),
        upper=np.array(upper),
        lower=np.zeros(len(cost)),
        integer=np.array(whole, dtype=np.bool_),
    )
    for row, least, most in rows:
        form = form.with_row(row, least, most)
    return form


def _padded(bare: Form, instance: Instance, chosen: frozenset[int], form: Form) -> Floats:
    point = bare.point(instance, chosen, {})
    return np.append(point, np.zeros(len(form.cost) - len(point)))


def _highs() -> Engine:
    from marketplace.awards.optimiser.engine_highs import Highs  # noqa: PLC0415 - not into the process of ortools

    return Highs()


def _highs_alone() -> Engine:
    """Return HiGHS with its own search for everything, as a peer."""
    from marketplace.awards.optimiser.engine_highs import Highs  # noqa: PLC0415 - not into the process of ortools

    return Highs(branching=False)


class CpSat:
    """CP-SAT on a form: every coefficient a whole number, fractions of rules multiplied out."""

    name = CP_SAT

    def minimise(self, form: Form, limits: Limits, start: Floats | None = None) -> Outcome:
        """Return the best point found within the limits."""
        from ortools.sat.python import cp_model  # noqa: PLC0415 - may be missing

        model = cp_model.CpModel()
        columns = [model.new_int_var(int(low), int(high), "") for low, high in zip(form.lower, form.upper, strict=True)]
        for row in range(len(form.row_lower)):
            inside = slice(int(form.starts[row]), int(form.starts[row + 1]))
            values, low, high = form.value[inside], form.row_lower[row], form.row_upper[row]
            factor = (
                1 if all(float(value).is_integer() for value in (*values, low, high) if np.isfinite(value)) else _WHOLE
            )
            least = -(2**60) if np.isinf(low) else int(np.ceil(low * factor - 0.5))
            most = 2**60 if np.isinf(high) else int(np.floor(high * factor + 0.5))
            whole = [round(float(value) * factor) for value in values]
            sum_of = cp_model.LinearExpr.weighted_sum([columns[place] for place in form.index[inside]], whole)
            model.add_linear_constraint(sum_of, least, most)
        model.minimize(cp_model.LinearExpr.weighted_sum(columns, [int(cost) for cost in form.cost]))
        if start is not None:
            for column, value in zip(columns, start, strict=True):
                model.add_hint(column, round(float(value)))
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = limits.seconds
        solver.parameters.num_workers = 1
        solver.parameters.relative_gap_limit = 0.0
        solver.parameters.absolute_gap_limit = limits.gap
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return Outcome("infeasible", None, None, None, solver.wall_time)
        found = status in {cp_model.OPTIMAL, cp_model.FEASIBLE}
        point = np.array([float(solver.value(column)) for column in columns]) if found else None
        return Outcome(
            "optimal" if status == cp_model.OPTIMAL else "limit",
            point,
            solver.objective_value if found else None,
            solver.best_objective_bound,
            solver.wall_time,
        )


class Scip:
    """SCIP on a form."""

    name = SCIP

    def minimise(self, form: Form, limits: Limits, start: Floats | None = None) -> Outcome:
        """Return the best point found within the limits."""
        from pyscipopt import Model, quicksum  # noqa: PLC0415 - may be missing

        model = Model()
        model.hideOutput()
        columns = [
            model.addVar(vtype="I" if whole else "C", lb=float(low), ub=float(high), obj=float(cost))
            for whole, low, high, cost in zip(form.integer, form.lower, form.upper, form.cost, strict=True)
        ]
        for row in range(len(form.row_lower)):
            inside = slice(int(form.starts[row]), int(form.starts[row + 1]))
            sum_of = quicksum(
                float(value) * columns[place]
                for place, value in zip(form.index[inside], form.value[inside], strict=True)
            )
            low, high = float(form.row_lower[row]), float(form.row_upper[row])
            if len(form.index[inside]) == 0:
                continue
            if np.isfinite(low):
                model.addCons(sum_of >= low) if low != high else model.addCons(sum_of == low)
            if np.isfinite(high) and low != high:
                model.addCons(sum_of <= high)
        model.setParam("limits/time", limits.seconds)
        model.setParam("limits/absgap", limits.gap)
        if start is not None:
            point = model.createSol()
            for column, value in zip(columns, start, strict=True):
                model.setSolVal(point, column, float(value))
            model.addSol(point)
        model.optimize()
        seconds = model.getSolvingTime()
        if model.getStatus() == "infeasible":
            return Outcome("infeasible", None, None, None, seconds)
        best = model.getBestSol() if model.getNSols() else None
        values = None if best is None else np.array([float(model.getSolVal(best, column)) for column in columns])
        bound = model.getDualbound()
        return Outcome(
            "optimal" if model.getStatus() in {"optimal", "gaplimit"} else "limit",
            values,
            None if best is None else model.getObjVal(),
            bound if abs(bound) < 1e19 else None,
            seconds,
        )


_WAYS: dict[str, Callable[[Problem, float], tuple[Any, Any]]] = {
    GREEDY: _greedy,
    PRODUCT: _product,
    BIG_M: _big_m,
    HIGHS: _solver(_highs_alone),
    CP_SAT: _solver(CpSat),
    SCIP: _solver(Scip),
    RULES: _asked(_rule_prices),
    FRONT: _asked(lambda problem, options, engine: front(problem, 9, options, engine)),
    BOARD: _asked(
        lambda problem, options, engine: scenarios(problem, standard(problem), options, engine, prices=False)
    ),
}


if __name__ == "__main__":
    json.dump(asdict(run(Job(**json.loads(sys.argv[1])))), sys.stdout)
