"""Files for carriers lose what they say about who made them, or are refused: PDF, DOCX, XLSX, PNG and JPEG."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject, TextStringObject

from buyers.requests.attachments import cleaning
from buyers.requests.attachments.cleaner import cleaned
from buyers.requests.attachments.office import bare_office
from buyers.requests.attachments.pages import bare_pdf
from buyers.requests.attachments.pictures import bare_jpeg, bare_png
from buyers.requests.attachments.unfit import UnfitError
from marketplace.kernel.errors import MalformedError, TooLargeError, UnsupportedMediaError

OWNER = "Zebedee Castings"
MARK = OWNER.encode()


# ---- made


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG_HEAD = b"\x89PNG\r\n\x1a\n"
DOT = (chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")))
PNG = PNG_HEAD + b"".join(DOT) + chunk(b"IEND", b"")


def png(*more: bytes, behind: bytes = b"") -> bytes:
    return PNG_HEAD + DOT[0] + b"".join(more) + DOT[1] + chunk(b"IEND", b"") + behind


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


FRAME = segment(0xC0, b"\x08\x00\x01\x00\x01\x01\x01\x11\x00")
SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
TABLES = segment(0xDB, bytes(65)) + segment(0xC4, bytes(20))
JFIF = segment(0xE0, b"JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x00\x00")


def jpeg(*more: bytes, behind: bytes = b"") -> bytes:
    return b"\xff\xd8" + JFIF + b"".join(more) + TABLES + FRAME + SCAN + b"\xff\xd9" + behind


def pdf(**changes: Any) -> bytes:
    """A page with a link, under an author, with what ``changes`` adds to its catalogue."""
    source = (
        f'#set document(title: "{OWNER}", author: "{OWNER}", keywords: "{OWNER}")\n'
        '= Needs\n#link("https://x.example")[Riser]'
    )
    writer = PdfWriter(clone_from=io.BytesIO(typst.compile(source.encode())))
    writer.add_metadata({"/Author": OWNER, "/Company": OWNER})
    writer.pages[0][NameObject("/PieceInfo")] = DictionaryObject({NameObject("/X"): TextStringObject(OWNER)})
    writer.root_object.update({NameObject(name): value for name, value in changes.items()})
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def archive(parts: dict[str, str | bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        made.comment = MARK
        for name, part in parts.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 3, 4, 5, 6, 8)), part)
    return written.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:w14="urn:w14"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TEMPLATE = f'<Relationship Id="t" Type="{R}/attachedTemplate" Target="x" TargetMode="External"/>'
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def docx(body: str = "", more: dict[str, str | bytes] | None = None, relations: str = "") -> bytes:
    """A document with an author, a comment by somebody, revision ids, a picture's name and a link."""
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/word/document.xml" ContentType="x"/><Override PartName="/docProps/core.xml"'
            ' ContentType="x"/><Override PartName="/word/comments.xml" ContentType="x"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{R}/officeDocument"'
            f' Target="word/document.xml"/><Relationship Id="r2" Type="{R}/core" Target="docProps/core.xml"/>'
            "</Relationships>",
            "docProps/core.xml": f"<p>{OWNER}</p>",
            "customXml/item1.xml": f"<p>{OWNER}</p>",
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
            f'<Relationship Id="c" Type="{R}/comments" Target="comments.xml"/><Relationship Id="l" Type="{R}/hyperlink" Target="https://shown.example"'
            f' TargetMode="External"/>{relations}</Relationships>',
            "word/comments.xml": f'<w:comments {W}><w:comment w:author="{OWNER}"/></w:comments>',
            "word/document.xml": f'<?xml version="1.0"?><!-- {OWNER} --><w:document {W}><w:body>'
            f'<w:p w:rsidR="00AB12CD" w14:paraId="1A2B3C4D"><w:commentRangeStart w:id="0"/>'
            f'<w:r><w:t>Two risers</w:t></w:r><wp:docPr xmlns:wp="urn:wp" id="7" name="{OWNER}.png" descr="{OWNER}"/>'
            f"</w:p>{body}</w:body></w:document>",
            **(more or {}),
        }
    )


def workbook() -> bytes:
    book = Workbook()
    book.properties.creator = OWNER
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["B2"] = "Sites", 14
    sheet["A1"].comment = Comment("Ours", OWNER)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def everything_in(content: bytes) -> bytes:
    """All bytes of a file, also of what is packed in it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return content + opened.comment + b"".join(opened.read(name) for name in opened.namelist())


# ---- freed


@pytest.mark.parametrize(
    ("ending", "content", "text"),
    [
        ("pdf", pdf(), "Riser"),
        ("docx", docx(), "Two risers"),
        ("xlsx", workbook(), "Sites"),
        ("png", png(chunk(b"tEXt", b"Author\0" + MARK), chunk(b"eXIf", MARK), chunk(b"iCCP", MARK), behind=MARK), ""),
        ("jpg", jpeg(segment(0xE1, b"Exif\0\0" + MARK), segment(0xED, MARK), segment(0xFE, MARK), behind=MARK), ""),
    ],
)
def test_nothing_of_who_made_it_is_left(ending: str, content: bytes, text: str) -> None:
    assert MARK in everything_in(content)
    found, bare = cleaned(content)
    assert found["ending"] == ending
    assert text in found["text"]
    assert MARK not in everything_in(bare)
    assert OWNER not in found["text"]
    assert cleaned(content)[1] == bare


def test_files_that_differ_in_who_made_them_become_the_same_bytes() -> None:
    other = b"Northwind Orchards"
    makers: tuple[Callable[[bytes], bytes], ...] = (
        lambda mark: png(chunk(b"tEXt", mark)),
        lambda mark: jpeg(segment(0xE1, mark)),
        lambda mark: archive({**_parts(docx()), "docProps/core.xml": b"<p>" + mark + b"</p>"}),
    )
    for make in makers:
        assert make(MARK) != make(other)
        assert cleaned(make(MARK)) == cleaned(make(other))


def _parts(content: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_pdf_keeps_its_pages_and_nothing_beside() -> None:
    bare, text, _ = bare_pdf(pdf())
    read = PdfReader(io.BytesIO(bare))
    assert read.metadata is None
    assert read.xmp_metadata is None
    assert "/Annots" not in read.pages[0]
    assert "/PieceInfo" not in read.pages[0]
    assert b"/ID" not in bare.split(b"trailer")[-1]
    assert "Needs" in read.pages[0].extract_text()
    assert "Needs" in text


def test_a_picture_inside_a_pdf_is_freed_too() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(pdf()))
    picture = StreamObject()
    picture._data = jpeg(segment(0xE1, b"Exif\0\0" + MARK))
    picture.update({NameObject("/Subtype"): NameObject("/Image"), NameObject("/Filter"): NameObject("/DCTDecode")})
    resources = writer.pages[0]["/Resources"].get_object()
    assert isinstance(resources, DictionaryObject)
    resources[NameObject("/XObject")] = DictionaryObject({NameObject("/I"): writer._add_object(picture)})
    written = io.BytesIO()
    writer.write(written)
    assert MARK in written.getvalue()
    bare, _, _ = bare_pdf(written.getvalue())
    assert MARK not in bare
    assert jpeg()[-20:] in bare


def test_a_workbook_opens_as_before() -> None:
    bare, _, _ = bare_office(workbook())
    sheet = load_workbook(io.BytesIO(bare)).active
    assert sheet is not None
    assert (sheet["A1"].value, sheet["B2"].value, sheet["A1"].comment) == ("Sites", 14, None)


def test_a_document_keeps_its_words_and_the_targets_of_its_links_are_read() -> None:
    bare, text, _ = bare_office(docx())
    with zipfile.ZipFile(io.BytesIO(bare)) as opened:
        body = opened.read("word/document.xml").decode()
        listed = opened.read("[Content_Types].xml").decode() + opened.read("word/_rels/document.xml.rels").decode()
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not {"docProps/core.xml", "word/comments.xml", "customXml/item1.xml"} & set(opened.namelist())
    assert "Two risers" in body
    assert not {"rsid", "paraId", "comment", "descr", "<!--"} & {
        word for word in ("rsid", "paraId", "comment", "descr", "<!--") if word in body
    }
    assert "core.xml" not in listed
    assert "comments.xml" not in listed
    assert "https://shown.example" in text


def test_pictures_keep_their_picture() -> None:
    assert bare_png(PNG) == PNG
    assert bare_png(png(chunk(b"tRNS", bytes(6)))) == png(chunk(b"tRNS", bytes(6)))
    bare = bare_jpeg(jpeg())
    assert bare.endswith(TABLES + FRAME + SCAN + b"\xff\xd9")
    assert bare_jpeg(bare) == bare
    colours = segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00\x02")
    assert colours in bare_jpeg(jpeg(colours))


# ---- refused


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (pdf(**{"/OpenAction": DictionaryObject({NameObject("/S"): NameObject("/JavaScript")})}), "scripts"),
        (pdf(**{"/Names": DictionaryObject({NameObject("/EmbeddedFiles"): ArrayObject()})}), "another file inside"),
        (pdf(**{"/OCProperties": DictionaryObject()}), "layers"),
        (b"%PDF-1.7 and no more", "broken"),
        (docx("<w:p><w:del w:author='x'/></w:p>"), "tracked changes"),
        (docx("<w:r><w:rPr><w:vanish/></w:rPr></w:r>"), "hidden text"),
        (docx(more={"word/vbaProject.bin": b"macro"}), "vbaProject.bin"),
        (docx(more={"word/embeddings/oleObject1.bin": b"x"}), "oleObject1.bin"),
        (docx(more={"word/media/image1.emf": b"x"}), "neither PNG nor JPEG"),
        (docx(relations=TEMPLATE), "link to"),
        (docx(more={"word/styles.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"}), "definitions"),
        (docx(more={"word/styles.xml": "<x>"}), "broken"),
        (archive({"xl/workbook.xml": "<workbook><sheet state='veryHidden'/></workbook>"}), "hidden sheets"),
        (archive({"word/theme/theme1.xml": "<x/>"}), "neither a Word"),
        (archive({"xl/worksheets/sheet1.xml": b" " * 9_000_000}), "unpacks"),
        (PNG[:-6], "broken"),
        (PNG_HEAD + chunk(b"IHDR", struct.pack(">II", 60_000, 60_000) + bytes(5)) + chunk(b"IEND", b""), "pixels"),
        (jpeg()[:-9], "broken"),
        (jpeg(segment(0xC9, bytes(9))), "rare kind"),
    ],
)
def test_what_hides_something_or_acts_is_refused_with_its_reason(content: bytes, problem: str) -> None:
    found, bare = cleaned(content)
    assert problem in found["problem"]
    assert bare == b""


@given(st.sampled_from([PNG, jpeg(), docx(), workbook()]), st.data())
def test_a_damaged_file_is_refused_or_read_and_nothing_else(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(4, len(content) - 1))
    damaged = content[:at] + data.draw(st.binary(max_size=4)) + content[at + data.draw(st.integers(0, 4)) :]
    try:
        found, _ = cleaned(damaged)
    except UnfitError:
        pytest.fail("it is told as a problem")
    assert ("problem" in found) != ("ending" in found)


def test_the_process_that_frees_files_tells_what_it_found() -> None:
    assert cleaning.bare(PNG).media_type == "image/png"
    assert "Riser" in cleaning.bare(pdf()).text
    with pytest.raises(UnsupportedMediaError):
        cleaning.bare(b"GIF89a")
    with pytest.raises(TooLargeError):
        cleaning.bare(PNG + bytes(cleaning.LARGEST_FILE))
    with pytest.raises(MalformedError) as refused:
        cleaning.bare(PNG[:-6])
    assert refused.value.errors[0].pointer == "/file"
