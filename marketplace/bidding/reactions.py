"""What the auctions do when requests are distributed, amended or withdrawn, and when a lot's clock is due."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from buyers.requests import service as requests
from marketplace.bidding import announcing, control, series, service
from marketplace.bidding.clockwork import CLOSE_ALARM
from marketplace.kernel.alarms import Ring
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from sellers import service as sellers


def _schedule(work: Work, recorded: Recorded) -> None:
    request_id = RequestId(recorded.data["request_id"])
    if not service.is_scheduled(work, request_id):
        invited = sellers.invitations_of_request(work, request_id)
        service.schedule(work, request_id, tuple(invitation.provider_id for invitation in invited))


def _admit(work: Work, recorded: Recorded) -> None:
    """A provider that is invited after the publication joins; one that is invited with it comes with the schedule."""
    request_id = RequestId(recorded.data["request_id"])
    if service.is_scheduled(work, request_id):
        service.admit(work, request_id, OrganizationId(recorded.data["provider_id"]))


def _admit_together(work: Work, events: Sequence[Recorded]) -> None:
    """Thousands are invited with a publication: whether its lots are announced is asked once a request."""
    for _request, same in groupby(events, lambda recorded: str(recorded.data["request_id"])):
        run = list(same)
        if service.is_scheduled(work, RequestId(run[0].data["request_id"])):
            for recorded in run:
                _admit(work, recorded)


def _amend(work: Work, recorded: Recorded) -> None:
    service.amended(work, RequestId(recorded.data["request_id"]))


def _lint(work: Work, recorded: Recorded) -> None:
    """A request whose auction can't be announced is not submitted: its buyer learns it while it can still mend it."""
    content = requests.get(work, RequestId(recorded.data["request_id"])).content
    found = announcing.problems(content, work.now)
    if found:
        raise MalformedError("These auction rules can't work.", errors=found)


def _shift(work: Work, recorded: Recorded) -> None:
    series.shift(work, RequestId(recorded.data["request_id"]))


def _tell_the_end(work: Work, recorded: Recorded) -> None:
    series.tell_the_end(work, RequestId(recorded.data["request_id"]))


def _suspend(work: Work, recorded: Recorded) -> None:
    service.suspended(work, RequestId(recorded.data["request_id"]), suspended=recorded.name == "request.suspended")


def _cancel(work: Work, recorded: Recorded) -> None:
    service.cancel(work, RequestId(recorded.data["request_id"]))


def _exclude(work: Work, recorded: Recorded) -> None:
    control.exclude(work, OrganizationId(recorded.data["provider_id"]), "your account is suspended or closed")


def _readmit(work: Work, recorded: Recorded) -> None:
    control.readmit(work, OrganizationId(recorded.data["provider_id"]))


REACTIONS = (
    Reaction("auction rules are linted", frozenset({"request.submitted"}), _lint, immediate=True),
    Reaction("lots are scheduled", frozenset({"request.distributed"}), _schedule, immediate=True),
    Reaction(
        "late bidders are admitted",
        frozenset({"provider.invited", "provider.granted"}),
        _admit,
        immediate=True,
        together=_admit_together,
    ),
    Reaction("lots follow an amendment", frozenset({"request.amended"}), _amend, immediate=True),
    Reaction(
        "lots take no bids while their request is suspended",
        frozenset({"request.suspended", "request.resumed"}),
        _suspend,
        immediate=True,
    ),
    Reaction(
        "a provider that lost its approval is out of every lot",
        frozenset({"provider.suspended", "provider.closed"}),
        _exclude,
        immediate=True,
    ),
    Reaction("a provider that is approved again may bid", frozenset({"provider.approved"}), _readmit, immediate=True),
    # a soft close happens in a carrier's bid, which sets off nothing in its own transaction
    Reaction(
        "lots of a series make room for each other",
        frozenset({"auction.extended", "auction.paused", "auction.resumed", "auction.closed", "auction.cancelled"}),
        _shift,
    ),
    Reaction(
        "a request ends with its last lot",
        frozenset(
            {
                "auction.extended",
                "auction.rescheduled",
                "auction.paused",
                "auction.resumed",
                "auction.closed",
                "auction.final_offers_called",
            }
        ),
        _tell_the_end,
    ),
    Reaction("lots are cancelled", frozenset({"request.withdrawn"}), _cancel, immediate=True),
)

RINGS: Mapping[str, Ring] = {CLOSE_ALARM: service.ring}
