import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests import leak_check
from buyers.requests.leak_check import IdentityTerms, find_leaks, texts_of
from buyers.requests.model import (
    Content,
    Disclosure,
    Line,
    Lot,
    Place,
    PriorUsage,
    Site,
    WantedFeature,
)
from tests.counted import calls

NARRATIVES = Path(__file__).parents[2].parent / "shared/data/erate/form470_requests.jsonl"

TERMS = IdentityTerms(
    names=("Acme Widgets, Inc.", "Bais Yaakov of Waterbury", "S A R ACADEMY", "Smith & Sons Public Library"),
    domains=("acme-widgets.com", "quuxnet.org"),
    emails=("jane.doe@acme-widgets.com",),
    phones=("+1 212 555 0123",),
    numbers=("12-3456789", "5493001KJTIIGC8Y1R12"),
    streets=("1060 Clarkson Avenue, 4th Floor", "Hauptstraße 5"),
    people=("Jane Doe", "Wei Lee", "Ann Price"),
    site_labels=("HQ Flatbush", "Site 1", "Main office"),
)


def found(text: str, terms: IdentityTerms = TERMS) -> list[tuple[str, str]]:
    return [(finding.text, finding.kind) for finding in find_leaks({"/title": text}, terms)]


@pytest.mark.parametrize(
    ("text", "leak", "kind"),
    [
        ("For Acme Widgets, Inc. only", "Acme Widgets", "name"),
        ("for ACME-WIDGETS", "ACME-WIDGETS", "name"),
        ("acmewidgets needs it", "acmewidgets", "name"),
        ("Acme's lines", "Acme", "name"),
        ("The ACMEFiber project", "ACME", "name"),
        ("FY26acme", "acme", "name"),
        ("A c m e needs", "A c m e", "name"),
        ("a.c.m.e needs", "a.c.m.e", "name"),
        ("\u0410\u0441\u043c\u0435 needs", "\u0410\u0441\u043c\u0435", "name"),
        ("ac\u200bm\u00ade needs", "ac\u200bm\u00ade", "name"),
        ("\uff21\uff23\uff2d\uff25", "\uff21\uff23\uff2d\uff25", "name"),
        ("4cm3!", "4cm3", "name"),
        ("\u00c1cm\u00e9", "\u00c1cm\u00e9", "name"),
        ("a\u0301cme", "a\u0301cme", "name"),
        ("BYW needs", "BYW", "name"),
        ("B.Y.W. needs", "B.Y.W", "name"),
        ("BYOW needs", "BYOW", "name"),
        ("the SAR building", "SAR", "name"),
        ("at S. A. R.", "S. A. R", "name"),
        ("near Waterbury", "Waterbury", "name"),
        ("baisyaakov rules", "baisyaakov", "name"),
        ("Smith and Sons", "Smith and Sons", "name"),
        ("see acme-widgets.com/rfp", "acme-widgets.com/rfp", "domain"),
        ("our quuxnet portal", "quuxnet", "domain"),
        ("quuxnet dot org", "quuxnet dot org", "domain"),
        ("write to jane.doe@acme-widgets.com", "jane.doe@acme-widgets.com", "email"),
        ("jane dot doe at acme-widgets dot com", "jane dot doe at acme-widgets dot com", "email"),
        ("ring (212) 555-0123", "(212) 555-0123", "phone"),
        ("ring 2125550123", "2125550123", "phone"),
        ("ring 212/555.01.23", "212/555.01.23", "phone"),
        ("EIN 12 345 6789", "12 345 6789", "number"),
        ("LEI 5493 001K JTII GC8Y 1R12", "5493 001K JTII GC8Y 1R12", "number"),
        ("1060 Clarkson Ave", "1060 Clarkson", "street"),
        ("on Clarkson Avenue", "Clarkson", "street"),
        ("Hauptstrasse 5", "Hauptstrasse 5", "street"),
        ("ask Jane Doe", "Jane Doe", "person"),
        ("ask Doe, Jane", "Doe, Jane", "person"),
        ("ask jdoe", "jdoe", "person"),
        ("ask Mrs. Doe", "Doe", "person"),
        ("ask Lee", "Lee", "person"),
        ("ask Ann Price", "Ann Price", "person"),
        ("hq flatbush first", "hq flatbush", "site"),
        ("ask x@y.org", "x@y.org", "contact"),
        ("ask x (at) y (dot) org", "x (at) y (dot) org", "contact"),
        ("https://a.example/b?c", "https://a.example/b?c", "contact"),
        ("see www.foo.museum", "www.foo.museum", "contact"),
        ("see foo.k12.ny.us", "foo.k12.ny.us", "contact"),
        ("ring 646-555-9999", "646-555-9999", "contact"),
        ("ring +49 (0)89 123456", "+49 (0)89 123456", "contact"),
        ("ring 089 123456", "089 123456", "contact"),
    ],
)
def test_a_leak_is_found_in_whatever_spelling_and_at_its_place(text: str, leak: str, kind: str) -> None:
    assert found(text) == [(leak, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Two public library sites need 10 Gbps internet access by 2027-04-01.",
        "Between 100, 200, 500 and 1000 Mbps; from 2026-04-01 - 2027-04-01, MPLS or SD-WAN at 99.99 %.",
        "100 200 500 1000 Mbps, 300 500 1000 Mbps, 10.0.10.100/24, 192.168.100.100",
        "The macme, acmeology, a sar and a byw; the best price at Site 1, our main office.",
        "See the RFP for specifics.In the city; FCC Form 471 no. 260024950; $1,250,000.00",
        "Form 470, category 1; e.g. i.e. no.5",
    ],
)
def test_ordinary_text_is_no_leak(text: str) -> None:
    assert found(text) == []


def test_a_city_that_carriers_see_anyway_is_no_leak_but_the_name_with_it_is() -> None:
    terms = replace(TERMS, disclosed_cities=("Waterbury",))
    assert found("near Waterbury", terms) == []
    assert found("Bais Yaakov of Waterbury", terms) == [("Bais Yaakov of Waterbury", "name")]
    assert found("Yaakov near Waterbury", terms) == [("Yaakov", "name")]


def test_positions_count_in_the_original_text() -> None:
    text = "\ufb01ve stra\u00dfe \u200bA\u200bcme\u200b!"
    (finding,) = find_leaks({"/description": text, "/title": "fine"}, TERMS)
    assert finding.where == "/description"
    assert text[finding.start : finding.end] == finding.text == "A\u200bcme"


def test_each_text_is_searched_on_its_own() -> None:
    texts = {"/lines/0/note": "Jane", "/lines/1/note": "Doe", "/title": "acme"}
    assert [finding.where for finding in find_leaks(texts, TERMS)] == ["/lines/1/note", "/title"]


spellings = st.sampled_from(
    [
        str.upper,
        str.title,
        " ".join,
        "-".join,
        "\u200b".join,
        lambda word: word.replace("a", "\u0430").replace("e", "3"),
    ]
)
harmless = st.text("bdfghjkpquvxyz0269 .,;\n\u00e4\u00df\u0416\U0001d54f\u200b", max_size=60)


@given(harmless, spellings, harmless)
def test_the_name_is_found_within_any_text(before: str, spell: object, after: str) -> None:
    assert callable(spell)
    spelled = spell("waterbury")
    text = f"{before} :: {spelled} :: {after}"
    findings = find_leaks({"/title": text}, TERMS)
    start = len(before) + 4
    assert any(finding.start <= start and start + len(spelled) <= finding.end for finding in findings)


@given(st.dictionaries(st.sampled_from(["/title", "/description"]), st.text(max_size=80)))
def test_every_finding_quotes_the_text_at_its_place(texts: dict[str, str]) -> None:
    for finding in find_leaks(texts, TERMS):
        assert finding.text == texts[finding.where][finding.start : finding.end] != ""


@pytest.mark.parametrize("unit", ["a", "a.", "1 ", "a@", "0-", "at dot ", "www.", "+1 ", "A c m "])
def test_work_grows_with_the_length_and_no_faster(unit: str) -> None:
    def work(length: int) -> int:
        text = unit * (length // len(unit))
        return calls(lambda: find_leaks({"/description": text}, TERMS))

    assert work(80_000) < 16 * work(5_000) * 1.25


@pytest.mark.parametrize("pattern", leak_check._CONTACTS, ids=[what for _, what in leak_check._CONTACTS])
def test_no_pattern_searches_further_than_a_bounded_way(pattern: tuple[re.Pattern[str], str]) -> None:
    """A repetition without a bound, or with a large one, is what makes a search quadratic."""
    parser, sort = import_module("re._parser"), import_module("re._constants")

    def bounds(parsed: Any) -> Iterator[int]:
        for operation, argument in parsed:
            if operation in {sort.MAX_REPEAT, sort.MIN_REPEAT}:
                yield int(argument[1])
                yield from bounds(argument[2])
            elif operation is sort.BRANCH:
                for branch in argument[1]:
                    yield from bounds(branch)
            elif operation is sort.SUBPATTERN:
                yield from bounds(argument[-1])
            elif operation in {sort.ASSERT, sort.ASSERT_NOT}:
                yield from bounds(argument[1])

    assert max(bounds(parser.parse(pattern[0].pattern)), default=0) <= 300


def test_the_texts_are_those_that_carriers_read() -> None:
    content = Content(
        title="t",
        description="d",
        sites=(Site("S1", "secret", Place("US", "CT", "Waterbury", "06702", "1060 Clarkson Avenue")),),
        lines=(Line("L1", "data.broadband", "S1", features=(WantedFeature("destinations", "UK"),), note="n"),),
        lots=(Lot("T1", "l", ("L1",)),),
        prior_usage=(PriorUsage("data.broadband", "GB", 1, provider="secret"),),  # type: ignore[arg-type]
    )
    texts = {
        "/title": "t",
        "/description": "d",
        "/lines/0/features/0/value": "UK",
        "/lines/0/note": "n",
        "/lots/0/name": "l",
        "/billing/invoice_format": "pdf",
        "/prior_usage/0/unit": "GB",
    }
    assert texts_of(content) == texts
    exact = replace(content, disclosure=Disclosure.EXACT)
    assert texts_of(exact) == texts | {"/sites/0/place/street": "1060 Clarkson Avenue"}


def test_a_street_that_is_disclosed_is_no_leak_in_the_address_itself() -> None:
    texts = {"/sites/0/place/street": "1060 Clarkson Avenue, Acme Tower"}
    assert [finding.kind for finding in find_leaks(texts, TERMS)] == ["name"]


def narratives() -> list[str]:
    if not NARRATIVES.exists():
        pytest.skip(f"{NARRATIVES.name} is not beside this checkout")
    return [json.loads(line)["narrative"] for line in NARRATIVES.read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Bais Yaakov of Waterbury", "bais yaakov of waterbury"),
        ("Shulamith School for Girls", "shulamith school for girls"),
        ("Yeshivath Beth Yehudah", "yeshivath beth yehudah"),
        ("Solomon Schechter School of Queens", "solomon schechter"),
        ("Northside Charter High School", "northside"),
        ("St. Demetrios Greek American School, Inc.", "demetrios"),
        ("SAR Academy", "s a r academy"),
        ("Lamad Academy Charter School", "lamad"),
        ("Miraj Islamic School", "miraj mibs"),
    ],
)
def test_names_that_real_narratives_left_in_are_found(name: str, spelled: str) -> None:
    texts = {f"/{index}": text for index, text in enumerate(narratives())}
    naming = {pointer for pointer, text in texts.items() if spelled in text.casefold()}
    assert naming
    assert naming <= {finding.where for finding in find_leaks(texts, IdentityTerms(names=(name,)))}


def test_a_street_address_in_a_real_narrative_is_found() -> None:
    texts = {f"/{index}": text for index, text in enumerate(narratives())}
    findings = find_leaks(texts, IdentityTerms(streets=("1060 Clarkson Ave", "65 Beach 56th Street, 5th Fl")))
    assert {finding.text for finding in findings} == {"1060 Clarkson", "65 Beach 56th Street"}


def test_real_narratives_without_a_name_give_no_false_alarm() -> None:
    texts = {f"/{index}": text for index, text in enumerate(narratives())}
    assert find_leaks(texts, IdentityTerms()) == ()


def test_a_contact_added_to_any_real_narrative_is_found() -> None:
    for text in narratives():
        mailed = f"{text}\nQuestions: tech@school.example, tel. 718.555.0199"
        assert [kind for _, kind in found(mailed, IdentityTerms())] == ["contact", "contact"]
