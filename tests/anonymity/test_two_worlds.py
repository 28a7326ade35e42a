"""Two worlds that differ only in who the buyer is look the same, byte for byte, to every carrier.

The same story is lived twice. At every stage every route that a carrier may call is called by every carrier, with every
identifier that it has seen, with the buyer's own identifiers and with invented ones. Random identifiers, pseudonyms,
hashes and signatures are replaced by their order of appearance; all else must be the same bytes.
"""

import base64
import json
import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from tests.anonymity.made import (
    AFTER_AWARD,
    AWARDED,
    CARRIERS,
    CONTRACTED,
    ENDED,
    FELL_THROUGH,
    LOSER,
    NORTHWIND,
    ZEBEDEE,
    Buyer,
    World,
    ask,
    begin_world,
    bid,
    carrier_routes,
    differences,
    explain,
    phone_of,
    plain_digests,
    question,
)
from tests.factories import SignedIn

pytestmark = pytest.mark.timeout(2400)
"""Two whole stories, each route by each carrier at each stage: a minute or two, more on a machine that is busy."""

_UNLIKE = re.compile(r"<random [0-9]+>")
"""Signatures and the ids of single answers are other ones each time."""


def live(buyer: Buyer, database: Database, settings: Settings, client_stack: Any) -> World:
    """Live the whole story in one world: T1 goes to the first carrier, T2 to the second, the third wins nothing."""
    world = begin_world(buyer, database, settings, client_stack)
    world.look_around("before the buyer exists")
    request_id = ask(world, timedelta(days=2))
    asked = question(world)
    world.look_around("open")
    world.clock.now += timedelta(hours=1)
    explain(world, request_id, asked)
    for number, carrier in enumerate(CARRIERS):
        bid(world, carrier, (400 + number, 300 + (number - 1) ** 2))
    world.settle()
    world.look_around("after the bids")
    world.clock.now += timedelta(days=3)
    world.settle()
    world.look_around("closed")
    for carrier in CARRIERS:
        invitation = world.seen_ids[carrier]["inv"][0]
        world.observe(carrier, "closed", "POST", f"/invitations/{invitation}/decline", json={"reason": "capacity"})
    user = world.buyer_user
    assert user is not None
    comparison = world.call(user, "GET", f"/requests/{request_id}/comparison", 200)
    chosen = [{"lot": lot["lot"], "bid_id": lot["offers"][0]["bid_id"]} for lot in comparison["lots"]]
    world.call(user, "POST", f"/requests/{request_id}/award", 201, json={"awarded": chosen})
    world.settle()
    world.look_around(AWARDED)
    negotiate(world, user, request_id)
    world.settle()
    world.look_around(CONTRACTED)
    fall_through(world, user, request_id)
    world.look_around(FELL_THROUGH)
    lots = world.call(user, "GET", f"/requests/{request_id}/comparison", 200)["lots"]
    chosen = [{"lot": "T2", "bid_id": lot["offers"][0]["bid_id"]} for lot in lots if lot["lot"] == "T2"]
    world.call(user, "POST", f"/requests/{request_id}/award", 201, json={"awarded": chosen})
    world.settle()
    world.look_around(ENDED)
    return world


def negotiate(world: World, user: SignedIn, request_id: str) -> None:
    """Let the first carrier confirm, negotiate and come to a contract; the others try to take part."""
    rows = world.call(user, "GET", f"/requests/{request_id}/contracts", 200)
    contract = next(row for row in rows if row["lots"] == ["T1"])
    award_id = world.call(user, "GET", f"/requests/{request_id}/awards", 200)[0]["id"]
    winner, *others = CARRIERS
    room = f"/contracts/{contract['id']}/negotiation"
    asked = {"reference": "passage", "clause": f"Terms of {winner}.", "wording": f"Terms for {world.buyer.name}."}
    first = {"If-Match": '"0"'}
    world.call(user, "POST", f"{room}/proposals", 201, json={"changes": [asked]}, headers=first)
    for carrier in others:  # as if they had learnt the ids of the award and of the contract
        own = f"/invitations/{world.seen_ids[carrier]['inv'][0]}/award"
        if carrier == LOSER:
            world.observe(carrier, AWARDED, "POST", f"{own}/confirmation", json={"award_id": award_id})
            no = {"award_id": award_id, "reason": "We can't."}
            world.observe(carrier, AWARDED, "POST", f"{own}/declination", json=no)
        body = {"changes": [asked]}
        world.observe(carrier, AWARDED, "POST", f"{room}/proposals", json=body, headers={"If-Match": '"1"'})
        for step in ("acceptance", "withdrawal"):
            world.observe(carrier, AWARDED, "POST", f"{room}/proposals/1/{step}", headers={"If-Match": '"1"'})
    world.observe(winner, AWARDED, "POST", f"{room}/proposals", json={"changes": [asked]}, headers={"If-Match": '"1"'})
    world.call(user, "POST", f"{room}/proposals/2/acceptance", 200, headers={"If-Match": '"2"'})
    confirmation = f"/invitations/{world.seen_ids[winner]['inv'][0]}/award/confirmation"
    assert (
        world.observe(winner, AWARDED, "POST", confirmation, json={"award_id": award_id}).status_code == HTTPStatus.OK
    )
    body = {"sha256": contract["terms"]["sha256"], "changes_version": 2, "accepted_terms": True}
    world.call(user, "POST", f"/contracts/{contract['id']}/acceptance", 200, json=body)


def fall_through(world: World, user: SignedIn, request_id: str) -> None:
    """Let the second carrier decline its lot, which the buyer has back then."""
    carrier = CARRIERS[1]
    award_id = world.call(user, "GET", f"/requests/{request_id}/awards", 200)[0]["id"]
    path = f"/invitations/{world.seen_ids[carrier]['inv'][0]}/award/declination"
    no = {"award_id": award_id, "reason": "The owner refuses us."}
    assert world.observe(carrier, CONTRACTED, "POST", path, json=no).status_code == HTTPStatus.OK
    world.settle()


def _stage(observation: tuple[str, str]) -> str:
    return observation[0].rpartition(" GET ")[0] or observation[0].rpartition(" POST ")[0]


@pytest.fixture(scope="module")
def worlds(
    database: Database,
    settings: Settings,
    request: pytest.FixtureRequest,
    one_thread: None,  # noqa: ARG001 - taken for what it does
) -> tuple[World, World]:
    def keep(client: TestClient) -> TestClient:
        client.__enter__()
        request.addfinalizer(lambda: client.__exit__(None, None, None))
        return client

    # a token holds by the machine's clock, and looking around takes a slow machine longer than ten minutes
    settings = settings.model_copy(update={"access_token_seconds": 3600})
    return live(NORTHWIND, database, settings, keep), live(ZEBEDEE, database, settings, keep)


def test_carriers_observe_the_same_bytes_whoever_the_buyer_is(worlds: tuple[World, World]) -> None:
    one, other = worlds
    for carrier in CARRIERS:
        pairs = [
            [item for item in world.observed[carrier] if carrier == LOSER or _stage(item) not in AFTER_AWARD]
            for world in (one, other)
        ]
        assert len(pairs[0]) > 100, "the carrier must have looked around"
        assert differences(*pairs) == []


def test_the_winners_and_only_they_can_tell_the_worlds_apart_after_the_award(worlds: tuple[World, World]) -> None:
    for world in worlds:
        for carrier in CARRIERS[:2]:
            after = "".join(text for what, text in world.observed[carrier] if _stage((what, text)) in AFTER_AWARD)
            assert json.dumps(world.buyer.name)[1:-1] in after
        everything = "".join(text for _, text in world.observed[LOSER])
        for secret in (world.buyer.person, world.buyer.email, world.buyer.phone, *world.buyer.streets):
            assert secret not in everything


def test_mails_and_texts_to_carriers_are_the_same_bytes_whoever_the_buyer_is(
    worlds: tuple[World, World],
) -> None:
    one, other = worlds
    for carrier in CARRIERS:
        texted = [mail for mail in one.mails[carrier] if phone_of(carrier) in mail]
        assert min(len(texted), len(one.mails[carrier]) - len(texted)) > 1, "the carrier must have been told both ways"
        assert one.mails[carrier] == other.mails[carrier]
    assert "Sie" in "".join(one.mails[CARRIERS[1]]), "one carrier reads another language"


def test_every_route_that_a_carrier_may_call_is_part_of_the_proof(worlds: tuple[World, World]) -> None:
    world = worlds[0]
    called = {what.split(" GET ")[1].split("?")[0] for what, _ in world.observed[CARRIERS[0]] if " GET " in what}
    for route in carrier_routes("GET"):
        pattern = re.compile(re.sub(r"{\w+}", "[^/]+", route.path_format) + "$")
        assert any(pattern.match(path) for path in called), f"{route.path} was never observed"


def test_questions_their_answer_and_announcements_are_part_of_the_proof(worlds: tuple[World, World]) -> None:
    for world in worlds:
        for carrier in CARRIERS:
            answered, waiting, announced = (
                [text for what, text in world.observed[carrier] if what.endswith(path) and text.startswith("200")]
                for path in ("/questions", "/questions", "/announcements")
            )
            assert "Is the riser ours to use?" in waiting[0]
            assert "It is shared." not in waiting[0]
            assert "It is shared." in answered[-1]
            assert "The roof is closed in winter." in answered[-1]
            assert "Yes, it is yours." not in "".join(answered)
            assert all(text in announced[-1] for text in ("slow today", "being corrected", "stands corrected"))


def test_what_is_signed_for_a_carrier_names_nobody(worlds: tuple[World, World]) -> None:
    """Signed texts are compared as random above; here is what is inside them."""
    for world in worlds:
        tokens = {value for carrier in CARRIERS for value in world.names[carrier] if value.startswith("eyJ")}
        assert tokens
        for token in tokens:
            payload = token.split(".")[1]
            inside = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
            assert not any(secret in inside for secret in (world.buyer.name, world.buyer.email, *world.buyer_ids))


def test_nothing_that_looks_random_is_a_digest_of_what_a_carrier_could_guess(worlds: tuple[World, World]) -> None:
    for world in worlds:
        assert plain_digests(world) == set()


def test_every_step_of_a_carrier_after_the_award_is_part_of_the_proof(worlds: tuple[World, World]) -> None:
    world = worlds[0]
    steps = {what.split(" POST ")[1] for carrier in CARRIERS for what, _ in world.observed[carrier] if " POST " in what}
    later = [route for route in carrier_routes("POST") if "/award/" in route.path or "/negotiation/" in route.path]
    assert len(later) == 5
    for route in later:
        pattern = re.compile(re.sub(r"{\w+}", "[^/]+", route.path) + "$")
        assert any(pattern.match(path) for path in steps), f"{route.path} was never called"


def test_a_carrier_that_lost_learns_nothing_of_what_came_after_its_loss(worlds: tuple[World, World]) -> None:
    """The award of others, a negotiation, a contract and an award that fell through leave its screens as they were."""
    for world in worlds:
        seen: dict[str, dict[str, str]] = {stage: {} for stage in AFTER_AWARD}
        for what, text in world.observed[LOSER]:
            stage, _, path = what.partition(" GET ")
            if stage in seen:
                seen[stage][path] = _UNLIKE.sub("<unlike>", text)
        for stage in AFTER_AWARD[1:]:
            changed = [path for path, text in seen[stage].items() if text != seen[AWARDED].get(path, text)]
            assert changed == [], f"{stage}: {changed[0]} tells that something happened"
