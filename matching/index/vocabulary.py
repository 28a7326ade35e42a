"""Which row of bits stands for what, and the numbers of the codes that filters name."""

from collections.abc import Iterable, Iterator
from typing import Any

from matching.index import scales
from matching.index.kernels import FEATURE_BITS

SERVICES, REQUIRED, FEATURES = "services", "required", "features"
"""Families of rows, and the family of the numbers of all features, required or excluded."""
BANDS = ("industries", "sizes", "regions", "currencies")
"""Families of codes with one list a filter; kernels know them by their place here."""
_SHARED = {"industries": 24, "sizes": 8, "regions": 16, "currencies": 16}
"""Rows of each family: codes beyond share them, as anybody may invent a region. The records tell them apart."""
REFUSES_CONSOLIDATED = "refuses consolidated"
START = "start_date"


def _fixed() -> Iterator[tuple[str, int]]:
    """Yield the name and the number of rows of everything whose rows are fixed."""
    for family in (SERVICES, REQUIRED, *BANDS):
        yield f"no {family}", 1
    yield REFUSES_CONSOLIDATED, 1
    for name, steps in scales.STEPS.items():
        yield name, len(steps) + 1
    yield START, scales.QUARTERS
    yield from _SHARED.items()


def _first_rows() -> dict[str, int]:
    first: dict[str, int] = {}
    size = 0
    for name, rows in _fixed():
        first[name] = size
        size += rows
    first[""] = size
    return first


FIRST = _first_rows()
"""The first row of each thing whose rows are fixed; of '' the number of them all."""


class Vocabulary:
    """Grows as filters name services, features and bands; a request may name anything without leaving a trace."""

    def __init__(self, coded: list[list[Any]] | None = None) -> None:
        self._rows: dict[tuple[str, str], int] = {}
        self._codes: dict[tuple[str, str], int] = {}
        self.size = FIRST[""]
        self._uses: dict[int, int] = {}
        self._coded = dict.fromkeys((*BANDS, FEATURES), 0)
        for family, value in coded or ():
            self._number(family, value)

    @property
    def shared(self) -> bool:
        """Whether two bands share a row, so that the rows alone don't decide."""
        return any(self._coded[family] > rows for family, rows in _SHARED.items())

    @property
    def features(self) -> int:
        """How many features filters name, required or excluded."""
        return self._coded[FEATURES]

    def dump(self) -> list[list[str]]:
        """Return everything that was named, in the order of the numbers, as JSON values."""
        return [[family, value] for family, value in (*self._rows, *self._codes)]

    def row(self, family: str, value: str) -> int | None:
        """Return the row of a service or feature that filters name; None when none does."""
        return self._rows.get((family, value))

    def code(self, family: str, value: str) -> int | None:
        """Return the number of a band or feature that filters name; None when none does."""
        return self._codes.get((family, value))

    def learn_row(self, family: str, value: str) -> int:
        """Return the row of a service or feature, new if need be."""
        row = self._rows.get((family, value))
        return self._number(family, value) if row is None else row

    def learn_code(self, family: str, value: str) -> int:
        """Return the number of a band or feature, new if need be."""
        code = self._codes.get((family, value))
        return self._number(family, value) if code is None else code

    def services(self) -> list[int]:
        """Return the rows of all services."""
        return [row for (family, _), row in self._rows.items() if family == SERVICES]

    def nested(self) -> list[tuple[int, int]]:
        """Return (outer, inner) rows: whoever accepts what ``outer`` stands for accepts what ``inner`` stands for.

        A service is inside of the node above it that filters name, and everything is inside of 'not stated'. Outer rows
        come first, so that what is handed on arrives everywhere.
        """
        bands = [(FIRST[f"no {family}"], FIRST[family] + at) for family, rows in _SHARED.items() for at in range(rows)]
        features = [(FIRST[f"no {REQUIRED}"], row) for (family, _), row in self._rows.items() if family == REQUIRED]
        nodes = sorted((node, row) for (family, node), row in self._rows.items() if family == SERVICES)
        services = []
        for node, row in nodes:
            above = (self._rows.get((SERVICES, one)) for one in reversed(nodes_above(node)))
            outer = next((one for one in above if one is not None), FIRST[f"no {SERVICES}"])
            services.append((outer, row))
        return [*bands, *features, *services]

    def rarest(self, rows: list[int]) -> int:
        """Return which of the rows of required features the fewest filters were entered in so far."""
        row = min(rows, key=lambda one: self._uses.get(one, 0))
        self._uses[row] = self._uses.get(row, 0) + 1
        return row

    def _number(self, family: str, value: str) -> int:
        if family in self._coded:
            number = self._coded[family]
            self._coded[family] += 1
            self._codes[family, value] = number
            return number
        number = self.size
        self._rows[family, value] = number
        self.size += 1
        return number


def nodes_above(service: str) -> list[str]:
    """Return the nodes of the tree above a service, the highest first: 'data' of 'data.sd-wan'."""
    return [service[:at] for at, character in enumerate(service) if character == "."]


def feature_mask(numbers: Iterable[int]) -> int:
    """Return features as bits of 64; those beyond share one with others, so that lists have to tell them apart."""
    return sum({1 << number % FEATURE_BITS for number in numbers})


def shared_row(family: str, code: int) -> int:
    """Return the row in which the filters that name a band are found, among others perhaps."""
    return FIRST[family] + code % _SHARED[family]
