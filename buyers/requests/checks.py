"""Checks of a request's content: its shape when a draft is saved, its completeness when it is submitted."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from buyers.requests.auction_checks import check_auction, check_competition
from buyers.requests.model import Content, Line, ListMode, Lot, Place, PriorUsage, ProviderList, Schedule
from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.rules import validate_selection
from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import LIMIT

LINE_LIMIT = 2_000
SITE_LIMIT = 1_000
USAGE_LIMIT = 200
PROVIDER_LIMIT = 2_000
QUANTITY_LIMIT = 1_000_000
TERM_MONTHS = (1, 120)
PAYMENT_DAYS_LIMIT = 180
SCHEDULE_DAYS_LIMIT = 730
"""A closing time further ahead than two years is a slip of the year."""
TITLE_LIMIT = 200
DESCRIPTION_LIMIT = 20_000
NOTE_LIMIT = 2_000
NAME_LIMIT = 100
STREET_LIMIT = 200
UNIT_LIMIT = 20
ERROR_LIMIT = 200
"""More errors than these are not listed: nobody reads them, and 2,000 bad lines would make a long answer."""

PERIODS = ("monthly", "quarterly", "yearly")

# Refs reach the carriers, so they say nothing but a kind and a number.
_REF_DIGITS = "[1-9][0-9]{0,5}"
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_STATE = re.compile(r"[A-Z0-9]{0,3}")
_POSTAL_CODE = re.compile(r"[A-Za-z0-9 -]{0,12}")
_INVOICE_FORMAT = re.compile(r"[a-z0-9][a-z0-9.-]{0,29}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_content(content: Content, catalogue: Catalogue, now: datetime) -> tuple[FieldError, ...]:
    """Return what is wrong with a draft, as far as it is filled in; at most ``ERROR_LIMIT`` errors.

    Pointers are JSON Pointers into the content, whose lists are addressed by index.
    """
    return tuple(error for error, _ in zip(_shape(content, catalogue, now), range(ERROR_LIMIT), strict=False))


def check_submission(content: Content, catalogue: Catalogue, now: datetime) -> tuple[FieldError, ...]:
    """Return what stands against submitting: errors of ``check_content`` and what is missing or no longer holds."""
    errors = (*check_content(content, catalogue, now), *_completeness(content, catalogue, now))
    return errors[:ERROR_LIMIT]


def check_place(place: Place, pointer: str) -> tuple[FieldError, ...]:
    """Return what is wrong with an address: ISO codes, lengths, coordinates in degrees, both or none."""
    errors = [
        *_text(place.city, f"{pointer}/city", NAME_LIMIT),
        *_text(place.street, f"{pointer}/street", STREET_LIMIT),
    ]
    if not _COUNTRY.fullmatch(place.country):
        errors.append(FieldError(f"{pointer}/country", "give the country as two capital letters (ISO 3166-1), 'US'"))
    if not _STATE.fullmatch(place.state):
        message = "give the state as its ISO 3166-2 code without the country, 'CA', or leave it empty"
        errors.append(FieldError(f"{pointer}/state", message))
    if not _POSTAL_CODE.fullmatch(place.postal_code):
        message = "a postal code has at most 12 letters, digits, spaces and hyphens"
        errors.append(FieldError(f"{pointer}/postal_code", message))
    for name, limit in (("latitude", 90), ("longitude", 180)):
        degrees: Decimal | None = getattr(place, name)
        if degrees is not None and not _between(degrees, -limit, limit):
            errors.append(FieldError(f"{pointer}/{name}", f"{name} is in degrees from -{limit} to {limit}"))
    if (place.latitude is None) != (place.longitude is None):
        missing = "latitude" if place.latitude is None else "longitude"
        errors.append(FieldError(f"{pointer}/{missing}", "give latitude and longitude together, or neither"))
    return tuple(errors)


def _shape(content: Content, catalogue: Catalogue, now: datetime) -> Iterator[FieldError]:
    yield from _text(content.title, "/title", TITLE_LIMIT)
    yield from _text(content.description, "/description", DESCRIPTION_LIMIT)
    first, last = TERM_MONTHS
    if not first <= content.term_months <= last:
        yield FieldError("/term_months", f"a term is {first} to {last} months")
    if not _between(content.discount_rate, 0, 1):
        yield FieldError("/discount_rate", "the yearly discount rate is 0 to 1: 0.05 is five percent")
    yield from _sites(content)
    yield from _lines(content, catalogue)
    yield from _lots(content)
    yield from _billing(content)
    yield from _usages(content.prior_usage, catalogue)
    yield from _providers(content.provider_list)
    yield from _doubles(content.disclosed_bands, "/disclosed_bands", "")
    yield from _schedule(content.schedule, now)
    yield from check_auction(content.auction)


def _completeness(content: Content, catalogue: Catalogue, now: datetime) -> Iterator[FieldError]:
    if not content.title.strip():
        yield FieldError("/title", "give the request a title")
    if not content.lines:
        yield FieldError("/lines", "a request has at least one line")
    for index, line in enumerate(content.lines[:LINE_LIMIT]):
        yield from _selection(line, index, catalogue, missing=True)
    for index, lot in enumerate(content.lots):
        if not lot.lines:
            yield FieldError(f"/lots/{index}/lines", f"{lot.ref} has no lines; give it some or remove it")
    yield from _timing(content.schedule, now)
    yield from _admission(content.provider_list)
    yield from check_competition(content.auction)


def _sites(content: Content) -> Iterator[FieldError]:
    if len(content.sites) > SITE_LIMIT:
        yield FieldError("/sites", f"a request has at most {SITE_LIMIT:,} sites; this one has {len(content.sites):,}")
        return
    yield from _refs((site.ref for site in content.sites), "/sites", "S")
    yield from _doubles((site.site_id for site in content.sites), "/sites", "site_id")
    for index, site in enumerate(content.sites):
        yield from check_place(site.place, f"/sites/{index}/place")


def _lines(content: Content, catalogue: Catalogue) -> Iterator[FieldError]:
    if len(content.lines) > LINE_LIMIT:
        yield FieldError("/lines", f"a request has at most {LINE_LIMIT:,} lines; this one has {len(content.lines):,}")
        return
    yield from _refs((line.ref for line in content.lines), "/lines", "L")
    sites = {site.ref for site in content.sites}
    for index, line in enumerate(content.lines):
        if line.site and line.site not in sites:
            message = "this is none of the request's sites; give a site's ref, or nothing for the whole company"
            yield FieldError(f"/lines/{index}/site", message)
        if not 1 <= line.quantity <= QUANTITY_LIMIT:
            yield FieldError(f"/lines/{index}/quantity", f"a quantity is 1 to {QUANTITY_LIMIT:,}")
        yield from _text(line.note, f"/lines/{index}/note", NOTE_LIMIT)
        yield from _doubles((wanted.code for wanted in line.features), f"/lines/{index}/features", "code")
        yield from _selection(line, index, catalogue, missing=False)


def _selection(line: Line, index: int, catalogue: Catalogue, *, missing: bool) -> Iterator[FieldError]:
    """Yield the catalogue's errors of a line: those of required features left out, or all the others."""
    positions = {wanted.code: position for position, wanted in enumerate(line.features)}
    pointer = f"/lines/{index}"
    values = {wanted.code: wanted.value for wanted in line.features}
    for error in validate_selection(catalogue, line.service_type, values, pointer=pointer)[1]:
        below = error.pointer.removeprefix(f"{pointer}/features/")
        if below == error.pointer:
            left_out, where = False, error.pointer
        else:
            # The catalogue speaks of features by code, the content keeps them in a list.
            position = positions.get(below.replace("~1", "/").replace("~0", "~"))
            left_out = position is None
            where = f"{pointer}/features" if position is None else f"{pointer}/features/{position}"
        if left_out is missing:
            yield FieldError(where, error.message)


def _lots(content: Content) -> Iterator[FieldError]:
    if len(content.lots) > LINE_LIMIT:
        yield FieldError("/lots", f"a request has at most {LINE_LIMIT:,} lots; this one has {len(content.lots):,}")
        return
    yield from _refs((lot.ref for lot in content.lots), "/lots", "T")
    lines = {line.ref for line in content.lines}
    homes: dict[str, str] = {}
    for index, lot in enumerate(content.lots):
        yield from _text(lot.name, f"/lots/{index}/name", NAME_LIMIT)
        yield from _members(lot, f"/lots/{index}/lines", lines, homes)


def _members(lot: Lot, pointer: str, lines: set[str], homes: dict[str, str]) -> Iterator[FieldError]:
    for index, ref in enumerate(lot.lines):
        if ref not in lines:
            yield FieldError(f"{pointer}/{index}", "this is none of the request's lines; give a line's ref")
        elif ref in homes:
            yield FieldError(f"{pointer}/{index}", f"{ref} is in lot {homes[ref]} already; a line is in one lot only")
        homes.setdefault(ref, lot.ref)


def _billing(content: Content) -> Iterator[FieldError]:
    billing = content.billing
    if not _CURRENCY.fullmatch(billing.currency):
        yield FieldError("/billing/currency", "give the currency as three capital letters (ISO 4217), 'USD'")
    if billing.period not in PERIODS:
        yield FieldError("/billing/period", f"give one of {', '.join(PERIODS)}")
    if not 0 <= billing.payment_days <= PAYMENT_DAYS_LIMIT:
        yield FieldError("/billing/payment_days", f"payment is due 0 to {PAYMENT_DAYS_LIMIT} days after the invoice")
    if not _INVOICE_FORMAT.fullmatch(billing.invoice_format):
        message = "give the format's short name in small letters, digits, dots and hyphens: 'pdf', 'ubl-2.1'"
        yield FieldError("/billing/invoice_format", message)
    yield from _text(billing.purchase_order, "/billing/purchase_order", NAME_LIMIT)


def _usages(usages: tuple[PriorUsage, ...], catalogue: Catalogue) -> Iterator[FieldError]:
    if len(usages) > USAGE_LIMIT:
        yield FieldError("/prior_usage", f"give at most {USAGE_LIMIT} prior usages; these are {len(usages):,}")
        return
    for index, usage in enumerate(usages):
        pointer = f"/prior_usage/{index}"
        if catalogue.service_type(usage.service_type) is None:
            message = (
                f"this is no service type of catalogue {catalogue.version}; give the code of one, 'data.broadband'"
            )
            yield FieldError(f"{pointer}/service_type", message)
        if not usage.unit.strip():
            yield FieldError(f"{pointer}/unit", "name the unit that the quantity is in: 'minutes', 'GB'")
        yield from _text(usage.unit, f"{pointer}/unit", UNIT_LIMIT)
        yield from _text(usage.provider, f"{pointer}/provider", NAME_LIMIT)
        if not _between(usage.monthly_quantity, 0, LIMIT):
            yield FieldError(f"{pointer}/monthly_quantity", "a monthly quantity is 0 or more, below 10^12")
        if usage.monthly_spend is not None and not _between(usage.monthly_spend, 0, LIMIT):
            yield FieldError(f"{pointer}/monthly_spend", "a monthly spend is 0 or more, below 10^12")


def _providers(providers: ProviderList) -> Iterator[FieldError]:
    if len(providers.providers) > PROVIDER_LIMIT:
        yield FieldError("/provider_list/providers", f"a provider list names at most {PROVIDER_LIMIT:,}")
        return
    yield from _doubles(providers.providers, "/provider_list/providers", "")


def _schedule(schedule: Schedule, now: datetime) -> Iterator[FieldError]:
    for name in ("opens_at", "closes_at"):
        instant: datetime | None = getattr(schedule, name)
        if instant is None:
            continue
        if instant.tzinfo is None:
            yield FieldError(f"/schedule/{name}", "give the time with its offset, '2030-01-31T17:00:00Z'")
        elif instant > now + timedelta(days=SCHEDULE_DAYS_LIMIT):
            yield FieldError(f"/schedule/{name}", f"this is more than {SCHEDULE_DAYS_LIMIT} days ahead; check the year")


def _timing(schedule: Schedule, now: datetime) -> Iterator[FieldError]:
    closes_at = schedule.closes_at
    if closes_at is None:
        yield FieldError("/schedule/closes_at", "say until when bids are taken")
        return
    if closes_at.tzinfo is None:
        return  # said by the check of the shape
    if closes_at <= now:
        yield FieldError(
            "/schedule/closes_at", f"the time for bids must end in the future, after {now:%Y-%m-%dT%H:%MZ}"
        )
    opens_at = schedule.opens_at
    if opens_at is not None and opens_at.tzinfo is not None and opens_at >= closes_at:
        yield FieldError("/schedule/opens_at", "bids must open before they close")
    planned = schedule.award_planned_on
    if planned is not None and planned < closes_at.date():
        yield FieldError("/schedule/award_planned_on", "the award can't be planned before bids close")


def _admission(providers: ProviderList) -> Iterator[FieldError]:
    pointer = "/provider_list/providers"
    if providers.mode is ListMode.OPEN and providers.providers:
        yield FieldError(pointer, "an open request has no list; choose 'only' or 'except', or empty the list")
    if providers.mode is ListMode.ONLY and not providers.providers:
        yield FieldError(pointer, "with 'only' nobody could bid: list at least one provider")
    if providers.mode is ListMode.ONLY and not providers.grant:
        yield FieldError("/provider_list/grant", "with 'only' the listed providers must be granted access")


def _refs(refs: Iterable[str], pointer: str, letter: str) -> Iterator[FieldError]:
    listed = tuple(refs)
    pattern = re.compile(f"{letter}{_REF_DIGITS}")
    for index, ref in enumerate(listed):
        if not pattern.fullmatch(ref):
            yield FieldError(f"{pointer}/{index}/ref", f"a ref is the letter {letter} and a number: '{letter}1'")
    yield from _doubles(listed, pointer, "ref")


def _doubles(values: Iterable[str], pointer: str, field: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield FieldError(f"{pointer}/{index}/{field}".rstrip("/"), "this was given before; each may be given once")
        seen.add(value)


def _text(text: str, pointer: str, limit: int) -> Iterator[FieldError]:
    if len(text) > limit:
        yield FieldError(pointer, f"this has {len(text):,} characters; at most {limit:,} are taken")
    elif _CONTROL.search(text):
        yield FieldError(pointer, "this holds control characters; only line breaks and tabs are taken")


def _between(number: Decimal, low: int, high: int | Decimal) -> bool:
    """Return whether ``number`` is a number at all (not NaN, not infinite) and within both ends."""
    return number.is_finite() and low <= number <= high


def typed(content: Content, catalogue: Catalogue) -> Content:
    """Return ``content``, which has no errors, with every feature value in the catalogue's type for it."""
    return replace(content, lines=tuple(_typed_line(line, catalogue) for line in content.lines))


def _typed_line(line: Line, catalogue: Catalogue) -> Line:
    given = {wanted.code: wanted.value for wanted in line.features}
    values = validate_selection(catalogue, line.service_type, given, pointer="")[0]
    features = tuple(replace(wanted, value=values.get(wanted.code, wanted.value)) for wanted in line.features)
    return replace(line, features=features)
