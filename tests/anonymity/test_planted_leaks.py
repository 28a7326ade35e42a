"""Whatever surface tells who the buyer is, the comparison of two worlds notices: each kind of leak is planted once."""

from collections.abc import Callable
from typing import Any

import pytest

from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from tests.anonymity import small
from tests.anonymity.conftest import NewDatabase
from tests.anonymity.leaks import HASHED_NAME, LEAKS, MORE_WORK, SEEDED_IDS, Leak, Plant
from tests.anonymity.made import NORTHWIND, ZEBEDEE, World, differences, plain_digests
from tests.anonymity.small import CARRIER
from tests.notifications.receivers import Receiver, receiving

"""Two small lives, and each leak in both: a minute, on a machine that is busy several."""


@pytest.fixture(scope="module")
def hooks(enter: Callable[[Any], Any]) -> Receiver:
    found: Receiver = enter(receiving())
    return found


@pytest.fixture(scope="module")
def long_settings(settings: Settings) -> Settings:
    """A token holds by the machine's clock, and a busy machine takes its time; webhooks are sent to this machine."""
    return settings.model_copy(update={"access_token_seconds": 3600, "webhook_loopback": True})


@pytest.fixture(scope="module")
def worlds(
    database: Database, new_database: NewDatabase, long_settings: Settings, enter: Any, hooks: Receiver
) -> tuple[World, World]:
    """Return two small worlds that live side by side."""
    other = new_database("other")
    return (
        small.live(NORTHWIND, database, long_settings, enter, hooks),
        small.live(ZEBEDEE, other, long_settings, enter, hooks),
    )


def test_small_worlds_look_the_same(worlds: tuple[World, World]) -> None:
    one, other = (world.observed[CARRIER] for world in worlds)
    assert len(one) > 10, "the carrier must have seen something"
    assert differences(one, other) == []


def test_files_by_other_authors_are_the_same_bytes(worlds: tuple[World, World]) -> None:
    for ref in ("A1", "A2"):
        path = f"/invitations/{{}}/attachments/{ref}"
        own = [
            world.client.get(path.format(world.seen_ids[CARRIER]["inv"][0]), headers=world.carriers[CARRIER])
            for world in worlds
        ]
        assert [answer.status_code for answer in own] == [200, 200]
        assert own[0].content == own[1].content
        assert own[0].headers["Content-Disposition"] == own[1].headers["Content-Disposition"]


@pytest.mark.parametrize("leak", LEAKS, ids=[leak.kind for leak in LEAKS])
def test_a_leak_is_noticed_where_it_is_planted(leak: Leak, worlds: tuple[World, World], hooks: Receiver) -> None:
    one, other = (small.seen(world, leak.look, hooks) for world in worlds)
    assert one, "something must be looked at"
    assert differences(one, other) == [], "without the leak the worlds are the same"
    leaking = []
    for world in worlds:
        with pytest.MonkeyPatch.context() as patch:
            leak.plant(patch, world)
            leaking.append(small.seen(world, leak.look, hooks))
    assert differences(*leaking) != []


ROUTES = (
    *("/invitations", "/invitations/{inv}", "/invitations/{closed}", "/invitations/{inv}/questions", "/notices"),
    *("/invitations/{inv}/bids", "/invitations/{closed}/lots/T1/transcript", "/terms/{request}", "/c", "/c/bids"),
    *("/c/invitations/{inv}", "/c/invitations/{closed}/lost", "/search?q=internet", "/search?q=Northwind", "/calendar"),
)
"""What a carrier looks at most, and could learn most from how long it takes."""


def _work(world: World, hooks: Receiver) -> list[list[str]]:
    """Return the statements behind each route, once what is read only once has been read."""
    found = []
    for path in ROUTES:
        small.seen(world, small.look_at(path), hooks)
        with small.statements(world) as sent:
            small.seen(world, small.look_at(path), hooks)
        found.append(sent)
    return found


def test_what_a_look_asks_of_the_database_does_not_hang_on_the_buyer(
    worlds: tuple[World, World], hooks: Receiver
) -> None:
    one, other = (_work(world, hooks) for world in worlds)
    assert sum(map(len, one)) > len(ROUTES)
    for path, mine, others in zip(ROUTES, one, other, strict=True):
        assert mine == others, f"{path} takes other work in another world"


def test_work_that_hangs_on_the_buyer_is_noticed(worlds: tuple[World, World], hooks: Receiver) -> None:
    found = []
    for world in worlds:
        with pytest.MonkeyPatch.context() as patch, small.statements(world) as sent:
            MORE_WORK(patch, world)
            small.seen(world, small.look_at("/invitations"), hooks)
            found.append(sent)
    assert found[0] != found[1]


def test_a_digest_of_the_name_is_noticed_although_it_looks_random(worlds: tuple[World, World]) -> None:
    for world in worlds:
        assert plain_digests(world) == set()
        with pytest.MonkeyPatch.context() as patch:
            HASHED_NAME(patch, world)
            small.look_at("/invitations/{inv}/bid-draft")(world)
        (digest,) = plain_digests(world)
        del world.names[CARRIER][digest]


def test_ids_are_drawn_anew_in_every_life_and_a_seed_is_noticed(
    worlds: tuple[World, World], new_database: NewDatabase, long_settings: Settings, enter: Any, hooks: Receiver
) -> None:
    database = new_database("twin")

    def lived(*plants: Plant) -> set[str]:
        with pytest.MonkeyPatch.context() as patch:
            for plant in plants:
                plant(patch, worlds[0])
            world = small.live_shortly(NORTHWIND, database, long_settings, enter, hooks)
        return small.drawn(world)

    assert small.drawn(worlds[0]) & lived() == set()
    assert lived(SEEDED_IDS) & lived(SEEDED_IDS) != set()
