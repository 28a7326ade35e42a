"""What rooms keep in this process beside the database: one thing of each kind for each marketplace."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Memory:
    """Things that are made at their first use and live as long as the marketplace that they belong to.

    Whatever is in here can be lost at any instant: it can be made again from the database.
    """

    def __init__(self) -> None:
        self._things: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def of(self, kind: Callable[[], T]) -> T:
        """Return the one thing that ``kind()`` makes, the same at every call with this ``kind``."""
        with self._lock:
            if kind not in self._things:
                self._things[kind] = kind()
            return cast("T", self._things[kind])
