"""What matching does when requests are published, filters saved and providers approved."""

from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from matching import service


def _distribute(work: Work, event: Recorded) -> None:
    service.distribute(work, RequestId(event.data["request_id"]))


def _reach(work: Work, event: Recorded) -> None:
    if "request_id" in event.data:
        service.reach_late(work, RequestId(event.data["request_id"]))
    else:
        service.reach_open_requests(work, OrganizationId(event.data["provider_id"]))


REACTIONS = (
    Reaction("matching.distribute", frozenset({"request.published", "request.amended"}), _distribute, immediate=True),
    Reaction(
        "matching.reach",
        frozenset(
            {
                "filter.saved",
                "filters.replaced",
                "footprint.published",
                "provider.approved",
                "request.published",
                "request.amended",
                "request.resumed",
                "territory.saved",
            }
        ),
        _reach,
    ),
)
