"""HTTP: who learned which buyer's identity, words that buyers kept, and how the machinery does."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from buyers.requests import control as requests
from marketplace.identity import control as identity
from marketplace.kernel import health as kernel
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, TooLargeError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.oversight import service
from marketplace.oversight.model import RevealQuestion, Right
from marketplace.oversight.routes import instant_and_id
from marketplace.oversight.schemas import Id, NoteInput, RevealOutput, ReviewOutput

router = http.router("/platform", tags=["back office"])

PlatformAdmin = Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_STEERS_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")


def _asked(
    buyer_id: Annotated[str, Query(max_length=100)] = "",
    provider_id: Annotated[str, Query(max_length=100)] = "",
    right: Right | None = None,
    since: AwareDatetime | None = None,
    until: Annotated[AwareDatetime | None, Query(description="this instant excluded")] = None,
) -> RevealQuestion:
    return RevealQuestion(buyer_id, provider_id, right, since, until)


Asked = Annotated[RevealQuestion, Depends(_asked)]


@router.get("/reveals", summary="Who learned who a buyer is")
def list_reveals(
    reading: ReadingOnly,
    _: PlatformAdmin,
    asked: Asked,
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[RevealOutput]:
    """Newest first: each award that disclosed it, each reading by an awarded carrier, each reading by the platform."""
    before = None if after is None else int(pagination.decode(after, 1)[0])
    found, names = service.reveals(reading, asked, before, limit + 1)
    items, following = pagination.page_of(found, limit, lambda one: (one.position,))
    return pagination.Page(items=[RevealOutput.of(one, names) for one in items], next=following)


@router.get(
    "/reveals.csv",
    summary="The reveal log as CSV",
    response_class=Response,
    responses=http.problems(TooLargeError)
    | {200: {"content": {"text/csv": {}}, "description": "Every reveal a row, newest first"}},
)
def export_reveals(reading: ReadingOnly, _: PlatformAdmin, asked: Asked) -> Response:
    """At most 50,000 rows; ask for less with the same filters as the list. No cell is a formula."""
    found, names = service.reveals(reading, asked, None, service.LARGEST_EXPORT + 1)
    if len(found) > service.LARGEST_EXPORT:
        raise TooLargeError(
            f"There are more than {service.LARGEST_EXPORT:,} reveals: name a buyer, a provider or dates."
        )
    text = _csv(RevealOutput.of(one, names) for one in found)
    headers = {"Content-Disposition": 'attachment; filename="reveals.csv"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: Iterable[RevealOutput]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(RevealOutput.model_fields)
    for row in rows:
        writer.writerow(_cell(value) for value in row.model_dump(mode="json").values())
    return text.getvalue()


def _cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_STEERS_SPREADSHEETS) else text


@router.get("/reviews", summary="Words that buyers kept")
def list_reviews(
    reading: ReadingOnly,
    _: PlatformAdmin,
    *,
    seen: Annotated[bool, Query(description="those that were looked at instead of those that wait")] = False,
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[ReviewOutput]:
    """What the leak check found in texts that carriers read, and the buyer took responsibility for; oldest first."""
    behind = None if after is None else instant_and_id(after)
    found = requests.accepted_findings(reading, seen=seen, after=behind, limit=limit + 1)
    items, following = pagination.page_of(found, limit, lambda one: (one.accepted_at.isoformat(), one.id))
    return pagination.Page(items=[ReviewOutput.of(one) for one in items], next=following)


@router.post(
    "/reviews/{finding_id}/seen",
    summary="Words looked at",
    responses=http.problems(NotFoundError, requests.AlreadyReviewedError),
)
def review_words(finding_id: Id, body: NoteInput, work: Working, _: PlatformAdmin) -> ReviewOutput:
    """With a note for colleagues. The text stays: only its buyer amends a request."""
    return ReviewOutput.of(requests.review(work, finding_id, body.note))


class ProcessOutput(BaseModel):
    """The process that answered: bids that wait for their decision in it, boards that it computes."""

    desk_waiting: int
    boards_waiting: int


class HealthOutput(BaseModel):
    """How the machinery does. Figures of the database hold for all processes, `process` for the one that answered."""

    now: datetime
    journal: kernel.JournalHealth
    followers: list[kernel.FollowerHealth]
    alarms: list[kernel.AlarmsHealth]
    heartbeats: list[kernel.Heartbeat]
    database: kernel.DatabaseHealth
    sessions: int
    process: ProcessOutput


@router.get("/health", summary="How the machinery does")
def read_health(request: Request, reading: ReadingOnly, _: PlatformAdmin) -> HealthOutput:
    """The journal's lag, every subscriber's cursor, alarms due and overdue, signs of life, sizes and queues."""
    state = request.app.state
    followers = tuple(reaction.name for reaction in state.workshop.reactions.followers())
    found = kernel.health(reading, followers)
    return HealthOutput(
        now=found.now,
        journal=found.journal,
        followers=list(found.followers),
        alarms=list(found.alarms),
        heartbeats=list(found.heartbeats),
        database=found.database,
        sessions=identity.standing_sessions(reading),
        process=ProcessOutput(desk_waiting=state.desk.waiting, boards_waiting=state.boards.waiting),
    )
