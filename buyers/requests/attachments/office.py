"""Word and Excel (Office Open XML): the parts that show go into a new archive, without marks of who wrote them.

Left out are the document's properties, comments, the people who commented, custom data, printers' settings, thumbnails
and the dates of the archive. Refused is what hides something or acts: macros, files inside, links to other files,
tracked changes, hidden sheets, hidden text, data of pivot tables. A part of another kind is refused, not passed on.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from buyers.requests.attachments.pictures import bare_jpeg, bare_png
from buyers.requests.attachments.unfit import BROKEN, UnfitError

MOST_PARTS = 500
LARGEST_UNPACKED = 20_000_000
"""Bytes of all parts together: an archive can unpack to a thousand times its size."""
LARGEST_PART = 8_000_000
_ENDINGS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_TYPES, _RELATIONS = "[Content_Types].xml", re.compile(r"(.*/)?_rels/([^/]*)\.rels")
_DROPPED = re.compile(
    r"docProps/.*|customXml/.*|docMetadata/.*|_xmlsignatures/.*"
    r"|word/(comments\w*|people|documentTasks.*)\.xml|xl/(comments\d*|calcChain)\.xml"
    r"|xl/(comments|threadedComments|persons|printerSettings)/.*|word/printerSettings.*|xl/drawings/\w+\.vml"
    r"|.*/_rels/(comments\w*|people)\.xml\.rels"
)
_KEPT = re.compile(
    r"word/(document|styles|stylesWithEffects|settings|fontTable|numbering|webSettings|footnotes|endnotes)\.xml"
    r"|word/(header|footer)\d*\.xml|(word|xl)/theme/theme\d*\.xml"
    r"|xl/(workbook|styles|sharedStrings|metadata)\.xml|xl/worksheets/sheet\d+\.xml|xl/tables/table\d+\.xml"
    r"|xl/drawings/drawing\d+\.xml"
)
_PICTURES: dict[str, Callable[[bytes], bytes]] = {".png": bare_png, ".jpg": bare_jpeg, ".jpeg": bare_jpeg}
_MEDIA = re.compile(r"(word|xl)/media/[^/]+")
_LINK = "/hyperlink"
_REFUSED = {
    **dict.fromkeys(
        ("w:ins", "w:del", "w:moveFrom", "w:moveTo", "w:rPrChange", "w:pPrChange", "w:sectPrChange", "w:tblPrChange"),
        "tracked changes: accept or reject them all",
    ),
    "w:vanish": "hidden text: show or delete it",
    "w:altChunk": "another file inside",
    "w:object": "another file inside",
    "w:attachedTemplate": "the place of its template: detach it",
    "x:oleObjects": "another file inside",
    "oleObjects": "another file inside",
    "externalReferences": "links to other workbooks: break them",
    "pivotCaches": "a pivot table, with all data behind it: paste it as values",
    "customWorkbookViews": "views of people: delete them",
}
_LEFT_OUT = frozenset(
    {
        *("w:commentRangeStart", "w:commentRangeEnd", "w:commentReference", "w:rsids", "w:docVars", "w:proofErr"),
        *(
            "w:bookmarkStart",
            "w:bookmarkEnd",
            "w15:person",
            "w15:docId",
            "w14:docId",
            "w:mailMerge",
            "w:writeProtection",
        ),
        *("fileSharing", "fileVersion", "fileRecoveryPr", "x15ac:absPath", "xr:revisionPtr", "legacyDrawing"),
        *("legacyDrawingHF", "xcalcf:calcFeatures", "webPublishing", "w:documentProtection"),
    }
)
_OWN = re.compile(r"w:rsid\w*|w:(author|initials|date)|w14:(paraId|textId)|xr\d*:uid|codeName|w:saveSubsetFonts")
_NAMED = frozenset({"wp:docPr", "pic:cNvPr", "xdr:cNvPr", "a:cNvPr"})
"""What carries the name of a picture's file and its description."""
_SHOWN = frozenset({"w:t", "t", "v", "a:t", "w:instrText", "f"})


def bare_office(content: bytes) -> tuple[bytes, str, str]:
    """Return a document of nothing but what shows, its text with the targets of its links, and its ending.

    Raises UnfitError.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = dict(_parts(archive))
        texts: list[str] = []
        kept = {name: _freed(name, part, texts) for name, part in parts.items() if not _DROPPED.fullmatch(name)}
        kept = {name: _without_dropped(name, part, kept) for name, part in kept.items()}
    except (zipfile.BadZipFile, ExpatError, ValueError, LookupError, NotImplementedError, RuntimeError) as error:
        raise UnfitError(BROKEN) from error
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(kept, key=lambda one: (one != _TYPES, one)):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), kept[name], zipfile.ZIP_DEFLATED)
    ending = next((ending for part, ending in _ENDINGS.items() if part in kept), "")
    if not ending:
        raise UnfitError("it is neither a Word document nor an Excel workbook")
    return written.getvalue(), "\n".join(texts), ending


def _parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of all parts, as much as may be unpacked."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MOST_PARTS or len({info.filename.lower() for info in infos}) != len(infos):
        raise UnfitError(f"it has more than {MOST_PARTS} parts, or two of one name")
    left = LARGEST_UNPACKED
    for info in infos:
        with archive.open(info) as source:
            part = source.read(min(left, LARGEST_PART) + 1)
        left -= len(part)
        if left < 0 or len(part) > LARGEST_PART:
            raise UnfitError(f"it unpacks to more than {LARGEST_UNPACKED:,} bytes")
        yield info.filename, part


def _freed(name: str, part: bytes, texts: list[str]) -> bytes:
    """Return a part without marks; its text and the targets of its links are added to ``texts``."""
    if _MEDIA.fullmatch(name):
        bare = _PICTURES.get(posixpath.splitext(name)[1].lower())
        if bare is None:
            raise UnfitError(f"it holds a picture that is neither PNG nor JPEG ({posixpath.basename(name)})")
        return bare(part)
    if name != _TYPES and not _RELATIONS.fullmatch(name) and not _KEPT.fullmatch(name):
        raise UnfitError(f"it holds a part that can't be freed of metadata ({name}): save it as PDF and send that")
    document = _parsed(part)
    if _RELATIONS.fullmatch(name):
        _check_relations(document, texts)
    elif name != _TYPES:
        _free(document, texts)
    whole: bytes = document.toxml(encoding="UTF-8", standalone=True)
    return whole


def _parsed(part: bytes) -> minidom.Document:
    text = part.decode("utf-8-sig")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnfitError("it holds definitions that no Office program writes")
    return minidom.parseString(text.encode())  # noqa: S318 - without definitions there is nothing to expand


def _check_relations(document: minidom.Document, texts: list[str]) -> None:
    for relation in document.getElementsByTagName("Relationship"):
        if relation.getAttribute("TargetMode") != "External":
            continue
        if not relation.getAttribute("Type").endswith(_LINK):
            raise UnfitError("it holds a link to another file: break the link")
        texts.append(relation.getAttribute("Target"))


def _free(document: minidom.Document, texts: list[str]) -> None:
    """Take marks out of a part that shows; its elements are walked without recursion, which a deep file would end."""
    waiting: list[minidom.Document | minidom.Element] = [document]
    while waiting:
        node = waiting.pop()
        for inner in list(node.childNodes):
            if inner.nodeType in {inner.COMMENT_NODE, inner.PROCESSING_INSTRUCTION_NODE}:
                node.removeChild(inner)
            elif isinstance(inner, minidom.Element):
                _check(inner)
                if inner.tagName in _LEFT_OUT:
                    node.removeChild(inner)
                    continue
                _unmark(inner)
                waiting.append(inner)
    shown = [one for one in document.getElementsByTagName("*") if one.tagName in _SHOWN]
    texts.append(
        "\n".join("".join(part.data for part in one.childNodes if part.nodeType == part.TEXT_NODE) for one in shown)
    )


def _check(element: minidom.Element) -> None:
    if element.tagName in _REFUSED:
        raise UnfitError(f"it holds {_REFUSED[element.tagName]}")
    if element.tagName.rpartition(":")[2] == "sheet" and element.getAttribute("state") not in {"", "visible"}:
        raise UnfitError("it holds hidden sheets: show or delete them")
    hides = element.tagName in {"row", "col"} and element.getAttribute("hidden") in {"1", "true"}
    if hides:
        raise UnfitError("it holds hidden rows or columns: show or delete them")


def _unmark(element: minidom.Element) -> None:
    for name in list(element.attributes.keys()):
        if _OWN.fullmatch(name):
            element.removeAttribute(name)
    if element.tagName in _NAMED:
        for name in {"descr", "title"} & set(element.attributes.keys()):
            element.removeAttribute(name)
        element.setAttribute("name", f"Picture {element.getAttribute('id')}")


def _without_dropped(name: str, part: bytes, kept: dict[str, bytes]) -> bytes:
    """Return a list of parts without those that were left out."""
    relations = _RELATIONS.fullmatch(name)
    if name != _TYPES and relations is None:
        return part
    document = minidom.parseString(part)  # noqa: S318 - written a moment ago
    if relations is None:
        listed = [(one, one.getAttribute("PartName").lstrip("/")) for one in document.getElementsByTagName("Override")]
    else:
        folder = relations.group(1) or ""
        listed = [
            (one, _target(folder, one.getAttribute("Target")))
            for one in document.getElementsByTagName("Relationship")
            if one.getAttribute("TargetMode") != "External"
        ]
    for element, target in listed:
        if target not in kept and element.parentNode is not None:
            element.parentNode.removeChild(element)
    whole: bytes = document.toxml(encoding="UTF-8", standalone=True)
    return whole


def _target(folder: str, target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
