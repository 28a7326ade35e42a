"""PNG and JPEG without all that isn't the picture: only listed chunks and segments are copied.

Left out are Exif (camera, place, owner), XMP, IPTC, comments, colour profiles with their texts, thumbnails, and what
hangs behind the end. A photo that only Exif turns upright lies on its side afterwards.
"""

import struct
import zlib
from collections.abc import Iterator

from buyers.requests.attachments.unfit import BROKEN, UnfitError

MOST_PIXELS = 50_000_000
"""More would be a bomb for who opens it."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD"})
_IHDR_BYTES = 13

_SOI, _EOI, _SOS, _APP0, _APP14, _LAST_APP, _COMMENT = 0xD8, 0xD9, 0xDA, 0xE0, 0xEE, 0xEF, 0xFE
_TABLES = frozenset({0xDB, 0xC4, 0xDD})
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3})
_KEPT = _FRAMES | _TABLES | {_SOS}
_RESTARTS = frozenset(range(0xD0, 0xD8))
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
"""A header of its own: the file's could say by its version and density which program wrote it."""
_ADOBE = b"Adobe"
_ADOBE_BYTES = 12


def bare_png(content: bytes) -> bytes:
    """Return a PNG of nothing but its picture. Raises UnfitError."""
    if not content.startswith(_PNG):
        raise UnfitError(BROKEN)
    chunks = [(kind, data) for kind, data in _chunks(content) if kind in _PNG_KEPT]
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != _IHDR_BYTES or chunks[-1] != (b"IEND", b""):
        raise UnfitError(BROKEN)
    _check_size(*struct.unpack(">II", chunks[0][1][:8]))
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and data of each chunk until the end of the picture."""
    at = len(_PNG)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, data, check = content[at + 4 : at + 8], content[at + 8 : at + 8 + length], at + 8 + length
        if len(data) != length or content[check : check + 4] != struct.pack(">I", zlib.crc32(kind + data)):
            raise UnfitError(BROKEN)
        yield kind, data
        if kind == b"IEND":
            return
        at = check + 4
    raise UnfitError(BROKEN)


def bare_jpeg(content: bytes) -> bytes:
    """Return a JPEG of nothing but its picture. Raises UnfitError."""
    head, kept, scans = _JFIF, [], 0
    for marker, data, scan in _segments(content):
        if marker in _FRAMES and len(data) > len("phhww"):
            _check_size(*struct.unpack_from(">HH", data, 1))
        if marker in _KEPT:
            kept.append(bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data + scan)
            scans += marker == _SOS
        elif marker == _APP14 and data.startswith(_ADOBE) and len(data) == _ADOBE_BYTES:
            head = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + data[-1:]  # how colours are coded
        elif not _APP0 <= marker <= _LAST_APP and marker != _COMMENT:
            raise UnfitError("it is a JPEG of a rare kind: save it anew")
    if not scans:
        raise UnfitError(BROKEN)
    return b"".join((bytes((0xFF, _SOI)), head, *kept, bytes((0xFF, _EOI))))


def _segments(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield marker and data of each segment until the end of the picture, with the coded picture behind it."""
    if not content.startswith(bytes((0xFF, _SOI))):
        raise UnfitError(BROKEN)
    marker, at = _marker(content, 2)
    while marker != _EOI:
        length = int.from_bytes(content[at : at + 2])
        data, at = content[at + 2 : at + length], at + length
        if marker in _RESTARTS or at > len(content) or len(data) != length - 2:
            raise UnfitError(BROKEN)
        end = _end_of_scan(content, at) if marker == _SOS else at
        yield marker, data, content[at:end]
        marker, at = _marker(content, end)


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a place and where what follows begins; markers may be stuffed with 0xFF."""
    if content[at : at + 1] != b"\xff":
        raise UnfitError(BROKEN)
    while content[at : at + 1] == b"\xff":
        at += 1
    if at >= len(content):
        raise UnfitError(BROKEN)
    return content[at], at + 1


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the next marker stands that isn't part of the coded picture."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise UnfitError(BROKEN)
        if content[at + 1] and content[at + 1] not in _RESTARTS and content[at + 1] != 0xFF:  # noqa: PLR2004 - stuffing
            return at
        at += 2 if content[at + 1] != 0xFF else 1  # noqa: PLR2004 - stuffing


def _check_size(one: int, other: int) -> None:
    if not 0 < one * other <= MOST_PIXELS:
        raise UnfitError(f"a picture has at most {MOST_PIXELS:,} pixels")
