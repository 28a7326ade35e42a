"""HTTP: the buyer's address book."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Response

from buyers.registry import service
from buyers.registry.model import Site, SiteDetails
from buyers.registry.schemas import SiteInput, SiteOutput, SiteParts
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working

router = http.router("/sites", tags=["sites"])

Reader = Annotated[Principal, Depends(allow(Kind.BUYER))]
Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]


@router.get("", summary="Your address book")
def list_sites(
    reading: ReadingOnly, _: Reader, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[SiteOutput]:
    """All your sites in the order of their labels. Carriers see a site as exactly as the request discloses it."""
    sites, following = service.own_sites(reading, after, limit)
    return pagination.Page(items=[_output(site) for site in sites], next=following)


@router.post(
    "",
    status_code=201,
    summary="Add a site",
    responses=http.problems(service.LabelTakenError, service.AddressBookFullError),
)
def add_site(body: SiteInput, work: Working, _: Writer, response: Response) -> SiteOutput:
    """The label is your own name of the site, once in your address book; carriers never see it."""
    site = service.add_site(work, SiteDetails(**body.model_dump()))
    response.headers["Location"] = f"/sites/{site.id}"
    return _output(site)


@router.patch("/{site_id}", summary="Change a site", responses=http.problems(NotFoundError, service.LabelTakenError))
def change_site(site_id: str, body: SiteParts, work: Working, _: Writer) -> SiteOutput:
    """Send the fields that change. Requests keep the address that they were submitted with."""
    return _output(service.change_site(work, site_id, body.model_dump(exclude_unset=True)))


@router.delete("/{site_id}", status_code=204, summary="Remove a site", responses=http.problems(NotFoundError))
def remove_site(site_id: str, work: Working, _: Writer) -> None:
    """Published requests are not touched; a draft that names the site must name another one."""
    service.remove_site(work, site_id)


def _output(site: Site) -> SiteOutput:
    return SiteOutput(**asdict(site))
