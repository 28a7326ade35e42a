"""E-Rate Form 471 rows as requests with their winning bids: one application is one request of one buyer.

How rows become a request:

- A line item at one site is one line. Its total (unit cost times quantity) is shared out equally over its lines in
  whole cents, the cents left over going to the first ones, so that the lines sum up to the line item exactly.
- A line's quantity is the units at its site where the line item's units divide evenly over its sites, its prices then
  hold per unit to the cent; otherwise (two circuits shared by 59 sites) it is 1 and the price is the line's share.
- A lot is what one provider won at one site, so every lot has one winner.
- Nothing in sites' refs, lots, titles and notes names the buyer, the application or the winner.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from buyers.requests.model import Content, Line, Lot, Place, Site, WantedFeature
from marketplace.catalogue.model import Catalogue
from marketplace.kernel.money import CENT, LIMIT, cents
from marketplace.standards.erate_rows import ErateRow
from marketplace.standards.erate_services import Service, UnmappableError, service_of

COUNTRY = "US"
FUNDING_YEAR_MONTHS = 12
"""The term of a line item that has only one-time costs and states no months."""
SITE_LIMIT = 1_000
LINE_LIMIT = 2_000
"""A request takes no more sites and lines than these; rows beyond them are unmapped."""
_UNITS_LIMIT = 1_000_000

_SAME_IN_A_LINE_ITEM = (
    "spin_number",
    "total_monthly_cost",
    "monthly_quantity",
    "months_of_service",
    "total_one_time_cost",
    "one_time_quantity",
)


@dataclass(frozen=True, slots=True)
class ErateBuyer:
    """The billed entity. ``kind`` is the form's: library, library system, school, school district, consortium."""

    entity_number: str
    name: str
    kind: str
    place: Place


@dataclass(frozen=True, slots=True)
class ErateSite:
    """A recipient of service. ``ref`` is its name inside the request; label and street are the buyer's secret."""

    ref: str
    entity_number: str
    label: str
    place: Place


@dataclass(frozen=True, slots=True)
class WinningLine:
    """The real price of one line in US dollars per unit of the line's quantity, for ``months`` months."""

    line: str
    mrc: Decimal
    nrc: Decimal
    months: int


@dataclass(frozen=True, slots=True)
class WinningBid:
    """What one provider (SPIN) won: whole lots, and the price of each of their lines."""

    spin: str
    spin_name: str
    lots: tuple[str, ...]
    lines: tuple[WinningLine, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """One request and who won what. ``term_months`` is the longest of its line items; ``rows`` are record numbers."""

    number: str
    funding_year: int | None
    buyer: ErateBuyer
    sites: tuple[ErateSite, ...]
    lines: tuple[Line, ...]
    lots: tuple[Lot, ...]
    winning: tuple[WinningBid, ...]
    term_months: int
    rows: tuple[int, ...]
    line_items: tuple[str, ...]
    """The form's line item number of each line, in the order of ``lines``."""


@dataclass(frozen=True, slots=True)
class ErateProvider:
    """A provider that won something."""

    spin: str
    name: str


@dataclass(frozen=True, slots=True)
class UnmappedRow:
    """A record that is in no application, and why. ``line`` is the line of the file where it begins."""

    row: int
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ErateMapping:
    """All that a file says: every row is a line of one application or is unmapped."""

    applications: tuple[Application, ...]
    providers: tuple[ErateProvider, ...]
    unmapped: tuple[UnmappedRow, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row that becomes a line, with its service and site."""

    row: ErateRow
    service: Service
    site: ErateSite


@dataclass(frozen=True, slots=True)
class _Priced:
    line: Line
    spin: str
    price: WinningLine
    line_item: str


def map_applications(rows: Sequence[ErateRow], catalogue: Catalogue) -> ErateMapping:
    """Return the applications of ``rows`` in the file's order, their providers, and the rows that can't be mapped.

    Every line is valid against ``catalogue``; a row that it refuses is unmapped with its message.
    """
    grouped: dict[str, list[ErateRow]] = defaultdict(list)
    reasons: dict[int, str] = {}
    for row in rows:
        if row.application_number is None:
            reasons[row.number] = "no application number"
        else:
            grouped[row.application_number].append(row)
    applications = []
    for members in grouped.values():
        application = _application(members, catalogue, reasons)
        if application is not None:
            applications.append(application)
    names: dict[str, str] = {}
    for application in applications:
        for bid in application.winning:
            names.setdefault(bid.spin, bid.spin_name)
    unmapped = tuple(UnmappedRow(row.number, row.line, reasons[row.number]) for row in rows if row.number in reasons)
    providers = tuple(ErateProvider(spin, names[spin]) for spin in sorted(names))
    return ErateMapping(tuple(applications), providers, unmapped)


def content_of(application: Application, site_ids: Mapping[str, str] | None = None) -> Content:
    """Return the content of the application's request, without schedule and without prior usage.

    Args:
        application: the mapped application.
        site_ids: the buyer's own record of each site, by ref; without it the refs themselves stand in.
    """
    ids = site_ids or {}
    count = len(application.sites)
    return Content(
        title=f"Telecom services at {count} {'site' if count == 1 else 'sites'}",
        term_months=application.term_months,
        sites=tuple(Site(site.ref, ids.get(site.ref, site.ref), site.place) for site in application.sites),
        lines=application.lines,
        lots=application.lots,
    )


def line_totals(application: Application) -> dict[str, Decimal]:
    """Return the real cost of each line, in their order: over its own months, one-time cost included, in US dollars."""
    prices = {price.line: price for bid in application.winning for price in bid.lines}
    return {
        line.ref: (prices[line.ref].mrc * prices[line.ref].months + prices[line.ref].nrc) * line.quantity
        for line in application.lines
    }


def shares(total: Decimal, count: int) -> tuple[Decimal, ...]:
    """Return ``total``, rounded to cents, in ``count`` equal parts; left-over cents go one each to the first parts."""
    whole = int(cents(total) / CENT)
    part, left = divmod(whole, count)
    return tuple((part + (position < left)) * CENT for position in range(count))


def _application(rows: list[ErateRow], catalogue: Catalogue, reasons: dict[int, str]) -> Application | None:
    """Return the application of ``rows``, or None where no row can be mapped; say into ``reasons`` what is left out."""
    items: dict[str, list[ErateRow]] = defaultdict(list)
    for row in rows:
        items[row.form_471_line_item_number or ""].append(row)
    buyer = next((row for row in rows if row.organization_name and row.billed_entity_number), rows[0])
    kept = []
    for members in items.values():
        usual = _usual(members, buyer)
        for row in members:
            if against := _reason_against(row, buyer) or _reason_against_terms(row, usual):
                reasons[row.number] = against
            else:
                kept.append(row)
    entries = _entries(sorted(kept, key=lambda row: row.number), catalogue, reasons)
    if not entries:
        return None
    priced = _priced(entries)
    lots, winning = _lots(priced, {row.spin_number or "": row.spin_name for row in reversed(rows)})
    return Application(
        number=rows[0].application_number or "",
        funding_year=rows[0].funding_year,
        buyer=_buyer(buyer),
        sites=tuple({entry.site.ref: entry.site for entry in entries}.values()),
        lines=tuple(one.line for one in priced),
        lots=lots,
        winning=winning,
        term_months=max(one.price.months for one in priced),
        rows=tuple(entry.row.number for entry in entries),
        line_items=tuple(one.line_item for one in priced),
    )


def _reason_against(row: ErateRow, buyer: ErateRow) -> str:
    """Return why a row, looked at alone, has no buyer, winner or price; nothing where it has them all."""
    if row.form_471_line_item_number is None:
        return "no line item number"
    if buyer.organization_name is None or buyer.billed_entity_number is None:
        return "no buyer"
    if row.billed_entity_number not in {None, buyer.billed_entity_number}:
        return f"another buyer than in row {buyer.number} of the same application"
    if row.spin_number is None:
        own = "self-provisioned" in (row.form_471_product_name or "").lower()
        return "no provider (a self-provisioned network)" if own else "no provider"
    return _reason_against_price(row)


def _reason_against_price(row: ErateRow) -> str:
    if any((getattr(row, name) or 0) < 0 for name in _SAME_IN_A_LINE_ITEM[1:]):
        return "a negative price, quantity or term"
    monthly, once = _monthly(row), _once(row)
    if not monthly and not once:
        return "no price: neither a monthly nor a one-time cost"
    if max(monthly, once) >= LIMIT:
        return "no plausible price: 10^12 or more"
    if monthly and not row.months_of_service:
        return "no months of service"
    return ""


def _terms(row: ErateRow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _SAME_IN_A_LINE_ITEM)


def _usual(rows: list[ErateRow], buyer: ErateRow) -> tuple[object, ...]:
    """Return winner and price as most rows of a line item state them, or nothing where no statement leads."""
    sound = [_terms(row) for row in rows if not _reason_against(row, buyer)]
    (first, most), *others = Counter(sound).most_common(2) or [((), 0)]
    return () if others and others[0][1] == most else first


def _reason_against_terms(row: ErateRow, usual: tuple[object, ...]) -> str:
    """Return how a row contradicts the other rows of its line item, or nothing."""
    if not usual:
        return f"the rows of line item {row.form_471_line_item_number} contradict each other about winner or price"
    pairs = zip(_SAME_IN_A_LINE_ITEM, _terms(row), usual, strict=True)
    differing = [name for name, own, others in pairs if own != others]
    if not differing:
        return ""
    return f"contradicts most rows of line item {row.form_471_line_item_number} about {', '.join(differing)}"


def _entries(rows: list[ErateRow], catalogue: Catalogue, reasons: dict[int, str]) -> tuple[_Entry, ...]:
    """Return the rows that have a site and a service; the others get their reason."""
    members = Counter(row.form_471_line_item_number for row in rows)
    sites: dict[tuple[str, ...], ErateSite] = {}
    seen: dict[tuple[str | None, str], int] = {}
    entries: list[_Entry] = []
    for row in rows[:LINE_LIMIT]:
        try:
            units = _units(row, members[row.form_471_line_item_number])
            service = service_of(row, units or 1, catalogue)
            site = _site(row, sites)
        except UnmappableError as error:
            reasons[row.number] = str(error)
            continue
        doubled = seen.setdefault((row.form_471_line_item_number, site.ref), row.number)
        if doubled == row.number:
            entries.append(_Entry(row, service, site))
        else:
            reasons[row.number] = f"the same line item at the same site as row {doubled}"
    reasons.update((row.number, f"a request has at most {LINE_LIMIT:,} lines") for row in rows[LINE_LIMIT:])
    return tuple(entries)


def _site(row: ErateRow, sites: dict[tuple[str, ...], ErateSite]) -> ErateSite:
    """Return the site of ``row``, the one known under its entity number or else address; a new one joins ``sites``.

    Raises UnmappableError where the row names no place, or the request has its fill of sites.
    """
    place = Place(
        country=COUNTRY,
        state=row.ros_physical_state or "",
        city=row.ros_physical_city or "",
        postal_code=row.ros_physical_zipcode or "",
        street=row.ros_physical_address or "",
        latitude=row.ros_latitude if row.ros_longitude is not None else None,
        longitude=row.ros_longitude if row.ros_latitude is not None else None,
    )
    address = (place.street, place.city, place.state, place.postal_code)
    if not any(address[1:]):
        raise UnmappableError("no site: the recipient of service has neither city nor state nor ZIP")
    if not (row.ros_entity_number or place.street):
        raise UnmappableError("no site: the recipient of service has neither a number nor a street")
    key = (row.ros_entity_number,) if row.ros_entity_number else tuple(part.lower() for part in address)
    if key not in sites:
        if len(sites) >= SITE_LIMIT:
            raise UnmappableError(f"a request has at most {SITE_LIMIT:,} sites")
        label = row.ros_entity_name or place.street or place.city or place.postal_code or place.state
        sites[key] = ErateSite(f"S{len(sites) + 1}", row.ros_entity_number or "", label, place)
    return sites[key]


def _priced(entries: tuple[_Entry, ...]) -> tuple[_Priced, ...]:
    """Return the lines with the real prices, in the order of ``entries``; each line item is shared out exactly."""
    items: dict[str, list[int]] = defaultdict(list)
    for position, entry in enumerate(entries):
        items[entry.row.form_471_line_item_number or ""].append(position)
    priced: dict[int, _Priced] = {}
    for item, positions in items.items():
        row = entries[positions[0]].row
        monthly, once = shares(_monthly(row), len(positions)), shares(_once(row), len(positions))
        units = _units(row, len(positions))
        counted = any(entries[position].service.counted for position in positions)
        divides = all(part % (units * CENT) == 0 for part in (*monthly, *once)) if units else False
        quantity = units if divides and not counted else 1
        for position, per_month, at_once in zip(positions, monthly, once, strict=True):
            price = WinningLine(
                line=f"L{position + 1}",
                mrc=per_month / quantity,
                nrc=at_once / quantity,
                months=row.months_of_service or FUNDING_YEAR_MONTHS,
            )
            line = _line(price.line, entries[position], quantity)
            priced[position] = _Priced(line, row.spin_number or "", price, item)
    return tuple(priced[position] for position in range(len(entries)))


def _line(ref: str, entry: _Entry, quantity: int) -> Line:
    features = tuple(WantedFeature(code, value) for code, value in entry.service.features.items())
    return Line(ref, entry.service.service_type, entry.site.ref, quantity, features, note=entry.service.note)


def _lots(
    priced: tuple[_Priced, ...], names: Mapping[str, str | None]
) -> tuple[tuple[Lot, ...], tuple[WinningBid, ...]]:
    """Return one lot per site and winner, and the bid of each winner over its lots."""
    groups: dict[tuple[str, str], list[_Priced]] = defaultdict(list)
    for one in priced:
        groups[one.line.site, one.spin].append(one)
    at_site: dict[str, int] = defaultdict(int)
    lots = []
    won: dict[str, list[tuple[str, list[_Priced]]]] = defaultdict(list)
    for position, ((site, spin), members) in enumerate(groups.items(), start=1):
        at_site[site] += 1
        # Numbered and never named after the winner: carriers read the name of a lot.
        name = site if at_site[site] == 1 else f"{site} part {at_site[site]}"
        lots.append(Lot(f"T{position}", name, tuple(one.line.ref for one in members)))
        won[spin].append((f"T{position}", members))
    winning = tuple(
        WinningBid(
            spin=spin,
            spin_name=names.get(spin) or f"SPIN {spin}",
            lots=tuple(ref for ref, _ in parts),
            lines=tuple(one.price for _, members in parts for one in members),
        )
        for spin, parts in won.items()
    )
    return tuple(lots), winning


def _buyer(row: ErateRow) -> ErateBuyer:
    place = Place(COUNTRY, row.org_state or "", row.org_city or "", row.org_zipcode or "", row.org_address1 or "")
    kind = row.organization_entity_type_name or ""
    return ErateBuyer(row.billed_entity_number or "", row.organization_name or "", kind, place)


def _units(row: ErateRow, sites: int) -> int:
    """Return the whole units per site where the line item's units divide evenly over its sites, else 0."""
    quantity = row.monthly_quantity or (row.one_time_quantity if not _monthly(row) else None) or Decimal(0)
    each, left = divmod(quantity, sites)
    return int(each) if not left and each == int(each) and each <= _UNITS_LIMIT else 0


def _monthly(row: ErateRow) -> Decimal:
    """Return what the line item costs a month at all its sites; a quantity that is not stated is one."""
    quantity = Decimal(1) if row.monthly_quantity is None else row.monthly_quantity
    return cents((row.total_monthly_cost or Decimal(0)) * quantity)


def _once(row: ErateRow) -> Decimal:
    """Return what the line item costs once at all its sites; a quantity that is not stated is one."""
    quantity = Decimal(1) if row.one_time_quantity is None else row.one_time_quantity
    return cents((row.total_one_time_cost or Decimal(0)) * quantity)
