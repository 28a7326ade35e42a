"""What goes into the index and what comes out."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from buyers.requests.model import ProviderList
from sellers.model import Criteria

ANY = ProviderList()
"""The list of a buyer that admits everybody."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One active filter with its places: sorted place keys, None for everywhere (``include``) or nothing."""

    filter_id: str
    provider_id: str
    criteria: Criteria
    include: npt.NDArray[np.uint64] | None = None
    exclude: npt.NDArray[np.uint64] | None = None


class Hit(NamedTuple):
    """A filter that accepts, and whose it is."""

    provider_id: str
    filter_id: str
