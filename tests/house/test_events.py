"""The journal's vocabulary: every event has its own past-tense name, and whoever listens listens to one that exists."""

import importlib
import inspect
import re
from collections import Counter

import pytest

from marketplace import wiring
from marketplace.bidding import events as auctions
from marketplace.kernel.journal import Event
from marketplace.kernel.work import Reaction
from tests.house.plan import compare_with_list, modules

PAST = re.compile(
    r"[a-z]+(_[a-z]+)*\.([a-z]+_)*(?:[a-z]+ed|withdrawn|taken|made|won|lost|seen|read|sent|set|left)(_in|_out)?"
)


def _told() -> list[tuple[str, str]]:
    """Return (name, class) of everything that rooms tell: their Event classes, and the events of the auctions."""
    found = [(name, f"{kind.__module__}.{kind.__qualname__}") for name, kind in auctions.EVENTS.items()]
    for module in modules():
        if module.name.endswith(".events"):
            loaded = importlib.import_module(module.name)
            found += [
                (kind.name, f"{module.name}.{kind.__qualname__}")
                for _, kind in inspect.getmembers(loaded, inspect.isclass)
                if issubclass(kind, Event) and kind.name and kind.__module__ == module.name
            ]
    return sorted(found)


TOLD = _told()


def test_every_event_has_its_own_name() -> None:
    doubled = [name for name, count in Counter(name for name, _ in TOLD).items() if count > 1]
    assert not doubled, f"told by two classes: {doubled}"


@pytest.mark.parametrize(("name", "kind"), TOLD)
def test_an_event_tells_what_happened(name: str, kind: str) -> None:
    assert PAST.fullmatch(name), f"{kind} is called {name}: thing.happened, in the past tense"


def test_an_event_class_without_a_name_is_a_base() -> None:
    nameless = {kind.__qualname__ for kind in _subclasses(Event) if not kind.name and not kind.__subclasses__()}
    assert not nameless, f"these would be told without a name: {nameless}"


def _subclasses(kind: type[Event]) -> set[type[Event]]:
    # dataclass(slots=True) makes a second class and leaves the first behind: only the one in its module counts
    found = set(kind.__subclasses__())
    found |= {inner for one in found for inner in _subclasses(one)}
    return {one for one in found if getattr(importlib.import_module(one.__module__), one.__qualname__, one) is one}


@pytest.mark.parametrize("reaction", wiring.REACTIONS, ids=lambda reaction: reaction.name)
def test_reactions_listen_to_events_that_exist(reaction: Reaction) -> None:
    unknown = reaction.events - {name for name, _ in TOLD}
    assert not unknown, f"nobody ever tells {sorted(unknown)}"


def test_reactions_have_their_own_names() -> None:
    names = Counter(reaction.name for reaction in wiring.REACTIONS)
    assert max(names.values(), default=1) == 1, "a follower's name is its cursor: two would share it"


def test_events_are_the_committed_vocabulary_of_the_lists() -> None:
    compare_with_list("event_names.txt", sorted(name for name, _ in TOLD))
