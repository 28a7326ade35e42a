"""PDF: its pages written into a new file, without whatever isn't needed to show them.

The new file has no information on author, program and time, no XMP, no marks of the program that made it, no notes,
links and form fields, and no older versions of itself. What shows on a page, or lies invisible on it, is its text.
"""

import io
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import StreamObject

from buyers.requests.attachments.pictures import bare_jpeg
from buyers.requests.attachments.unfit import BROKEN, UnfitError
from marketplace.kernel import passive_pdf

MOST_PAGES = 200
_LEFT_OUT = (
    *("/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/Annots", "/StructParents", "/StructParent", "/Tabs"),
    *("/B", "/Dur", "/Trans", "/ID", "/OPI", "/Alternates", "/Measure", "/PtData", "/VP"),
)
_REFUSED = passive_pdf.ACTIVE | {
    "/OCProperties": "layers, of which some may be hidden",
    "/Redact": "redactions that were never carried out",
    "/JPXDecode": "pictures of the kind JPEG 2000",
}
"""What acts, and what hides something from who sends the file."""
_ERRORS = (PyPdfError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError, AssertionError)
"""What a parser throws at a file that was made to break it."""


def bare_pdf(content: bytes) -> tuple[bytes, str, str]:
    """Return a PDF of nothing but its pages, their text, and its ending. Raises UnfitError."""
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise UnfitError("it is encrypted: send it without a password")
        if not 0 < len(reader.pages) <= MOST_PAGES:
            raise UnfitError(f"it has {len(reader.pages)} pages: 1 to {MOST_PAGES} are taken")
        if unfit := passive_pdf.why_not(reader, _REFUSED):
            raise UnfitError(unfit)
        text = "\n\n".join(page.extract_text() for page in reader.pages)
        writer = PdfWriter()
        for page in reader.pages:
            writer.add_page(page, excluded_keys=_LEFT_OUT)
        writer.metadata = None
        for number in range(len(writer._objects)):  # noqa: SLF001 - pypdf has no other way to all streams
            _free(writer._objects[number])  # noqa: SLF001 - the same
        written = io.BytesIO()
        writer.write(written)
    except _ERRORS as error:
        raise UnfitError(BROKEN) from error
    return written.getvalue(), text, "pdf"


def _free(value: Any) -> None:
    """Free a picture inside the file of its own metadata."""
    if isinstance(value, StreamObject) and value.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
        value._data = bare_jpeg(value._data)  # noqa: SLF001 - its bytes as they are, which pypdf would decode
