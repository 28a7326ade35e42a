"""Reading the board, saving scenarios, and awarding what a scenario names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from buyers.requests import service as requests
from marketplace.awards import approvals, problem_rules, switching
from marketplace.awards import service as awards
from marketplace.awards.board import events, specs, store
from marketplace.awards.board.model import Board, Computed, Question, Result, SavedScenario, Stage
from marketplace.awards.board.specs import CHEAPEST, MOST_LOTS, MOST_OWN
from marketplace.awards.board.worker import Boards
from marketplace.awards.buyer_rules import BuyerRule
from marketplace.awards.model import (
    Approval,
    Award,
    AwardPreview,
    Basis,
    LotRefusal,
    LotSelection,
    Selection,
    SwitchingCosts,
)
from marketplace.bidding import service as bidding
from marketplace.bidding.model import Status
from marketplace.kernel import codec, http, ids
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import BidId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers

RUNNING = frozenset({Status.SCHEDULED, Status.OPEN, Status.PAUSED})
_LEFT_OPEN = "No bid that a scenario can take, or none within its rules."


class ScenarioStaleError(ConflictError):
    """The board was computed from other bids, rules or switching costs than there are now."""

    kind = "scenario-stale"
    title = "This scenario is not what the bids make now"


class ScenarioNotAwardableError(ConflictError):
    """The scenario names no award."""

    kind = "scenario-not-awardable"
    title = "This scenario names no award"


class ScenarioNameTakenError(ConflictError):
    """Another scenario of the request has this name."""

    kind = "scenario-name-taken"
    title = "A scenario of this request has this name"


class TooManyScenariosError(ConflictError):
    """A request has as many saved scenarios as it may have."""

    kind = "too-many-scenarios"
    title = f"A request has at most {MOST_OWN} saved scenarios"


class TooManyLotsError(ConflictError):
    """The request has more lots than scenarios are computed for."""

    kind = "too-many-lots"
    title = f"Scenarios are computed for at most {MOST_LOTS:,} lots"


def question(reading: Reading, request_id: RequestId) -> Question | None:
    """Return what the board of a request is computed from now; None while bids are sealed, or before there are any.

    Locks nothing. Raises TooManyLotsError.
    """
    opened = bidding.visible_offers(reading, request_id)
    if not opened:
        return None
    if len(opened) > MOST_LOTS:
        raise TooManyLotsError(f"This one has {len(opened):,}.")
    runs = any(lot.status in RUNNING for lot in opened.values())
    stage = Stage.LIVE if runs else Stage.CLOSED
    if runs:  # who bids on a lot that has closed is known: beside it the others' bidders would be, too
        opened = {ref: lot for ref, lot in opened.items() if lot.status in RUNNING}
    providers = {offer.provider_id for lot in opened.values() for offer in lot.offers}
    names = sellers.names(reading, tuple(providers))
    comparison = awards.comparison_of(reading, request_id, opened, names, with_switching=not runs)
    content = requests.get(reading, request_id).content
    return specs.question(
        stage,
        comparison,
        content,
        SwitchingCosts() if runs else switching.read(reading, request_id),
        store.scenarios(reading, request_id),
        today=reading.now.astimezone(UTC).date(),
        seed=codec.digest(bidding.rules_hashes(reading, request_id)),
        held=awards.held(reading, request_id),
    )


def board(reading: Reading, request_id: RequestId, boards: Boards) -> Board:
    """Return the last computed board; what has changed since is computed soon, beside everything else.

    Once every lot is decided, it stays as it was.
    """
    asked = question(reading, request_id)
    if asked is None:
        return Board(Stage.SEALED, None, None, current=False, progress=None, cancelled=False, failed="")
    found = store.board(reading, request_id)
    computed, at = found if found is not None else (None, None)
    decided = asked.stage is Stage.CLOSED and not asked.specs[0].problem.lots and not asked.uncovered
    if computed is not None and (computed.sha256 == asked.sha256 or decided):
        return Board(asked.stage, computed, at, current=True, progress=None, cancelled=False, failed="")
    going = boards.want(request_id, asked)
    if computed is not None and computed.stage is not asked.stage:
        computed, at = None, None
    return Board(asked.stage, computed, at, False, going.progress, going.cancelled, going.failed)


def glance(reading: Reading, request_id: RequestId, boards: Boards) -> Board:
    """Return the board like ``board``, without reading the bids anew while it is being computed: for who asks often.

    What changes meanwhile is noticed at the next look after that.
    """
    going = boards.going(request_id)
    if going is None:
        return board(reading, request_id, boards)
    found = store.board(reading, request_id)
    computed, at = found if found is not None else (None, None)
    stage = Stage.CLOSED if computed is None else computed.stage
    return Board(stage, computed, at, False, going.progress, going.cancelled, going.failed)


def last(reading: Reading, request_id: RequestId) -> Computed | None:
    """Return what was computed last, current or not, and have nothing computed."""
    found = store.board(reading, request_id)
    return None if found is None else found[0]


def saved(reading: Reading, request_id: RequestId) -> list[SavedScenario]:
    """Return the saved scenarios of a request by name."""
    return store.scenarios(reading, request_id)


def read(reading: Reading, request_id: RequestId, scenario_id: str) -> SavedScenario:
    """Return one saved scenario. Raises NotFoundError."""
    found = store.scenario(reading, request_id, scenario_id)
    if found is None:
        raise NotFoundError
    return found


def save(work: Work, request_id: RequestId, name: str, rules: Sequence[BuyerRule]) -> SavedScenario:
    """Save a scenario for the whole organization.

    Raises MalformedError, ScenarioNameTakenError, TooManyScenariosError.
    """
    request = requests.hold(work, request_id)
    known = store.scenarios(work, request_id)
    if len(known) >= MOST_OWN:
        raise TooManyScenariosError("Remove one that nobody needs.")
    _check(request.content.lots, rules, name, known)
    user = work.principal.user_id
    scenario = SavedScenario(ids.new("scn"), request_id, name, tuple(rules), 1, user, work.now)
    store.save_scenario(work, scenario)
    work.append(events.ScenarioSaved(request_id, scenario.id, scenario.revision))
    return scenario


def change(
    work: Work, before: SavedScenario, name: str, rules: Sequence[BuyerRule], if_match: str | None
) -> SavedScenario:
    """Replace a scenario that ``read`` held. Raises StaleError, MalformedError, ScenarioNameTakenError."""
    request_id = before.request_id
    request = requests.get(work, request_id)
    http.check_if_match(if_match, before.revision)
    _check(request.content.lots, rules, name, [one for one in store.scenarios(work, request_id) if one.id != before.id])
    after = replace(
        before,
        name=name,
        rules=tuple(rules),
        revision=before.revision + 1,
        changed_by=work.principal.user_id,
        changed_at=work.now,
    )
    store.save_scenario(work, after)
    work.append(events.ScenarioSaved(request_id, after.id, after.revision))
    return after


def remove(work: Work, request_id: RequestId, scenario_id: str, if_match: str | None) -> None:
    """Remove a saved scenario. Raises NotFoundError, StaleError."""
    before = read(work, request_id, scenario_id)
    http.check_if_match(if_match, before.revision)
    store.remove_scenario(work, before.id)
    work.append(events.ScenarioRemoved(request_id, before.id, before.revision))


def preview(work: Work, request_id: RequestId, key: str, sha256: str, reason: str) -> AwardPreview:
    """Return what awarding a scenario would do. Raises as ``award``."""
    selection, basis = _selected(work, request_id, key, sha256, reason)
    shown = approvals.preview(work, request_id, selection, basis)
    found = _result(_computed(work, request_id, sha256), key)
    return replace(shown, warnings=found.risks)


def award(work: Work, request_id: RequestId, key: str, sha256: str, reason: str) -> Award | Approval:
    """Award the lots that a scenario names, or ask a second user to.

    Raises as ``approvals.award``, and ScenarioStaleError, ScenarioNotAwardableError.
    """
    selection, basis = _selected(work, request_id, key, sha256, reason)
    return approvals.award(work, request_id, selection, basis)


def _selected(work: Work, request_id: RequestId, key: str, sha256: str, reason: str) -> tuple[Selection, Basis]:
    """Return the selection that a computed scenario names, with the request held and the bids as they were then."""
    requests.hold(work, request_id)
    comparison = awards.compare(work, request_id)
    asked = question(work, request_id)
    if asked is None or asked.sha256 != sha256:
        raise ScenarioStaleError(
            "Bids, saved scenarios, switching costs or the day have changed: read the board again."
        )
    computed = _computed(work, request_id, sha256)
    found = _result(computed, key)
    if not found.lots or computed.stage is not Stage.CLOSED:
        raise ScenarioNotAwardableError(found.conflict or found.words)
    cheapest = next((one.evaluated for one in computed.results if one.key == CHEAPEST), None)
    if found.evaluated == cheapest:
        reason = reason or f"Cheapest of all lots together ({found.words})."
    elif not reason.strip():
        message = "this scenario is not the cheapest: say once why you select it"
        raise MalformedError("Say why.", errors=(FieldError("/reason", message),))
    chosen = {one.lot: one.bid_id for one in found.lots}
    waiting = [lot.lot for lot in comparison.lots if lot.status == Status.CLOSED]
    selection = Selection(
        tuple(LotSelection(lot, BidId(bid)) for lot in waiting if (bid := chosen.get(lot)) is not None),
        tuple(LotRefusal(lot, _LEFT_OPEN) for lot in waiting if chosen.get(lot) is None),
    )
    return selection, Basis(found.name, reason, found.words, sha256)


def _computed(reading: Reading, request_id: RequestId, sha256: str) -> Computed:
    found = store.board(reading, request_id)
    if found is None or found[0].sha256 != sha256:
        raise ScenarioStaleError("The board is not computed yet: read it again.")
    return found[0]


def _result(computed: Computed, key: str) -> Result:
    found = next((one for one in computed.results + computed.front if one.key == key), None)
    if found is None:
        raise NotFoundError
    return found


def _check(lots: Sequence[object], rules: Sequence[BuyerRule], name: str, others: Sequence[SavedScenario]) -> None:
    refs = frozenset(str(getattr(lot, "ref", "")) for lot in lots)
    problem_rules.check(rules, refs)
    if name in {other.name for other in others}:
        raise ScenarioNameTakenError(f"Choose another name than '{name}'.")
