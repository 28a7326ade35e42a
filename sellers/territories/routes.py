"""HTTP: a provider's saved territories."""

from typing import Annotated

from fastapi import Body, Depends, Response

from marketplace.kernel import csv_text, http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError, TooLargeError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working
from sellers.rules import TooManyPlacesError
from sellers.schemas import Id
from sellers.territories import rules, service
from sellers.territories.schemas import TerritoryInput, TerritoryOutput, TerritorySummary

router = http.router("/territories", tags=["provider desk"])

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Writer = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.FILTERS))]
_CHANGING = http.problems(NotFoundError, StaleError, PreconditionRequiredError, TooManyPlacesError)


@router.get("", summary="Your saved territories")
def list_territories(
    reading: ReadingOnly, _: Desk, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[TerritorySummary]:
    """The oldest first, without their places."""
    found = service.page(reading, after, limit + 1)
    items, following = pagination.page_of(found, limit, lambda item: (item.created_at.isoformat(), item.id))
    return pagination.Page(items=[TerritorySummary.of(item) for item in items], next=following)


@router.post(
    "",
    status_code=201,
    summary="Save a territory",
    responses=http.problems(rules.TooManyTerritoriesError, TooManyPlacesError),
)
def save_territory(body: TerritoryInput, work: Working, _: Writer, response: Response) -> TerritorySummary:
    """Name it in as many filters as you like, as `saved` of their territory. A body has at most 12 MB."""
    saved = service.create(work, body.name, body.content())
    response.headers["Location"] = f"/territories/{saved.id}"
    response.headers["ETag"] = http.etag(saved.revision)
    return TerritorySummary.of(saved)


@router.get("/{territory_id}", summary="One saved territory", responses=http.problems(NotFoundError))
def read_territory(territory_id: Id, reading: ReadingOnly, _: Desk, response: Response) -> TerritoryOutput:
    """Its places as you sent them, of GeoJSON the outlines. Its version stands in the `ETag` header."""
    territory, content = service.read(reading, territory_id)
    response.headers["ETag"] = http.etag(territory.revision)
    return TerritoryOutput.of(territory, content)


@router.put("/{territory_id}", summary="Change a territory", responses=_CHANGING)
def change_territory(
    territory_id: Id, body: TerritoryInput, work: Working, _: Writer, response: Response, if_match: IfMatch = None
) -> TerritorySummary:
    """The whole territory anew. Open requests that your filters accept by it now reach you within moments."""
    saved = service.change(work, territory_id, body.name, body.content(), if_match)
    response.headers["ETag"] = http.etag(saved.revision)
    return TerritorySummary.of(saved)


@router.put(
    "/{territory_id}/buildings",
    summary="Upload a list of lit buildings",
    responses=http.problems(NotFoundError, StaleError, PreconditionRequiredError, TooLargeError, TooManyPlacesError),
)
def upload_buildings(
    territory_id: Id,
    text: Annotated[bytes, Body(media_type="text/csv", description="CSV in UTF-8, with a header row")],
    work: Working,
    _: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> TerritorySummary:
    """The rows become the territory's buildings, in place of those it has; all, or none and errors by row.

    Columns: `street`, `city`, `state`, `postal_code`, `country`, `latitude`, `longitude`; an address or coordinates.
    """
    saved = service.list_buildings(work, territory_id, csv_text.decoded(text), if_match)
    response.headers["ETag"] = http.etag(saved.revision)
    return TerritorySummary.of(saved)


@router.delete(
    "/{territory_id}",
    status_code=204,
    summary="Remove a territory",
    responses=http.problems(NotFoundError, StaleError, PreconditionRequiredError, rules.TerritoryInUseError),
)
def remove_territory(territory_id: Id, work: Working, _: Writer, if_match: IfMatch = None) -> None:
    """Refused while a filter is made of it."""
    service.remove(work, territory_id, if_match)
