"""HTTP: a buyer sees, while it edits, about how many providers its request would reach."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel

from buyers.desk import service as desk
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly
from matching import service as matching

router = http.router(tags=["requests"])


class NarrowestOutput(BaseModel):
    """The requirement that narrows most; without it, about `providers` would be reached."""

    requirement: str
    words: str
    providers: int


class ReachOutput(BaseModel):
    """`providers` is rounded, and null below 3: then `narrowest` says what stands in the way most."""

    words: str
    providers: int | None
    narrowest: NarrowestOutput | None


@router.get(
    "/requests/{request_id}/reach", summary="How many carriers it is for", responses=http.problems(NotFoundError)
)
def read_reach(
    request_id: str, reading: ReadingOnly, _: Annotated[Principal, Depends(allow(Kind.BUYER))]
) -> ReachOutput:
    """About how many providers would receive the request as it stands, by their filters and your provider list.

    Made to be asked while you edit.
    """
    request = desk.read(reading, request_id)
    found = matching.reach_of(reading, request, desk.disclosable_bands(reading))
    narrowest = found.narrowest
    return ReachOutput(
        words=found.words,
        providers=found.providers,
        narrowest=None
        if narrowest is None
        else NarrowestOutput(requirement=narrowest.requirement, words=narrowest.words, providers=narrowest.providers),
    )
