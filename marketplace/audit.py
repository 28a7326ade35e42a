"""HTTP for the platform's admins: the journal, event by event, and the proof that none of it was changed."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel

from marketplace.bidding.readings import service as readings
from marketplace.bidding.readings.events import Place
from marketplace.kernel import http, journal, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import ReadingOnly, Working

router = http.router("/journal", tags=["back office"])

PlatformAdmin = Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
Stream = Annotated[
    str, Query(max_length=100, description="one stream only, such as request:req_… or buyer:org_…", examples=[""])
]


class EventOutput(BaseModel):
    """One event: what happened, when, by whom, and its place in its stream's hash chain."""

    stream: str
    seq: int
    position: int | None
    type: str
    at: datetime
    user_id: str
    organization_id: str
    data: dict[str, Any]
    previous: str
    hash: str


class ProofOutput(BaseModel):
    """The result of recomputing every hash; `broken` names the first wrong place and is empty where all is right."""

    streams: int
    events: int
    broken: str


@router.get("", summary="What happened")
def read_journal(
    work: Working,
    _: PlatformAdmin,
    stream: Stream = "",
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[EventOutput]:
    """Oldest first: who did what, when. Events hold ids and figures, no names, texts or sealed prices.

    That you read of a lot's bids here goes on record as `bids.read`.
    """
    position = int(pagination.decode(after, 1)[0]) if after else 0
    events = journal.page(work.session, stream, position, limit + 1)
    items, following = pagination.page_of(events, limit, lambda event: (event.position,))
    readings.record(work, readings.lots_told(items), Place.JOURNAL)
    return pagination.Page(items=[_output(event) for event in items], next=following)


@router.get("/proof", summary="Prove that nothing was changed")
def prove_journal(reading: ReadingOnly, _: PlatformAdmin) -> ProofOutput:
    """Recomputes the hash chain of every stream and compares it with what is stored, heads included."""
    report = journal.verify(reading.session)
    return ProofOutput(streams=report.streams, events=report.events, broken=report.broken)


def _output(event: journal.Recorded) -> EventOutput:
    return EventOutput(
        stream=event.stream,
        seq=event.seq,
        position=event.position,
        type=event.name,
        at=event.at,
        user_id=event.user_id,
        organization_id=event.organization_id,
        data=event.data,
        previous=event.previous,
        hash=event.hash,
    )
