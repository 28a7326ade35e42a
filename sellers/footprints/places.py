"""The rows of a footprint as place keys: for look-ups, each beside what is offered, and for filters."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import orjson

from marketplace.geography import areas, keys
from marketplace.geography.address import Address, postal_area, postal_code, street_line
from marketplace.geography.keys import PackedKeys
from marketplace.geography.placing import middle_of
from marketplace.kernel.errors import MalformedError
from sellers.footprints.cells import MAX_ERRORS
from sellers.footprints.model import Compiled, Counts, FootprintPlaces, FootprintRow, Form, Offer, Offered, RowError
from sellers.model import Net

MAX_OFFERS = 2_000
"""Different offers of one footprint: kinds, service types and speeds that come together."""
MAX_AREA_OFFERS = 10
"""Different offers of the areas of one footprint; turning the areas of one into cells may take a second."""
MAX_POSITIONS = 100_000
"""Positions of all areas of one footprint."""


class _Gathered:
    """Keys while they are gathered."""

    def __init__(self) -> None:
        self.keys = array("Q")
        self.offer_of = array("L")
        self.by_net = {Net.ON: array("Q"), Net.NEAR: array("Q")}
        self.rows = Counter[Net]()
        self.offers: dict[Offer, int] = {}
        self._last: tuple[Offer | None, int] = None, 0

    def add(self, offer: Offer, asked: Sequence[int], filtered: Iterable[int]) -> None:
        """Add places by their keys for look-ups and its keys for filters."""
        last, number = self._last
        if offer is not last:
            number = self.offers.setdefault(offer, len(self.offers))
            self._last = offer, number
        self.keys.extend(asked)
        self.offer_of.extend([number] * len(asked))
        self.by_net[offer.net].extend(filtered)

    def compiled(self) -> Compiled:
        """Return all that was added."""
        found = np.frombuffer(self.keys, np.uint64), np.frombuffer(self.offer_of, np.dtype("L")).astype(np.uint32)
        order = np.lexsort((found[1], found[0]))
        place, offer = found[0][order], found[1][order]
        first = np.ones(len(place), bool)
        first[1:] = (place[1:] != place[:-1]) | (offer[1:] != offer[:-1])
        packed = {net: _packed(wider) for net, wider in self.by_net.items()}
        return Compiled(
            Counts(self.rows.total(), self.rows[Net.ON], self.rows[Net.NEAR]),
            Offered(place[first], offer[first], tuple(self.offers)),
            FootprintPlaces(packed[Net.ON], packed[Net.NEAR]),
        )


def compiled(rows: Iterable[FootprintRow], form: Form) -> tuple[Compiled, tuple[RowError, ...]]:
    """Return what rows come to, and the errors of areas that can't be turned into cells.

    A building is found by its address; by a map point in its cell of resolution ``keys.FINEST`` where it has
    coordinates; and by who knows its postal code only. An area becomes cells.
    """
    gathered = _Gathered()
    outlines: dict[Offer, list[FootprintRow]] = {}
    for row in rows:
        gathered.rows[row.offer.net] += 1
        if len(gathered.offers) > MAX_OFFERS:
            message = f"up to here are more than {MAX_OFFERS:,} different offers: round speeds, or join service types"
            return gathered.compiled(), (_wrong(row, form, "down_mbps", message),)
        if row.address is None:
            outlines.setdefault(row.offer, []).append(row)
        else:
            gathered.add(row.offer, *_keys_of(row.address))
    errors: list[RowError] = []
    read = list(_read(outlines, form, errors))
    for first, area in () if errors else read:
        try:
            cells = areas.covering(area).cells
        except MalformedError as error:
            errors.append(_wrong_area(first, form, error.errors[0].message))
            continue
        own = [keys.cell_key(cell) for cell in cells]
        gathered.add(first.offer, own, (key for cell in cells for key in keys.of_cell(cell)))
    return gathered.compiled(), tuple(errors)


def _read(
    outlines: dict[Offer, list[FootprintRow]], form: Form, errors: list[RowError]
) -> Iterator[tuple[FootprintRow, areas.Area]]:
    """Yield the areas of each offer together, with the first of their rows; append what is wrong to ``errors``."""
    positions = 0
    for number, rows in enumerate(outlines.values(), 1):
        if number > MAX_AREA_OFFERS:
            message = f"areas have at most {MAX_AREA_OFFERS} different offers: join service types and round speeds"
            errors.append(_wrong_area(rows[0], form, message))
            return
        polygons: list[areas.Polygon] = []
        for row in rows:
            positions += row.area.count("[")
            if positions > MAX_POSITIONS:
                message = f"the areas up to here have more than {MAX_POSITIONS:,} positions: simplify the outlines"
                errors.append(_wrong_area(row, form, message))
                return
            try:
                polygons += areas.read(orjson.loads(row.area)).polygons
            except MalformedError as error:
                wrong = error.errors[0]
                errors.append(_wrong_area(row, form, f"{wrong.message} ({wrong.pointer or '/'})"))
            if len(errors) >= MAX_ERRORS:
                return
        yield rows[0], areas.Area(tuple(polygons))


def _keys_of(address: Address) -> tuple[Sequence[int], Sequence[int]]:
    """Return the keys of a building or a postal code for look-ups, and for filters."""
    point = address.point
    if point is None and not street_line(address.street):
        code = keys.postal_key(postal_code(address.country, address.postal_code))
        return (code,), (code,)
    middle = point
    if middle is None:
        known = middle_of(address)
        middle = known[1] if known else None
    wider = keys.of_building(address.country, address.postal_code, address.street, middle)
    asked = [wider[0]]
    if point:
        asked.append(keys.near_building_key(keys.cells_of_point(*point)[keys.FINEST]))
    if address.postal_code:
        asked.append(keys.near_postal_key(postal_area(address.country, address.postal_code)))
    return asked, wider


def _packed(found: "array[int]") -> PackedKeys:
    return PackedKeys(np.unique(np.frombuffer(found, np.uint64)).astype("<u8").tobytes())


def _wrong_area(row: FootprintRow, form: Form, message: str) -> RowError:
    return _wrong(row, form, "area", message)


def _wrong(row: FootprintRow, form: Form, column: str, message: str) -> RowError:
    if form is Form.CSV:
        pointer = f"/{row.number}/{column}"
    else:
        pointer = f"/features/{row.number}/{'geometry' if column == 'area' else f'properties/{column}'}"
    return RowError(row.number, column, "", message, pointer)
