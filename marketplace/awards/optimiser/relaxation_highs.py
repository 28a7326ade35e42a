"""HiGHS's dual simplex kept warm: one form without integrality, solved under one set of bounds after another."""

from typing import Any

import highspy
import numpy as np

from marketplace.awards.optimiser.form import Floats, Form
from marketplace.awards.optimiser.tree import Solved, UnsolvedError


class WarmHighs:
    """One form's relaxation. ``model``: the form as HiGHS takes it, without integrality."""

    def __init__(self, form: Form, model: highspy.HighsLp, seed: int) -> None:
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call] # the library ships no types
        self._solver.silent()
        for option, value in (("threads", 1), ("random_seed", seed)):
            self._solver.setOptionValue(option, value)
        self._solver.passModel(model)
        self._top = form.row_upper
        self._lower, self._upper, self._least = form.lower, form.upper, form.row_lower

    def solve(self, lower: Floats, upper: Floats, least: Floats, basis: Any) -> Solved | None:
        """Return the optimum under these bounds; None if there is none. Raises UnsolvedError."""
        solver = self._solver
        changed = np.flatnonzero((lower != self._lower) | (upper != self._upper)).astype(np.int32)
        if len(changed):
            solver.changeColsBounds(len(changed), changed, lower[changed], upper[changed])
        for row in np.flatnonzero(least != self._least):
            solver.changeRowBounds(int(row), float(least[row]), float(self._top[row]))
        self._lower, self._upper, self._least = lower, upper, least
        if basis is not None:
            solver.setBasis(basis)
        solver.run()
        match solver.getModelStatus():
            case highspy.HighsModelStatus.kOptimal:
                solution = solver.getSolution()
                return Solved(np.array(solution.col_value), np.array(solution.row_dual))
            case highspy.HighsModelStatus.kInfeasible:
                return None
            case _:
                raise UnsolvedError

    def basis(self) -> Any:
        """Return the basis of the last optimum."""
        return self._solver.getBasis()
