"""Filter ids in sixteen bytes each, and back."""

import re
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

_DIGITS = b"234567abcdefghijklmnopqrstuvwxyz"
"""Base 32 of ``kernel.ids``, in the order of the characters, so that packed ids sort as they read."""
_OWN = re.compile(r"([a-z]{1,12})_([a-z2-7]{24})")
_TO_PYTHON = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[_DIGITS.index(one)] if one in _DIGITS else ord("!") for one in range(256)
)
"""From those digits to Python's; what is none becomes what is none there."""
_LETTERS = 24
_SHORT = 15
_MADE_HERE = 0x80
"""First byte of an id of our own making: this plus the number of its prefix."""
_PREFIXES = 0x40
_DIGEST = 0xFF


class Names:
    """Packs ids. One of up to fifteen bytes is kept as it is, one of our own making ('flt_' and 120 bits) as its bits.

    Any other is kept as its digest, and spelled out here.
    """

    def __init__(self, prefixes: Iterable[str] = (), spelled: Iterable[str] = ()) -> None:
        self.prefixes = list(prefixes)
        self._numbers = {prefix: number for number, prefix in enumerate(self.prefixes)}
        self._firsts: dict[bytes, bytes] = {}
        """The first byte of ids by their prefix, of the prefixes that were met."""
        self._spelled = {_digest(name): name for name in spelled}

    @property
    def spelled(self) -> list[str]:
        """Every id that is kept as it is spelled."""
        return list(self._spelled.values())

    def pack(self, name: str) -> bytes:
        """Return the sixteen bytes of an id."""
        raw = name.encode()
        if len(raw) <= _SHORT:
            return bytes((len(raw),)) + raw.ljust(_SHORT, b"\0")
        prefix, _, digits = raw.rpartition(b"_")
        first = self._firsts.get(prefix)
        if first is None:
            made = _OWN.fullmatch(name)
            number = None if made is None else self._number(made[1])
            if number is None:
                return _digest(name)
            first = self._firsts[prefix] = bytes((_MADE_HERE + number,))
        if len(digits) == _LETTERS:
            try:
                return first + int(digits.translate(_TO_PYTHON), 32).to_bytes(_SHORT, "big")
            except ValueError:
                pass
        return _digest(name)

    def learn(self, packed: bytes, name: str) -> None:
        """Be ready to unpack an id."""
        if packed[0] == _DIGEST:
            self._spelled[packed] = name

    def unpack(self, rows: npt.NDArray[np.uint64]) -> list[str]:
        """Return the ids of packed rows (two words each)."""
        raw = np.ascontiguousarray(rows).view(np.uint8).reshape(-1, _SHORT + 1)
        bits = np.unpackbits(raw[:, 1:], axis=1).reshape(-1, 24, 5)
        values = np.packbits(bits, axis=2) >> 3
        digits = np.frombuffer(_DIGITS, np.uint8)[values.reshape(-1, 24)].tobytes().decode()
        heads = [f"{prefix}_" for prefix in self.prefixes]
        whole = raw.tobytes()
        names = []
        for at, first in enumerate(raw[:, 0].tolist()):
            if _MADE_HERE <= first < _MADE_HERE + _PREFIXES:
                names.append(heads[first - _MADE_HERE] + digits[at * 24 : at * 24 + 24])
            elif first == _DIGEST:
                names.append(self._spelled[whole[at * 16 : at * 16 + 16]])
            else:
                names.append(whole[at * 16 + 1 : at * 16 + 1 + first].decode())
        return names

    def _number(self, prefix: str) -> int | None:
        number = self._numbers.get(prefix)
        if number is None and len(self.prefixes) < _PREFIXES:
            number = len(self.prefixes)
            self.prefixes.append(prefix)
            self._numbers[prefix] = number
        return number


def words_of(packed: bytes) -> npt.NDArray[np.uint64]:
    """Return packed ids as rows of two words."""
    # a copy that may be written to: the kernels are compiled for such arrays only
    return np.frombuffer(bytearray(packed), np.uint64).reshape(-1, 2)


def _digest(name: str) -> bytes:
    return bytes((_DIGEST,)) + blake2b(name.encode(), digest_size=_SHORT).digest()
