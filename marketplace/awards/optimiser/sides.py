"""The rows of the form that no carrier can keep by itself, to be priced: shares, diversity, budgets, capacities."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marketplace.awards.optimiser.form import Floats, Form
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.problem import Budget

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sides:
    """Sparse rows over the columns of a form without discounts, each divided by its length.

    Leaving a row out keeps a bound valid: left out are those that cover lots or say who is used, which a
    decomposition keeps by itself, and budgets for the total cost, which depend on discounts. The column of a
    carrier's value is the sum of its offers' values, so that a row about shares is short. ``kept`` are the rows'
    places in the form, ``scale`` their lengths there.
    """

    form: Form
    row: Positions
    column: Positions
    value: Floats
    lower: Floats
    upper: Floats
    used: dict[int, int]
    value_of: dict[int, int]
    others: Positions
    kept: Positions
    scale: Floats

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.lower)

    def priced(self, prices: Floats) -> Floats:
        """Return what the prices of rows add to the cost of every column."""
        return sums_at(self.column, self.value * prices[self.row], len(self.form.cost))


def sums_at(at: Positions, values: Floats, length: int) -> Floats:
    """Return the sums of values by position."""
    return np.bincount(at, values, minlength=length).astype(np.float64)


def sides_of(instance: Instance) -> Sides:
    """Return the rows of an instance's rules and limits that are to be priced."""
    rules = tuple(r for r in instance.problem.rules if not (isinstance(r, Budget) and r.metric == "tco"))
    bare = replace(instance, discounts=(), problem=replace(instance.problem, discounts=(), rules=rules))
    form = form_of(bare)
    kept = np.ones(len(form.row_lower), dtype=np.bool_)
    kept[: len(instance.lots)] = False
    own = frozenset(form.columns.used.values()) | frozenset(form.columns.value.values())
    for number in range(len(instance.lots), len(form.row_lower)):
        kept[number] = not _kept_by_itself(form, number, own)
    lengths = np.diff(form.starts)
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    inside = kept[row_of]
    numbers = np.cumsum(kept) - 1
    row, column, value = numbers[row_of[inside]], form.index[inside].astype(np.int64), form.value[inside]
    scale = np.sqrt(sums_at(row, (value * _lengths(instance, form)[column]) ** 2, int(kept.sum())))
    scale[scale == 0] = 1.0
    return Sides(
        form=form,
        row=row,
        column=column,
        value=value / scale[row],
        lower=form.row_lower[kept] / scale,
        upper=form.row_upper[kept] / scale,
        used=form.columns.used,
        value_of=form.columns.value,
        others=_others(form),
        kept=np.flatnonzero(kept),
        scale=scale,
    )


def _kept_by_itself(form: Form, row: int, own: frozenset[int]) -> bool:
    """Tell whether a row only says what one of ``own`` columns means: a sum of offers against -1 times that column."""
    inside = slice(int(form.starts[row]), int(form.starts[row + 1]))
    columns, values = form.index[inside], form.value[inside]
    defined = [place for place, column in enumerate(columns) if int(column) in own]
    if len(defined) != 1 or values[defined[0]] != -1:
        return False
    rest = np.delete(np.arange(len(columns)), defined[0])
    if np.any(columns[rest] >= form.columns.offers):
        return False
    if int(columns[defined[0]]) in form.columns.value.values():
        return bool(form.row_lower[row] == 0 and form.row_upper[row] == 0)
    return bool(np.all(values[rest] == 1)) and 0 in {form.row_lower[row], form.row_upper[row]}


def _lengths(instance: Instance, form: Form) -> Floats:
    """Return the length of every column as a row over offers: that of a carrier's value is spelt out, others are 1."""
    found = np.ones(len(form.cost))
    for carrier, place in form.columns.value.items():
        squares = sum(float(instance.offers[number].value) ** 2 for number in instance.of_carrier[carrier])
        found[place] = np.sqrt(squares)
    return found


def _others(form: Form) -> Positions:
    """Return the columns that are neither offers, nor open lots, nor carriers' use or value."""
    known = set(range(form.columns.offers))
    known |= {*form.columns.open_lot.values(), *form.columns.used.values(), *form.columns.value.values()}
    return np.array([column for column in range(len(form.cost)) if column not in known], dtype=np.int64)
