"""The process that reads one PDF from its input and writes pages and text, or what is wrong, as JSON to its output."""

import io
import json
import logging
import resource
import sys
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from marketplace.kernel import passive_pdf

MOST_PAGES = 200
MOST_CHARACTERS = 1_000_000
_CPU_SECONDS = 15
_MEMORY = 1 << 30


class _UnfitError(Exception):
    """The file is readable and not what we take."""


def examined(content: bytes) -> dict[str, Any]:
    """Return pages and text, or the problem, of a PDF."""
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            return {"problem": "it is encrypted: send it without a password"}
        pages = len(reader.pages)
        if not 0 < pages <= MOST_PAGES:
            return {"problem": f"it has {pages} pages: 1 to {MOST_PAGES} are taken"}
        if unfit := passive_pdf.why_not(reader, passive_pdf.ACTIVE):
            return {"problem": unfit}
        text = _text(reader)
        _try_in_a_contract(reader)
    except _UnfitError as error:
        return {"problem": str(error)}
    except (PyPdfError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError, MemoryError):
        # what a parser throws at a file that was made to break it
        return {"problem": "it can't be read: it is broken"}
    else:
        return {"pages": pages, "text": text}


def _try_in_a_contract(reader: PdfReader) -> None:
    """Raise _UnfitError for pages that can't be put behind a contract, as they are when the terms are accepted."""
    try:
        writer = PdfWriter()
        writer.append(reader, import_outline=False)
        writer.write(io.BytesIO())
    except (PyPdfError, ValueError, TypeError, LookupError, AttributeError, RecursionError, AssertionError) as error:
        raise _UnfitError("its pages can't be copied into a contract: print it into a new PDF and send that") from error


def _text(reader: PdfReader) -> str:
    parts, length = [], 0
    for page in reader.pages:
        text = page.extract_text()
        length += len(text)
        if length > MOST_CHARACTERS:
            raise _UnfitError(f"it has more than {MOST_CHARACTERS:,} characters of text")
        parts.append(text)
    joined = "\n\n".join(parts).replace("\x00", "")
    return joined.encode("utf-8", "replace").decode()


def main() -> None:
    """Read a PDF from standard input under limits of time and memory."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.stdout.write(json.dumps(examined(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
