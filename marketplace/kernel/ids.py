"""Opaque identifiers: random, prefixed by what they name, telling nothing about order, time or owner."""

import base64
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NewType

OrganizationId = NewType("OrganizationId", str)
"""A buyer, a provider or the platform."""
UserId = NewType("UserId", str)
"""A person who signs in."""
RequestId = NewType("RequestId", str)
"""A request, as its buyer and the platform know it. Providers know it by their invitation."""
InvitationId = NewType("InvitationId", str)
"""One provider's own name for one request."""
LotId = NewType("LotId", str)
"""A lot under auction."""
BidId = NewType("BidId", str)
"""One version of one provider's bid on one lot."""

_RANDOM_BYTES = 15
_DIGITS = 24
"""Characters of five random bits each."""
_BASE_32 = b"abcdefghijklmnopqrstuvwxyz234567" * 8
"""The digit of each byte: its lowest five bits."""
_seeded: ContextVar[random.Random | None] = ContextVar("seeded_ids", default=None)


def new(prefix: str) -> str:
    """Return a fresh identifier such as ``req_7xk2…``: 120 random bits in lower-case base 32."""
    source = _seeded.get()
    if source is None:
        return f"{prefix}_{secrets.token_bytes(_DIGITS).translate(_BASE_32).decode()}"
    return f"{prefix}_{base64.b32encode(source.randbytes(_RANDOM_BYTES)).decode().lower()}"


@contextmanager
def seeded(seed: int | str) -> Iterator[None]:
    """Draw identifiers from ``seed`` inside the block: for the demo market and for tests, never for real trade."""
    token = _seeded.set(random.Random(seed))  # noqa: S311 - reproducible on purpose
    try:
        yield
    finally:
        _seeded.reset(token)
