"""HTTP: the platform announces, pauses, resumes and extends; buyer and platform read what was announced."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Response

from marketplace.awards.announcements import service
from marketplace.bidding.announcements import rules
from marketplace.bidding.announcements import service as announcements
from marketplace.bidding.announcements.schemas import AnnouncementInput, AnnouncementOutput
from marketplace.bidding.control import Steered
from marketplace.bidding.control_schemas import ExtendInput, LotClockOutput, PauseInput, ResumeInput
from marketplace.bidding.errors import BidRefusedError
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import RequestId

router = http.router("/auctions", tags=["auction control"])
buyer = http.router("/requests", tags=["auctions"])

Platform = Annotated[Principal, Depends(allow(Kind.PLATFORM))]
Steering = Annotated[Principal, Depends(allow(Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_STEERING = http.problems(NotFoundError, BidRefusedError, service.BuyerNamedError)


@router.post("/{request_id}/pause", summary="Pause lots", responses=_STEERING)
def pause_lots(request_id: str, body: PauseInput, work: Working, _: Steering) -> list[LotClockOutput]:
    """Bids are refused with your reason until you resume. On every named lot, or on none."""
    return _shown(service.pause(work, RequestId(request_id), body.lots, body.reason))


@router.post("/{request_id}/resume", summary="Resume lots", responses=_STEERING)
def resume_lots(request_id: str, body: ResumeInput, work: Working, _: Steering) -> list[LotClockOutput]:
    """Each close moves by the time lost; a clock's interrupted round is repeated."""
    return _shown(service.resume(work, RequestId(request_id), body.lots, body.reason))


@router.post("/{request_id}/extend", summary="Extend lots", responses=_STEERING)
def extend_lots(request_id: str, body: ExtendInput, work: Working, _: Steering) -> list[LotClockOutput]:
    """Later only: a close never moves back."""
    return _shown(service.extend(work, RequestId(request_id), body.lots, body.closes_at, body.reason))


@router.post(
    "/{request_id}/announcements",
    status_code=201,
    summary="Announce something in an auction",
    responses=http.problems(
        NotFoundError, rules.AuctionOverError, rules.TooManyAnnouncementsError, service.BuyerNamedError
    ),
)
def announce(
    request_id: str, body: AnnouncementInput, work: Working, _: Steering, response: Response
) -> AnnouncementOutput:
    """To the buyer and to all invited carriers, also those who are not called to a last round."""
    response.headers["Location"] = f"/auctions/{request_id}/announcements"
    return AnnouncementOutput.of(service.announce(work, RequestId(request_id), body.text))


@router.get("/{request_id}/announcements", summary="What was announced")
def list_auction_announcements(
    request_id: str, reading: ReadingOnly, _: Platform, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[AnnouncementOutput]:
    """Newest first: texts, and the pauses, resumptions and extensions of lots with their reasons."""
    found = announcements.of_request(reading, RequestId(request_id), after, limit + 1)
    items, following = pagination.page_of(found, limit, announcements.key_of)
    return pagination.Page(items=[AnnouncementOutput.of(item) for item in items], next=following)


@buyer.get(
    "/{request_id}/announcements", summary="What was announced in your auction", responses=http.problems(NotFoundError)
)
def list_own_announcements(
    request_id: str, reading: ReadingOnly, _: Buyer, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[AnnouncementOutput]:
    """Newest first: the platform's own words, and its pauses, resumptions and extensions with their reasons."""
    found = service.own(reading, request_id, after, limit + 1)
    items, following = pagination.page_of(found, limit, announcements.key_of)
    return pagination.Page(items=[AnnouncementOutput.of(item) for item in items], next=following)


def _shown(steered: list[Steered]) -> list[LotClockOutput]:
    return [LotClockOutput(**asdict(lot)) for lot in steered]
