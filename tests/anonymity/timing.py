"""What answers cost, in three worlds, call by call in turns: run by `make timing`, not with the tests.

The cost is the processor time of the answering process, so that other programs on the machine count little. Two worlds
have the same buyer, and the one that was made between them has another: what costs more because a world was made later
is told from what costs more because of who the buyer is. A route tells the buyer when the other world differs from
both, in the same direction. A planted difference must be found as well, or the measurement itself was too coarse. That
equal worlds are not told apart, and how small a difference is found, is tested with ``benchmarks.timing``.
"""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import permutations
from typing import Any

import pytest

from benchmarks.timing import Compared, compare, told_apart
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from tests.anonymity import small
from tests.anonymity.conftest import NewDatabase
from tests.anonymity.leaks import MORE_WORK, Plant
from tests.anonymity.made import NORTHWIND, ZEBEDEE, World
from tests.notifications.receivers import receiving

pytestmark = pytest.mark.timeout(3600)

CALLS = 300
"""Of each route in each world."""
ROUTES = (
    *("/invitations", "/invitations/{inv}", "/invitations/{closed}", "/invitations/{inv}/questions", "/notices"),
    *("/invitations/{inv}/bids", "/invitations/{closed}/lots/T1/transcript", "/terms/{request}", "/search?q=Northwind"),
    *("/c", "/c/invitations/{inv}", "/c/invitations/{closed}/lost", "/calendar"),
)
LEAKING = "/invitations"
ORDERS = tuple(permutations(range(3)))


@contextmanager
def _quiet() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _cost(world: World, path: str) -> float:
    began = time.process_time()
    world.client.get(path, headers=world.carriers[small.CARRIER])
    return time.process_time() - began


def _compared(worlds: Sequence[World], route: str, plants: tuple[Plant, ...] = ()) -> tuple[Compared, Compared]:
    """Call a route in all worlds in turns, beginning with each as often; compare the other one with either twin."""
    paths = [route.format(**small.known(world)) for world in worlds]
    costs: list[list[float]] = [[] for _ in worlds]
    with _quiet():
        for number in range(-20, CALLS):
            for turn in ORDERS[number % len(ORDERS)]:
                with pytest.MonkeyPatch.context() as patch:
                    for plant in plants:
                        plant(patch, worlds[turn])
                    cost = _cost(worlds[turn], paths[turn])
                if number >= 0:
                    costs[turn].append(cost)
    one, other, twin = costs
    return compare(one, other), compare(twin, other)


def _telling(compared: dict[str, tuple[Compared, Compared]]) -> list[str]:
    """Return the routes on which the other world differs from both twins, in the same direction."""
    by_one, by_twin = (told_apart({route: pair[side] for route, pair in compared.items()}) for side in (0, 1))
    same = {route for route, (one, twin) in compared.items() if (one.effect > 0.5) == (twin.effect > 0.5)}
    return sorted(set(by_one) & set(by_twin) & same)


def test_what_answers_cost_does_not_tell_the_worlds_apart(
    database: Database, new_database: NewDatabase, settings: Settings, enter: Any
) -> None:
    settings = settings.model_copy(update={"access_token_seconds": 3600, "webhook_loopback": True})
    hooks = enter(receiving())
    worlds = (
        small.live(NORTHWIND, database, settings, enter, hooks),
        small.live(ZEBEDEE, new_database("other"), settings, enter, hooks),
        small.live(NORTHWIND, new_database("twin"), settings, enter, hooks),
    )
    compared = {route: _compared(worlds, route) for route in ROUTES}
    planted = {LEAKING: _compared(worlds, LEAKING, (MORE_WORK,))}
    for route, pair in [*compared.items(), (f"five queries more on {LEAKING}", planted[LEAKING])]:
        shown = "   ".join(f"effect {one.effect:.3f} p {one.p:.4f}" for one in pair)
        print(f"{route:45} {shown}")  # noqa: T201 - a measurement prints
    assert _telling(planted) == [LEAKING], "the measurement is too coarse to say anything"
    assert _telling(compared) == []
