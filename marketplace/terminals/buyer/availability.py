"""What can be had where: a buyer looks up an address, pasted rows, or the sites of a request; nobody learns of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.registry import service as registry
from buyers.requests.placing import address_of
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.geography.address import Address
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import importing, wizard_site_rows
from matching.availability import service as availability
from matching.availability.model import Question
from matching.availability.schemas import MAX_PLACES, AvailabilityInput, AvailabilityOutput, PlaceInput, WantedInput

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_TEMPLATE = "buyer/availability.html"
_PATH = "/b/availability"
_CELLS = ("street", "city", "state", "postal_code", "country", "latitude", "longitude")
_SHOWN = 200
"""Places that one page answers in full."""
_NEWEST = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Places that are looked up: how each is called, and where it is."""

    names: tuple[str, ...]
    places: tuple[Address, ...]


@router.get(_PATH, summary="Look up what can be had where")
def show_availability(request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show where an address, rows or a request's sites are named."""
    return pages.render(request, _TEMPLATE, **_context(request, reading))


@router.post(_PATH, summary="Look up availability by form")
def send_availability_question(request: Request, reading: ReadingOnly, form: pages.Sent, caller: Buyer) -> Response:
    """Answer on the same page; nothing is stored, and no carrier learns that somebody asked."""
    with pages.again(request, _TEMPLATE, form, lambda: _context(request, reading)):
        said = {"service_type": form.text("service_type"), "minimum_mbps": form.text("minimum_mbps") or "0"}
        wanted = pages.checked(WantedInput, said)
        asked = _asked(reading, form, pages.said(request, "name a place first"))
        limit = request.app.state.place_limit
        told = availability.admit(limit, caller, reading.now, len(asked.places))
        question = Question(asked.places, wanted.service_type, wanted.minimum_mbps)
        found = AvailabilityOutput.of(asked.names, availability.look_up(reading, question))
    answer = {"found": found.places[:_SHOWN], "more": max(0, len(found.places) - _SHOWN), "left": _left(told)}
    return pages.render(request, _TEMPLATE, form=form, **(_context(request, reading) | answer))


def _asked(reading: Reading, form: pages.Form, nothing: str) -> Asked:
    """Return what a form names: the sites of a request, rows, or one address."""
    match form.text("by"):
        case "request":
            if not form.text("request"):
                raise MalformedError(errors=(FieldError("/request", nothing),))
            sites = desk.read(reading, form.text("request")).content.sites
            names = tuple(", ".join(filter(None, (site.ref, site.place.street, site.place.city))) for site in sites)
            return _some(Asked(names, tuple(address_of(site.place) for site in sites)), "/request", nothing)
        case "rows":
            return _some(_rows(reading, form.text("rows")), "/rows", nothing)
        case _:
            typed = {name: form.text(name) or (None if name in {"latitude", "longitude"} else "") for name in _CELLS}
            place = pages.checked(PlaceInput, typed)
            said = [typed[name] for name in _CELLS if name != "country"]
            name = ", ".join(str(value) for value in said if value)
            return _some(Asked((name,) if name else (), (place.address(),)), "/street", nothing)


def _some(asked: Asked, pointer: str, nothing: str) -> Asked:
    if not asked.names:
        raise MalformedError(errors=(FieldError(pointer, nothing),))
    return asked


def _rows(reading: Reading, text: str) -> Asked:
    """Return pasted rows: their columns as an import of sites reads them, or each line as street, city, state ZIP."""
    rows = importing.rows_of(text, b"")
    if not rows:
        return Asked((), ())
    home = registry.get(reading, reading.principal.organization_id).demographics.country
    tidied = wizard_site_rows.tidied(wizard_site_rows.read(rows).dicts(), (), home).rows
    places = [{name: row[name] for name in _CELLS if row.get(name)} for row in tidied]
    if len(places) > MAX_PLACES:
        message = f"at most {MAX_PLACES:,} places at once; these are {len(places):,}"
        raise MalformedError(errors=(FieldError("/rows", message),))
    try:
        body = pages.checked(AvailabilityInput, {"places": places})
    except MalformedError as problem:
        raise MalformedError(errors=_in_rows(problem.errors)) from problem
    names = tuple(row["label"] for row in tidied)
    return Asked(names, tuple(place.address() for place in body.places))


def _in_rows(errors: Sequence[FieldError]) -> tuple[FieldError, ...]:
    """Return what is wrong with places as one list beside the rows that they came from."""
    found = []
    for error in errors[:5]:
        parts = error.pointer.strip("/").split("/")
        row = int(parts[1]) + 1 if len(parts) > 1 and parts[1].isdecimal() else 1
        found.append(f"row {row}, {parts[-1]}: {error.message}")
    return (FieldError("/rows", "; ".join(found)),)


def _left(told: dict[str, str]) -> str:
    """Return how many places may still be looked up, as the ``RateLimit`` field tells."""
    parts = told.get("RateLimit", "").split(";")
    return next((part.removeprefix("r=") for part in parts if part.startswith("r=")), "")


def _context(request: Request, reading: Reading) -> dict[str, Any]:
    catalogue = catalogues.current(reading)
    own, _ = desk.list_own(reading, None, _NEWEST)
    home = registry.get(reading, reading.principal.organization_id).demographics.country
    return {
        "services": _services(catalogue),
        "service_names": {kind.code: kind.name for family in catalogue.families for kind in family.service_types},
        "requests": [(one.id, one.content.title or one.id) for one in own if one.content.sites],
        "countries": pages.country_names(request),
        "home": home,
        "a_day": request.app.state.place_limit.burst,
        "most": MAX_PLACES,
        "found": None,
        "more": 0,
        "left": "",
    }


def _services(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return what can be asked for: each family as a whole, then its service types."""
    found = []
    for family in catalogue.families:
        found.append((family.code, family.name))
        found += [(kind.code, f"{family.name}: {kind.name}") for kind in family.service_types]
    return found
