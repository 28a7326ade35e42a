"""HTTP: a buyer looks up what can be had at the sites of its own request."""

from typing import Annotated

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.requests.placing import address_of
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError, TooManyRequestsError
from marketplace.kernel.http import ReadingOnly
from matching.availability import service as availability
from matching.availability.model import Question
from matching.availability.schemas import AvailabilityOutput, WantedInput

router = http.router("/requests", tags=["availability"])


@router.post(
    "/{request_id}/availability",
    summary="What can be had at a request's sites",
    responses=http.problems(NotFoundError, TooManyRequestsError),
)
def look_up_sites(  # noqa: PLR0917 - path, body and dependencies are named by FastAPI
    request_id: str,
    body: WantedInput,
    reading: ReadingOnly,
    caller: Annotated[Principal, Depends(allow(Kind.BUYER))],
    request: Request,
    response: Response,
) -> AvailabilityOutput:
    """As `POST /availability` for every site of the request, by its exact address, whatever carriers read of it.

    No provider learns that you asked.
    """
    sites = desk.read(reading, request_id).content.sites
    response.headers.update(availability.admit(request.app.state.place_limit, caller, reading.now, len(sites)))
    places = tuple(address_of(site.place) for site in sites)
    found = availability.look_up(reading, Question(places, body.service_type, body.minimum_mbps))
    return AvailabilityOutput.of([site.ref for site in sites], found)
