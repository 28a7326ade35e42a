"""An index as one file that is mapped into memory, not read: a restart costs milliseconds."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.index.segment import Segment, arrays
from matching.index.territories import Atlas

_MAGIC = b"tenderline index 3\n\n\n\n\n\n"
"""Also the version of the layout: what another version wrote is not read. Padded to 24 bytes."""
_ALIGNED = 64


class NoSnapshotError(Exception):
    """The file is not a snapshot of this version, or not all of it is there: load from the database instead."""


def write(path: Path, segment: Segment, about: dict[str, Any]) -> None:
    """Write a segment and ``about`` (JSON values) to ``path``, whole or not at all.

    Raises:
        OSError: the file can't be written.
    """
    named = {f"segment.{name}": array for name, array in arrays(segment).items()}
    named |= {f"atlas.{name}": array for name, array in arrays(segment.atlas).items()}
    table, at = {}, 0
    for name, array in named.items():
        table[name] = {"dtype": array.dtype.str, "shape": array.shape, "at": at}
        at += -(-array.nbytes // _ALIGNED) * _ALIGNED
    atlas = segment.atlas
    shifts = {"name": segment.name_shift, "digest": atlas.digest_shift, "key": atlas.shift, "large": atlas.large}
    head = json.dumps({"about": about, "arrays": table, "numbers": shifts, "bytes": at}).encode()
    head += b" " * (-(len(_MAGIC) + 8 + len(head)) % _ALIGNED)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + len(head).to_bytes(8, "little") + head)
            for array in named.values():
                file.write(np.ascontiguousarray(array).data)
                file.write(bytes(-array.nbytes % _ALIGNED))
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def read(path: Path) -> tuple[Segment, dict[str, Any]]:
    """Return the segment of a file, its arrays mapped, and what was said ``about`` it.

    Raises:
        NoSnapshotError: the file is of another version, or damaged.
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        start = file.read(len(_MAGIC) + 8)
        length = int.from_bytes(start[len(_MAGIC) :], "little")
        if not start.startswith(_MAGIC) or length > path.stat().st_size:
            raise NoSnapshotError(f"{path} is no snapshot of this version")
        head = json.loads(file.read(length))
    first = len(start) + length
    if path.stat().st_size != first + head["bytes"]:
        raise NoSnapshotError(f"{path} is not whole")
    # copy on write: what changes (bits of removed filters) stays in this process
    plain = np.memmap(path, np.uint8, "c").view(np.ndarray)

    def arrays_of(owner: str) -> dict[str, Any]:
        named = ((name.partition("."), one) for name, one in head["arrays"].items())
        return {name: _mapped(plain, first, one) for (of, _, name), one in named if of == owner}

    numbers = head["numbers"]
    atlas = Atlas(**arrays_of("atlas"), shift=numbers["key"], digest_shift=numbers["digest"], large=numbers["large"])
    return Segment(**arrays_of("segment"), name_shift=numbers["name"], atlas=atlas), head["about"]


def _mapped(raw: npt.NDArray[np.uint8], first: int, array: dict[str, Any]) -> npt.NDArray[Any]:
    dtype, shape = np.dtype(array["dtype"]), tuple(array["shape"])
    begin = first + array["at"]
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    mapped: npt.NDArray[Any] = raw[begin : begin + size].view(dtype).reshape(shape)
    return mapped
