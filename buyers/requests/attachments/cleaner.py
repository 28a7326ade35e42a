"""The process that frees one file of its metadata: from its input to its output.

Its output begins with a line of JSON: the text of the file, or what is wrong with it. The new file's bytes follow.
"""

import json
import logging
import resource
import sys
import zlib
from collections.abc import Callable
from typing import Any

from buyers.requests.attachments import office, pages, pictures
from buyers.requests.attachments.unfit import BROKEN, UnfitError

MOST_CHARACTERS = 500_000
_CPU_SECONDS = 15
_MEMORY = 1 << 30

Cleaned = tuple[bytes, str, str]
CLEANERS: dict[bytes, Callable[[bytes], Cleaned]] = {
    b"%PDF-": pages.bare_pdf,
    b"PK\x03\x04": office.bare_office,
    b"\x89PNG\r\n\x1a\n": lambda content: (pictures.bare_png(content), "", "png"),
    b"\xff\xd8\xff": lambda content: (pictures.bare_jpeg(content), "", "jpg"),
}
"""By the first bytes of a file: what frees it, and returns its text for the leak check, and the ending that it has."""


def cleaned(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the text and ending of a file and the file without metadata, or the problem and nothing."""
    clean = next((clean for begins, clean in CLEANERS.items() if content.startswith(begins)), None)
    if clean is None:
        return {"problem": "it is no PDF, Word, Excel, PNG or JPEG file"}, b""
    try:
        bare, text, ending = clean(content)
    except UnfitError as unfit:
        return {"problem": str(unfit)}, b""
    except (RecursionError, MemoryError, zlib.error):
        return {"problem": BROKEN}, b""
    if len(text) > MOST_CHARACTERS:
        return {"problem": f"it has more than {MOST_CHARACTERS:,} characters of text"}, b""
    return {"text": text.replace("\x00", "").encode("utf-8", "replace").decode(), "ending": ending}, bare


def main() -> None:
    """Free standard input of its metadata under limits of time and memory."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    found, bare = cleaned(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n" + bare)


if __name__ == "__main__":
    main()
