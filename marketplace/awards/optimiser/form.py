"""The problem as a mixed-integer program in sparse arrays: the strong form, for any solver."""

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from marketplace.awards.optimiser.instance import Instance

VERSION = "2"
"""Part of every proof. Change it with anything that changes rows or columns."""

FEW = 1_500
"""Offers up to which one engine alone is asked: what it gains by more columns and rows a larger one would pay for."""

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Columns:
    """Where the columns of a form are. Those of the offers come first, in their order.

    ``parts`` holds the first of a tier's columns, one for each part of its discount; ``one_tier`` is no column but the
    row by which at most one tier of a discount is claimed. ``pairs`` holds for a column of a diverse pair, lot by lot,
    the offers of which one wins there (none: the lot stays open). ``few``: few enough offers for branching alone.
    """

    offers: int
    few: bool = False
    open_lot: dict[int, int] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)
    tier: dict[tuple[int, int], int] = field(default_factory=dict)
    parts: dict[tuple[int, int], int] = field(default_factory=dict)
    tier_site: dict[tuple[int, int, int], int] = field(default_factory=dict)
    at_site: dict[tuple[int, int], int] = field(default_factory=dict)
    site_awarded: dict[int, int] = field(default_factory=dict)
    of_group: dict[tuple[str, int, int], int] = field(default_factory=dict)
    value: dict[int, int] = field(default_factory=dict)
    one_tier: dict[int, int] = field(default_factory=dict)
    pairs: dict[int, tuple[tuple[int, tuple[int, ...]], tuple[int, tuple[int, ...]]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """Minimise ``cost`` over columns within bounds and rows within bounds; rows are stored one after the other."""

    columns: Columns
    cost: Floats
    upper: Floats
    lower: Floats
    integer: Flags
    row_lower: Floats
    row_upper: Floats
    starts: Integers
    index: Integers
    value: Floats

    def with_row(self, coefficients: dict[int, float], least: float, most: float) -> "Form":
        """Return the form with one more row."""
        return replace(
            self,
            row_lower=np.append(self.row_lower, least),
            row_upper=np.append(self.row_upper, most),
            starts=np.append(self.starts, len(self.index) + len(coefficients)).astype(np.int32),
            index=np.append(self.index, list(coefficients)).astype(np.int32),
            value=np.append(self.value, list(coefficients.values())),
        )

    def with_fixed(self, column: int, at: float) -> "Form":
        """Return the form with a column fixed."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[column] = upper[column] = at
        return replace(self, lower=lower, upper=upper)

    def with_cost(self, coefficients: dict[int, float]) -> "Form":
        """Return the form with another objective."""
        cost = np.zeros_like(self.cost)
        for column, value in coefficients.items():
            cost[column] = value
        return replace(self, cost=cost)

    def without(self, instance: Instance, chosen: frozenset[int]) -> "Form":
        """Return the form with a row that forbids exactly this choice and no other.

        Whoever chooses differently leaves one of these offers, or covers a lot that this choice leaves open.
        """
        covered = {lot for number in chosen for lot in instance.offers[number].lots}
        kept = dict.fromkeys(sorted(chosen), 1.0)
        kept |= {column: 1.0 for lot, column in self.columns.open_lot.items() if lot not in covered}
        return self.with_row(kept, -np.inf, len(kept) - 1)

    def chosen(self, point: Floats) -> frozenset[int]:
        """Return the offers that a point chooses."""
        taken = np.flatnonzero(point[: self.columns.offers] > 0.5)  # noqa: PLR2004 - zero or one, within tolerance
        return frozenset(int(number) for number in taken)

    def point(self, instance: Instance, chosen: frozenset[int], tiers: dict[int, int]) -> Floats:
        """Return the point of a choice and of the tier claimed of each discount (positions), for a solver to start."""
        columns = self.columns
        point = np.zeros(len(self.cost))
        point[list(chosen)] = 1
        offers = [instance.offers[number] for number in chosen]
        covered = {lot for offer in offers for lot in offer.lots}
        ones = [column for lot, column in columns.open_lot.items() if lot not in covered]
        ones += [columns.used[offer.carrier] for offer in offers if offer.carrier in columns.used]
        there = {(offer.carrier, site) for offer in offers for site in offer.sites}
        ones += [column for key, column in columns.at_site.items() if key in there]
        awarded = {site for _, site in there}
        ones += [column for site, column in columns.site_awarded.items() if site in awarded]
        wins = {(offer.carrier, lot) for offer in offers for lot in offer.lots}
        for (_, carrier, lot), column in columns.of_group.items():
            if (carrier, lot) in wins:
                ones.append(column)
        for column, sides in columns.pairs.items():
            if all(
                any(number in chosen for number in kind) or (not kind and lot not in covered) for lot, kind in sides
            ):
                ones.append(column)
        for number, tier in tiers.items():
            ones.append(columns.tier[number, tier])
            for place, part in enumerate(instance.discounts[number].parts):
                if part.offer in chosen:
                    ones.append(columns.parts[number, tier] + place)
                    ones += [
                        columns.tier_site[number, tier, site]
                        for site in part.sites
                        if (number, tier, site) in columns.tier_site
                    ]
        point[ones] = 1
        for offer in offers:
            if offer.carrier in columns.value:
                point[columns.value[offer.carrier]] += offer.value
        return point


class Builder:
    """A form in the making."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.columns = Columns(len(instance.offers), few=len(instance.offers) <= FEW)
        self.cost: list[float] = []
        self.top: list[float] = []
        self.integer: list[bool] = []
        self.row_lower: list[float] = []
        self.row_upper: list[float] = []
        self.starts: list[int] = [0]
        self.index: list[int] = []
        self.value: list[float] = []

    def column(self, cost: float = 0.0, *, integer: bool = True, most: float = 1.0) -> int:
        """Add a column between 0 and ``most`` and return its position."""
        self.cost.append(cost)
        self.top.append(most)
        self.integer.append(integer)
        return len(self.cost) - 1

    def row(self, coefficients: dict[int, float], *, least: float = -np.inf, most: float = np.inf) -> None:
        """Add a row."""
        self.index.extend(coefficients)
        self.value.extend(coefficients.values())
        self.starts.append(len(self.index))
        self.row_lower.append(least)
        self.row_upper.append(most)

    def built(self) -> Form:
        """Return the form."""
        return Form(
            columns=self.columns,
            cost=np.array(self.cost, dtype=np.float64),
            upper=np.array(self.top, dtype=np.float64),
            lower=np.zeros(len(self.cost)),
            integer=np.array(self.integer, dtype=np.bool_),
            row_lower=np.array(self.row_lower, dtype=np.float64),
            row_upper=np.array(self.row_upper, dtype=np.float64),
            starts=np.array(self.starts, dtype=np.int32),
            index=np.array(self.index, dtype=np.int32),
            value=np.array(self.value, dtype=np.float64),
        )

    def won_lots(self, carrier: int) -> dict[int, list[int]]:
        """Return the offers of a carrier by lot."""
        found: dict[int, list[int]] = {}
        for number in self.instance.of_carrier[carrier]:
            for lot in self.instance.offers[number].lots:
                found.setdefault(lot, []).append(number)
        return found

    def used(self, carrier: int) -> int:
        """Return the column that says whether a carrier wins anything; rows of each lot hold it tight."""
        if carrier not in self.columns.used:
            column = self.columns.used[carrier] = self.column()
            for numbers in self.won_lots(carrier).values():
                self.row({**dict.fromkeys(numbers, 1.0), column: -1.0}, most=0)
            self.row({**dict.fromkeys(self.instance.of_carrier[carrier], 1.0), column: -1.0}, least=0)
        return self.columns.used[carrier]

    def at_site(self, carrier: int, site: int) -> int:
        """Return the column that says whether a carrier wins anything at a site where it offers."""
        if (carrier, site) not in self.columns.at_site:
            column = self.columns.at_site[carrier, site] = self.column()
            there = [
                number for number in self.instance.of_carrier[carrier] if site in self.instance.offers[number].sites
            ]
            for lot, numbers in self.won_lots(carrier).items():
                if self.instance.site_of[lot] == site:
                    self.row({**dict.fromkeys(numbers, 1.0), column: -1.0}, most=0)
            self.row({**dict.fromkeys(there, 1.0), column: -1.0}, least=0)
        return self.columns.at_site[carrier, site]

    def won_value(self, carrier: int) -> int:
        """Return the column that holds the value which a carrier wins, so that rows about shares stay short."""
        if carrier not in self.columns.value:
            values = {number: float(self.instance.offers[number].value) for number in self.instance.of_carrier[carrier]}
            column = self.columns.value[carrier] = self.column(integer=False, most=sum(values.values()))
            self.row({**values, column: -1.0}, least=0, most=0)
        return self.columns.value[carrier]

    def sites_of(self, carrier: int) -> list[int]:
        """Return the sites where a carrier offers."""
        own = self.instance.of_carrier[carrier]
        return sorted({site for number in own for site in self.instance.offers[number].sites})

    def site_awarded(self, site: int) -> int:
        """Return the column that says whether anything is awarded at a site."""
        if site not in self.columns.site_awarded:
            column = self.columns.site_awarded[site] = self.column()
            there: set[int] = set()
            for lot, numbers in enumerate(self.instance.of_lot):
                if self.instance.site_of[lot] == site and numbers:
                    self.row({**dict.fromkeys(numbers, 1.0), column: -1.0}, most=0)
                    there |= set(numbers)
            self.row({**dict.fromkeys(sorted(there), 1.0), column: -1.0}, least=0)
        return self.columns.site_awarded[site]
