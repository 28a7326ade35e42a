"""The back office's queue: what waits for a decision of the platform, and who is at it."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from marketplace.kernel import pagination
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.oversight import service
from marketplace.oversight.model import Job, JobFlag, JobKind
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, Platform, Taker, colleagues
from sellers import service as sellers

router = pages.router()

_A_PAGE = 50
_PATH = "/o"


@router.get(_PATH, summary="The queue of the back office")
def show_queue(
    request: Request,
    reading: ReadingOnly,
    _: Platform,
    kind: Annotated[list[JobKind], Query(max_length=5)] = [],  # noqa: B006 - FastAPI makes a fresh one each time
    after: pagination.After = None,
) -> Response:
    """List what waits, the longest waiting first."""
    return pages.render(request, "backoffice/queue.html", **_context(reading, kind, after))


@router.post(f"{_PATH}/queue/{{kind}}/{{subject}}/take", summary="Take a job by form")
def send_job_taking(
    kind: JobKind, subject: Id, request: Request, work: Working, form: pages.Sent, _: Taker
) -> Response:
    """Take a job for half an hour and go to it."""
    words = pages.words(request)
    with pages.again(request, "backoffice/queue.html", form, lambda: _context(work, [], None)):
        job = service.take(work, kind, subject)
    return pages.see(place_of(job), words("Yours for 30 minutes. Colleagues see that you are at it."))


@router.post(f"{_PATH}/queue/{{kind}}/{{subject}}/release", summary="Give a job back by form")
def send_job_release(
    kind: JobKind, subject: Id, request: Request, work: Working, form: pages.Sent, _: Taker
) -> Response:
    """Let colleagues have a job at once."""
    words = pages.words(request)
    with pages.again(request, "backoffice/queue.html", form, lambda: _context(work, [], None)):
        service.release(work, kind, subject)
    return pages.see(_PATH, words("Given back."))


def place_of(job: Job) -> str:
    """Return the page on which a job is done."""
    match job.kind:
        case JobKind.VERIFICATION:
            return f"/o/verifications/{job.subject}"
        case JobKind.PROVIDER:
            return f"/o/providers/{job.subject}"
        case JobKind.WITHDRAWAL:
            return f"/o/auctions/{job.request_id}/withdrawals"
        case JobKind.PAUSE:
            return f"/o/auctions/{job.request_id}"
        case JobKind.REVIEW:
            return f"/o/review?request_id={job.request_id}"


def _context(reading: Reading, kinds: list[JobKind], after: str | None) -> dict[str, Any]:
    jobs, following = service.queue(reading, kinds, after, _A_PAGE)
    counts = service.counts(reading)
    return {
        "jobs": [(job, place_of(job)) for job in jobs],
        "kinds": kinds,
        "counts": counts,
        "total": sum(counts.values()),
        "after": after,
        "following": following,
        "next_job": next((one for one in jobs if not one.taken_by and JobFlag.NOT_FOR_YOU not in one.flags), None),
        "carriers": sellers.names(reading, tuple(one.provider_id for one in jobs if one.provider_id)),
        "names": colleagues(reading),
        "own_id": reading.principal.user_id,
    }
