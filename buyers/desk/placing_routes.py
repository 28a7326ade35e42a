"""HTTP: where the sites of a buyer's request count as being, and what to add so that more carriers find them."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel

from buyers.desk import service
from buyers.requests.placing import placings
from marketplace.geography.placing import Known
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly

router = http.router("/requests", tags=["requests"])


class SitePlacing(BaseModel):
    """Where a site counts as being: `placed_by` is the most exact that is known and disclosed.

    `add` says what is missing, so that carriers with narrower territories find it; `findings` what contradicts itself.
    A site that can't be placed reaches only carriers whose filters name no territory.
    """

    site: str
    placed_by: Known
    add: str
    findings: list[str]


class PlacingReport(BaseModel):
    """Every site of the request, in its order; `attention` counts those with something to add or to correct."""

    attention: int
    sites: list[SitePlacing]


@router.get("/{request_id}/placing", summary="Where your sites are taken to be", responses=http.problems(NotFoundError))
def read_placing(
    request_id: str, reading: ReadingOnly, _: Annotated[Principal, Depends(allow(Kind.BUYER))]
) -> PlacingReport:
    """Sites are placed by coordinates, ZIP code or city, never more exactly than the request discloses them."""
    sites = [
        SitePlacing(site=ref, placed_by=placing.by, add=placing.add, findings=list(placing.findings))
        for ref, placing in placings(service.read(reading, request_id).content)
    ]
    return PlacingReport(attention=sum(1 for site in sites if site.add or site.findings), sites=sites)
