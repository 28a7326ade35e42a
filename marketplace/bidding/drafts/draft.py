"""A bid that a desk is still writing: what it holds so far, and what it lacks before it can be placed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from marketplace.bidding import offer as offers
from marketplace.bidding.offer import (
    FeatureAnswer,
    Firmness,
    LinePrice,
    LineToPrice,
    LotToPrice,
    Offer,
    Surcharge,
    Usage,
    UsageRate,
)
from marketplace.bidding.offer_conditions import Capacity, PackageCondition, VolumeTier, unknown_package_lots
from marketplace.kernel.errors import FieldError


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as far as it is priced: a ``LinePrice`` whose ``mrc`` may still be missing."""

    line: str
    mrc: Decimal | None = None
    nrc: Decimal = Decimal(0)
    usage_rates: tuple[UsageRate, ...] = ()
    install_days: int | None = None
    answers: tuple[FeatureAnswer, ...] = ()
    taxes: tuple[Surcharge, ...] = ()
    firmness: Firmness = Firmness.FIRM
    construction_cap: Decimal | None = None
    access_owner: str = ""
    entrance: str = ""


@dataclass(frozen=True, slots=True)
class DraftLot:
    """A lot as far as it is priced."""

    lot: str
    lines: tuple[DraftLine, ...] = ()
    valid_until: date | None = None
    note: str = ""
    adjustment: Decimal = Decimal(0)
    packages: tuple[PackageCondition, ...] = ()
    volume: tuple[VolumeTier, ...] = ()
    capacity: Capacity | None = None
    alternative: str = ""


@dataclass(frozen=True, slots=True)
class OwnCost:
    """What a line costs the carrier itself, a month and per unit of its quantity."""

    lot: str
    line: str
    monthly: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """What a desk has written so far for one invitation. A complete lot is what a bid takes, field by field.

    ``costs`` are the carrier's own figures: no part of a lot, so that no bid can take them along.
    """

    terms_id: str = ""
    lots: tuple[DraftLot, ...] = ()
    costs: tuple[OwnCost, ...] = ()


@dataclass(frozen=True, slots=True)
class LotCheck:
    """What a lot still lacks. ``problems`` point into the draft; ``total`` is there once the lot could be bid.

    ``missing`` are the must lines without a price; ``open_ended`` the lines that make the total no limit.
    """

    lot: str
    missing: tuple[str, ...]
    problems: tuple[FieldError, ...]
    total: Decimal | None
    open_ended: tuple[str, ...]


def repeated(draft: Draft) -> tuple[FieldError, ...]:
    """Return what stands in a draft twice: a sheet finds a price by lot and line, so that each is there once."""
    found = list(_repeated([lot.lot for lot in draft.lots], "/lots", "lot"))
    for index, lot in enumerate(draft.lots):
        found += _repeated([line.line for line in lot.lines], f"/lots/{index}/lines", "line")
    found += _repeated([f"{cost.lot} {cost.line}" for cost in draft.costs], "/costs", "line")
    return tuple(found)


def lots_to_price(view: Mapping[str, Any]) -> tuple[LotToPrice, ...]:
    """Return what there is to price in each lot, from the published carrier view: the same as the auction's."""
    quantities: dict[str, int] = {}
    for line in view["lines"]:
        quantities[line["service_type"]] = quantities.get(line["service_type"], 0) + line["quantity"]
    used: dict[str, list[tuple[str, Decimal]]] = {}
    for item in view["prior_usage"]:
        used.setdefault(item["service_type"], []).append((item["unit"], Decimal(item["monthly_quantity"])))
    lines = {
        line["ref"]: LineToPrice(
            line["ref"],
            line["service_type"],
            line["quantity"],
            line["priority"] == "must",
            tuple(
                Usage(unit, offers.share(monthly, line["quantity"], quantities[line["service_type"]]))
                for unit, monthly in used.get(line["service_type"], ())
            ),
        )
        for line in view["lines"]
    }
    places = {ref: place for place, ref in enumerate(lines)}
    term_months, discount_rate = view["term_months"], Decimal(view["discount_rate"])
    return tuple(
        LotToPrice(
            lot["ref"],
            tuple(lines[ref] for ref in sorted(lot["lines"], key=places.__getitem__)),
            term_months,
            discount_rate,
        )
        for lot in view["lots"]
    )


def check(draft: Draft, lots: Iterable[LotToPrice]) -> tuple[LotCheck, ...]:
    """Return what every lot of the request lacks, in the request's order; lots that it doesn't have come last."""
    places = {lot.lot: index for index, lot in enumerate(draft.lots)}
    to_price = {lot.ref: lot for lot in lots}
    found = [
        _checked(lot, draft.lots[places[ref]], f"/lots/{places[ref]}", to_price)
        if ref in places
        else LotCheck(ref, _must(lot), (), None, ())
        for ref, lot in to_price.items()
    ]
    for ref, index in places.items():
        if ref not in to_price:
            problem = FieldError(f"/lots/{index}/lot", f"{ref} is no lot of this request")
            found.append(LotCheck(ref, (), (problem,), None, ()))
    return tuple(found)


def _checked(lot: LotToPrice, draft: DraftLot, pointer: str, to_price: Mapping[str, LotToPrice]) -> LotCheck:
    priced = {line.line for line in draft.lines if line.mrc is not None}
    missing = tuple(ref for ref in _must(lot) if ref not in priced)
    offer = _offer(lot, draft)
    problems = [
        problem for problem in offers.problems(lot, offer, pointer) if problem.pointer != f"{pointer}/lines"
    ]  # missing lines are told on their own
    problems += [
        FieldError(f"{pointer}/lines/{index}/mrc", f"{line.line} has no monthly price: give one, or drop the line")
        for index, line in enumerate(draft.lines)
        if line.mrc is None and line.line not in missing
    ]
    problems += unknown_package_lots(draft.packages, to_price, pointer)
    if missing or problems or not draft.lines:
        return LotCheck(lot.ref, missing, tuple(problems), None, ())
    cost = offers.total_cost(lot, offer)
    return LotCheck(lot.ref, (), (), cost.total, cost.open_ended)


def _offer(lot: LotToPrice, draft: DraftLot) -> Offer:
    """Return the draft as an offer, with 0 for prices that are missing: good to be checked, not to be placed."""
    lines = tuple(
        LinePrice(
            line.line,
            line.mrc or Decimal(0),
            line.nrc,
            line.usage_rates,
            line.install_days,
            line.answers,
            line.taxes,
            line.firmness,
            line.construction_cap,
            line.access_owner,
            line.entrance,
        )
        for line in draft.lines
    )
    return Offer(
        lot.ref,
        lines,
        lot.term_months,
        draft.valid_until,
        "",
        "",
        draft.note,
        draft.adjustment,
        draft.packages,
        draft.volume,
        capacity=draft.capacity,
        alternative=draft.alternative,
    )


def _must(lot: LotToPrice) -> tuple[str, ...]:
    return tuple(line.ref for line in lot.lines if line.must)


def _repeated(names: list[str], pointer: str, field: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield FieldError(f"{pointer}/{index}/{field}", f"{name} stands above: keep one of them")
        seen.add(name)
