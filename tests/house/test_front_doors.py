"""Rooms are entered by their front doors, and every room has its place in the layers."""

import configparser
import re

import pytest

from tests.house.plan import ROOT, Module, imports_of, modules, room_of, rooms

FRONT_DOORS = frozenset(
    {"service", "control", "model", "events", "rules", "policies", "errors", "transcripts", "subscriptions", "inbox"}
)
"""``control`` is a second service: what steers things that run; ``transcripts`` a third: what proves what happened;
``subscriptions`` a fourth: filters in bulk; ``inbox`` a fifth: what a desk received, by state."""

FITTINGS = frozenset({"routes", "reactions", "tables", "schemas"})
"""What the roof wires together, and the wire types in which its loaders check what they load."""

PURE_VALUES = frozenset(
    {
        "buyers.desk.auction_schemas",
        "buyers.requests.attachments.cleaning",
        "buyers.requests.attachments.service",
        "buyers.requests.attachments.view",
        "buyers.requests.auction",
        "buyers.requests.auction_checks",
        "buyers.requests.auction_view",
        "buyers.requests.auction_words",
        "buyers.requests.checks",
        "buyers.requests.importer",
        "buyers.requests.leak_check",
        "buyers.requests.placing",
        "buyers.requests.presets",
        "buyers.requests.reidentification",
        "buyers.requests.view",
        "marketplace.awards.document",
        "marketplace.awards.optimiser.comparison",
        "marketplace.awards.optimiser.problem",
        "marketplace.awards.optimiser.questions",
        "marketplace.awards.optimiser.reading",
        "marketplace.awards.optimiser.report",
        "marketplace.awards.optimiser.result",
        "marketplace.awards.optimiser.words",
        "marketplace.awards.announcements.service",
        "marketplace.awards.questions.service",
        "marketplace.bidding.advice",
        "marketplace.bidding.announcements.model",
        "marketplace.bidding.announcements.rules",
        "marketplace.bidding.announcements.schemas",
        "marketplace.bidding.announcements.service",
        "marketplace.bidding.control_schemas",
        "marketplace.bidding.offer",
        "marketplace.bidding.offer_conditions",
        "marketplace.bidding.offer_names",
        "marketplace.bidding.opened",
        "marketplace.bidding.readings.events",
        "marketplace.bidding.readings.service",
        "marketplace.bidding.scenarios.scenario",
        "marketplace.bidding.scenarios.play",
        "marketplace.bidding.scenarios.report",
        "marketplace.bidding.scenarios.result",
        "marketplace.bidding.transcript",
        "marketplace.catalogue.seed",
        "marketplace.contracts.dates",
        "marketplace.contracts.proof",
        "marketplace.geography.address",
        "marketplace.geography.areas",
        "marketplace.geography.codes",
        "marketplace.geography.keys",
        "marketplace.geography.placing",
        "marketplace.geography.us_places",
        "marketplace.standards.erate",
        "marketplace.standards.erate_filters",
        "marketplace.standards.erate_rows",
        "matching.availability.model",
        "matching.availability.schemas",
        "matching.availability.service",
        "matching.facts",
        "matching.fit",
        "sellers.footprints.model",
        "sellers.footprints.service",
        "sellers.key_terms",
        "matching.places",
        "matching.predicate",
        "matching.questions.model",
        "matching.questions.rules",
        "matching.questions.schemas",
        "matching.questions.service",
        "sellers.schemas",
        "sellers.territories.service",
        "marketplace.contracts.markdown",
        "matching.changes",
        "sellers.bands",
        "sellers.terms_schemas",
        "sellers.territories.schemas",
    }
)
"""Pure modules beside the front doors that other rooms may use, each by name."""

PAGES = "marketplace.terminals"
BACK_ROOMS = frozenset({"store", "tables", "routes", "reactions"})
"""What pages never enter. Whatever else a room's routes call, its pages call, too: they stand beside the routes, and a
form is checked, decided and told as the API does it."""

SIDE_DOORS = frozenset(
    {
        ("marketplace.contracts", "marketplace.awards.disclosure"),
        ("marketplace.contracts", "marketplace.awards.confirmation.model"),
        ("marketplace.contracts", "marketplace.awards.confirmation.rules"),
        ("marketplace.contracts", "marketplace.awards.confirmation.service"),
        ("notifications", "marketplace.awards.confirmation.model"),
        ("notifications", "marketplace.awards.confirmation.service"),
        ("notifications", "marketplace.identity.sessions"),
    }
)
"""(visitor, visited): a contract names both sides, only the disclosure knows the buyer, and needs both sides' word;
reminders and calendars tell until when a winner answers; a calendar's secret address is read as its user."""

ROOF_DOORS = frozenset(
    {
        "marketplace.identity.sessions",
        "notifications.feed.hub",
        "notifications.health",
        "notifications.mail.model",
        "notifications.mail.sending",
        "notifications.mail.service",
        "notifications.texting.sending",
        "notifications.webhooks.sending",
        "notifications.webhooks.service",
        "buyers.registry.verification",
        "marketplace.awards.board.worker",
        "marketplace.awards.confirmation.service",
        "marketplace.awards.optimiser.solve",
    }
)
"""What the roof needs besides: who the caller of a request is, the alarm that ends a verification, scenario boards,
the word of the demo's winners, the solver for a problem in a file, streams of the feed, how the
channels do, webhooks and mails that are sent, and mail that returns."""


def _may_enter(visitor: Module, visited: str) -> bool:
    room = room_of(visited)
    if room in {"", visitor.room, "marketplace.kernel"}:
        return True
    if not visitor.room:
        # the roof wires rooms together; whatever else it wants, it asks like everybody
        part = _part(visited, room)
        if room == PAGES:
            return True
        return (
            visited in ROOF_DOORS | PURE_VALUES
            or part in FRONT_DOORS | FITTINGS
            or part.endswith(("_routes", "_tables", ".reactions", ".routes", ".tables"))
        )
    if visitor.room == PAGES:
        return not any(word in BACK_ROOMS for word in re.split(r"[._]", _part(visited, room)))
    return visited in PURE_VALUES or (visitor.room, visited) in SIDE_DOORS or _part(visited, room) in FRONT_DOORS


def _part(name: str, room: str) -> str:
    return name.removeprefix(room).lstrip(".")


def test_rooms_are_entered_by_their_front_doors() -> None:
    trespassers = [
        f"{module.path.relative_to(ROOT)}:{line} imports {visited}"
        for module in modules()
        for visited, line in imports_of(module)
        if visited != room_of(visited) and not _may_enter(module, visited)
    ]
    assert not trespassers, "another room's private furniture is used:\n" + "\n".join(trespassers)


def test_nobody_imports_the_roof() -> None:
    climbers = [
        f"{module.path.relative_to(ROOT)}:{line} imports {visited}"
        for module in modules()
        for visited, line in imports_of(module)
        if module.room and not room_of(visited) and visited not in {"marketplace", "buyers"}
    ]
    assert not climbers, "\n".join(climbers)


@pytest.mark.parametrize("room", sorted(rooms()))
def test_every_room_has_its_layer(room: str) -> None:
    linter = configparser.ConfigParser()
    linter.read(ROOT / ".importlinter", encoding="utf-8")
    layers = linter["importlinter:contract:layers"]["layers"]
    named = {part.strip(" ()") for layer in layers.splitlines() for part in layer.replace(":", "|").split("|")}
    assert room in named, f"put {room} into the layers of .importlinter"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_packages_say_what_they_are_and_do_nothing(module: Module) -> None:
    if module.path.name == "__init__.py":
        assert len(module.tree.body) == 1, f"{module.name} is a docstring and nothing else"
