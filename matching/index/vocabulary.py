"""Which row of bits stands for what, and the numbers of the codes that filters name."""

from collections.abc import Iterable, Iterator

from matching.index import scales
from matching.index.kernels import FEATURE_BITS

SERVICES, REQUIRED, FEATURES = "services", "required", "features"
"""Families of rows, and the family of the numbers of all features, required or excluded."""
BANDS = ("industries", "sizes", "regions", "currencies")
"""Families of codes with one list a filter; kernels know them by their place here."""
_ROWED = (SERVICES, REQUIRED)
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

    def __init__(self, named: list[list[str]] | None = None) -> None:
        self.numbers: dict[str, dict[str, int]] = {family: {} for family in (SERVICES, REQUIRED, *BANDS, FEATURES)}
        """By family and value: the rows of services and required features, the codes of bands and of all features."""
        self.size = FIRST[""]
        """How many rows there are."""
        self.bands_share = False
        """Whether two bands share a row, so that the rows alone don't decide."""
        self.features_share = False
        """Whether two features share a bit of ``feature_mask``."""
        self._uses: dict[int, int] = {}
        for family, value in named or ():
            self.learn(family, value)

    def dump(self) -> list[list[str]]:
        """Return everything that was named, in the order of the numbers, as JSON values."""
        rows = sorted((row, family, value) for family in _ROWED for value, row in self.numbers[family].items())
        coded = [[family, value] for family in (*BANDS, FEATURES) for value in self.numbers[family]]
        return [*([family, value] for _, family, value in rows), *coded]

    def learn(self, family: str, value: str) -> int:
        """Return the row or code of a value, new if need be."""
        known = self.numbers[family]
        if value not in known:
            if family in _ROWED:
                known[value] = self.size
                self.size += 1
            else:
                known[value] = len(known)
            self.features_share = len(self.numbers[FEATURES]) > FEATURE_BITS
            self.bands_share = any(len(self.numbers[one]) > rows for one, rows in _SHARED.items())
        return known[value]

    def nodes(self, service: str) -> list[int]:
        """Return the rows of a service and of the nodes above it that filters name, the highest first."""
        known = self.numbers[SERVICES]
        rows = []
        while service:
            row = known.get(service)
            if row is not None:
                rows.append(row)
            service = service.rpartition(".")[0]
        rows.reverse()
        return rows

    def nested(self) -> list[tuple[int, int]]:
        """Return (outer, inner) rows: whoever accepts what ``outer`` stands for accepts what ``inner`` stands for.

        A service is inside of the node above it that filters name, and everything is inside of 'not stated'. Outer rows
        come first, so that what is handed on arrives everywhere.
        """
        bands = [(FIRST[f"no {family}"], FIRST[family] + at) for family, rows in _SHARED.items() for at in range(rows)]
        features = [(FIRST[f"no {REQUIRED}"], row) for row in self.numbers[REQUIRED].values()]
        # a node sorts before what is below it
        chains = ([FIRST[f"no {SERVICES}"], *self.nodes(service)] for service in sorted(self.numbers[SERVICES]))
        return [*bands, *features, *((chain[-2], chain[-1]) for chain in chains)]

    def rarest(self, rows: list[int]) -> int:
        """Return which of the rows of required features the fewest filters were entered in so far."""
        row = min(rows, key=lambda one: self._uses.get(one, 0))
        self._uses[row] = self._uses.get(row, 0) + 1
        return row


def feature_mask(numbers: Iterable[int]) -> int:
    """Return features as bits of 64; those beyond share one with others, so that lists have to tell them apart."""
    return sum({1 << number % FEATURE_BITS for number in numbers})


def shared_row(family: str, code: int) -> int:
    """Return the row in which the filters that name a band are found, among others perhaps."""
    return FIRST[family] + code % _SHARED[family]
