"""Why each carrier got a request or not, by the matcher's own predicate."""

from typing import Annotated

from fastapi import Query, Request, Response

from buyers.requests import service as requests
from marketplace.catalogue import service as catalogues
from marketplace.kernel import pagination
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.ids import RequestId
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, Platform
from matching import service
from sellers import service as sellers

router = pages.router()

_A_PAGE = 25


@router.get("/o/requests/{request_id}/matching", summary="Why each carrier got a request or not")
def show_matching(
    request_id: Id,
    request: Request,
    reading: ReadingOnly,
    _: Platform,
    search: Annotated[str, Query(max_length=100)] = "",
    after: pagination.After = None,
) -> Response:
    """Hold every carrier's filters against the request again, changing nothing."""
    chosen, following = RequestId(request_id), None
    if search.strip():
        found = [service.explain(reading, one, chosen) for one in sellers.search(reading, search.strip(), _A_PAGE)]
    else:
        rows = service.explain_all(reading, chosen, after, _A_PAGE + 1)
        shown, following = pagination.page_of(rows, _A_PAGE, lambda item: (item[0], item[1].provider_id))
        found = [one for _registered, one in shown]
    public = requests.public(reading, {chosen}).get(chosen)
    return pages.render(
        request,
        "backoffice/matching.html",
        found=found,
        services=catalogues.current(reading).names(),
        search=search.strip(),
        request_id=request_id,
        view=public.view if public is not None else {},
        counts=sellers.counts(reading, chosen),
        after=after,
        following=following,
    )
