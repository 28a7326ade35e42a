import importlib
import inspect
from collections import Counter
from string import Formatter

import pytest

from marketplace.bidding import events as auctions
from marketplace.kernel.journal import Event
from notifications import table
from notifications.row import (
    AFTER_THE_OPENING,
    FACTS,
    Audience,
    ForBuyer,
    ForPlatform,
    ForProvider,
    Row,
    Subject,
    lots_in_words,
    words,
)
from tests.house.plan import modules

PROVIDERS = (Audience.INVITED, Audience.PROVIDER)


def vocabulary() -> set[str]:
    names = set(auctions.EVENTS)
    for module in modules():
        if module.name.endswith(".events"):
            for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(kind, Event) and kind.name:
                    names.add(kind.name)
    return names


def asked_for(row: Row) -> set[str]:
    return {name for words in (row.title, row.text) for _, name, _, _ in Formatter().parse(words) if name}


def test_of_every_event_somebody_decided_who_is_told() -> None:
    undecided = vocabulary() - table.EVENTS - set(table.TOLD_TO_NOBODY)
    assert not undecided, f"decide in notifications/table.py whom these tell: {sorted(undecided)}"


def test_the_table_speaks_of_events_that_exist_and_of_each_once() -> None:
    assert table.EVENTS | set(table.TOLD_TO_NOBODY) <= vocabulary()
    assert not table.EVENTS & set(table.TOLD_TO_NOBODY)
    assert max(Counter((row.event, row.audience) for row in table.ROWS).values()) == 1


def test_an_event_that_nobody_decided_on_tells_nobody() -> None:
    assert table.rows_of("something.happened") == ()


@pytest.mark.parametrize("row", table.ROWS, ids=lambda row: f"{row.event} to {row.audience}")
def test_a_row_asks_for_nothing_that_its_audience_may_not_know(row: Row) -> None:
    facts = FACTS[row.audience]()
    assert asked_for(row) <= set(facts.__slots__)
    assert all(words(row, facts))


@pytest.mark.parametrize("row", table.ROWS, ids=lambda row: f"{row.event} to {row.audience}")
def test_providers_are_named_to_a_buyer_only_when_it_knows_the_bidders(row: Row) -> None:
    if row.audience is Audience.BUYER and "provider" in asked_for(row):
        assert row.event in AFTER_THE_OPENING


def test_a_provider_is_told_a_pseudonym_its_own_lots_and_a_number_and_nothing_else() -> None:
    assert ForProvider.__slots__ == ("pseudonym", "lots", "requests")
    assert ForPlatform.__slots__ == ("provider",)


@pytest.mark.parametrize("row", [row for row in table.ROWS if row.audience in PROVIDERS], ids=lambda row: row.event)
def test_a_provider_is_led_to_what_is_its_own(row: Row) -> None:
    assert row.subject in {Subject.INVITATION, Subject.CONTRACT, Subject.PROVIDER, Subject.WEBHOOK}
    assert not row.renews, "a count of events tells a provider how much goes on"


def test_a_row_that_is_shown_the_wrong_facts_fails_instead_of_telling() -> None:
    (row,) = table.rows_of("disclosure.read")
    with pytest.raises(KeyError):
        words(row, ForProvider("Buyer K7-204", ("T1",)))
    assert words(row, ForBuyer(provider="Blue Fiber"))[1] == "Blue Fiber read who you are."


def test_braces_in_a_title_are_only_characters() -> None:
    (row,) = table.rows_of("request.published")
    assert "“{provider} {0}”" in words(row, ForBuyer(title="{provider} {0}", provider="Blue Fiber"))[1]


def test_few_lots_are_named_and_many_counted() -> None:
    assert lots_in_words(("T1", "T2")) == "T1, T2"
    assert lots_in_words(tuple(f"T{number}" for number in range(1, 301))) == "300 lots"
    assert lots_in_words(()) == "no lot"
