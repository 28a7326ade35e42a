"""The bid sheet: the lines of a request as rows to price, and what a sheet that comes back changes in a draft."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from marketplace.bidding.drafts import cells as sheet_cells
from marketplace.bidding.drafts.cells import Cell, WrongCellError
from marketplace.bidding.drafts.draft import Draft, DraftLine, DraftLot, OwnCost
from marketplace.bidding.offer import Firmness, UsageRate
from marketplace.catalogue.model import Catalogue, ServiceType
from marketplace.kernel.errors import FieldError, MalformedError

KEYS = ("lot", "line")
"""The columns that say which line a row prices."""
ASKED = ("service", "asked", "place", "quantity", "priority")
"""The columns that tell what is asked. Nothing in them is read back but the quantity, to notice an old sheet."""
NAMES = {"access_owner": "Cascade Fiber", "entrance": "north, Pine St"}
"""The columns of names, each with an example."""
PRICES = ("mrc", "nrc", "taxes", "install_days", "firmness", "construction_cap", *NAMES)
RATE = "rate per "
"""Begins the columns of usage rates, one for each unit of the prior usage."""
COST = "own_cost"
"""The column of the carrier's own monthly cost per unit: it stays with the draft and goes with no bid."""
_SHOWN_LIMIT = 60


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line as its row tells it. ``units`` are those of the prior usage, each of which needs a rate."""

    lot: str
    line: str
    service_type: str
    service: str
    asked: str
    place: str
    quantity: int
    priority: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell that says something else than the draft. ``row`` counts from the header (1)."""

    row: int
    lot: str
    line: str
    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell for which its row is not taken, and what would be right."""

    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """A row for a line that the request doesn't have."""

    row: int
    lot: str
    line: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A draft with the good rows of a sheet in it, and what became of every row.

    ``unchanged`` counts the good rows that say what the draft says; ``ignored_columns`` are none of the sheet's.
    """

    draft: Draft
    changes: tuple[CellChange, ...]
    unchanged: int
    unknown: tuple[UnknownRow, ...]
    bad: tuple[BadCell, ...]
    ignored_columns: tuple[str, ...]


def asked_lines(view: Mapping[str, Any], catalogue: Catalogue) -> tuple[AskedLine, ...]:
    """Return the lines of all lots in their order, from the published carrier view and nothing else.

    ``catalogue`` is the version that the view names; it gives names and units to codes.
    """
    lines = {line["ref"]: line for line in view["lines"]}
    places = {site["ref"]: _place(site["place"]) for site in view["sites"]}
    units: dict[str, list[str]] = {}
    for usage in view["prior_usage"]:
        units.setdefault(usage["service_type"], []).append(usage["unit"])
    found = []
    for lot in view["lots"]:
        for ref in lot["lines"]:
            line = lines[ref]
            kind = catalogue.service_type(line["service_type"])
            found.append(
                AskedLine(
                    lot=lot["ref"],
                    line=ref,
                    service_type=line["service_type"],
                    service=kind.name if kind else line["service_type"],
                    asked=_asked(line, kind),
                    place=places.get(line["site"], "the whole company"),
                    quantity=line["quantity"],
                    priority=line["priority"],
                    units=tuple(units.get(line["service_type"], ())),
                )
            )
    return tuple(found)


def columns(asked: Iterable[AskedLine]) -> tuple[str, ...]:
    """Return the header of the sheet."""
    units = dict.fromkeys(unit for line in asked for unit in line.units)
    return (*KEYS, *ASKED, *PRICES, *(f"{RATE}{unit}" for unit in units), COST)


def rows(asked: Iterable[AskedLine], draft: Draft) -> Iterator[tuple[Cell, ...]]:
    """Yield one row for each line, with the draft's prices in it."""
    asked = tuple(asked)
    drafted, costs = _drafted(draft), _costs(draft)
    priced = columns(asked)[len(KEYS) + len(ASKED) : -1]
    for line in asked:
        told = (line.lot, line.line, line.service, line.asked, line.place, line.quantity, line.priority)
        price = drafted.get((line.lot, line.line))
        cells = (None if price is None else _cell(price, column, line) for column in priced)
        yield (*told, *cells, costs.get((line.lot, line.line)))


def fill(
    asked: Iterable[AskedLine], draft: Draft, header: tuple[str, ...], given: Iterable[tuple[int, tuple[str, ...]]]
) -> Filled:
    """Return the draft with the good rows of a sheet in it; a bad row leaves its line as it was.

    A column that the sheet lacks leaves its cells as they were; an empty cell empties the draft's.

    Args:
        asked: the lines as they are asked now.
        draft: what the desk has written so far.
        header: the sheet's columns.
        given: its rows, each with its number.

    Raises:
        MalformedError: the header doesn't say which line a row is for, or nothing of what it costs.
    """
    asked = tuple(asked)
    known = {(line.lot, line.line): line for line in asked}
    names = tuple(" ".join(name.split()).casefold() for name in header)
    expected = {name.casefold(): name for name in columns(asked)}
    _check_header(names, expected)
    drafted, costs, seen = _drafted(draft), _costs(draft), dict[tuple[str, str], int]()
    changes: list[CellChange] = []
    bad: list[BadCell] = []
    unknown: list[UnknownRow] = []
    unchanged = 0
    for number, cells in given:
        if any(cells[len(names) :]):
            message = f"this row has {len(cells)} cells, the header {len(names)}: quote cells that hold the separator"
            bad.append(BadCell(number, "", cells[len(names)][:_SHOWN_LIMIT], message))
            continue
        row = {expected[name]: cell for name, cell in zip(names, cells, strict=False) if name in expected}
        key = (row.get("lot", "").upper(), row.get("line", "").upper())
        if key not in known:
            unknown.append(UnknownRow(number, key[0][:_SHOWN_LIMIT], key[1][:_SHOWN_LIMIT]))
            continue
        first = seen.setdefault(key, number)
        if first != number:
            bad.append(BadCell(number, "line", key[1], f"row {first} prices this line; keep one of them"))
            continue
        line = known[key]
        before = drafted.get(key, DraftLine(line.line))
        after, wrong = _read(number, row, line, before)
        cost = costs.get(key)
        try:
            new_cost = sheet_cells.read_price(row[COST]) if COST in row else cost
        except WrongCellError as error:
            wrong = (*wrong, BadCell(number, COST, row[COST][:_SHOWN_LIMIT], str(error)))
        if wrong:
            bad += wrong
            continue
        found = tuple(_changed(number, line, before, after, row))
        if found:
            drafted[key] = after
        if new_cost != cost:
            costs[key] = new_cost
            shown = sheet_cells.written(cost), sheet_cells.written(new_cost)
            found = (*found, CellChange(number, line.lot, line.line, COST, *shown))
        if found:
            changes += found
        else:
            unchanged += 1
    ignored = tuple(name for name, key in zip(header, names, strict=True) if key not in expected and key)
    kept = tuple(OwnCost(*key, cost) for key, cost in costs.items() if cost is not None)
    merged = replace(_merged(draft, asked, drafted), costs=kept)
    return Filled(merged, tuple(changes), unchanged, tuple(unknown), tuple(bad), ignored)


def _check_header(names: tuple[str, ...], expected: Mapping[str, str]) -> None:
    doubled = sorted({name for name in names if name in expected and names.count(name) > 1})
    missing = [name for name in KEYS if name not in names]
    as_sent = "keep row 1 as the sheet went out"
    if not any(names):
        message = "row 1 is empty: take the sheet out again, fill in its prices and send that back"
    elif missing:
        message = f"row 1: the column {missing[0]} is missing; {as_sent}"
    elif doubled:
        message = f"row 1: the column {doubled[0]} is there twice; keep one of them"
    elif not set(names) & (set(expected) - set(KEYS) - set(ASKED)):
        message = f"row 1: there is no column of prices, such as {', '.join(PRICES[:2])}; {as_sent}"
    else:
        return
    raise MalformedError("The sheet's header can't be read.", errors=(FieldError("", message),))


def _read(
    number: int, row: Mapping[str, str], line: AskedLine, before: DraftLine
) -> tuple[DraftLine, tuple[BadCell, ...]]:
    """Return the line as the row prices it, or every cell that is wrong."""
    wrong: list[BadCell] = []
    read: dict[str, Any] = {}
    quantity = row.get("quantity", "")
    if quantity and quantity.replace(",", "") != str(line.quantity):
        message = (
            f"the buyer asks for {line.quantity} now: take a new sheet, or write {line.quantity} if the price stands"
        )
        wrong.append(BadCell(number, "quantity", quantity[:_SHOWN_LIMIT], message))
    rates = {(rate.service_type, rate.unit): rate for rate in before.usage_rates}
    for column, text in row.items():
        try:
            if column in PRICES:
                read[column] = _value(column, text)
            elif column.startswith(RATE):
                _read_rate(rates, line, column.removeprefix(RATE), text)
        except WrongCellError as error:
            wrong.append(BadCell(number, column, text[:_SHOWN_LIMIT], str(error)))
    after = replace(before, usage_rates=tuple(rates.values()), **read)
    if not wrong and after.firmness is Firmness.FIRM and after.construction_cap is not None:
        message = f"a firm price has no cap: empty the cell, or write '{Firmness.SUBJECT_TO_SURVEY}' under firmness"
        wrong.append(BadCell(number, "construction_cap", sheet_cells.written(after.construction_cap), message))
    return after, tuple(wrong)


def _value(column: str, text: str) -> object:
    match column:
        case "taxes":
            return sheet_cells.read_taxes(text)
        case "install_days":
            return sheet_cells.read_days(text)
        case "firmness":
            return sheet_cells.read_firmness(text)
        case "access_owner" | "entrance":
            return sheet_cells.read_name(text, NAMES[column])
        case "nrc":
            return sheet_cells.read_price(text) or Decimal(0)
        case _:
            return sheet_cells.read_price(text)


def _read_rate(rates: dict[tuple[str, str], UsageRate], line: AskedLine, unit: str, text: str) -> None:
    rate = sheet_cells.read_rate(text)
    key = (line.service_type, unit)
    if rate is None:
        if unit in line.units:
            rates.pop(key, None)
    elif unit in line.units:
        rates[key] = UsageRate(*key, rate)
    else:
        raise WrongCellError(f"{line.line} has no usage in {unit}: leave the cell empty")


def _changed(
    number: int, line: AskedLine, before: DraftLine, after: DraftLine, row: Mapping[str, str]
) -> Iterator[CellChange]:
    for column in row:
        if column in PRICES or column.startswith(RATE):
            old, new = _cell(before, column, line), _cell(after, column, line)
            if old != new:
                shown = sheet_cells.written(old), sheet_cells.written(new)
                yield CellChange(number, line.lot, line.line, column, *shown)


def _cell(price: DraftLine, column: str, line: AskedLine) -> Cell:
    if column.startswith(RATE):
        unit = column.removeprefix(RATE)
        if unit not in line.units:
            return None
        key = (line.service_type, unit)
        return next((rate.rate for rate in price.usage_rates if (rate.service_type, rate.unit) == key), None)
    if column == "taxes":
        return sheet_cells.taxes_cell(price.taxes)
    cell: Cell = getattr(price, column)
    if column in NAMES:
        return cell or None
    return str(cell) if isinstance(cell, Firmness) else cell


def _drafted(draft: Draft) -> dict[tuple[str, str], DraftLine]:
    return {(lot.lot, line.line): line for lot in draft.lots for line in lot.lines}


def _costs(draft: Draft) -> dict[tuple[str, str], Decimal | None]:
    return {(cost.lot, cost.line): cost.monthly for cost in draft.costs}


def _merged(draft: Draft, asked: tuple[AskedLine, ...], drafted: Mapping[tuple[str, str], DraftLine]) -> Draft:
    """Return the draft with these lines: those that are asked in their order, behind them any others that it has."""
    lines: dict[str, dict[str, DraftLine]] = {lot.lot: {} for lot in draft.lots}
    for item in asked:
        price = drafted.get((item.lot, item.line))
        if price is not None and price != DraftLine(item.line):
            lines.setdefault(item.lot, {})[item.line] = price
    keys = {(item.lot, item.line) for item in asked}
    for (lot, ref), price in drafted.items():
        if (lot, ref) not in keys:
            lines[lot][ref] = price
    kept = {lot.lot: lot for lot in draft.lots}
    return replace(
        draft,
        lots=tuple(
            replace(kept.get(ref, DraftLot(ref)), lines=tuple(prices.values())) for ref, prices in lines.items()
        ),
    )


def _place(place: Mapping[str, Any]) -> str:
    parts = (place["street"], place["city"], place["state"], place["postal_code"], place["country"])
    return ", ".join(part for part in parts if part)


def _asked(line: Mapping[str, Any], kind: ServiceType | None) -> str:
    told = [_feature(wanted, kind) for wanted in line["features"]]
    return "; ".join([*told, line["note"]] if line["note"] else told)


def _feature(wanted: Mapping[str, Any], kind: ServiceType | None) -> str:
    feature = kind.feature(wanted["code"]) if kind else None
    value = wanted["value"]
    if isinstance(value, bool):
        said = "yes" if value else "no"
    else:
        said = ", ".join(value) if isinstance(value, list) else str(value)
    unit = f" {feature.unit}" if feature is not None and feature.unit else ""
    nice = " (nice to have)" if wanted["priority"] == "nice" else ""
    return f"{feature.name if feature else wanted['code']}: {said}{unit}{nice}"
