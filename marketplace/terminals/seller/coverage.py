"""Where a carrier can serve: its footprint with versions and who may know, and the territories that filters name."""

import json
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.seller import coverage_map, filter_forms
from sellers.footprints import service as footprints
from sellers.footprints.model import Form, RowError, Visibility
from sellers.schemas import Id
from sellers.territories import service as territories
from sellers.territories.schemas import TerritoryInput

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Writer = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.FILTERS))]
Number = Annotated[int, Path(ge=1, le=2_000_000_000)]
_A_PAGE = 50
_MOST_ERRORS = 50
_FORMS = {".csv": Form.CSV, ".txt": Form.CSV, ".tsv": Form.CSV, ".json": Form.GEOJSON, ".geojson": Form.GEOJSON}


@router.get("/c/coverage", summary="Where a carrier can serve")
def show_coverage(request: Request, reading: ReadingOnly, _: Desk) -> Response:
    """Show the footprint in force, its versions, and the saved territories."""
    return pages.render(request, "seller/coverage.html", **_context(request, reading))


@router.post("/c/coverage/upload", summary="Upload a footprint by form")
def send_footprint(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Make a file the footprint in force, or only tell what would come of it."""
    words = pages.words(request)
    with pages.again(request, "seller/coverage.html", form, lambda: _context(request, work)):
        content, kind = _file(form)
        if form.text("act") == "check":
            checked = footprints.check(work, content, kind)
            context = _context(request, work) | {"checked": checked, "rows_wrong": checked.errors[:_MOST_ERRORS]}
            return pages.render(request, "seller/coverage.html", **context)
        done = footprints.upload(work, content, kind)
    return pages.see("/c/coverage", words("In force now: version %s.") % done.version.number)


@router.get("/c/coverage/versions/{number}/file", summary="A version of the footprint as a file")
def download_own_footprint(number: Number, reading: ReadingOnly, _: Desk) -> Response:
    """Send a version's places as a CSV that can be uploaded again."""
    headers = {"Content-Disposition": f'attachment; filename="footprint-{number}.csv"'}
    return Response(footprints.file_of(reading, number), media_type="text/csv", headers=headers)


@router.post("/c/coverage/versions/{number}/restore", summary="Put a version in force by form")
def send_footprint_restoration(
    number: Number, request: Request, work: Working, form: pages.Sent, _: Writer
) -> Response:
    """Put an earlier version of the footprint in force again."""
    with pages.again(request, "seller/coverage.html", form, lambda: _context(request, work)):
        footprints.restore(work, number)
    return pages.see("/c/coverage", pages.said(request, "In force again: version %s.") % number)


@router.post("/c/coverage/withdraw", summary="Withdraw the footprint by form")
def send_footprint_withdrawal(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Take the footprint out of force; its versions stay."""
    with pages.again(request, "seller/coverage.html", form, lambda: _context(request, work)):
        footprints.withdraw(work)
    return pages.see("/c/coverage", pages.said(request, "No footprint is in force. Its versions stay."))


@router.post("/c/coverage/visibility", summary="Say who may know of the footprint")
def send_footprint_visibility(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Publish the carrier's name where it has a network, or keep it private."""
    with pages.again(request, "seller/coverage.html", form, lambda: _context(request, work)):
        if form.text("visibility") not in set(Visibility):
            raise MalformedError(errors=(FieldError("/visibility", "choose one of the two"),))
        footprints.show(work, Visibility(form.text("visibility")))
    return pages.see("/c/coverage", pages.said(request, "Saved."))


@router.post("/c/coverage/territories", summary="Save a territory by form")
def send_territory(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Save a territory of states, postal prefixes, countries and an area."""
    with pages.again(request, "seller/coverage.html", form, lambda: _context(request, work)):
        body = pages.checked(TerritoryInput, _territory(form))
        saved = territories.create(work, body.name, body.content())
    return pages.see("/c/coverage#territories", pages.said(request, "Saved: %s.") % saved.name)


@router.post("/c/coverage/territories/{territory_id}/remove", summary="Remove a territory by form")
def send_territory_removal(territory_id: Id, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Remove a territory that no filter is made of."""
    with pages.again(request, "seller/coverage.html", form, lambda: _context(request, work)):
        territories.remove(work, territory_id, f'"{form.text("revision")}"')
    return pages.see("/c/coverage#territories", pages.said(request, "Removed."))


def _file(form: pages.Form) -> tuple[bytes, Form]:
    file = form.file("file")
    kind = _FORMS.get(PurePath(file.filename or "").suffix.lower()) if file else None
    if file is None or kind is None:
        raise MalformedError(errors=(FieldError("/file", "choose a file that ends in .csv, .geojson or .json"),))
    return file.file.read(footprints.LARGEST_FILE + 1), kind


def _territory(form: pages.Form) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: [word for text in form.texts(name) for word in text.replace(",", " ").split()]
        for name in ("countries", "states", "postal_prefixes")
    }
    file = form.file("area")
    if file is not None:
        try:
            values["area"] = json.load(file.file)
        except ValueError:
            raise MalformedError(errors=(FieldError("/area", "this is no JSON: save the area as GeoJSON"),)) from None
    return {"name": form.text("name"), **values}


def _context(request: Request, reading: Reading) -> dict[str, Any]:
    footprint, in_force = footprints.own(reading)
    kept = footprints.versions(reading, None, pagination.LARGEST_PAGE)
    no_rows: tuple[RowError, ...] = ()
    say = pages.words(request)
    found = coverage_map.spread(footprints.file_of(reading, in_force.number)) if in_force else None
    return {
        "footprint": footprint,
        "in_force": in_force,
        "versions": kept,
        "territories": territories.page(reading, None, _A_PAGE),
        "states": filter_forms.states(),
        "checked": None,
        "rows_wrong": no_rows,
        "spread": found,
        "map": coverage_map.drawn(found, say) if found and found.areas else None,
        "legend": coverage_map.legend(say),
    }
