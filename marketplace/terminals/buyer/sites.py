"""A buyer's address book: the list with what carriers see of each site, adding, changing, removing, importing."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.registry import rules
from buyers.registry import service as registry
from buyers.registry.model import Site, SiteDetails
from buyers.registry.schemas import SiteInput
from buyers.requests import importer
from buyers.requests.importer import SITE_COLUMNS, SiteRow
from buyers.requests.model import Disclosure, Place
from buyers.requests.placing import placing_of
from buyers.requests.view import PlaceView, place_view
from marketplace.geography.placing import Placing
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages
from marketplace.terminals.buyer import importing, wizard_site_rows

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
_LIST, _ONE, _IMPORT = "buyer/sites.html", "buyer/sites_one.html", "buyer/sites_import.html"
_A_PAGE = 50
_FIELDS = tuple(SiteInput.model_fields)


@dataclass(frozen=True, slots=True)
class Row:
    """A site of the list: what carriers see of it at the chosen disclosure, and where it counts as being."""

    site: Site
    seen: PlaceView
    placing: Placing


@dataclass(frozen=True, slots=True)
class Bad:
    """A row of an import that could not be taken, and why."""

    number: int
    label: str
    messages: tuple[str, ...]


@router.get("/b/sites", summary="A buyer's address book")
def show_sites(
    request: Request,
    reading: ReadingOnly,
    _: Buyer,
    q: Annotated[str, Query(max_length=100)] = "",
    disclosure: Disclosure = Disclosure.POSTAL_CODE,
    after: pagination.After = None,
) -> Response:
    """List the sites with what carriers see of each, and what to mend where one can't be placed."""
    return pages.render(request, _LIST, **_book(reading, q.strip(), disclosure, after))


@router.get("/b/sites/new", summary="A new site")
def show_new_site(request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show the form for a new site."""
    return pages.render(request, _ONE, **_one(request, reading, None))


@router.post("/b/sites/new", summary="Add a site by form")
def send_book_site(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Keep a new site."""
    with pages.again(request, _ONE, form, lambda: _one(request, work, None)):
        body = pages.checked(SiteInput, _typed(form))
        registry.add_site(work, SiteDetails(**body.model_dump()))
    return pages.see("/b/sites", pages.said(request, "Added."))


@router.get("/b/sites/import", summary="Import sites")
def show_sites_import(request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show where rows are pasted, or a file is chosen."""
    return pages.render(request, _IMPORT, **_importing(reading))


@router.post("/b/sites/import", summary="Import sites by form")
def send_sites_import(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Keep the good rows of a file or of pasted cells; tell of each other row what is wrong with it."""
    with pages.again(request, _IMPORT, form, lambda: _importing(work)):
        file = form.file("file")
        content = file.file.read(importing.LARGEST_FILE + 1) if file is not None else b""
        rows = importing.rows_of(form.text("text"), content)
        if not rows:
            message = pages.said(request, "paste some rows, or choose a file")
            raise MalformedError(errors=(FieldError("/text", message),))
        kept, bad = _import(work, rows)
    words = pages.words(request)
    if not bad:
        return pages.see("/b/sites", words("All rows are kept."))
    return pages.render(request, _IMPORT, **(_importing(work) | {"kept": kept, "bad": bad}))


@router.get("/b/sites/{site_id}", summary="A site of the address book")
def show_site(site_id: str, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show one site to be changed or removed."""
    return pages.render(request, _ONE, **_one(request, reading, registry.own_site(reading, site_id)))


@router.post("/b/sites/{site_id}", summary="Change or remove a site by form")
def send_site_change(site_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Keep what was changed of a site, or remove it; requests keep the address that they were submitted with."""
    words = pages.words(request)
    if form.text("act") == "remove":
        registry.remove_site(work, site_id)
        return pages.see("/b/sites", words("Removed. Published requests are not touched."))
    with pages.again(request, _ONE, form, lambda: _one(request, work, registry.own_site(work, site_id))):
        body = pages.checked(SiteInput, _typed(form))
        registry.change_site(work, site_id, body.model_dump())
    return pages.see("/b/sites", words("Saved."))


def _typed(form: pages.Form) -> dict[str, Any]:
    typed: dict[str, Any] = {name: form.text(name) for name in _FIELDS}
    return typed | {name: form.text(name) or None for name in ("latitude", "longitude")}


def _book(reading: Reading, q: str, disclosure: Disclosure, after: str | None) -> dict[str, Any]:
    found, following = registry.own_sites(reading, after, _A_PAGE, q)
    return {
        "rows": [Row(site, _seen(site, disclosure), _placed(site, disclosure)) for site in found],
        "count": registry.count_own_sites(reading),
        "most": rules.MOST_SITES,
        "q": q,
        "disclosure": disclosure,
        "after": after,
        "following": following,
    }


def _one(request: Request, reading: Reading, site: Site | None) -> dict[str, Any]:
    home = registry.get(reading, reading.principal.organization_id).demographics.country
    return {
        "site": site,
        "values": _values(site) if site is not None else {"country": home},
        "levels": [(level, _seen(site, level), _placed(site, level)) for level in Disclosure] if site else [],
        "countries": pages.country_names(request),
    }


def _values(site: Site) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in asdict(site).items()}


def _importing(reading: Reading) -> dict[str, Any]:
    return {"columns": SITE_COLUMNS, "kept": None, "bad": [], "count": registry.count_own_sites(reading)}


def _import(work: Work, rows: list[importing.Cells]) -> tuple[int, list[Bad]]:
    """Keep the good rows; return how many, and the others with what is wrong."""
    buyer_id = work.principal.organization_id
    home = registry.get(work, buyer_id).demographics.country
    book = registry.sites_by_id(work, buyer_id).values()
    tidied = wizard_site_rows.tidied(wizard_site_rows.read(rows).dicts(), book, home)
    parsed = importer.parse_sites(importing.as_csv(SITE_COLUMNS, tidied.rows).decode())
    registry.upsert_sites(work, buyer_id, [_details(row) for row in parsed.rows])
    wrong: dict[int, list[str]] = {}
    for error in parsed.errors:
        wrong.setdefault(error.row, []).append(f"{error.column}: {error.message}" if error.column else error.message)
    labels = {number: row.get("label", "") for number, row in enumerate(tidied.rows, 2)}
    bad = [Bad(number, labels.get(number, ""), tuple(messages)) for number, messages in sorted(wrong.items())]
    return len(parsed.rows), bad


def _details(row: SiteRow) -> SiteDetails:
    contact = (row.opening_hours, row.contact_name, row.contact_phone, row.contact_email)
    at = row.place
    exactly = (at.country, at.state, at.city, at.postal_code, at.street, at.latitude, at.longitude)
    return SiteDetails(row.label, *exactly, *contact)


def _where(site: SiteDetails) -> Place:
    return Place(site.country, site.state, site.city, site.postal_code, site.street, site.latitude, site.longitude)


def _placed(site: Site, disclosure: Disclosure) -> Placing:
    return placing_of(_where(site), disclosure)


def _seen(site: Site, disclosure: Disclosure) -> PlaceView:
    return place_view(_where(site), disclosure)
