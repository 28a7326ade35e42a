"""HTTP: a buyer finds the auction that suits it: presets in plain words, the rule linter, a rehearsal."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from buyers.desk import service as desk
from buyers.desk.auction_schemas import AuctionInput
from buyers.requests.auction import AuctionChoice
from buyers.requests.auction_view import AuctionView, auction_view
from buyers.requests.model import Content
from buyers.requests.presets import PRESETS
from marketplace.bidding import advice
from marketplace.bidding.advice import Rehearsal
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.wire import Whole

router = http.router(tags=["auction rules"])

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
SignedIn = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
_CURRENCY = "USD"  # presets hold no amounts


class PresetOutput(BaseModel):
    """A way to compete, for readers who know no auction theory. `auction` is what it sets, in figures and words."""

    code: str
    title: str
    explanation: str
    when: str
    carriers_see: str
    risks: str
    settings: list[str]
    needs: list[str]
    auction: AuctionView


class LintInput(BaseModel):
    """The auction to check; without one that of the request as it is saved."""

    model_config = ConfigDict(extra="forbid")

    auction: AuctionInput | None = None


class RehearsalInput(LintInput):
    """The auction to rehearse: a preset with its own figures, or any other; without both the request's own."""

    preset: str = Field("", max_length=40, examples=list(PRESETS))
    bidders: Whole = Field(4, ge=1, le=advice.MOST_BIDDERS)
    seed: Whole = Field(1, ge=0, le=2**31, description="the same seed tells the same story")


class AdviceOutput(BaseModel):
    """A finding. An error stands against submitting. `nearest_value` counts only if `mendable`."""

    pointer: str
    severity: str = Field(examples=["error", "warning"])
    reason: str
    nearest: str
    mendable: bool
    nearest_value: Any


@router.get("/auction-presets", summary="Auctions in plain words")
def list_presets(_reading: ReadingOnly, _: SignedIn) -> list[PresetOutput]:
    """Name one in a request's `auction.preset`; what else you give there counts instead of the preset's own."""
    return [
        PresetOutput(
            code=preset.code,
            title=preset.title,
            explanation=preset.explanation,
            when=preset.when,
            carriers_see=preset.carriers_see,
            risks=preset.risks,
            settings=list(preset.settings),
            needs=list(preset.needs),
            auction=auction_view(preset.choice, _CURRENCY),
        )
        for preset in PRESETS.values()
    ]


@router.post(
    "/requests/{request_id}/auction/lint", summary="Check auction rules", responses=http.problems(NotFoundError)
)
def lint_auction(request_id: str, body: LintInput, reading: ReadingOnly, _: Buyer) -> list[AdviceOutput]:
    """What can't work, what would leak, and the nearest setting that is allowed. It changes nothing."""
    content = _content(reading, request_id, body.auction)
    return [AdviceOutput(**asdict(found)) for found in advice.advise(content, reading.now)]


@router.post(
    "/requests/{request_id}/auction/rehearsal", summary="Rehearse an auction", responses=http.problems(NotFoundError)
)
def rehearse_auction(request_id: str, body: RehearsalInput, reading: ReadingOnly, _: Buyer) -> Rehearsal:
    """Your lots among made-up carriers, through the engine that runs real auctions. Nobody learns of it.

    Costs are drawn: 65 % to 95 % of the ceiling, or without one of 100 a month for each service over the term.
    """
    content = _content(reading, request_id, body.auction)
    if body.preset:
        content = replace(content, auction=_preset(content.auction, body.preset))
    return advice.rehearse(content, reading.now, body.bidders, body.seed)


def _content(reading: ReadingOnly, request_id: str, given: AuctionInput | None) -> Content:
    content = desk.read(reading, request_id).content
    return content if given is None else replace(content, auction=given.choice())


def _preset(saved: AuctionChoice, code: str) -> AuctionChoice:
    """Return a preset with the ceiling and the order of lots that the request has already."""
    given = AuctionInput(preset=code) if saved.ceiling is None else AuctionInput(preset=code, ceiling=saved.ceiling)
    return replace(given.choice(), arrangement=saved.arrangement)
