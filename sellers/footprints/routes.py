"""HTTP: a provider's footprint, its versions and who may know."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response

from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, UnsupportedMediaError
from marketplace.kernel.http import ReadingOnly, Working
from sellers.footprints import rules, service
from sellers.footprints.cells import COLUMNS, NEEDED
from sellers.footprints.model import Form
from sellers.footprints.schemas import FootprintOutput, FootprintReport, FootprintVersionOutput, VisibilityInput
from sellers.rules import TooManyPlacesError

router = http.router("/footprint", tags=["provider desk"])

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Writer = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.FILTERS))]
Number = Annotated[int, Path(ge=1, le=2_000_000_000, description="a version's number")]
_FORMS = {"text/csv": Form.CSV, "application/geo+json": Form.GEOJSON, "application/json": Form.GEOJSON}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/geo+json": {"schema": {"type": "object"}},
        },
    }
}


async def _content(request: Request) -> bytes:
    return await request.body()


def _form(request: Request) -> Form:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = _FORMS.get(media)
    if form is None:
        raise UnsupportedMediaError("Send the footprint as text/csv or as application/geo+json.")
    return form


Content = Annotated[bytes, Depends(_content)]
MediaForm = Annotated[Form, Depends(_form)]


@router.get("", summary="Your footprint", responses=http.problems(NotFoundError))
def read_footprint(reading: ReadingOnly, _: Desk) -> FootprintOutput:
    """Who may know where you have a network, and which version is in force."""
    return FootprintOutput.of(*service.own(reading))


@router.delete("", summary="Withdraw your footprint", responses=http.problems(NotFoundError, rules.NoFootprintError))
def withdraw_footprint(work: Working, _: Writer) -> FootprintOutput:
    """No version is in force any more; they stay and can be put in force again."""
    return FootprintOutput.of(service.withdraw(work), None)


@router.put("/visibility", summary="Publish your name or keep it private", responses=http.problems(NotFoundError))
def change_footprint_visibility(body: VisibilityInput, work: Working, _: Writer) -> FootprintOutput:
    """Whether buyers who look up a place read your name, or only that somebody has a network there."""
    service.show(work, body.visibility)
    return FootprintOutput.of(*service.own(work))


@router.post(
    "/versions",
    status_code=201,
    summary="Upload your footprint",
    description=(
        "Where you have a network, as a CSV or as GeoJSON; all or nothing. It is in force at once, for buyers' look-ups"
        " and for your filters 'where we are on-net'.\n\n"
        f"A CSV (UTF-8; separated by commas, semicolons or tabs) has the columns {', '.join(COLUMNS)}, of which"
        f" {', '.join(NEEDED)} are needed. `kind` is on-net or near-net, `service_types` are codes of the catalogue"
        " separated by `|`. A row is a building (street, postal code and country, or coordinates, better both), a"
        " postal code alone, or an area (a GeoJSON geometry). In GeoJSON the same names are properties; a Point is a"
        " building, a Polygon or MultiPolygon an area. At most 100,000 rows and 10 MB.\n\n"
        "Errors point to the row and its column: `/17/kind` in a CSV, whose header is row 1, and"
        " `/features/16/properties/kind` in GeoJSON. With `check=true` they are only reported, and nothing is stored."
    ),
    responses=http.problems(NotFoundError, UnsupportedMediaError, TooManyPlacesError),
    openapi_extra=_BODY,
)
def upload_footprint(
    _: Writer,  # first: who may not is told so, whatever is sent
    content: Content,
    form: MediaForm,
    work: Working,
    response: Response,
    check: Annotated[bool, Query(description="only report what would come of it")] = False,  # noqa: FBT002 - a switch
) -> FootprintReport:
    """A new version of where you have a network."""
    if check:
        response.status_code = 200
        return FootprintReport.of_check(service.check(work, content, form))
    done = service.upload(work, content, form)
    response.headers["Location"] = f"/footprint/versions/{done.version.number}"
    return FootprintReport.of_upload(done)


@router.get("/versions", summary="Versions of your footprint", responses=http.problems(NotFoundError))
def list_footprint_versions(
    reading: ReadingOnly, _: Desk, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[FootprintVersionOutput]:
    """Newest first. The newest 20 are kept, and the one in force."""
    found = service.versions(reading, after, limit + 1)
    items, following = pagination.page_of(found, limit, lambda item: (item.number,))
    return pagination.Page(items=[FootprintVersionOutput.of(item) for item in items], next=following)


@router.get("/versions/{number}", summary="One version of your footprint", responses=http.problems(NotFoundError))
def read_footprint_version(number: Number, reading: ReadingOnly, _: Desk) -> FootprintVersionOutput:
    """Its figures; the places themselves are in its file."""
    return FootprintVersionOutput.of(service.version(reading, number))


@router.get(
    "/versions/{number}/file",
    summary="One version of your footprint as a file",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **http.problems(NotFoundError)},
)
def download_footprint(number: Number, reading: ReadingOnly, _: Desk) -> Response:
    """A CSV with all its places, whatever you uploaded; it can be uploaded again."""
    headers = {"Content-Disposition": f'attachment; filename="footprint-{number}.csv"'}
    return Response(service.file_of(reading, number), media_type="text/csv", headers=headers)


@router.post(
    "/versions/{number}/restore",
    summary="Put a version in force again",
    responses=http.problems(NotFoundError, rules.FootprintInForceError, TooManyPlacesError),
)
def restore_footprint(number: Number, work: Working, _: Writer) -> FootprintOutput:
    """The version in force until now stays in the list."""
    service.restore(work, number)
    return FootprintOutput.of(*service.own(work))
