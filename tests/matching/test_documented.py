"""The page for carriers' engineers: its examples are sent and its tables computed.

What the code says is written into docs/matching.md by WRITE_LISTS=1.
"""

import json
import os
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from buyers.requests.model import Bands, Disclosure, Place
from marketplace.geography import areas
from marketplace.geography.keys import PackedKeys
from marketplace.kernel.ids import RequestId
from marketplace.wiring import Marketplace
from matching import service as matching
from matching.facts import facts_of
from matching.model import LineFacts, RequestFacts, SiteFacts
from matching.places import Places, SavedPlaces, places_of
from matching.predicate import accepts
from sellers import place_rules, rules
from sellers.footprints import parse as footprint_files
from sellers.footprints.service import LARGEST_FILE
from sellers.model import Criteria, Territory
from sellers.schemas import FilterCriteria, FilterInput
from sellers.territories import rules as territories
from sellers.territories.schemas import TerritoryInput
from tests.matching.made import a_provider, content

PAGE = Path(__file__).parents[2] / "docs" / "matching.md"
TEXT = PAGE.read_text(encoding="utf-8")
SITE = Place("US", "CA", "San Francisco", "94105", "1 Market Street", Decimal("37.7936"), Decimal("-122.3958"))
BUILDING = {"buildings": [{"street": "1 Market St", "postal_code": "94105", "country": "US"}]}
NEIGHBOUR = {"buildings": [{"street": "9 Folsom Street", "postal_code": "94105", "country": "US"}]}
TERRITORIES: list[tuple[str, dict[str, Any]]] = [
    ("its country", {"countries": ["US"]}),
    ("its state", {"states": ["US-CA"]}),
    ("the beginning of its postal code", {"postal_prefixes": ["US-941"]}),
    ("another beginning", {"postal_prefixes": ["US-947"]}),
    ("its building", BUILDING),
    ("another building of its postal code", NEIGHBOUR),
    ("its cell of resolution 4", {"cells": ["8428309ffffffff"]}),
    ("its cell of resolution 5", {"cells": ["85283083fffffff"]}),
    ("its cell of resolution 9", {"cells": ["89283082a77ffff"]}),
    ("another cell of resolution 9 nearby", {"cells": ["8928308281bffff"]}),
    ("a cell of resolution 9 in Oakland", {"cells": ["892830948d3ffff"]}),
    ("everything without its cell of resolution 9", {"excluded": {"cells": ["89283082a77ffff"]}}),
    ("everything without its cell of resolution 4", {"excluded": {"cells": ["8428309ffffffff"]}}),
    ("everything without its postal code", {"excluded": {"postal_prefixes": ["US-94105"]}}),
    ("everything without its building", {"excluded": BUILDING}),
]
SILENT: list[tuple[str, dict[str, Any]]] = [
    ("no monthly spend", {"monthly_spend": {"low": "10000"}}),
    ("no start date", {"start_date": {"low": "2030-01-01"}}),
    ("a line without a bandwidth", {"bandwidth_mbps": {"low": "100"}}),
    ("a feature that would be nice, not a must", {"required_features": ["availability_pct"]}),
    ("a feature that would be nice, not a must", {"excluded_features": ["availability_pct"]}),
    ("an industry that the buyer keeps to itself", {"industries": ["P"]}),
    ("a size that the buyer keeps to itself", {"sizes": ["250-999"]}),
    ("a region that the buyer keeps to itself", {"regions": ["US-West"]}),
    ("a site that can't be placed", {"territory": {"countries": ["US"]}}),
    ("a site that can't be placed", {"excluded_territory": {"countries": ["US"]}}),
]


def blocks(kind: str) -> list[str]:
    """Return the examples of the page of a kind, such as 'json filter'."""
    return re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def section(name: str, body: str) -> None:
    """Fail unless a section of the page is ``body``; with WRITE_LISTS=1 write it instead."""
    begin, end = f"<!-- {name}: written by tests/matching/test_documented.py -->\n", "<!-- end -->"
    text = PAGE.read_text(encoding="utf-8")
    start = text.index(begin) + len(begin)
    stop = text.index(end, start)
    if os.environ.get("WRITE_LISTS"):
        PAGE.write_text(text[:start] + body + text[stop:], encoding="utf-8")
    else:
        assert text[start:stop] == body, f"docs/matching.md, {name}: run again with WRITE_LISTS=1"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


def code(value: Any) -> str:
    return f"`{json.dumps(value)}`"


def test_the_example_of_a_filter_is_taken_as_it_stands(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    (example,) = map(json.loads, blocks("json filter"))
    answer = client.post("/filters", json=example, headers=user.headers)
    assert answer.status_code == 201, answer.text
    assert client.post("/filters", json={"name": "all"}, headers=user.headers).status_code == 201


def test_the_example_of_every_criterion_is_taken_and_none_is_left_out(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \| ", TEXT, re.MULTILINE)
    said = [(name, json.loads(value)) for name, value in rows if name in FilterCriteria.model_fields]
    assert {name for name, _ in said} == set(FilterCriteria.model_fields)
    body = [{"name": name, "criteria": {name: value}} for name, value in said]
    answer = client.put("/filters", json=body, headers=user.headers)
    assert answer.status_code == 200, answer.text


def test_the_refused_list_is_refused_with_these_errors(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    (example,) = map(json.loads, blocks("json refused"))
    answer = client.put("/filters", json=example, headers=user.headers)
    assert answer.status_code == 422
    rows = [(f"`{error['pointer']}`", error["message"]) for error in answer.json()["errors"]]
    section("errors", table(("error at", "message"), rows))


def test_the_territory_comes_to_these_figures(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    (example,) = map(json.loads, blocks("json territory"))
    answer = client.post("/territories", json=example, headers=user.headers)
    assert answer.status_code == 201, answer.text
    section("figures", f"It comes to\n\n```json\n{json.dumps(answer.json()['figures'])}\n```\n")


def test_the_footprint_is_taken_and_serves_filters(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    (example,) = blocks("csv footprint")
    headers = {**user.headers, "Content-Type": "text/csv"}
    answer = client.post("/footprint/versions?check=true", content=example, headers=headers)
    assert (answer.status_code, answer.json()["errors"]) == (200, [])
    assert client.post("/footprint/versions", content=example, headers=headers).status_code == 201


def test_the_limits_are_these() -> None:
    rows = [
        ("filters of one provider", f"{rules.MAX_FILTERS:,}"),
        ("service types of a filter", f"{rules.MAX_SERVICE_TYPES:,}"),
        ("places of a territory inside a filter", f"{place_rules.MAX_PLACES:,}"),
        ("saved territories named by a territory of a filter", f"{place_rules.MAX_SAVED:,}"),
        ("saved territories of one provider", f"{territories.MAX_TERRITORIES:,}"),
        ("places and buildings of a saved territory", f"{territories.MAX_NAMED:,}"),
        ("positions and polygons of an area", f"{areas.MAX_POSITIONS:,} and {areas.MAX_POLYGONS:,}"),
        (
            "place keys of your saved territories and of your filters' different territories, with what they name",
            f"{rules.MAX_PLACE_KEYS:,}",
        ),
        ("rows and bytes of a footprint", f"{footprint_files.MAX_ROWS:,} and {LARGEST_FILE:,}"),
    ]
    section("limits", table(("at most", ""), rows))
    assert f"{matching.LATE_INVITATION_LIMIT.seconds // 60} minutes" in TEXT


def covered(territory: dict[str, Any], disclosure: Disclosure) -> str:
    """Return whether a filter of this saved territory covers the site of the page, as its table says it."""
    everything = {} if set(territory) - {"excluded"} else {"countries": ["US"]}
    compiled = territories.compiled(TerritoryInput.model_validate({"name": "x", **everything, **territory}).content())
    saved = SavedPlaces("x", PackedKeys(compiled.keys), PackedKeys(compiled.excluded))
    places: Places = places_of(Criteria(territory=Territory(saved=("ter_x",))), {"ter_x": saved})
    facts = facts_of(RequestId("req_x"), content(SITE, disclosure=disclosure), Bands())
    keys = facts.sites[0].keys
    if not places.covers(keys):
        return "no"
    return "yes" if places.surely_included(keys) else "may"


def test_a_territory_covers_the_site_as_the_table_says() -> None:
    levels = (Disclosure.EXACT, Disclosure.BUILDING, Disclosure.POSTAL_CODE, Disclosure.CITY)
    rows = [
        (f"{words}: {code(territory)}", *(covered(territory, level) for level in levels))
        for words, territory in TERRITORIES
    ]
    section("covers", table(("the territory names", *(f"shown: {level.value}" for level in levels)), rows))


def test_what_is_not_said_passes_or_fails_as_the_table_says() -> None:
    line = LineFacts("L1", "data.dedicated-internet-access", None, frozenset())
    silent = RequestFacts(RequestId("req_x"), (SiteFacts("S1", frozenset(), (line,)),), "USD", False, 36, None, None)
    rows = []
    for words, criteria in SILENT:
        stated = FilterInput.model_validate({"name": "x", "criteria": criteria}).draft().criteria
        passes = accepts(stated, silent, places_of(stated))
        rows.append((words, code(criteria), "passes" if passes else "does not pass"))
    section("unknown", table(("the request has", "the filter says", "the request"), rows))
    said = FilterInput.model_validate(
        {"name": "x", "criteria": dict(pair for _, one in SILENT[:2] for pair in one.items())}
    )
    assert accepts(said.draft().criteria, silent, Places())
    late = RequestFacts(silent.request_id, silent.sites, "USD", False, 36, date(2029, 1, 1), Decimal(5))
    assert not accepts(said.draft().criteria, late, Places())


def test_every_path_of_the_page_is_one_of_the_api(client: TestClient) -> None:
    said = re.findall(r"`(?:(?:GET|PUT|POST|DELETE),? ?)+`?,? ?`?(?:(?:GET|PUT|POST|DELETE),? ?)*(/[\w/{}-]+)", TEXT)
    assert len(said) > 8
    known = {re.sub(r"\{\w+\}", "{}", one) for one in client.get("/openapi.json").json()["paths"]}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in said} <= known
