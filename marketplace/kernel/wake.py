"""The wake-up of a process: something was committed here that appended events."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Wake(threading.Event):
    """An event that one thread waits for and clears, and that tells listeners each time it is set."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: tuple[Callable[[], None], ...] = ()

    def set(self) -> None:
        """Wake who waits, and tell the listeners in the thread that sets it: a listener must not block."""
        super().set()
        for listener in self._listeners:
            listener()

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Tell ``listener`` while the block runs; blocks begin and end in one thread."""
        self._listeners += (listener,)
        try:
            yield
        finally:
            self._listeners = tuple(one for one in self._listeners if one is not listener)
