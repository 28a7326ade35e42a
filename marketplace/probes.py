"""HTTP for whatever watches over the processes: whether one lives, and whether it can serve."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel
from sqlalchemy import text

from marketplace.kernel import http
from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.errors import UnavailableError
from marketplace.kernel.http import ReadingOnly

router = http.router("/health", tags=["back office"])

Anybody = Annotated[Principal, Depends(PUBLIC)]
_REACHED = text("SELECT to_regclass('kernel.journal') IS NOT NULL")


class ProbeOutput(BaseModel):
    """What a process says of itself."""

    status: str


@router.get("/live", summary="Whether this process lives", include_in_schema=False)
async def live(_: Anybody) -> ProbeOutput:
    """Answers as long as the process takes requests; looks at nothing else: restart it when there is no answer."""
    return ProbeOutput(status="alive")


@router.get(
    "/ready",
    summary="Whether this process can serve",
    include_in_schema=False,
    responses=http.problems(UnavailableError),
)
def ready(reading: ReadingOnly, _: Anybody) -> ProbeOutput:
    """Answers 503 while the database can't be reached or has no tables: send it no requests then."""
    if not reading.session.connection().execute(_REACHED).scalar_one():
        raise UnavailableError("The database has no tables yet.")
    return ProbeOutput(status="ready")
