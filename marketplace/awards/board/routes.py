"""HTTP: the scenario board, saved scenarios, and awarding what a scenario names."""

from typing import Annotated

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from marketplace.awards.board import service
from marketplace.awards.board.model import SavedScenario
from marketplace.awards.board.schemas import (
    BoardOutput,
    ScenarioAwardInput,
    ScenarioInput,
    ScenarioOutput,
)
from marketplace.awards.board.worker import Boards
from marketplace.awards.routes import DECIDING, Buyer, Negotiator, answer
from marketplace.awards.schemas import AwardOutput, AwardPreviewOutput
from marketplace.kernel import codec, http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working

router = http.router("/requests", tags=["scenarios"])

_EDITORS = (UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR)
Editor = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_EDITORS, scope=Scope.REQUESTS))]
_LOOKING = http.problems(NotFoundError, service.TooManyLotsError)
_SAVING = http.problems(NotFoundError, service.ScenarioNameTakenError, service.TooManyScenariosError)
_CHANGING = http.problems(NotFoundError, service.ScenarioNameTakenError, StaleError, PreconditionRequiredError)
_AWARDING = http.problems(*DECIDING, service.ScenarioStaleError, service.ScenarioNotAwardableError)


def _boards(request: Request) -> Boards:
    boards: Boards = request.app.state.boards
    return boards


Computer = Annotated[Boards, Depends(_boards)]


@router.get("/{request_id}/scenarios", summary="Scenarios side by side", responses=_LOOKING)
def read_scenario_board(request_id: str, reading: ReadingOnly, boards: Computer, _: Buyer) -> BoardOutput:
    """What the bids make together: cheapest, one carrier, best two, best service, present providers, your own rules.

    Sealed bids: from the opening on. While open bids are taken: figures alone. Computed beside the auction, at most
    every few seconds; ask again while `progress` shows.
    """
    found = service.board(reading, desk.owned(reading, request_id), boards)
    return BoardOutput(**codec.dump(found))


@router.post("/{request_id}/scenarios/cancel", status_code=204, summary="Stop computing", responses=_LOOKING)
def cancel_scenario_board(request_id: str, work: Working, boards: Computer, _: Buyer) -> None:
    """It is taken up again when something changes, or by `/scenarios/compute`."""
    boards.cancel(desk.owned(work, request_id))


@router.post("/{request_id}/scenarios/compute", summary="Compute again", responses=_LOOKING)
def compute_scenario_board(request_id: str, work: Working, boards: Computer, _: Buyer) -> BoardOutput:
    """After it was cancelled, or has failed. What is computed already is not computed again."""
    owned = desk.owned(work, request_id)
    boards.again(owned)
    return BoardOutput(**codec.dump(service.board(work, owned, boards)))


@router.get("/{request_id}/own-scenarios", summary="Saved scenarios", responses=http.problems(NotFoundError))
def list_own_scenarios(request_id: str, reading: ReadingOnly, _: Buyer) -> list[ScenarioOutput]:
    """By name, as everybody of your organization sees them."""
    return [_output(one) for one in service.saved(reading, desk.owned(reading, request_id))]


@router.post("/{request_id}/own-scenarios", status_code=201, summary="Save a scenario", responses=_SAVING)
def save_own_scenario(
    request_id: str, body: ScenarioInput, work: Working, _: Editor, response: Response
) -> ScenarioOutput:
    """The cheapest award that obeys your rules; it joins the board at once."""
    saved = service.save(work, desk.owned(work, request_id), body.name, body.values())
    response.headers["Location"] = f"/requests/{request_id}/own-scenarios/{saved.id}"
    response.headers["ETag"] = http.etag(saved.revision)
    return _output(saved)


@router.get(
    "/{request_id}/own-scenarios/{scenario_id}", summary="A saved scenario", responses=http.problems(NotFoundError)
)
def read_own_scenario(
    request_id: str, scenario_id: str, reading: ReadingOnly, _: Buyer, response: Response
) -> ScenarioOutput:
    """Its rules, also in words. Its version is the `ETag`."""
    found = service.read(reading, desk.owned(reading, request_id), scenario_id)
    response.headers["ETag"] = http.etag(found.revision)
    return _output(found)


@router.put("/{request_id}/own-scenarios/{scenario_id}", summary="Change a saved scenario", responses=_CHANGING)
def change_own_scenario(
    request_id: str,
    scenario_id: str,
    body: ScenarioInput,
    work: Working,
    *,
    _: Editor,
    response: Response,
    if_match: IfMatch = None,
) -> ScenarioOutput:
    """Replaces its name and all of its rules."""
    before = service.read(work, desk.owned(work, request_id), scenario_id)
    changed = service.change(work, before, body.name, body.values(), if_match)
    response.headers["ETag"] = http.etag(changed.revision)
    return _output(changed)


@router.delete(
    "/{request_id}/own-scenarios/{scenario_id}",
    status_code=204,
    summary="Remove a saved scenario",
    responses=_CHANGING,
)
def remove_own_scenario(request_id: str, scenario_id: str, work: Working, _: Editor, if_match: IfMatch = None) -> None:
    """It leaves the board for everybody of your organization; awards that rest on it keep its name."""
    service.remove(work, desk.owned(work, request_id), scenario_id, if_match)


@router.post(
    "/{request_id}/scenarios/{key}/award/preview", summary="What awarding a scenario would reveal", responses=_AWARDING
)
def preview_scenario_award(
    request_id: str, key: str, body: ScenarioAwardInput, work: Working, _: Negotiator
) -> AwardPreviewOutput:
    """Changes nothing. Names who would learn who you are, discounts, risks, and whether a second user is needed.

    `key` is that of a result or of a point of the front.
    """
    found = service.preview(work, desk.owned(work, request_id), key, body.sha256, body.reason)
    return AwardPreviewOutput(**codec.dump(found))


@router.post("/{request_id}/scenarios/{key}/award", status_code=201, summary="Award a scenario", responses=_AWARDING)
def award_scenario(
    request_id: str, key: str, body: ScenarioAwardInput, work: Working, _: Negotiator, response: Response
) -> AwardOutput:
    """Awards the lots that it names, as by lot. If bids have changed since the board `sha256`, it is refused."""
    owned = desk.owned(work, request_id)
    return answer(service.award(work, owned, key, body.sha256, body.reason), response)


def _output(saved: SavedScenario) -> ScenarioOutput:
    document = codec.dump(saved)
    del document["request_id"]
    return ScenarioOutput(**document, words=[rule.words for rule in saved.rules])
