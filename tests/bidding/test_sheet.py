import io
import zipfile
from dataclasses import replace
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding.drafts import files as sheet_files
from marketplace.bidding.drafts import sheet
from marketplace.bidding.drafts.draft import Draft, DraftLine, DraftLot
from marketplace.bidding.drafts.files import SheetFormat
from marketplace.bidding.drafts.sheet import AskedLine, Filled
from marketplace.bidding.offer import Basis, FeatureAnswer, Firmness, Fit, Surcharge, UsageRate
from marketplace.catalogue.model import Catalogue, Family, Feature, FeatureKind, ServiceType
from marketplace.kernel.errors import MalformedError, TooLargeError

VOICE = "voice.long-distance"
ASKED = (
    AskedLine("T1", "L1", VOICE, "Long distance", "Channels: 23", "Albany, NY", 1, "must", ("minutes",)),
    AskedLine("T1", "L2", "data.sd-wan", "SD-WAN", "=1+1", "Albany, NY", 12, "nice", ()),
    AskedLine("T2", "L3", VOICE, "Long distance", "", "the whole company", 1, "must", ("minutes",)),
)
HEADER = sheet.columns(ASKED)
DRAFT = Draft(
    "trm_1",
    (
        DraftLot(
            "T1",
            (
                DraftLine(
                    "L1",
                    Decimal("420.50"),
                    Decimal("10.00"),
                    (UsageRate(VOICE, "minutes", Decimal("0.0125")),),
                    30,
                    (FeatureAnswer("sla", Fit.MEETS),),
                    (Surcharge("USF", Basis.PERCENT, Decimal("12.5")),),
                    Firmness.SUBJECT_TO_SURVEY,
                    Decimal("900.00"),
                    "Cascade Fiber",
                    "north, Pine St",
                ),
            ),
        ),
    ),
)
money = st.decimals(min_value=0, max_value=10**11, places=2)
rates = st.decimals(min_value=0, max_value=10**9, places=4)
names = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="|"), min_size=1, max_size=20
) | st.sampled_from(["=SUM(A1)", "+1", "-fee", "@x", "'=x", "''-y", "USF 5%", "A 3 once", "Fee 2.00 a month"])
taxes = st.builds(Surcharge, names, st.sampled_from([Basis.MONTHLY, Basis.ONCE]), money) | st.builds(
    Surcharge, names, st.just(Basis.PERCENT), st.decimals(min_value="0.0001", max_value=100, places=4)
)


@st.composite
def lines(draw: st.DrawFn, asked: AskedLine) -> DraftLine:
    firmness = draw(st.sampled_from(Firmness))
    return DraftLine(
        asked.line,
        draw(st.none() | money),
        draw(money),
        tuple(UsageRate(asked.service_type, unit, draw(rates)) for unit in asked.units if draw(st.booleans())),
        draw(st.none() | st.integers(0, 1500)),
        (),
        tuple(draw(st.lists(taxes, max_size=3, unique_by=lambda tax: (tax.name, tax.basis)))),
        firmness,
        None if firmness is Firmness.FIRM else draw(st.none() | money),
        draw(st.just("") | names),
        draw(st.just("") | names),
    )


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    first = tuple(draw(lines(item)) for item in ASKED[:2])
    lots = [DraftLot("T1", first, note="kept"), DraftLot("T2", (draw(lines(ASKED[2])),))]
    return Draft("trm_1", tuple(lots[: draw(st.integers(0, 2))]))


def sent_back(draft: Draft, into: Draft, kind: SheetFormat = SheetFormat.CSV) -> Filled:
    table = sheet_files.read(sheet_files.write(kind, HEADER, sheet.rows(ASKED, draft)))
    return sheet.fill(ASKED, into, table.header, table.rows)


def filled(*rows: dict[str, str], draft: Draft = DRAFT) -> Filled:
    """Return what rows of the given cells do to a draft."""
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    given = tuple((number, tuple(row.get(name, "") for name in columns)) for number, row in enumerate(rows, start=2))
    return sheet.fill(ASKED, draft, columns, given)


@settings(deadline=None)
@given(drafts(), st.sampled_from(SheetFormat))
def test_a_sheet_that_comes_back_untouched_changes_nothing(draft: Draft, kind: SheetFormat) -> None:
    back = sent_back(draft, draft, kind)
    assert (back.changes, back.bad, back.unknown, back.ignored_columns) == ((), (), (), ())
    assert back.unchanged == len(ASKED)


@settings(deadline=None)
@given(drafts(), st.sampled_from(SheetFormat))
def test_a_sheet_carries_every_price_into_an_empty_draft(draft: Draft, kind: SheetFormat) -> None:
    back = sent_back(draft, Draft(), kind)
    there = {(lot.lot, line.line): line for lot in back.draft.lots for line in lot.lines}
    for lot in draft.lots:
        for line in lot.lines:
            assert there.get((lot.lot, line.line), DraftLine(line.line)) == line


def test_a_changed_cell_is_told_with_old_and_new_and_the_rest_stays() -> None:
    back = filled({"lot": "T1", "line": "L1", "mrc": "1,399.90"}, {"lot": "t2", "line": "l3", "mrc": "7"})
    told = [(item.row, item.lot, item.line, item.column, item.old, item.new) for item in back.changes]
    assert told == [(2, "T1", "L1", "mrc", "420.50", "1399.90"), (3, "T2", "L3", "mrc", "", "7")]
    before, after = DRAFT.lots[0].lines[0], back.draft.lots[0].lines[0]
    assert after == replace(before, mrc=Decimal("1399.90"))
    assert back.draft.lots[1].lines == (DraftLine("L3", Decimal(7)),)


def test_names_of_access_lines_are_read_without_needless_spaces_and_their_columns_may_be_missing() -> None:
    back = filled({"lot": "T1", "line": "L1", "mrc": "420.50", "entrance": " south  door "})
    line = back.draft.lots[0].lines[0]
    assert (line.access_owner, line.entrance) == ("Cascade Fiber", "south door")
    assert [(item.column, item.old, item.new) for item in back.changes] == [
        ("entrance", "north, Pine St", "south door")
    ]


def test_an_emptied_row_leaves_no_price() -> None:
    empty = dict.fromkeys(HEADER[7:], "")
    back = filled({"lot": "T1", "line": "L1", **empty})
    assert {item.column for item in back.changes} == set(HEADER[7:]) - {"own_cost"}  # of which there was none
    assert back.draft.lots[0].lines == (DraftLine("L1", answers=(FeatureAnswer("sla", Fit.MEETS),)),)
    bare = Draft("", (DraftLot("T2", (DraftLine("L3", Decimal(5)),)),))
    assert filled({"lot": "T2", "line": "L3", "mrc": ""}, draft=bare).draft.lots[0].lines == ()


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("mrc", "1.234,50", "write 1234.50"),
        ("mrc", "1234,5", "write 1234.5"),
        ("mrc", "1.234.567", "write 1234567"),
        ("mrc", "12,34.50", "such as 1234.50 or 1,234.50"),
        ("mrc", "420.505", "at most 2"),
        ("mrc", "-1", "0 or more"),
        ("mrc", "USD 5", "without a currency"),
        ("mrc", "1" * 13, "at most 12"),
        ("mrc", "nan", "write a number"),
        ("mrc", "٤٢٠", "write a number"),
        ("nrc", "ten", "write a number"),
        ("rate per minutes", "0.01234", "at most 4"),
        ("install_days", "2 weeks", "whole days from 0 to 1500"),
        ("install_days", "1501", "whole days from 0 to 1500"),
        ("firmness", "maybe", "firm, subject to survey, budgetary"),
        ("construction_cap", "1e3", "write a number"),
        ("taxes", "USF", "USF 12.5%"),
        ("taxes", "USF 120%", "at most 100"),
        ("taxes", "USF 1.005 once", "at most 2"),
        ("taxes", "USF 1 once | USF 2 once", "their sum"),
        ("taxes", "x " * 5000, "USF 12.5%"),
        ("access_owner", "x" * 81, "at most 80"),
        ("access_owner", "Cascade | Fiber", "without '|'"),
        ("entrance", "north\x07", "'north, Pine St'"),
        ("quantity", "2", "asks for 1 now"),
    ],
)
def test_a_bad_cell_says_what_would_be_right_and_its_row_is_left(column: str, value: str, said: str) -> None:
    row = {"lot": "T1", "line": "L1", "mrc": "1", column: value}
    back = filled(row, {"lot": "T2", "line": "L3", "mrc": "9"})
    (bad,) = back.bad
    assert (bad.row, bad.column, bad.value) == (2, column, value[:60])
    assert said in bad.message
    assert back.draft.lots[0] == DRAFT.lots[0]
    assert back.draft.lots[1].lines[0].mrc == 9


def test_a_cap_needs_a_price_that_is_not_firm() -> None:
    row = {"lot": "T2", "line": "L3", "mrc": "9", "construction_cap": "5"}
    (bad,) = filled(row).bad
    assert bad.column == "construction_cap"
    assert filled(row | {"firmness": "Subject_to_Survey"}).bad == ()


def test_a_rate_for_a_unit_that_is_not_used_is_refused() -> None:
    (bad,) = filled({"lot": "T1", "line": "L2", "rate per minutes": "0.01"}).bad
    assert "no usage in minutes" in bad.message


def test_unknown_doubled_and_shifted_rows_are_told() -> None:
    header = ("lot", "line", "mrc", "my own")
    given = (
        (2, ("T9", "L1", "1", "")),
        (3, ("T2", "L3", "1", "note")),
        (4, ("T2", "L3", "2", "")),
        (6, ("T1", "L1", "1", "234.50", "x")),
    )
    back = sheet.fill(ASKED, DRAFT, header, given)
    assert [(row.row, row.lot, row.line) for row in back.unknown] == [(2, "T9", "L1")]
    assert [bad.row for bad in back.bad] == [4, 6]
    assert "row 3 prices this line" in back.bad[0].message
    assert "quote cells" in back.bad[1].message
    assert back.ignored_columns == ("my own",)
    assert [change.row for change in back.changes] == [3]


@pytest.mark.parametrize("header", [("line", "mrc"), ("lot", "line", "place"), ("lot", "line", "mrc", "MRC"), ()])
def test_a_header_that_says_too_little_is_refused(header: tuple[str, ...]) -> None:
    with pytest.raises(MalformedError) as caught:
        sheet.fill(ASKED, DRAFT, header, ())
    assert "row 1" in caught.value.errors[0].message


def test_a_line_that_is_no_longer_asked_stays_in_the_draft() -> None:
    old = Draft("", (DraftLot("T1", (DraftLine("L9", Decimal(3)),)), DraftLot("T8", (DraftLine("L8", Decimal(4)),))))
    back = filled({"lot": "T1", "line": "L1", "mrc": "5"}, draft=old)
    assert [line.line for line in back.draft.lots[0].lines] == ["L1", "L9"]
    assert back.draft.lots[1] == old.lots[1]


def test_no_text_of_a_sheet_is_calculated() -> None:
    told = replace(ASKED[0], asked='=HYPERLINK("http://example.com")', place="@x", service="\tx")
    for kind in SheetFormat:
        content = sheet_files.write(kind, HEADER, sheet.rows((told,), DRAFT))
        if kind is SheetFormat.XLSX:
            cells = [cell for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows() for cell in row]
            assert all(cell.data_type != "f" for cell in cells)
            texts = [cell.value for cell in cells if isinstance(cell.value, str)]
        else:
            texts = [cell.strip('"') for cell in content.decode("utf-8-sig").splitlines()[1].split(",")]
        assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert "'@x" in texts


def test_a_workbook_tells_neither_when_nor_by_whom_it_was_made() -> None:
    content = sheet_files.write(SheetFormat.XLSX, HEADER, sheet.rows(ASKED, DRAFT))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"dcterms" not in archive.read("docProps/core.xml")
        assert not [name for name in archive.namelist() if b"openpyxl" in archive.read(name)]


def test_semicolons_and_tabs_separate_too() -> None:
    for delimiter in ";\t":
        table = sheet_files.read(delimiter.join(("lot", "line", "mrc")).encode() + b"\r\n\r\nT1;L1\r\n")
        assert table.header == ("lot", "line", "mrc")
        assert [number for number, _ in table.rows] == [3]


@pytest.mark.parametrize(
    "content", [b"\xff\xfel\x00o\x00t\x00", b'lot,line\r\nT1,"L1', b"PK\x03\x04 no zip", b"PK\x03\x04"]
)
def test_what_is_no_sheet_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError):
        sheet_files.read(content)


def test_too_many_rows_columns_or_bytes_are_refused() -> None:
    for content in (b"lot\n" + b"T1\n" * 20_001, b"," * 300, b"x" * 5_000_001):
        with pytest.raises(TooLargeError):
            sheet_files.read(content)


def packed(parts: dict[str, bytes], **options: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def test_a_file_that_unfolds_to_too_much_is_refused_before_it_is_unfolded() -> None:
    bomb = packed({"xl/workbook.xml": b" " * 21_000_000}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 50_000
    with pytest.raises(TooLargeError):
        sheet_files.read(bomb)
    with pytest.raises(TooLargeError):
        sheet_files.read(packed({f"{number}.xml": b"" for number in range(201)}))
    size = (21_000_000).to_bytes(4, "little")
    with pytest.raises(MalformedError):  # it says that it is small
        sheet_files.read(bomb.replace(size, (1000).to_bytes(4, "little")))


def test_a_workbook_with_entities_or_odd_packing_is_refused() -> None:
    with pytest.raises(MalformedError, match="declares"):
        sheet_files.read(packed({"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'}))
    with pytest.raises(MalformedError, match="packed"):
        sheet_files.read(packed({"xl/workbook.xml": b"<x/>"}, compression=zipfile.ZIP_BZIP2))


def test_a_cell_at_the_end_of_the_world_costs_nothing() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A1048576"] = "lot", "T1"
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(TooLargeError):
        sheet_files.read(file.getvalue())


def test_the_noise_of_binary_numbers_is_no_decimal() -> None:
    book = openpyxl.Workbook()
    book.active.append(["lot", "line", "mrc", "nrc"])
    book.active.append(["T1", "L1", 0.1 + 0.2, 1260.0])
    file = io.BytesIO()
    book.save(file)
    assert sheet_files.read(file.getvalue()).rows == ((2, ("T1", "L1", "0.3", "1260")),)


def test_a_sheet_tells_what_is_asked_from_the_carrier_view_alone() -> None:
    features = (
        Feature("bandwidth_mbps", "Bandwidth", FeatureKind.NUMBER, "Mbps"),
        Feature("diverse", "Diverse route", FeatureKind.FLAG),
        Feature("codecs", "Codecs", FeatureKind.CHOICES),
    )
    catalogue = Catalogue("1", (Family("data", "Data", (ServiceType("data.dia", "Internet access", "", features),)),))
    place = {"country": "US", "state": "NY", "city": "Albany", "postal_code": "12207", "street": "", "latitude": None}
    wanted = [
        {"code": "bandwidth_mbps", "value": "500", "priority": "must"},
        {"code": "diverse", "value": True, "priority": "nice"},
        {"code": "codecs", "value": ["G.711", "G.729"], "priority": "must"},
    ]
    first = {"ref": "L1", "service_type": "data.dia", "site": "S1", "quantity": 2, "priority": "must", "note": "Soon."}
    second = {"ref": "L2", "service_type": "mobile.x", "site": "", "quantity": 5, "priority": "nice", "note": ""}
    view = {
        "sites": [{"ref": "S1", "place": place}],
        "lines": [first | {"features": wanted}, second | {"features": []}],
        "lots": [{"ref": "T1", "name": "Albany", "lines": ["L1"]}, {"ref": "T2", "name": "", "lines": ["L2"]}],
        "prior_usage": [{"service_type": "mobile.x", "unit": "GB", "monthly_quantity": "5"}],
    }
    one, two = sheet.asked_lines(view, catalogue)
    assert one.asked == "Bandwidth: 500 Mbps; Diverse route: yes (nice to have); Codecs: G.711, G.729; Soon."
    assert (one.lot, one.line, one.service, one.place, one.units) == (
        "T1",
        "L1",
        "Internet access",
        "Albany, NY, 12207, US",
        (),
    )
    assert (two.service, two.place, two.quantity, two.units) == ("mobile.x", "the whole company", 5, ("GB",))
