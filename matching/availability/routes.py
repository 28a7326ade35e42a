"""HTTP: what can be had at a place, for buyers and the platform."""

from typing import Annotated

from fastapi import Depends, Request, Response

from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import TooManyRequestsError
from marketplace.kernel.http import ReadingOnly
from matching.availability import service
from matching.availability.schemas import AvailabilityInput, AvailabilityOutput

router = http.router(tags=["availability"])

Asker = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PLATFORM))]


@router.post(
    "/availability",
    summary="What can be had where",
    description=(
        "For one address, a map point, or a list of up to 2,000 of either: how many providers say that they are"
        " on-net and near-net there, by service type. No provider learns that you asked, or where.\n\n"
        "Names are those of providers that publish their footprint. The others only count, and only for a service type"
        " that at least three of them offer somewhere, with a speed that at least three of them reach: so that a count"
        " doesn't tell who it is. Places are limited a day; the `RateLimit` header says how many are left."
    ),
    responses=http.problems(TooManyRequestsError),
)
def look_up_availability(
    body: AvailabilityInput, reading: ReadingOnly, caller: Asker, request: Request, response: Response
) -> AvailabilityOutput:
    """How many providers have a network there."""
    response.headers.update(service.admit(request.app.state.place_limit, caller, reading.now, len(body.places)))
    return AvailabilityOutput.of([place.ref for place in body.places], service.look_up(reading, body.question()))
