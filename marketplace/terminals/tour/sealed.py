"""A tour on its way: one sealed text in the visitor's browser, so that nothing of it is kept here.

Sealed and not only signed, because its seed tells how low the robots would go. A whole tour stays below three thousand
characters, well inside a cookie, so no store is needed: forgetting it is the browser's, and after an hour the seal's.
"""

import base64
import binascii
import json
import zlib
from datetime import UTC, datetime
from typing import Any, Protocol

from marketplace.kernel.sealing import SealBrokenError
from marketplace.terminals.tour.model import LARGEST_SEED, LONGEST_TEXT, MOST_MOVES, Kind, Move, Role, Tour

PURPOSE = "tour"
LONGEST = 3_000
"""Characters of a token: a cookie may have 4,096 with its name."""
_VERSION = 1
_LARGEST = 40_000


class Seal(Protocol):
    """What seals and opens: the installation's sealer for ``PURPOSE``."""

    def seal(self, plain: bytes) -> bytes:
        """Return ``plain`` sealed."""

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed. Raises SealBrokenError."""


def pack(tour: Tour, seal: Seal) -> str:
    """Return ``tour`` as a token. Raises ValueError for one that grew too long, which the limits of moves prevent."""
    moves = [[move.at, move.kind.value, move.text] for move in tour.moves]
    document = [_VERSION, tour.role.value, tour.seed, int(tour.began_at.timestamp() * 1000), moves]
    plain = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    token = base64.urlsafe_b64encode(seal.seal(zlib.compress(plain, 9))).decode().rstrip("=")
    if len(token) > LONGEST:
        raise ValueError(f"a tour of {len(tour.moves)} moves takes {len(token)} characters")
    return token


def unpack(token: str, role: Role, seal: Seal, now: datetime) -> Tour | None:
    """Return the tour of a token; None for none, for another role's, a forged, broken or expired one."""
    if not token or len(token) > LONGEST:
        return None
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        plain = zlib.decompressobj().decompress(seal.open(sealed), _LARGEST)
        tour = _read(json.loads(plain))
    except (SealBrokenError, ValueError, TypeError, KeyError, OverflowError, binascii.Error, zlib.error):
        return None
    return None if tour.role is not role or tour.expired(now) else tour


def _read(document: Any) -> Tour:
    version, role, seed, began, moves = document
    if version != _VERSION or not 0 <= seed < LARGEST_SEED or len(moves) > MOST_MOVES:
        raise ValueError("this is no tour")
    return Tour(seed, Role(role), datetime.fromtimestamp(began / 1000, UTC), tuple(_move(*move) for move in moves))


def _move(at: int, kind: str, text: str) -> Move:
    if not isinstance(at, int) or at < 0 or not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValueError("this is no move")
    return Move(at, Kind(kind), text)
