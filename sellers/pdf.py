"""Terms that come as PDF: read in a process of its own with limits, so that a hostile file harms only that process."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import puremagic

from marketplace.kernel.errors import FieldError, MalformedError, TooLargeError, UnsupportedMediaError

MEDIA_TYPE = "application/pdf"
LARGEST_BYTES = 5_000_000
LONGEST_SECONDS = 20
_FILE = "/file"
_READER = Path(__file__).with_name("pdf_reader.py")


@dataclass(frozen=True, slots=True)
class PdfContent:
    """What was read of a PDF: how many pages, and its text for reading and comparing. Scanned pages have none."""

    pages: int
    text: str


def read_pdf(content: bytes) -> PdfContent:
    """Return pages and text of a PDF that is whole, open and passive.

    Raises TooLargeError, UnsupportedMediaError when the bytes are no PDF, and MalformedError saying what is in the file
    that must not be: a password, scripts, actions that start something, files inside, too many pages.
    """
    if len(content) > LARGEST_BYTES:
        raise TooLargeError(f"A PDF has at most {LARGEST_BYTES:,} bytes.")
    if not _is_pdf(content):
        raise UnsupportedMediaError("Send a PDF file; its bytes say that this is none.")
    try:
        done = subprocess.run(  # noqa: S603 - our own program; the file comes on its input, never as an argument
            [sys.executable, "-I", str(_READER)],
            input=content,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        found: dict[str, Any] = (
            json.loads(done.stdout) if done.returncode == 0 else {"problem": "it can't be read: it is broken"}
        )
    except subprocess.TimeoutExpired:
        found = {"problem": "reading it takes too long: save it anew from the program that made it"}
    except ValueError:
        found = {"problem": "it can't be read: it is broken"}
    if "problem" in found:
        raise MalformedError("This PDF can't be taken.", errors=(FieldError(_FILE, found["problem"]),))
    return PdfContent(found["pages"], found["text"])


def _is_pdf(content: bytes) -> bool:
    try:
        return content.startswith(b"%PDF-") and puremagic.from_string(content, mime=True) == MEDIA_TYPE
    except (puremagic.PureError, ValueError):
        return False
