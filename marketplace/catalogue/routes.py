"""HTTP: the catalogue for everybody, new versions by the platform's admins."""

from typing import Annotated, Any

from fastapi import Body, Depends

from marketplace.catalogue import service
from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.seed import from_document
from marketplace.kernel import http
from marketplace.kernel.access import PUBLIC, Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working

router = http.router("/catalogue", tags=["catalogue"])


@router.get("", summary="The catalogue in force")
def read_catalogue(reading: ReadingOnly, _: Annotated[Principal, Depends(PUBLIC)]) -> Catalogue:
    """Families, their service types and typed features: what a request can ask for and a filter can name."""
    return service.current(reading)


@router.get("/versions/{version}", summary="An older catalogue", responses=http.problems(NotFoundError))
def read_catalogue_version(version: str, reading: ReadingOnly, _: Annotated[Principal, Depends(PUBLIC)]) -> Catalogue:
    """The catalogue that a request was written against."""
    return service.version(reading, version)


@router.post(
    "/versions",
    status_code=201,
    summary="Save a new catalogue",
    responses=http.problems(service.VersionTakenError),
)
def save_catalogue(
    document: Annotated[dict[str, Any], Body(description="A whole catalogue, as `GET /catalogue` gives it")],
    work: Working,
    _: Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))],
) -> Catalogue:
    """In force at once for new drafts. Requests keep the version that they were written against."""
    return service.save(work, from_document(document))
