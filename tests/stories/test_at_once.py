"""Two sides that decide on the same award in the same moment: one of them did it, the other is told so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from threading import Barrier
from typing import Any

import pytest
from httpx import Response

from tests.factories import SignedIn
from tests.security.made import Stage
from tests.stories.made import Story, begin

Step = tuple[str, str, Any]
"""Who acts (buyer or carrier), what is added to its path, and the body."""
REFUSE: Step = ("buyer", "/refusal", {"reason": "The notice window is too long."})
ACCEPT: Step = ("buyer", "/acceptance", {"accepted_terms": True})
CONFIRM: Step = ("carrier", "/confirmation", {})
DECLINE: Step = ("carrier", "/declination", {"reason": "The building can't be reached."})
DONE = {HTTPStatus.OK, HTTPStatus.CREATED}
NO = {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}


def awarded(stage: Stage, *, confirmed: bool) -> tuple[Story, Callable[[Step], Callable[[], Response]]]:
    """Return a story whose lot is awarded to A, and what makes a step ready to be taken."""
    story = begin(stage, {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}, "AB")
    story.bid("B", "15000.00")
    story.bid("A", "14000.00")
    story.at(story.closes_at)
    stage.award(story.request_id)
    carrier = story.carriers["A"]
    if confirmed:
        stage.confirm(carrier)
    (award,) = stage.ok(carrier, "GET", f"{story.path('A')}/award/confirmation")
    (row,) = story.buyer("GET", "/contracts")
    contract = stage.ok(stage.buyer, "GET", f"/contracts/{row['id']}")

    def ready(step: Step) -> Callable[[], Response]:
        who, path, body = step
        if who == "buyer":
            more = {"sha256": contract["presentation"]["terms"]["sha256"]} if step == ACCEPT else {}
            return lambda: stage.call(stage.buyer, "POST", f"/contracts/{contract['id']}{path}", body | more)
        own: SignedIn = carrier
        named = body | {"award_id": award["award_id"]}
        return lambda: stage.call(own, "POST", f"{story.path('A')}/award{path}", named)

    return story, ready


def together(*steps: Callable[[], Response]) -> list[int]:
    """Take all steps in the same moment; return the statuses of their answers."""
    start = Barrier(len(steps))

    def take(step: Callable[[], Response]) -> int:
        start.wait()
        return step().status_code

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(take, steps))


@pytest.mark.parametrize("other", [DECLINE, REFUSE], ids=["decline", "refuse"])
def test_of_two_decisions_that_exclude_each_other_one_holds(stage: Stage, other: Step) -> None:
    story, ready = awarded(stage, confirmed=True)
    statuses = together(ready(ACCEPT), ready(other))
    assert sum(status in DONE for status in statuses) == 1, statuses
    assert sum(status in NO for status in statuses) == 1, statuses
    stage.settle()
    (contract,) = story.buyer("GET", "/contracts")
    assert contract["status"] == ("accepted" if statuses[0] in DONE else "refused")
    story.is_as_journaled()


@pytest.mark.parametrize("confirmed", [False, True], ids=["asked", "confirmed"])
def test_a_lot_that_both_sides_give_back_is_given_back_once(stage: Stage, *, confirmed: bool) -> None:
    story, ready = awarded(stage, confirmed=confirmed)
    statuses = together(ready(REFUSE), ready(DECLINE))
    assert set(statuses) <= DONE | NO, statuses
    assert set(statuses) & DONE
    stage.settle()
    told = stage.ok(stage.admin, "GET", "/journal", params={"stream": f"request:{story.request_id}", "limit": 100})
    assert [event["type"] for event in told["items"]].count("lots.returned") == 1
    assert [name for name, _ in story.compared()] == ["B"]
    story.is_as_journaled()


def test_a_carrier_confirms_while_the_buyer_refuses(stage: Stage) -> None:
    story, ready = awarded(stage, confirmed=False)
    refused, confirmed = together(ready(REFUSE), ready(CONFIRM))
    assert refused in DONE
    assert confirmed in DONE | NO
    stage.settle()
    (contract,) = story.buyer("GET", "/contracts")
    assert contract["status"] == "refused"
    story.is_as_journaled()


def test_a_decision_that_is_sent_five_times_at_once_is_made_once(stage: Stage) -> None:
    story, ready = awarded(stage, confirmed=True)
    statuses = together(*[ready(ACCEPT)] * 5)
    assert sum(status in DONE for status in statuses) == 1, statuses
    assert sum(status == HTTPStatus.CONFLICT for status in statuses) == 4, statuses
    stage.settle()
    story.is_as_journaled()
