"""Hash tables that never change: sorted hashes with the beginnings of their buckets, a few bytes a key."""

import numpy as np
import numpy.typing as npt

from matching.index import kernels

_PER_BUCKET = 4


def buckets(hashes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint32], int]:
    """Return where each bucket of sorted hashes begins (and the last one ends), and the shift that gives a bucket."""
    bits = max(1, (hashes.size // _PER_BUCKET).bit_length())
    shift = 64 - bits
    edges = np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(shift)
    starts = np.zeros((1 << bits) + 1, np.uint32)
    starts[1:-1] = np.searchsorted(hashes, edges)
    starts[-1] = hashes.size
    return starts, shift


def by_name(names: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], int]:
    """Return the rows of ``names`` (two words each) in the order of their hashes, the buckets and the shift."""
    hashes = np.empty(len(names), np.uint64)
    kernels.hash_names(names, hashes)
    order = np.argsort(hashes).astype(np.uint32)
    return order, *buckets(hashes[order])


def mixed(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return place keys as the kernels know them."""
    out = np.empty(keys.size, np.uint64)
    kernels.mix(np.array(keys, np.uint64), out)
    return out
