"""HiGHS on one thread as an engine; run as a program, it is the child that solves in a process of its own."""

import math
import os
from dataclasses import replace

import highspy
import numpy as np

from marketplace.awards.optimiser import child
from marketplace.awards.optimiser.engine import Limits, Outcome, Relaxed, Sight, Watcher
from marketplace.awards.optimiser.form import Floats, Form
from marketplace.awards.optimiser.relaxation_highs import WarmHighs
from marketplace.awards.optimiser.tree import Tree, UnsolvedError

_SEED = 1
_RULES_OFF = 1 << 16
"""Presolve by enumeration, off: in 1.15 it may end in a point that breaks a row, and with it in a wrong bound."""
_SLACK = 0.25
_ABOUT = 1e-6
"""How near the optimum duals are that only give prices."""
_A_MOMENT = 0.01
_WATCHED_AFTER = 1.0
"""Seconds: shorter solves tell nobody how far they are."""


class Highs:
    """HiGHS. Made for one process and one caller at a time. Without ``branching`` its own search does all.

    ``watcher`` is for those who ask it for awards; itself it shows ``Limits.seen`` how far it is.
    """

    def __init__(self, watcher: Watcher | None = None, *, branching: bool = True) -> None:
        self.watcher = watcher
        self.branching = branching

    @property
    def name(self) -> str:
        """The solver's name and version."""
        return f"HiGHS {highspy.HIGHS_VERSION_MAJOR}.{highspy.HIGHS_VERSION_MINOR}.{highspy.HIGHS_VERSION_PATCH}"

    def minimise(self, form: Form, limits: Limits, start: Floats | None = None) -> Outcome:
        """Return the best point found within the limits. Deterministic unless time runs out.

        Forms of few offers are branched here. Of HiGHS's own search an end that contradicts itself is not believed: the
        form is solved again without presolve.
        """
        began = self.stopwatch()
        if self.branching and form.columns.few and math.isfinite(limits.gap):
            model = _model(form)
            model.integrality_ = []
            try:
                return Tree(form, WarmHighs(form, model, _SEED), limits, self.stopwatch).run(start)
            except UnsolvedError:
                limits = replace(limits, seconds=limits.seconds - (self.stopwatch() - began))
        outcome = self._run(form, limits, start, presolve=True)
        if outcome is not None:
            return outcome
        return self._run(form, limits, start, presolve=False) or Outcome("limit", None, None, None, limits.seconds)

    def relaxed(self, form: Form, seconds: float) -> Relaxed | None:
        """Return the optimum without integrality, by interior points; None if there is none, or none in time."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call] # the library ships no types
        solver.silent()
        for option, value in (
            ("threads", 1),
            ("random_seed", _SEED),
            ("solver", "ipm"),
            ("run_crossover", "off"),
            ("ipm_optimality_tolerance", _ABOUT),
            ("time_limit", max(seconds, _A_MOMENT)),
        ):
            solver.setOptionValue(option, value)
        model = _model(form)
        model.integrality_ = []
        solver.passModel(model)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = solver.getSolution()
        return Relaxed(np.array(solution.col_value), np.array(solution.row_dual))

    def stopwatch(self) -> float:
        """Return seconds since some moment, for limits and nothing else."""
        return os.times().elapsed

    def _run(self, form: Form, limits: Limits, start: Floats | None, *, presolve: bool) -> Outcome | None:
        """Return the outcome, or None if what the solver says of it can't be."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call] # the library ships no types
        solver.silent()
        for option, value in (
            ("threads", 1),
            ("random_seed", _SEED),
            ("presolve", "on" if presolve else "off"),
            ("presolve_rule_off", _RULES_OFF),
            ("mip_heuristic_run_root_reduced_cost", False),  # costs more than it finds beside a good start
            ("time_limit", max(limits.seconds, _A_MOMENT)),
            ("mip_rel_gap", limits.relative),
            ("mip_abs_gap", limits.gap),
        ):
            solver.setOptionValue(option, value)
        if limits.cutoff is not None:
            solver.setOptionValue("objective_bound", limits.cutoff)
        solver.passModel(_model(form))
        if start is not None:
            solver.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
        if limits.seen is not None:
            _watch(solver, limits.seen)
        solver.run()
        outcome = _outcome(solver, form)
        if outcome is None or outcome.end != "optimal" or math.isinf(limits.gap):
            return outcome
        if outcome.objective is None or outcome.bound is None:
            return None
        if limits.cutoff is not None and min(outcome.objective, outcome.bound) > limits.cutoff:
            return Outcome("infeasible", None, None, None, outcome.seconds)  # all that is left is above the cutoff
        return outcome if outcome.objective - outcome.bound <= limits.enough(outcome.objective) + _SLACK else None


def _watch(solver: highspy.Highs, seen: Sight) -> None:
    last = _WATCHED_AFTER

    def found(event: object) -> None:
        seen(np.array(event.data_out.mip_solution), None)  # type: ignore[attr-defined] # the library ships no types

    def went_on(event: object) -> None:
        nonlocal last
        data = event.data_out  # type: ignore[attr-defined] # the library ships no types
        if data.running_time >= last:
            last = data.running_time + _WATCHED_AFTER
            seen(None, _figure(data.mip_dual_bound))

    solver.cbMipImprovingSolution.subscribe(found)
    solver.cbMipInterrupt.subscribe(went_on)


def _model(form: Form) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_col_ = len(form.cost)
    model.num_row_ = len(form.row_lower)
    model.col_cost_ = form.cost
    model.col_lower_ = form.lower
    model.col_upper_ = form.upper
    model.row_lower_ = form.row_lower
    model.row_upper_ = form.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = form.starts
    model.a_matrix_.index_ = form.index
    model.a_matrix_.value_ = form.value
    model.integrality_ = [
        highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous for whole in form.integer
    ]
    return model


def _outcome(solver: highspy.Highs, form: Form) -> Outcome | None:
    """Return the end of a run; None for an error of the solver."""
    seconds = solver.getRunTime()
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    point = np.array(solver.getSolution().col_value) if found else None
    objective = float(point @ form.cost) if point is not None else None
    match solver.getModelStatus():
        case highspy.HighsModelStatus.kOptimal:
            return Outcome("optimal", point, objective, _figure(info.mip_dual_bound), seconds)
        case highspy.HighsModelStatus.kInfeasible | highspy.HighsModelStatus.kUnboundedOrInfeasible:
            return Outcome("infeasible", None, None, None, seconds)  # every column is bounded: never unbounded
        case highspy.HighsModelStatus.kModelEmpty:
            return Outcome("optimal", np.zeros(len(form.cost)), 0.0, 0.0, seconds)
        case (
            highspy.HighsModelStatus.kTimeLimit
            | highspy.HighsModelStatus.kSolutionLimit
            | highspy.HighsModelStatus.kInterrupt
            | highspy.HighsModelStatus.kMemoryLimit
            | highspy.HighsModelStatus.kObjectiveBound
        ):
            return Outcome("limit", point, objective, _figure(info.mip_dual_bound), seconds)
        case _:
            return None


def _figure(value: float) -> float | None:
    return value if np.isfinite(value) else None


if __name__ == "__main__":
    child.main(Highs)
