"""Freeing an uploaded file of its metadata, in a process of its own: a hostile file harms only that."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from marketplace.kernel.errors import FieldError, MalformedError, TooLargeError, UnsupportedMediaError

LARGEST_FILE = 5_000_000
"""Bytes, before and after."""
LONGEST_SECONDS = 20
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "png": "image/png",
    "jpg": "image/jpeg",
}
"""By the ending of a file's name."""
_FILE = "/file"
_CLEANER = ("-I", "-m", "buyers.requests.attachments.cleaner")
_BEGINNINGS = (b"%PDF-", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_TOO_LONG = "freeing it of metadata takes too long: save it anew from the program that made it"


@dataclass(frozen=True, slots=True)
class Bare:
    """A file without metadata, and the text that could be read in it; pictures and scanned pages have none."""

    content: bytes
    media_type: str
    text: str


def bare(content: bytes) -> Bare:
    """Return a file as carriers may get it.

    Raises TooLargeError, UnsupportedMediaError for other kinds of files than ``MEDIA_TYPES``, and MalformedError saying
    what is in the file that must not be.
    """
    if len(content) > LARGEST_FILE:
        raise TooLargeError(f"An attachment has at most {LARGEST_FILE:,} bytes.")
    if not content.startswith(_BEGINNINGS):
        raise UnsupportedMediaError("Send a PDF, Word (.docx), Excel (.xlsx), PNG or JPEG file; these bytes are none.")
    found, cleaned = _cleaned(content)
    if "problem" not in found and len(cleaned) > LARGEST_FILE:
        found = {"problem": f"without metadata it has more than {LARGEST_FILE:,} bytes"}
    if "problem" in found:
        raise MalformedError("This file can't be taken.", errors=(FieldError(_FILE, found["problem"]),))
    return Bare(cleaned, MEDIA_TYPES[found["ending"]], found["text"])


def _cleaned(content: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        done = subprocess.run(  # noqa: S603 - our own program; the file comes on its input, never as an argument
            [sys.executable, *_CLEANER], input=content, capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"problem": _TOO_LONG}, b""
    head, _, cleaned = done.stdout.partition(b"\n")
    if done.returncode != 0:
        return {"problem": "it is broken"}, b""
    found: dict[str, Any] = json.loads(head)
    return found, cleaned
